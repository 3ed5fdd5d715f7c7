//! Owns a conference in which one person is forwarded to everybody else, as benches measure it: packets come at the pace of a
//! real sender, everybody's feedback comes back, and the engine's timers fire when they are due. What happens around the
//! engine is not timed; what the engine does is, by cause.

mod audience;
mod protecting;
mod publisher;
mod script;

use std::time::Duration;

use audience::Audience;
use bytes::Bytes;
use media_core::{
    PeerId, Timestamp,
    congestion::BitrateBounds,
    engine::{Engine, Event, Input, Outgoing, Output, Transmit},
    forwarding::ForwardedRtp,
    limits::DOWNLINK_DEFAULT,
    rtp::RtpView,
};
pub use protecting::Protecting;
pub use publisher::{Load, PAYLOAD_BYTE, Publisher, SOURCE};
pub use script::Script;

use crate::{paired::time, signals};

/// Who receives has connections from here on.
const FIRST: PeerId = PeerId(2);
/// A start from which a picture is given at once: there is nothing else here whose packets could show that a path carries more.
const DOWNLINK: BitrateBounds = BitrateBounds { start: 3_000_000, ..DOWNLINK_DEFAULT };
/// How long it takes until every path is believed to carry what is sent, with the time that a picture waits before it climbs.
const WARM_UP: Duration = Duration::from_secs(30);

/// What stands between the engine and the sockets. All but `seal` is timed.
pub trait Host {
    /// What the publisher's client does to a packet.
    fn seal(&mut self, packet: Vec<u8>) -> Vec<u8> {
        packet
    }

    /// What a packet goes through before the engine gets it.
    fn receive(&mut self, packet: Vec<u8>) -> Bytes {
        Bytes::from(packet)
    }

    /// What happens to a packet that the engine gives out.
    fn send(&mut self, peer: PeerId, packet: &ForwardedRtp);
}

/// Takes packets and does nothing with them.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBytes;

impl Host for NoBytes {
    fn send(&mut self, _: PeerId, packet: &ForwardedRtp) {
        std::hint::black_box(packet);
    }
}

/// What the engine works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A packet of the publisher, from the door to the last copy.
    Media,
    /// A timer: the pace of pictures, repairs, who gets what.
    Timer,
    /// Feedback of a subscriber.
    Feedback,
}

/// Measures the engine's work.
pub trait Meter {
    /// Does a piece of work.
    fn measure(&mut self, cause: Cause, work: impl FnOnce());

    /// So many copies went out because of the last piece of work.
    fn on_copies(&mut self, copies: u64);
}

/// What was done, and how long the engine took for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// [`Cause::Media`].
    pub media: Duration,
    /// [`Cause::Timer`].
    pub timers: Duration,
    /// [`Cause::Feedback`].
    pub feedback: Duration,
    /// Copies that went out.
    pub copies: u64,
    /// Feedback packets that came in.
    pub feedbacks: u64,
}

impl Meter for Spent {
    fn measure(&mut self, cause: Cause, work: impl FnOnce()) {
        let spent = time(work);
        match cause {
            Cause::Media => self.media += spent,
            Cause::Timer => self.timers += spent,
            Cause::Feedback => {
                self.feedback += spent;
                self.feedbacks += 1;
            }
        }
    }

    fn on_copies(&mut self, copies: u64) {
        self.copies += copies;
    }
}

impl Spent {
    /// Everything but feedback.
    pub fn forwarding(&self) -> Duration {
        self.media + self.timers
    }

    /// Everything.
    pub fn total(&self) -> Duration {
        self.forwarding() + self.feedback
    }
}

/// The conference.
pub struct Broadcast {
    engine: Engine,
    publisher: Publisher,
    audience: Audience,
    subscribers: u32,
    now: Timestamp,
    timeout: Timestamp,
    /// What the last input made the engine send: to whom, under which transport-wide number.
    sent: Vec<(PeerId, u16)>,
    probes: Vec<(PeerId, Bytes)>,
    wants_key: bool,
}

/// Something that is due before the next packet.
enum Due {
    Timer(Timestamp),
    Feedback(Timestamp, PeerId, Bytes),
}

impl Broadcast {
    /// With so many who receive, warmed up: everybody gets every packet.
    ///
    /// # Panics
    /// When that is not so.
    pub fn new(load: Load, subscribers: u32, host: &mut impl Host) -> Self {
        let mut broadcast = Self::begin(load, subscribers);
        while broadcast.now.as_nanos() < WARM_UP.as_nanos() as u64 {
            broadcast.forward(1, host);
        }
        let checked = broadcast.forward(200, host);
        assert_eq!(checked.copies, 200 * u64::from(subscribers), "everybody is sent everything");
        assert!(checked.feedbacks > 0, "somebody speaks of it");
        broadcast
    }

    /// At the moment at which the first packet is about to come.
    pub fn begin(load: Load, subscribers: u32) -> Self {
        let mut engine = signals::engine(subscribers + 1, DOWNLINK);
        let link = signals::start(&mut engine);
        let mut ask = |peer, message: &[u8]| signals::ask(&mut engine, Timestamp::ZERO, peer, message);
        ask(signals::HOST, &signals::publish(load.kind(), load.codec(), SOURCE, load.target_kbps()));
        for peer in (FIRST.0..).take(subscribers as usize).map(PeerId) {
            ask(peer, &signals::join(&link));
            if load == Load::Video {
                ask(peer, &signals::watch(signals::HOST_PARTICIPANT, load.kind()));
            }
        }
        let begun = Timestamp::from_millis(10);
        Self {
            engine,
            publisher: Publisher::new(load, begun),
            audience: Audience::new(subscribers, FIRST, begun),
            subscribers,
            now: Timestamp::ZERO,
            timeout: begun,
            sent: Vec::with_capacity(4 * subscribers as usize),
            probes: Vec::new(),
            wants_key: false,
        }
    }

    /// How many receive.
    pub fn subscribers(&self) -> u32 {
        self.subscribers
    }

    /// Lets so many packets of the publisher come, with everything that is due before each.
    pub fn forward(&mut self, packets: u64, host: &mut impl Host) -> Spent {
        let mut spent = Spent::default();
        self.forward_measured(packets, host, &mut spent);
        spent
    }

    /// The same, measured by somebody else.
    pub fn forward_measured(&mut self, packets: u64, host: &mut impl Host, meter: &mut impl Meter) {
        for _ in 0..packets {
            let (at, packet) = self.publisher.next_packet();
            while let Some(due) = self.next_due(at) {
                match due {
                    Due::Timer(at) => {
                        self.now = at;
                        meter.measure(Cause::Timer, || self.input(Input::Timeout, host));
                    }
                    Due::Feedback(at, peer, datagram) => {
                        self.now = at;
                        let input = Input::Datagram { peer, datagram };
                        meter.measure(Cause::Feedback, || self.input(input, host));
                    }
                }
                meter.on_copies(self.note());
            }
            let packet = host.seal(packet);
            self.now = at;
            meter.measure(Cause::Media, || {
                let input = Input::Datagram { peer: signals::HOST, datagram: host.receive(packet) };
                self.input(input, host);
            });
            meter.on_copies(self.note());
        }
    }

    /// What is due until the next packet comes, in order of time.
    fn next_due(&mut self, until: Timestamp) -> Option<Due> {
        loop {
            let feedback_at = self.audience.next_feedback_at();
            if self.timeout.min(feedback_at) > until {
                return None;
            }
            if self.timeout <= feedback_at {
                return Some(Due::Timer(self.timeout));
            }
            if let Some((peer, packet)) = self.audience.feedback() {
                return Some(Due::Feedback(feedback_at, peer, packet));
            }
        }
    }

    /// Hands in an input and takes everything that follows.
    fn input(&mut self, input: Input<'_>, host: &mut impl Host) {
        self.engine.handle_input(self.now, input).expect("time does not go back");
        loop {
            match self.engine.poll_output() {
                Output::Transmit(Transmit { peer, packet: Outgoing::Rtp(packet) }) => {
                    self.sent.push((peer, packet.transport_sequence));
                    host.send(peer, &packet);
                }
                Output::Timeout(at, _) => {
                    self.timeout = at;
                    return;
                }
                Output::Transmit(Transmit { peer, packet: Outgoing::Probe(packet) }) => {
                    self.probes.push((peer, packet));
                }
                Output::Event(Event::KeyFrameRequested { .. }) => self.wants_key = true,
                Output::Event(Event::Dropped { peer, reason }) => {
                    panic!("{peer:?} sends what is refused: {reason:?}")
                }
                Output::Transmit(_) | Output::Event(_) | Output::Offered { .. } => {}
            }
        }
    }

    /// What went out reaches the audience. How many copies it was.
    fn note(&mut self) -> u64 {
        let copies = self.sent.len() as u64;
        let mut sent = std::mem::take(&mut self.sent);
        let number = |packet: &Bytes| RtpView::parse(packet).ok()?.transport_sequence();
        sent.extend(self.probes.drain(..).filter_map(|(peer, packet)| Some((peer, number(&packet)?))));
        if copies < sent.len() as u64 {
            // Padding and media of one path leave in the order of their numbers.
            sent.sort_by_key(|(peer, _)| *peer);
            for path in sent.chunk_by_mut(|a, b| a.0 == b.0) {
                let base = path[0].1;
                path.sort_by_key(|(_, number)| number.wrapping_sub(base) as i16);
            }
        }
        for (peer, number) in sent.drain(..) {
            self.audience.on_sent(self.now, peer, number);
        }
        self.sent = sent;
        if std::mem::take(&mut self.wants_key) {
            self.publisher.on_key_frame_wanted();
        }
        copies
    }
}

#[cfg(test)]
mod tests;
