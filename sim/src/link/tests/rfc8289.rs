//! CoDel in a link against a second implementation, which follows the pseudocode of RFC 8289 section 5 line by line, with
//! a queue and a wire of its own and times in floating nanoseconds.

use std::{collections::VecDeque, time::Duration};

use media_core::time::Timestamp;
use rand_core::Rng;

use super::{END, deliveries, link};
use crate::{
    link::{LinkConfig, LinkDrop, Queue},
    seed::Seed,
};

/// A byte takes 800 ns, so that both count the same times.
const BPS: u64 = 10_000_000;
const NANOS_PER_BYTE: f64 = 800.0;
const MAX_PACKET: f64 = 1500.0;

#[derive(Clone, Copy)]
struct Packet {
    number: u64,
    bytes: f64,
    /// When it was enqueued.
    tstamp: f64,
}

/// `codel_queue_t` of RFC 8289 section 5.2, on a FIFO.
struct CodelQueue {
    target: f64,
    interval: f64,
    fifo: VecDeque<Packet>,
    first_above_time: f64,
    drop_next: f64,
    count: i64,
    lastcount: i64,
    dropping: bool,
    /// Numbers and times of the packets dropped.
    drops: Vec<(u64, f64)>,
    /// Times at which the dropping state began with a count of more than one.
    resumed: u32,
}

impl CodelQueue {
    fn new(target: f64, interval: f64) -> Self {
        Self {
            target,
            interval,
            fifo: VecDeque::new(),
            first_above_time: 0.0,
            drop_next: 0.0,
            count: 0,
            lastcount: 0,
            dropping: false,
            drops: Vec::new(),
            resumed: 0,
        }
    }

    fn control_law(&self, t: f64, count: i64) -> f64 {
        t + self.interval / (count as f64).sqrt()
    }

    /// Section 5.5.
    fn deque(&mut self, now: f64) -> Option<Packet> {
        let (mut packet, mut ok_to_drop) = self.dodequeue(now);
        if self.dropping {
            if !ok_to_drop {
                self.dropping = false;
            }
            while now >= self.drop_next && self.dropping {
                self.drop(packet, now);
                self.count += 1;
                (packet, ok_to_drop) = self.dodequeue(now);
                if ok_to_drop {
                    self.drop_next = self.control_law(self.drop_next, self.count);
                } else {
                    self.dropping = false;
                }
            }
        } else if ok_to_drop {
            self.drop(packet, now);
            (packet, _) = self.dodequeue(now);
            self.dropping = true;
            let delta = self.count - self.lastcount;
            self.count = 1;
            if delta > 1 && now - self.drop_next < 16.0 * self.interval {
                self.count = delta;
                self.resumed += 1;
            }
            self.drop_next = self.control_law(now, self.count);
            self.lastcount = self.count;
        }
        packet
    }

    /// Section 5.6.
    fn dodequeue(&mut self, now: f64) -> (Option<Packet>, bool) {
        let Some(packet) = self.fifo.pop_front() else {
            self.first_above_time = 0.0;
            return (None, false);
        };
        let bytes: f64 = self.fifo.iter().map(|packet| packet.bytes).sum();
        let sojourn_time = now - packet.tstamp;
        if sojourn_time < self.target || bytes <= MAX_PACKET {
            self.first_above_time = 0.0;
        } else if self.first_above_time == 0.0 {
            self.first_above_time = now + self.interval;
        } else if now >= self.first_above_time {
            return (Some(packet), true);
        }
        (Some(packet), false)
    }

    fn drop(&mut self, packet: Option<Packet>, now: f64) {
        self.drops.push((packet.expect("only a packet is ok to drop").number, now));
    }
}

/// Numbers of the packets that get over a wire of [`BPS`] behind the queue, and when the last bit of each is out.
fn send_all(codel: &mut CodelQueue, packets: &[Packet]) -> Vec<(u64, f64)> {
    let (mut sent, mut free_at) = (Vec::new(), 0.0);
    for &packet in packets {
        serve(codel, packet.tstamp, &mut free_at, &mut sent);
        codel.fifo.push_back(packet);
        free_at = packet.tstamp.max(free_at);
        serve(codel, packet.tstamp, &mut free_at, &mut sent);
    }
    serve(codel, f64::MAX, &mut free_at, &mut sent);
    sent
}

/// Takes packets out of the queue whenever the wire is free, until nothing waits or it is busy beyond `until`.
fn serve(codel: &mut CodelQueue, until: f64, free_at: &mut f64, sent: &mut Vec<(u64, f64)>) {
    while *free_at <= until
        && let Some(packet) = codel.deque(*free_at)
    {
        *free_at += packet.bytes * NANOS_PER_BYTE;
        sent.push((packet.number, *free_at));
    }
}

/// Twelve seconds of packets of 100 to 1500 bytes, with phases of overload, calm and bursts.
fn arrivals(seed: u64) -> Vec<Packet> {
    let mut draws = Seed::new(seed).stream("link");
    let mut packets = Vec::new();
    let mut now = 1_000_000_u64;
    while now < 12_000_000_000 {
        // Load in percent: 800 bytes on average take 640 us.
        let load = match now / 1_000_000_000 {
            0..3 | 5..7 => 125,
            3 | 7 => 40,
            4 => 300,
            8..10 => 102,
            _ => 160,
        };
        let bytes = 100 + draws.next_u32() % 1401;
        packets.push(Packet { number: packets.len() as u64, bytes: f64::from(bytes), tstamp: now as f64 });
        now += u64::from(draws.next_u32() % (2 * 64_000_000 / load)) + 1;
    }
    packets
}

#[test]
fn a_codel_link_drops_what_the_pseudocode_of_rfc_8289_drops_and_when() {
    let mut resumed = 0;
    for (seed, target_ms, interval_ms) in [(1, 5_u32, 100_u32), (2, 5, 100), (3, 13, 130), (4, 1, 20)] {
        let packets = arrivals(seed);
        let mut codel = CodelQueue::new(f64::from(target_ms) * 1e6, f64::from(interval_ms) * 1e6);
        let expected = send_all(&mut codel, &packets);
        let queue = Queue::CoDel {
            bytes: u64::MAX,
            target: Duration::from_millis(target_ms.into()),
            interval: Duration::from_millis(interval_ms.into()),
        };
        let clean = LinkConfig::clean(BPS, Duration::ZERO, 0);
        let mut link = link(LinkConfig { queue, ..clean });
        let mut arrived = Vec::new();
        for packet in &packets {
            let now = Timestamp::from_nanos(packet.tstamp as u64);
            link.offer(now, packet.bytes as u32, packet.number);
            arrived.extend(deliveries(&mut link, now));
        }
        arrived.extend(deliveries(&mut link, END));
        // A drop shows in who is missing, its time in when the next one is out.
        let arrived: Vec<_> =
            arrived.iter().map(|delivery| (delivery.item, delivery.at.as_nanos() as f64)).collect();
        assert_eq!(arrived.len(), expected.len(), "seed {seed}");
        for (link, pseudocode) in arrived.iter().zip(&expected) {
            assert_eq!(link, pseudocode, "seed {seed}");
        }
        assert_eq!(packets.len() - arrived.len(), codel.drops.len(), "seed {seed}");
        assert_eq!(link.stats().dropped(LinkDrop::Aqm), codel.drops.len() as u64, "seed {seed}");
        assert!(codel.drops.len() > 50, "seed {seed}: {}", codel.drops.len());
        resumed += codel.resumed;
    }
    assert!(resumed > 0, "no drop rate was taken up again");
}

#[test]
fn drops_of_a_queue_that_stands_are_an_interval_over_the_root_of_their_number_apart() {
    // 20 % more than the wire takes, from senders that do not react: until the drops are dense enough, the queue stands.
    let packets: Vec<_> = (0..6000)
        .map(|number| Packet { number, bytes: 1250.0, tstamp: 1e6 + number as f64 * 0.83e6 })
        .collect();
    let queue = Queue::CoDel {
        bytes: u64::MAX,
        target: Duration::from_millis(5),
        interval: Duration::from_millis(100),
    };
    let mut link = link(LinkConfig { queue, ..LinkConfig::clean(BPS, Duration::ZERO, 0) });
    // Packets of 1 ms: a drop is seen at the next dequeue.
    let mut drops_ms = Vec::new();
    let mut next = packets.iter().peekable();
    for millis in 0..1500 {
        let now = Timestamp::from_millis(millis);
        while let Some(packet) = next.next_if(|packet| packet.tstamp <= now.as_nanos() as f64) {
            link.offer(Timestamp::from_nanos(packet.tstamp as u64), 1250, packet.number);
        }
        deliveries(&mut link, now);
        let dropped = link.stats().dropped(LinkDrop::Aqm) as usize;
        drops_ms.resize(dropped, millis as f64);
    }
    assert!(drops_ms.len() > 20, "{}", drops_ms.len());
    // The n-th drop comes the sum of 100 ms / sqrt(k), k < n, after the first (RFC 8289 section 5.3).
    let mut due = drops_ms[0];
    for (nth, &at) in drops_ms.iter().enumerate().skip(1) {
        due += 100.0 / (nth as f64).sqrt();
        assert!((0.0..=2.0).contains(&(at - due)), "drop {nth} at {at} ms, due at {due} ms");
    }
}
