//! Owns what travels on the test bed, and what the two ends of every flow have in common.

use bytes::Bytes;
use media_core::Timestamp;

/// A packet on the bottleneck.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    /// Position of its flow.
    pub(super) flow: usize,
    pub(super) bytes: u32,
    pub(super) content: Content,
}

/// What it carries.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Media or padding, with its transport-wide sequence number, and when it left.
    Media {
        sequence: u16,
        sent: Timestamp,
    },
    Feedback(Bytes),
    Segment(u64),
    /// Everything before `upto` has arrived, and `segment` just now.
    Ack {
        upto: u64,
        segment: u64,
    },
}

impl Content {
    /// Whether it goes the way of the flow's data.
    pub(super) const fn is_data(&self) -> bool {
        matches!(self, Self::Media { .. } | Self::Segment(_))
    }
}

/// Both ends of a flow.
pub(super) trait Ends {
    /// Something has reached the other end, or come back.
    fn on_packet(&mut self, now: Timestamp, packet: Packet);

    /// The time that [`Ends::poll_timeout`] named has come.
    fn handle_timeout(&mut self, now: Timestamp);

    /// When there is something to do by itself.
    fn poll_timeout(&self) -> Option<Timestamp>;

    /// The next packet that leaves now: its bytes on the wire and what it carries.
    fn poll_packet(&mut self, now: Timestamp) -> Option<(u32, Content)>;

    /// What the sender believes that it may send, in bits per second, if it sends at the moment.
    fn estimate_bps(&self, now: Timestamp) -> Option<u64>;
}
