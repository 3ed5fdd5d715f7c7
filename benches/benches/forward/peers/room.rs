//! Owns a room of connections of one implementation: one publisher, many who receive, a server's end and a client's end each. The
//! network between the ends takes no time and loses nothing. What the server's ends do is timed, what the clients' ends do is not.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use benches::{
    broadcast::{Load, PAYLOAD_BYTE, Publisher, Spent},
    paired::time,
};
use media_core::Timestamp;

/// In this time every connection is there, and whatever its estimates begin with is over.
const WARM_UP: Duration = Duration::from_secs(10);
/// Timers of a host fire at most once in this time: some ends name times that have passed.
const TIMER_STEP: Duration = Duration::from_millis(1);
/// Steps of one connection within one instant, after which it does not come to rest.
const STEPS_MAX: u32 = 10_000;

/// One end of a connection.
pub(in super::super) trait End: Sized {
    /// A packet as the implementation gives it out.
    type Packet;

    /// The server's end and the client's, after an exchange of offer and answer. Media goes `up` to the server or down from it.
    fn pair(load: Load, up: bool, addresses: [SocketAddr; 2], now: Instant) -> (Self, Self);

    /// Whether media may be sent.
    fn is_connected(&self) -> bool;

    /// A datagram from the other end.
    fn receive(&mut self, now: Instant, datagram: &[u8]);

    /// The time that [`End::drain`] named has come.
    fn on_timeout(&mut self, now: Instant);

    /// Takes everything that is to be sent and that was received, and says when there will be more.
    fn drain(
        &mut self,
        now: Instant,
        datagrams: &mut Vec<Vec<u8>>,
        packets: &mut Vec<Self::Packet>,
    ) -> Instant;

    /// The client's end sends a packet of its own.
    fn publish(&mut self, now: Instant, number: u64, timestamp: u32, payload: &[u8]);

    /// The server's end sends what came from another one.
    fn forward(&mut self, now: Instant, packet: &Self::Packet);
}

/// One connection.
struct Leg<E: End> {
    server: E,
    client: E,
    server_due: Instant,
    client_due: Instant,
    /// What the server's end has sent and the client's has not seen.
    sent: Vec<Vec<u8>>,
    answers: Vec<Vec<u8>>,
    received: Vec<E::Packet>,
}

impl<E: End> Leg<E> {
    fn new(load: Load, index: u32, now: Instant) -> Self {
        let address = |host: u8| SocketAddr::from(([10, host, (index >> 8) as u8, index as u8], 5_000));
        let (server, client) = E::pair(load, index == 0, [address(1), address(2)], now);
        Self {
            server,
            client,
            server_due: now,
            client_due: now,
            sent: Vec::new(),
            answers: Vec::new(),
            received: Vec::new(),
        }
    }

    /// Lets time pass on both ends.
    fn settle(&mut self, from: Instant, until: Instant, spent: &mut Spent) {
        let mut at = from;
        for _ in 0..STEPS_MAX {
            let due = self.server_due.min(self.client_due);
            if due > until {
                return;
            }
            at = at.max(due);
            if self.server_due <= self.client_due {
                spent.timers += time(|| {
                    self.server.on_timeout(at);
                    let due = self.server.drain(at, &mut self.sent, &mut self.received);
                    self.server_due = due.max(at + TIMER_STEP);
                });
            } else {
                self.client.on_timeout(at);
                let due = self.client.drain(at, &mut self.answers, &mut Vec::new());
                self.client_due = due.max(at + TIMER_STEP);
            }
            self.deliver(at, spent);
        }
        panic!("a connection does not come to rest");
    }

    /// Hands over what is under way, until nothing is.
    fn deliver(&mut self, at: Instant, spent: &mut Spent) {
        while !self.sent.is_empty() || !self.answers.is_empty() {
            for datagram in std::mem::take(&mut self.sent) {
                spent.copies += u64::from(is_rtp(&datagram));
                self.client.receive(at, &datagram);
                self.client_due = self.client.drain(at, &mut self.answers, &mut Vec::new());
            }
            for datagram in std::mem::take(&mut self.answers) {
                spent.feedbacks += 1;
                spent.feedback += time(|| {
                    self.server.receive(at, &datagram);
                    self.server_due = self.server.drain(at, &mut self.sent, &mut self.received);
                });
            }
        }
    }
}

/// RFC 7983 section 7, RFC 5761 section 4.
fn is_rtp(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, second, ..] if !(64..=95).contains(&(second & 0x7f)))
}

/// Everybody's connections.
pub(in super::super) struct Room<E: End> {
    /// The first is the publisher's.
    legs: Vec<Leg<E>>,
    schedule: Publisher,
    payload: Vec<u8>,
    begun: Instant,
    now: Instant,
    packets: u64,
}

impl<E: End> Room<E> {
    /// With so many who receive, warmed up: everybody gets every packet.
    pub(in super::super) fn new(load: Load, subscribers: u32) -> Self {
        let begun = super::super::clock();
        let mut room = Self {
            legs: (0..=subscribers).map(|index| Leg::new(load, index, begun)).collect(),
            schedule: Publisher::new(load, Timestamp::ZERO),
            payload: vec![PAYLOAD_BYTE; load.payload_bytes()],
            begun: begun + WARM_UP / 2,
            now: begun,
            packets: 0,
        };
        room.settle(room.begun, &mut Spent::default());
        let connected = |leg: &Leg<E>| leg.server.is_connected() && leg.client.is_connected();
        assert!(room.legs.iter().all(connected), "every connection is there");
        while room.now < begun + WARM_UP {
            room.forward(1);
        }
        let checked = room.forward(100);
        let (copies, expected) = (checked.copies, 100 * u64::from(subscribers));
        assert!(copies * 100 >= expected * 98, "{copies} of {expected} packets were forwarded");
        room
    }

    fn settle(&mut self, until: Instant, spent: &mut Spent) {
        for leg in &mut self.legs {
            leg.settle(self.now, until, spent);
        }
        self.now = until;
    }

    /// Lets so many packets of the publisher come, with everything that is due before each.
    pub(in super::super) fn forward(&mut self, packets: u64) -> Spent {
        let mut spent = Spent::default();
        for _ in 0..packets {
            let (at, _) = self.schedule.next_packet();
            let timestamp = (at.as_millis() * 48) as u32;
            let at = self.begun + Duration::from_nanos(at.as_nanos());
            self.settle(at, &mut spent);
            self.packets += 1;
            self.publish(at, timestamp, &mut spent);
            for leg in &mut self.legs {
                leg.deliver(at, &mut spent);
            }
        }
        spent
    }

    /// One packet, from the publisher's client to what goes out to everybody.
    fn publish(&mut self, at: Instant, timestamp: u32, spent: &mut Spent) {
        let [publisher, subscribers @ ..] = self.legs.as_mut_slice() else { return };
        publisher.client.publish(at, self.packets, timestamp, &self.payload);
        publisher.client_due = publisher.client.drain(at, &mut publisher.answers, &mut Vec::new());
        for datagram in std::mem::take(&mut publisher.answers) {
            spent.media += time(|| {
                publisher.server.receive(at, &datagram);
                publisher.server_due =
                    publisher.server.drain(at, &mut publisher.sent, &mut publisher.received);
                for packet in publisher.received.drain(..) {
                    for leg in &mut *subscribers {
                        leg.server.forward(at, &packet);
                        leg.server_due = leg.server.drain(at, &mut leg.sent, &mut leg.received);
                    }
                }
            });
        }
    }
}
