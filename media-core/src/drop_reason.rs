//! Owns the names of everything the engine refuses from the network. A peer's fault is counted under one of these
//! names; it is never an error of the caller.

/// Why a packet, message or frame went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DropReason {
    /// Shorter than its own header says, or a field has an impossible value.
    Malformed,
    /// Longer than [`crate::limits::DATAGRAM_BYTES_MAX`] or the limit of its kind.
    Oversized,
    /// RTP version is not 2.
    WrongVersion,
    /// Neither RTP nor RTCP (RFC 7983).
    UnknownProtocol,
    /// The payload type is not one of the session's.
    UnknownPayloadType,
    /// A header extension that the stream needs is missing or broken.
    BadExtension,
    /// A dependency descriptor names a template that no structure defined.
    UnknownTemplate,
    /// The peer is in no conference (never joined, lobby, or gone).
    NotJoined,
    /// The SSRC is not one that the sender published (SEC-002).
    ForeignSsrc,
    /// The sender's role or the mode does not permit this kind of media (PRES-001, SEC-002).
    NotPermitted,
    /// Seen before.
    Duplicate,
    /// Too far behind the newest packet of its stream.
    TooOld,
    /// The subscriber does not watch this stream.
    NotWatched,
    /// Another simulcast layer is selected for this subscriber.
    LayerNotSelected,
    /// The switch to this layer waits for its key frame (FWD-002).
    AwaitingKeyFrame,
    /// The subscriber's path carries no more at the moment (NET-002).
    Congested,
    /// Not among the loudest (FWD-005).
    NotLoudest,
    /// A NACK names a packet that is not in the repair cache.
    NotInCache,
    /// A retransmission beyond [`crate::limits::RETRANSMISSIONS_MAX`].
    RepairLimit,
    /// A key-frame request beyond [`crate::limits::KEY_FRAMES_PER_SUBSCRIPTION`].
    KeyFrameLimit,
    /// Feedback about a stream that the peer does not receive or send.
    ForeignFeedback,
    /// A kind of feedback that nothing here acts on.
    UnusedFeedback,
    /// A signalling message that is not valid.
    MalformedSignal,
    /// No key for the sender (E2E-004).
    NoKey,
    /// The authentication tag does not fit.
    BadTag,
    /// This (key, counter) was opened before.
    Replayed,
    /// Too far behind the newest frame of its sender to tell whether it is a replay.
    BeyondReplayWindow,
    /// The cipher suite is not the conference's.
    WrongSuite,
    /// Sealed by somebody else than the one whose track it came on (E2E-007).
    WrongSender,
    /// A stream beyond [`crate::limits::SRTP_STREAMS_MAX`].
    StreamLimit,
    /// STUN, but no binding request that says between whom it is (RFC 8445 section 7.3).
    NotABindingRequest,
    /// From an address, or about a connection, of which nothing is known.
    UnknownConnection,
    /// A check beyond [`crate::limits::CHECKS_PER_CONNECTION`], or a record beyond
    /// [`crate::limits::RECORDS_PER_CONNECTION`].
    HandshakeLimit,
    /// The DTLS handshake came to no end.
    HandshakeFailed,
    /// Another certificate than the one of the offer (RFC 8122 section 6.2).
    WrongCertificate,
    /// The peer has ended the connection.
    PeerClosed,
    /// The handshake is not over.
    NotConnected,
    /// The peer has not checked the path for [`crate::limits::CONSENT_LASTS`].
    NoConsent,
    /// A packet that SRTP may not protect: its number was used, or a bound is reached.
    NotProtected,
    /// Nothing but padding on a stream of retransmissions: it has shown what the path carries, and repairs nothing.
    Padding,
}

impl DropReason {
    /// Every reason, in the order of [`DropReason::index`].
    pub const ALL: [Self; 40] = [
        Self::Malformed,
        Self::Oversized,
        Self::WrongVersion,
        Self::UnknownProtocol,
        Self::UnknownPayloadType,
        Self::BadExtension,
        Self::UnknownTemplate,
        Self::NotJoined,
        Self::ForeignSsrc,
        Self::NotPermitted,
        Self::Duplicate,
        Self::TooOld,
        Self::NotWatched,
        Self::LayerNotSelected,
        Self::AwaitingKeyFrame,
        Self::Congested,
        Self::NotLoudest,
        Self::NotInCache,
        Self::RepairLimit,
        Self::KeyFrameLimit,
        Self::ForeignFeedback,
        Self::UnusedFeedback,
        Self::MalformedSignal,
        Self::NoKey,
        Self::BadTag,
        Self::Replayed,
        Self::BeyondReplayWindow,
        Self::WrongSuite,
        Self::WrongSender,
        Self::StreamLimit,
        Self::NotABindingRequest,
        Self::UnknownConnection,
        Self::HandshakeLimit,
        Self::HandshakeFailed,
        Self::WrongCertificate,
        Self::PeerClosed,
        Self::NotConnected,
        Self::NoConsent,
        Self::NotProtected,
        Self::Padding,
    ];

    /// Dense index, for tables.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name that stands in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Oversized => "oversized",
            Self::WrongVersion => "wrong-version",
            Self::UnknownProtocol => "unknown-protocol",
            Self::UnknownPayloadType => "unknown-payload-type",
            Self::BadExtension => "bad-extension",
            Self::UnknownTemplate => "unknown-template",
            Self::NotJoined => "not-joined",
            Self::ForeignSsrc => "foreign-ssrc",
            Self::NotPermitted => "not-permitted",
            Self::Duplicate => "duplicate",
            Self::TooOld => "too-old",
            Self::NotWatched => "not-watched",
            Self::LayerNotSelected => "layer-not-selected",
            Self::AwaitingKeyFrame => "awaiting-key-frame",
            Self::Congested => "congested",
            Self::NotLoudest => "not-loudest",
            Self::NotInCache => "not-in-cache",
            Self::RepairLimit => "repair-limit",
            Self::KeyFrameLimit => "key-frame-limit",
            Self::ForeignFeedback => "foreign-feedback",
            Self::UnusedFeedback => "unused-feedback",
            Self::MalformedSignal => "malformed-signal",
            Self::NoKey => "no-key",
            Self::BadTag => "bad-tag",
            Self::Replayed => "replayed",
            Self::BeyondReplayWindow => "beyond-replay-window",
            Self::WrongSuite => "wrong-suite",
            Self::WrongSender => "wrong-sender",
            Self::StreamLimit => "stream-limit",
            Self::NotABindingRequest => "not-a-binding-request",
            Self::UnknownConnection => "unknown-connection",
            Self::HandshakeLimit => "handshake-limit",
            Self::HandshakeFailed => "handshake-failed",
            Self::WrongCertificate => "wrong-certificate",
            Self::PeerClosed => "peer-closed",
            Self::NotConnected => "not-connected",
            Self::NoConsent => "no-consent",
            Self::NotProtected => "not-protected",
            Self::Padding => "padding",
        }
    }
}

/// How often each [`DropReason`] occurred. Takes a word until something is counted: every stream to every subscriber has two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DropCounters(Option<Box<[u64; DropReason::ALL.len()]>>);

impl DropCounters {
    /// Counts one.
    pub fn count(&mut self, reason: DropReason) {
        self.0.get_or_insert_with(|| Box::new([0; DropReason::ALL.len()]))[reason.index()] += 1;
    }

    /// How often `reason` occurred.
    pub fn get(&self, reason: DropReason) -> u64 {
        self.0.as_ref().map_or(0, |counts| counts[reason.index()])
    }

    /// How often anything was dropped.
    pub fn total(&self) -> u64 {
        self.0.iter().flat_map(|counts| counts.iter()).sum()
    }

    /// The reasons that occurred, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> {
        DropReason::ALL.into_iter().map(|reason| (reason, self.get(reason))).filter(|(_, count)| *count > 0)
    }

    /// Adds another set of counters to this one.
    pub fn merge(&mut self, other: &Self) {
        let Some(theirs) = &other.0 else { return };
        let counts = self.0.get_or_insert_with(|| Box::new([0; DropReason::ALL.len()]));
        for (mine, theirs) in counts.iter_mut().zip(theirs.iter()) {
            *mine += theirs;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DropCounters, DropReason};

    #[test]
    fn what_was_never_counted_takes_a_word_and_adds_nothing() {
        let mut counters = DropCounters::default();
        assert_eq!(size_of_val(&counters), size_of::<usize>());
        counters.merge(&DropCounters::default());
        assert_eq!(counters, DropCounters::default());
        let mut others = DropCounters::default();
        others.count(DropReason::Duplicate);
        counters.merge(&others);
        counters.count(DropReason::Duplicate);
        assert_eq!((counters.get(DropReason::Duplicate), counters.total()), (2, 2));
    }

    #[test]
    fn every_reason_stands_at_its_own_index() {
        for (index, reason) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), index, "{reason:?}");
        }
    }
}
