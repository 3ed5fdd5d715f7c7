//! Owns the course of a case: which packet is where, and who acts next.

use std::{collections::VecDeque, time::Duration};

use media_core::Timestamp;

use super::{
    Case, Course, Direction, Sabotage,
    ends::{Ends, Packet},
    measure::Recorder,
    media::MediaFlow,
    short_tcp::TcpFlow,
};
use crate::{link::Link, seed::Seed};

/// Runs a case.
pub fn run(case: &Case, seed: Seed, sabotage: Option<Sabotage>) -> Course {
    let mut bed = Bed::new(case, seed, sabotage);
    let end = Timestamp::ZERO + case.duration;
    while let Some(now) = bed.next_event().filter(|now| *now <= end) {
        bed.step(now);
    }
    bed.recorder.finish(case)
}

struct Flow {
    ends: Box<dyn Ends>,
    direction: Direction,
    /// What left the bottleneck and has its own way to go.
    beyond: VecDeque<(Timestamp, Packet)>,
    extra: Duration,
    due: Option<Timestamp>,
}

struct Bed {
    forward: Link<Packet>,
    backward: Link<Packet>,
    flows: Vec<Flow>,
    recorder: Recorder,
}

impl Bed {
    fn new(case: &Case, seed: Seed, sabotage: Option<Sabotage>) -> Self {
        let mut flows = Vec::new();
        for media in &case.media {
            let rng = seed.stream_at("endpoint", flows.len() as u64);
            let delay = case.path(media.direction).delay;
            let ends = MediaFlow::new(media, delay, sabotage, flows.is_empty(), rng);
            flows.push(Flow::new(Box::new(ends), media.direction, media.extra_delay));
        }
        for tcp in &case.tcp {
            for _ in 0..tcp.count {
                let rng = seed.stream_at("endpoint", flows.len() as u64);
                let ends = TcpFlow::new(tcp.start, tcp.pause_mean, rng);
                flows.push(Flow::new(Box::new(ends), Direction::Forward, Duration::ZERO));
            }
        }
        let mut bed = Self {
            forward: Link::new(case.forward.config(), seed.stream("downlink")),
            backward: Link::new(case.backward.config(), seed.stream("uplink")),
            recorder: Recorder::new(flows.len()),
            flows,
        };
        (0..bed.flows.len()).for_each(|flow| bed.flows[flow].schedule());
        bed
    }

    fn next_event(&self) -> Option<Timestamp> {
        let links = [self.forward.poll_timeout(), self.backward.poll_timeout()];
        let flows = self.flows.iter().map(|flow| flow.due);
        links.into_iter().chain(flows).flatten().chain([self.recorder.next_sample()]).min()
    }

    fn step(&mut self, now: Timestamp) {
        for direction in [Direction::Forward, Direction::Backward] {
            while let Some(delivery) = self.link(direction).poll_delivery(now) {
                self.on_delivery(now, delivery.item);
            }
        }
        for flow in 0..self.flows.len() {
            if self.flows[flow].due.is_some_and(|due| due <= now) {
                while let Some(packet) = self.flows[flow].poll_beyond(now) {
                    self.on_arrival(now, packet);
                }
                self.flows[flow].ends.handle_timeout(now);
                self.send(now, flow);
            }
        }
        if self.recorder.next_sample() <= now {
            let estimates = self.flows.iter().map(|flow| flow.ends.estimate_bps(now));
            let queued = [self.forward.queue_bytes(), self.backward.queue_bytes()];
            self.recorder.on_sample(queued, estimates);
        }
    }

    /// A packet has left the bottleneck.
    fn on_delivery(&mut self, now: Timestamp, packet: Packet) {
        let flow = &mut self.flows[packet.flow];
        if flow.extra.is_zero() {
            self.on_arrival(now, packet);
        } else {
            flow.beyond.push_back((now + flow.extra, packet));
            flow.schedule();
        }
    }

    /// A packet has reached an end of its flow.
    fn on_arrival(&mut self, now: Timestamp, packet: Packet) {
        let flow = packet.flow;
        if packet.content.is_data() {
            self.recorder.on_received(flow, packet.bytes);
        }
        self.flows[flow].ends.on_packet(now, packet);
        self.send(now, flow);
    }

    fn send(&mut self, now: Timestamp, flow: usize) {
        while let Some((bytes, content)) = self.flows[flow].ends.poll_packet(now) {
            let is_data = content.is_data();
            let direction =
                if is_data { self.flows[flow].direction } else { self.flows[flow].direction.other() };
            if is_data {
                self.recorder.on_sent(flow, bytes);
            }
            self.link(direction).offer(now, bytes, Packet { flow, bytes, content });
        }
        self.flows[flow].schedule();
    }

    fn link(&mut self, direction: Direction) -> &mut Link<Packet> {
        match direction {
            Direction::Forward => &mut self.forward,
            Direction::Backward => &mut self.backward,
        }
    }
}

impl Flow {
    fn new(ends: Box<dyn Ends>, direction: Direction, extra: Duration) -> Self {
        Self { ends, direction, beyond: VecDeque::new(), extra, due: None }
    }

    fn schedule(&mut self) {
        let beyond = self.beyond.front().map(|(at, _)| *at);
        self.due = beyond.into_iter().chain(self.ends.poll_timeout()).min();
    }

    fn poll_beyond(&mut self, now: Timestamp) -> Option<Packet> {
        self.beyond.front().filter(|(at, _)| *at <= now)?;
        self.beyond.pop_front().map(|(_, packet)| packet)
    }
}
