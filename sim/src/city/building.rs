//! Owns a building of the city: its access link and the people behind it, event by event.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use media_core::{
    Timestamp,
    congestion::FEEDBACK_INTERVAL,
    rtp::{Protocol, RtpView, demux, red::RED_PAYLOAD_TYPE},
    signalling::{LinkToken, Mode},
};

use super::{Means, digest::Digest, load::Load};
use crate::{
    endpoint::light::{INSIDE_BYTES, LightEndpoint, LightPacket, LightRecord},
    link::{Link, LinkStats},
    packet::{Datagram, person_of},
    scenario::PersonIndex,
    seed::Seed,
    site::{AccessLink, link_config},
    trace::Channel as Wire,
};

/// How long packets may wait for somebody to look at them who has nothing to do because of them: until feedback is due
/// at the earliest.
const UNSEEN_MAX: Duration = FEEDBACK_INTERVAL;

/// What has to be known of somebody behind the line for every packet. Kept together for all of them, apart from everything else,
/// which is far from the processor.
#[derive(Clone, Copy)]
struct Attention {
    /// When they want to be woken.
    wake: Timestamp,
    /// The transport-wide number with which nothing is missing, while packets in order are no reason to do anything but count.
    expected: Option<u16>,
}

impl Attention {
    /// Whether the packet with this number can wait to be looked at.
    fn is_spared(&mut self, transport: u16) -> bool {
        let is_next = self.expected == Some(transport);
        if is_next {
            self.expected = Some(transport.wrapping_add(1));
        }
        is_next
    }
}

/// Somebody behind the line.
struct Seat {
    /// Packets that came and were not looked at yet. A client's state is far from the processor; packets come one by one, and
    /// looking at those of a tenth of a second together is several times as fast, and comes to the same.
    unseen: Vec<(Timestamp, LightPacket)>,
    endpoint: LightEndpoint,
    /// What they do when they come: start, or join this conference.
    plan: Arrival,
}

impl Seat {
    /// Looks at what came before.
    fn catch_up(&mut self) {
        for (at, packet) in self.unseen.drain(..) {
            // What the client would do because of it, it does now at the earliest.
            let _ = self.endpoint.handle_media(at, &packet, &[]);
        }
    }
}

/// How somebody comes in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arrival {
    /// Starts a conference.
    Starts(Mode),
    /// Joins one, once there is a link.
    Joins(u32),
    /// Has come.
    Done,
}

/// A building.
pub(super) struct Building {
    down: Link<Load>,
    up: Link<Load>,
    down_wake: Timestamp,
    up_wake: Timestamp,
    seats: Vec<Seat>,
    attention: Vec<Attention>,
    timers: BinaryHeap<Reverse<(Timestamp, u32)>>,
    means: Means,
    /// When its line fails, or comes back.
    outage: Option<(Timestamp, Timestamp)>,
    /// Media packets that reached anybody.
    pub(super) delivered: u64,
    pub(super) digest: Digest,
}

/// What a building leaves in a window: records for nodes, and links of conferences that have begun.
pub(super) struct Leaving<'a> {
    /// Something came out of the line towards a node.
    pub(super) on_load: &'a mut dyn FnMut(Timestamp, Load),
    /// A conference of the seat's has begun.
    pub(super) on_link: &'a mut dyn FnMut(Timestamp, PersonIndex, LinkToken),
}

impl Building {
    pub(super) fn new(
        index: u64,
        link: &AccessLink,
        outage: Option<(Timestamp, Timestamp)>,
        seed: Seed,
    ) -> Self {
        let path = |spec, label| {
            let config = link_config(spec, link.mtu_bytes, 1);
            Link::new(config, seed.stream_at(label, index)).without_time_line()
        };
        Self {
            down: path(&link.down, "downlink"),
            up: path(&link.up, "uplink"),
            down_wake: Timestamp::FAR_FUTURE,
            up_wake: Timestamp::FAR_FUTURE,
            seats: Vec::new(),
            attention: Vec::new(),
            timers: BinaryHeap::new(),
            means: Means::quick(1),
            outage,
            delivered: 0,
            digest: Digest::default(),
        }
    }

    pub(super) fn with_means(self, means: Means) -> Self {
        Self { means, ..self }
    }

    /// Somebody who comes at `at`. Their place.
    pub(super) fn add(&mut self, endpoint: LightEndpoint, plan: Arrival, at: Timestamp) -> u32 {
        let place = self.seats.len() as u32;
        self.seats.push(Seat { unseen: Vec::new(), endpoint, plan });
        self.attention.push(Attention { wake: at, expected: None });
        self.timers.push(Reverse((at, place)));
        place
    }

    /// A link has come. Who has come and waits for it opens it; who has not come yet finds it when they do.
    pub(super) fn on_mail(&mut self, now: Timestamp, place: u32) {
        if self.attention[place as usize].wake == Timestamp::FAR_FUTURE {
            self.wake_by(place, now);
        }
    }

    /// When something happens next, apart from what comes in.
    pub(super) fn next_at(&self) -> Timestamp {
        let timer = self.timers.peek().map_or(Timestamp::FAR_FUTURE, |Reverse((at, _))| *at);
        let outage = self.outage.map_or(Timestamp::FAR_FUTURE, |(from, _)| from);
        timer.min(self.down_wake).min(self.up_wake).min(outage)
    }

    /// Does everything that happens before `end`, with what comes to the line, in the order of time.
    pub(super) fn advance(
        &mut self,
        end: Timestamp,
        incoming: &mut Vec<(Timestamp, Load)>,
        place_of: &[u32],
        links: &[Option<LinkToken>],
        leaving: &mut Leaving<'_>,
    ) {
        let mut incoming = incoming.drain(..).peekable();
        loop {
            let arrival = incoming.peek().map_or(Timestamp::FAR_FUTURE, |(at, _)| *at);
            let next = self.next_at();
            if arrival.min(next) >= end {
                break;
            }
            if arrival <= next {
                if let Some((at, load)) = incoming.next() {
                    self.down.offer(at, load.wire_bytes(), load);
                    self.down_wake = self.down.poll_timeout().unwrap_or(Timestamp::FAR_FUTURE);
                }
            } else if self.down_wake <= next {
                self.deliver(next, place_of, leaving);
            } else if self.up_wake <= next {
                self.hand_on(next, leaving);
            } else if self.outage.is_some_and(|(from, _)| from <= next) {
                self.turn_outage(next);
            } else {
                self.wake(next, links, leaving);
            }
        }
    }

    pub(super) fn finish(self, now: Timestamp) -> (Vec<LightRecord>, [LinkStats; 2]) {
        let finish = |mut seat: Seat| {
            seat.catch_up();
            seat.endpoint.finish(now)
        };
        let records = self.seats.into_iter().map(finish).collect();
        (records, [self.down.stats().clone(), self.up.stats().clone()])
    }

    fn deliver(&mut self, now: Timestamp, place_of: &[u32], leaving: &mut Leaving<'_>) {
        while let Some(delivery) = self.down.poll_delivery(now) {
            // A damaged datagram fails its checksum.
            if delivery.corrupted {
                continue;
            }
            let Some(place) = delivery.item.peer().and_then(|peer| place_of.get(person_of(peer).0)).copied()
            else {
                continue;
            };
            let index = place as usize;
            match delivery.item {
                Load::Media { peer, packet, earlier } => {
                    self.delivered += 1;
                    let numbers = u64::from(packet.sequence) << 16 | u64::from(packet.transport);
                    self.digest.add([
                        now.as_nanos(),
                        u64::from(peer.0) << 32 | u64::from(packet.ssrc.0),
                        numbers,
                    ]);
                    let may_wait = earlier.is_none() && self.means.is_lazy;
                    let seat = &mut self.seats[index];
                    if may_wait && self.attention[index].is_spared(packet.transport) {
                        seat.unseen.push((now, packet));
                        if seat.unseen.len() == 1 {
                            self.wake_by(place, now + UNSEEN_MAX);
                        }
                        continue;
                    }
                    seat.catch_up();
                    let earlier = earlier.as_deref().unwrap_or_default();
                    let due = seat.endpoint.handle_media(now, &packet, earlier);
                    self.attention[index].expected =
                        seat.endpoint.is_calm().then_some(packet.transport.wrapping_add(1));
                    if let Some(at) = due {
                        self.wake_by(place, at);
                    }
                }
                Load::Datagram(datagram) => {
                    self.digest.add([
                        now.as_nanos(),
                        u64::from(datagram.peer.0),
                        datagram.bytes.len() as u64,
                    ]);
                    let seat = &mut self.seats[index];
                    seat.catch_up();
                    seat.endpoint.handle_datagram(now, &datagram);
                    self.settle(now, place, leaving);
                }
                Load::Front { .. } | Load::Link { .. } => {}
            }
        }
        self.down_wake = self.down.poll_timeout().unwrap_or(Timestamp::FAR_FUTURE);
    }

    fn hand_on(&mut self, now: Timestamp, leaving: &mut Leaving<'_>) {
        while let Some(delivery) = self.up.poll_delivery(now) {
            if !delivery.corrupted {
                (leaving.on_load)(now, delivery.item);
            }
        }
        self.up_wake = self.up.poll_timeout().unwrap_or(Timestamp::FAR_FUTURE);
    }

    fn turn_outage(&mut self, now: Timestamp) {
        let Some((from, until)) = self.outage.take() else { return };
        let begins = from < until;
        self.down.set_outage(now, begins);
        self.up.set_outage(now, begins);
        // It ends, and then there is no other.
        self.outage = begins.then_some((until, until));
        self.down_wake = self.down.poll_timeout().unwrap_or(Timestamp::FAR_FUTURE);
        self.up_wake = self.up.poll_timeout().unwrap_or(Timestamp::FAR_FUTURE);
    }

    fn wake(&mut self, now: Timestamp, links: &[Option<LinkToken>], leaving: &mut Leaving<'_>) {
        let Some(Reverse((at, place))) = self.timers.pop() else { return };
        let attention = &mut self.attention[place as usize];
        if attention.wake != at {
            return;
        }
        attention.wake = Timestamp::FAR_FUTURE;
        let seat = &mut self.seats[place as usize];
        match seat.plan {
            Arrival::Starts(mode) => {
                seat.endpoint.start(now, mode);
                seat.plan = Arrival::Done;
            }
            Arrival::Joins(conference) => {
                // Without a link they wait for the mail.
                let Some(link) = links.get(conference as usize).and_then(Option::as_ref) else { return };
                seat.endpoint.join(now, link);
                seat.plan = Arrival::Done;
            }
            Arrival::Done => {
                seat.catch_up();
                seat.endpoint.handle_timeout(now);
            }
        }
        self.settle(now, place, leaving);
    }

    /// Sends what somebody has to send, and notes when they want to be woken.
    fn settle(&mut self, now: Timestamp, place: u32, leaving: &mut Leaving<'_>) {
        let seat = &mut self.seats[place as usize];
        let mut sends = false;
        while let Some(datagram) = seat.endpoint.poll_datagram() {
            let load = on_the_way(datagram, self.means.is_light);
            self.up.offer(now, load.wire_bytes(), load);
            sends = true;
        }
        if let Some(invitation) = seat.endpoint.poll_invitation() {
            (leaving.on_link)(now, seat.endpoint.person(), invitation.link);
        }
        if sends {
            self.up_wake = self.up.poll_timeout().unwrap_or(Timestamp::FAR_FUTURE);
        }
        let seat = &mut self.seats[place as usize];
        if !seat.endpoint.is_calm() {
            self.attention[place as usize].expected = None;
        }
        if let Some(at) = seat.endpoint.poll_timeout() {
            self.wake_by(place, at.max(now));
        }
    }

    fn wake_by(&mut self, place: u32, at: Timestamp) {
        let attention = &mut self.attention[place as usize];
        if at < attention.wake {
            attention.wake = at;
            self.timers.push(Reverse((at, place)));
        }
    }
}

/// A datagram of a client as it travels on: of media nothing but what stands in front of the ciphertext, and what plays a part of
/// what is inside. The blocks of redundant audio are told apart by what stands in them, so that they stay whole, and so does
/// padding.
fn on_the_way(datagram: Datagram, is_light: bool) -> Load {
    let Datagram { peer, channel, bytes } = datagram;
    if is_light
        && channel == Wire::Media
        && demux(&bytes) == Protocol::Rtp
        && let Ok(view) = RtpView::parse(&bytes)
        && view.payload_type() != RED_PAYLOAD_TYPE
        && view.payload_offset() + view.payload_len() == bytes.len()
    {
        let kept = (view.payload_offset() + 2 + INSIDE_BYTES).min(bytes.len());
        return Load::Front { peer, absent: (bytes.len() - kept) as u16, front: bytes.slice(..kept) };
    }
    Load::Datagram(Datagram { peer, channel, bytes })
}
