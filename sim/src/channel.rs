//! Owns the reliable, ordered way of signalling messages over lossy datagrams, and what setting it up costs: it stands
//! for TCP (RFC 9293), TLS 1.3 (RFC 8446) and the WebSocket upgrade (RFC 6455) in round trips and bytes. Deliberately
//! absent: encryption and authentication (the simulation's links are not secret), TCP's byte-wise sequence numbers (here
//! a number names a whole segment), Nagle's algorithm and delayed acknowledgements, session resumption.

mod liveness;
mod loss;
mod receiver;
mod rtt;
mod sender;
mod setup;
mod window;
mod wire;

use std::time::Duration;

use media_core::Timestamp;

pub use self::liveness::{KEEP_ALIVE_AFTER, KEEP_ALIVE_INTERVAL, SILENCE_MAX};
use self::{
    liveness::Liveness,
    receiver::{Receiver, Verdict},
    sender::Sender,
    setup::{Progress, Record, RecordKind, Setup},
    wire::{Flag, Segment},
};

/// Bytes of the largest segment, as UDP payload (NET-007).
pub const SEGMENT_BYTES_MAX: usize = media_core::limits::DATAGRAM_BYTES_MAX;
/// Bytes of the largest message.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Bytes that may wait to be sent or acknowledged; who reads slower than that is cut off.
pub const SEND_BYTES_MAX: usize = 1 << 21;
/// Bytes of messages that may wait to be polled; beyond it, segments are not acknowledged.
pub const RECEIVE_BYTES_MAX: usize = 1 << 20;
/// Without progress for this long, while progress is due, the channel gives up.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(30);

/// Where a channel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelState {
    /// Being set up; messages to send are kept until it is open.
    Connecting,
    /// Messages flow.
    Open,
    /// Nothing flows any more, in either direction.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// Why a channel is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// [`Channel::close`] was called here.
    Local,
    /// The peer closed it.
    Remote,
    /// Nothing was heard for [`SILENCE_MAX`], or there was no progress for [`GIVE_UP_AFTER`].
    TimedOut,
    /// The other end knows nothing of the channel: it has lost its state.
    Reset,
    /// More than [`SEND_BYTES_MAX`] waited, or a message was longer than [`MESSAGE_BYTES_MAX`].
    SendBufferFull,
    /// The peer sent in order what no peer may send: a message too long, or a set-up step out of turn.
    ProtocolViolation,
}

/// What is to be done with a segment that belongs to no channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stray {
    /// A client begins a channel: [`Channel::accept`] one for it.
    Opens,
    /// Its sender takes a channel for alive that is not: send this back.
    Reset(Vec<u8>),
    /// Nothing.
    Ignored,
}

/// What a channel sent and received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelCounters {
    /// Segments sent, retransmissions and bare acknowledgements included.
    pub segments_sent: u64,
    /// Bytes of these segments.
    pub bytes_sent: u64,
    /// Segments sent again.
    pub retransmissions: u64,
    /// Well-formed segments received.
    pub segments_received: u64,
    /// Bytes of all received segments, malformed ones included.
    pub bytes_received: u64,
    /// Received segments that were not segments, were damaged, or acknowledged what was never sent.
    pub malformed: u64,
    /// Received segments that had been received before.
    pub duplicates: u64,
    /// Received segments that were refused: beyond the window, or the messages before them were not polled.
    pub refused: u64,
    /// Messages delivered to `poll_message`'s queue.
    pub messages_received: u64,
    /// Messages accepted by `send`.
    pub messages_sent: u64,
}

/// One end of a channel. After every call that takes `now`, drain `poll_segment` and `poll_message`, then read
/// `poll_timeout`. A segment carries no address: whoever owns the datagrams knows which channel they belong to, and
/// uses a fresh pair of ports for a fresh channel.
#[derive(Clone, Debug)]
pub struct Channel {
    state: ChannelState,
    setup: Setup,
    sender: Sender,
    receiver: Receiver,
    /// Messages accepted before the channel was open.
    early: Vec<Vec<u8>>,
    early_bytes: usize,
    liveness: Liveness,
    progress_at: Timestamp,
    closing: bool,
    counters: ChannelCounters,
}

impl Channel {
    /// The client's end: starts to set up at once. Open after three round trips.
    pub fn connect(now: Timestamp) -> Self {
        let mut channel = Self::new(now, Setup::client(), Liveness::asking(now));
        channel.sender.queue_syn();
        channel
    }

    /// The server's end: waits for the client's first segment.
    pub fn accept(now: Timestamp) -> Self {
        Self::new(now, Setup::server(), Liveness::answering(now))
    }

    /// What a segment that belongs to no channel is worth: it begins one, or it is answered by a reset, or by nothing.
    pub fn stray(bytes: &[u8]) -> Stray {
        match Segment::decode(bytes) {
            Some(segment) if segment.flag == Flag::Syn => Stray::Opens,
            Some(_) | None => Self::refusal(bytes).map_or(Stray::Ignored, Stray::Reset),
        }
    }

    /// The answer of somebody with whom no channel can be had: to everything but a reset, which nobody answers.
    pub fn refusal(bytes: &[u8]) -> Option<Vec<u8>> {
        let segment = Segment::decode(bytes)?;
        (segment.flag != Flag::Reset).then(|| segment.reset_of().encode())
    }

    /// Takes a segment from the network. Never panics; what is malformed is counted and ignored.
    pub fn handle_segment(&mut self, now: Timestamp, bytes: &[u8]) {
        self.counters.bytes_received += bytes.len() as u64;
        let Some(segment) = Segment::decode(bytes) else {
            self.counters.malformed += 1;
            return;
        };
        let opens = segment.carries() && segment.sequence == 0;
        if !self.sender.can_acknowledge(segment.ack) || (segment.flag == Flag::Syn) != opens {
            self.counters.malformed += 1;
            return;
        }
        self.counters.segments_received += 1;
        if !self.exchanges_segments() {
            return;
        }
        if segment.flag == Flag::Reset {
            // As RFC 5961 section 3.2 asks: only one that knows where the channel stands.
            if segment.sequence == self.receiver.acknowledgement().0 {
                self.shut(CloseReason::Reset);
            }
            return;
        }
        self.liveness.on_segment(now);
        if self.sender.on_ack(now, segment.ack, segment.sack) {
            self.progress_at = now;
        } else {
            self.sender.on_sign_of_life(now);
        }
        if segment.flag == Flag::Probe {
            self.receiver.owe_acknowledgement();
        }
        match self.receiver.on_segment(segment) {
            Verdict::Taken => self.progress_at = now,
            Verdict::Duplicate => self.counters.duplicates += 1,
            Verdict::Refused => self.counters.refused += 1,
            Verdict::Empty => {}
        }
        self.read_records();
        self.advance_setup(now);
        self.finish_closing();
    }

    /// Sends a message, when the channel is open. Ignored when it is closed. A message over [`MESSAGE_BYTES_MAX`] or
    /// more than [`SEND_BYTES_MAX`] waiting closes it.
    pub fn send(&mut self, now: Timestamp, message: Vec<u8>) {
        if self.closing || matches!(self.state, ChannelState::Closed { .. }) {
            return;
        }
        let waiting = self.early_bytes + self.sender.bytes_waiting() + message.len();
        if message.len() > MESSAGE_BYTES_MAX || waiting > SEND_BYTES_MAX {
            self.shut(CloseReason::SendBufferFull);
            return;
        }
        self.counters.messages_sent += 1;
        if self.state == ChannelState::Open {
            self.queue(now, RecordKind::Message, &message);
        } else {
            self.early_bytes += message.len();
            self.early.push(message);
        }
    }

    /// Closes in order: what was sent before still arrives, then the peer learns of it. [`ChannelState::Closed`] once
    /// the peer has acknowledged everything; at once when the channel is not open.
    pub fn close(&mut self, now: Timestamp) {
        match self.state {
            ChannelState::Open if !self.closing => {
                self.queue(now, RecordKind::Close, &[]);
                self.closing = true;
            }
            ChannelState::Connecting => self.shut(CloseReason::Local),
            ChannelState::Open | ChannelState::Closed { .. } => {}
        }
    }

    /// The next segment for the network: at most [`SEGMENT_BYTES_MAX`] bytes.
    pub fn poll_segment(&mut self, now: Timestamp) -> Option<Vec<u8>> {
        if !self.exchanges_segments() {
            return None;
        }
        let (ack, sack) = self.receiver.acknowledgement();
        let segment = match self.sender.poll(now) {
            Some(outgoing) => {
                self.counters.retransmissions += u64::from(outgoing.again);
                Segment {
                    flag: if outgoing.sequence == 0 { Flag::Syn } else { Flag::None },
                    sequence: outgoing.sequence,
                    ack,
                    sack,
                    payload: outgoing.payload,
                }
            }
            None if self.receiver.owes_acknowledgement() => Segment::acknowledgement(ack, sack),
            None if self.liveness.poll_question() => Segment::probe(ack, sack),
            None => return None,
        };
        self.receiver.on_acknowledged();
        let bytes = segment.encode();
        self.counters.segments_sent += 1;
        self.counters.bytes_sent += bytes.len() as u64;
        Some(bytes)
    }

    /// The next message from the peer, in the order in which it sent them. Still delivers after a close what arrived
    /// before it.
    pub fn poll_message(&mut self) -> Option<Vec<u8>> {
        self.receiver.poll_message()
    }

    /// When [`Channel::handle_timeout`] is to be called; absent when the channel is closed.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        if matches!(self.state, ChannelState::Closed { .. }) {
            return None;
        }
        let gives_up = self.is_progress_due().then(|| self.progress_at + GIVE_UP_AFTER);
        [self.sender.timeout(), gives_up, Some(self.liveness.poll_timeout())].into_iter().flatten().min()
    }

    /// Retransmits or gives up what is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if matches!(self.state, ChannelState::Closed { .. }) {
            return;
        }
        let stands_still = self.is_progress_due() && self.progress_at + GIVE_UP_AFTER <= now;
        if stands_still || self.liveness.is_dead(now) {
            self.shut(CloseReason::TimedOut);
            return;
        }
        self.liveness.handle_timeout(now);
        self.sender.handle_timeout(now);
    }

    /// Where the channel stands.
    pub fn state(&self) -> ChannelState {
        self.state
    }

    /// When something was last heard of the other end, or the channel was made.
    pub fn heard_at(&self) -> Timestamp {
        self.liveness.heard()
    }

    /// What was sent and received.
    pub fn counters(&self) -> ChannelCounters {
        self.counters
    }

    /// The smoothed round-trip time (RFC 6298); absent before the first measurement.
    pub fn smoothed_rtt(&self) -> Option<Duration> {
        self.sender.smoothed_rtt()
    }

    fn new(now: Timestamp, setup: Setup, liveness: Liveness) -> Self {
        Self {
            state: ChannelState::Connecting,
            setup,
            sender: Sender::new(),
            receiver: Receiver::new(),
            early: Vec::new(),
            early_bytes: 0,
            liveness,
            progress_at: now,
            closing: false,
            counters: ChannelCounters::default(),
        }
    }

    /// A channel that the peer closed still acknowledges, so that the peer can finish.
    fn exchanges_segments(&self) -> bool {
        match self.state {
            ChannelState::Connecting | ChannelState::Open => true,
            ChannelState::Closed { reason } => reason == CloseReason::Remote,
        }
    }

    fn is_progress_due(&self) -> bool {
        self.state == ChannelState::Connecting || self.sender.is_waiting()
    }

    fn read_records(&mut self) {
        loop {
            if matches!(self.state, ChannelState::Closed { .. }) {
                return;
            }
            match self.receiver.next_record() {
                Ok(None) => return,
                Ok(Some(Record { kind: RecordKind::Message, body })) if self.state == ChannelState::Open => {
                    self.counters.messages_received += 1;
                    self.receiver.deliver(body);
                }
                Ok(Some(Record { kind: RecordKind::Close, .. })) if self.state == ChannelState::Open => {
                    self.shut(CloseReason::Remote);
                }
                Ok(Some(record))
                    if self.state == ChannelState::Connecting && self.setup.on_record(record.kind) =>
                {
                    // The record after the last step of the set-up may be a message already.
                    if self.setup.is_open() {
                        self.state = ChannelState::Open;
                    }
                }
                Ok(Some(_)) | Err(_) => self.shut(CloseReason::ProtocolViolation),
            }
        }
    }

    /// Takes the steps of the set-up that are possible, then sends what waited for its end.
    fn advance_setup(&mut self, now: Timestamp) {
        if matches!(self.state, ChannelState::Closed { .. }) {
            return;
        }
        while let Some(step) = self.setup.poll(self.receiver.has_syn(), self.sender.syn_acknowledged()) {
            match step {
                Progress::Syn => self.sender.queue_syn(),
                Progress::Record(kind, bytes) => {
                    self.sender.touch(now, &mut self.progress_at);
                    self.sender.queue(&setup::flight(kind, bytes));
                }
            }
        }
        if self.state == ChannelState::Open {
            self.early_bytes = 0;
            for message in std::mem::take(&mut self.early) {
                self.queue(now, RecordKind::Message, &message);
            }
        }
    }

    fn queue(&mut self, now: Timestamp, kind: RecordKind, body: &[u8]) {
        self.sender.touch(now, &mut self.progress_at);
        self.sender.queue(&setup::record(kind, body));
    }

    fn finish_closing(&mut self) {
        if self.closing && self.state == ChannelState::Open && !self.sender.is_waiting() {
            self.shut(CloseReason::Local);
        }
    }

    fn shut(&mut self, reason: CloseReason) {
        self.state = ChannelState::Closed { reason };
        self.sender.clear();
        self.early.clear();
        self.early_bytes = 0;
    }
}

#[cfg(test)]
mod tests;
