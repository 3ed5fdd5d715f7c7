//! Owns what the forwarder gives to its caller: packets as rewritten metadata plus a shared handle to the payload,
//! and announcements. Bytes are made at the edge, by [`ForwardedRtp::write`].

use std::sync::Arc;

use bytes::{BufMut, Bytes};

use super::{
    front::Own,
    repair::SourcePacket,
    report::{SubscriptionReport, TrackReport},
    rewrite::Rewritten,
};
use crate::{
    DropReason,
    ids::{ParticipantId, PeerId, Ssrc},
    media::MediaKind,
    rtp::{
        ext::{AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR, TRANSPORT_SEQUENCE},
        header::RtpView,
        writer::RtpHeader,
    },
    signalling::TrackInfo,
};

/// An RTP packet on its way to one subscriber.
#[derive(Clone, Debug)]
pub struct ForwardedRtp {
    /// As the subscriber knows the stream (or its retransmissions).
    pub ssrc: Ssrc,
    /// Rewritten sequence number.
    pub sequence: u16,
    /// Rewritten timestamp.
    pub timestamp: u32,
    /// Of the codec or of its retransmissions.
    pub payload_type: u8,
    /// Copied from the source.
    pub marker: bool,
    /// Counts every RTP packet to this peer, in the order in which they leave.
    pub transport_sequence: u16,
    /// In a retransmission (RFC 4588) the number under which the packet was sent before.
    pub original_sequence: Option<u16>,
    /// Frames of a microphone that were sent before, oldest first, and go along because the path loses (RFC 2198).
    pub redundant: Option<Box<[Arc<SourcePacket>]>>,
    /// What came from the publisher; everybody who gets it shares it.
    pub source: Arc<SourcePacket>,
}

/// Bytes of a packet at its largest on the way to a subscriber: rewritten header, payload, and the original number of a
/// retransmission. A publisher's packet may leave out what the server adds, so this can exceed what came in.
pub(super) fn forwarded_bytes_max(view: &RtpView<'_>) -> usize {
    let level = [0];
    let other: (u8, &[u8]) = match view.extension(DEPENDENCY_DESCRIPTOR) {
        Some(descriptor) => (DEPENDENCY_DESCRIPTOR, descriptor),
        None => (AUDIO_LEVEL, &level),
    };
    let header = RtpHeader {
        ssrc: view.ssrc(),
        sequence: view.sequence(),
        timestamp: view.timestamp(),
        payload_type: view.payload_type(),
        marker: view.marker(),
        extensions: &[(TRANSPORT_SEQUENCE, &[0, 0]), other],
    };
    header.len() + 2 + view.payload_len()
}

impl ForwardedRtp {
    /// A copy under a subscriber's SSRC, payload type and numbers. It gets its transport-wide number when it leaves.
    pub(super) fn copy_of(
        source: &Arc<SourcePacket>,
        (ssrc, payload_type): (Ssrc, u8),
        numbers: Rewritten,
    ) -> Self {
        Self {
            ssrc,
            sequence: numbers.sequence,
            timestamp: numbers.timestamp,
            payload_type,
            marker: source.meta.marker,
            transport_sequence: 0,
            original_sequence: None,
            redundant: None,
            source: Arc::clone(source),
        }
    }

    /// Bytes on the wire, IP and UDP headers included. Those of its header are counted as the publisher's, which may
    /// have a few more or less.
    pub fn wire_bytes(&self) -> u32 {
        let number = if self.original_sequence.is_some() { 2 } else { 0 };
        self.source.meta.wire_bytes() + number + self.redundant_bytes()
    }

    /// Bytes of the publisher's payload in it, without the original number of a retransmission.
    pub fn payload_len(&self) -> usize {
        usize::from(self.source.meta.payload_len)
    }

    /// Appends the packet's bytes to `out`; of a payload that is known by its length only, nothing. MID and RID are not sent on: the subscriber knows the stream by its SSRC.
    pub fn write(&self, out: &mut impl BufMut) {
        let own = Own {
            ssrc: self.ssrc,
            sequence: self.sequence,
            timestamp: self.timestamp,
            payload_type: self.wire_payload_type(),
            marker: self.marker,
            transport_sequence: self.transport_sequence,
        };
        self.source.front.write(own, out);
        if let Some(frames) = &self.redundant {
            return self.write_redundant_payload(frames, out);
        }
        if let Some(original) = self.original_sequence {
            out.put_u16(original);
        }
        out.put_slice(self.source.payload());
    }
}

/// What the forwarder wants done, in order.
#[derive(Clone, Debug)]
pub enum ForwardingOutput {
    /// Send an RTP packet.
    Rtp {
        /// To whom.
        peer: PeerId,
        /// What.
        packet: ForwardedRtp,
    },
    /// Send an RTCP packet.
    Rtcp {
        /// To whom.
        peer: PeerId,
        /// Its bytes.
        packet: Bytes,
    },
    /// Send an RTP packet that is nothing but padding and probes the path.
    Probe {
        /// To whom.
        peer: PeerId,
        /// Its bytes.
        packet: Bytes,
    },
    /// Tell a subscriber of a track.
    TrackAdded {
        /// To whom.
        peer: PeerId,
        /// The track as this subscriber will see it.
        track: TrackInfo,
    },
    /// Tell a subscriber that a track is gone.
    TrackRemoved {
        /// To whom.
        peer: PeerId,
        /// Whose track.
        participant: ParticipantId,
        /// Which.
        kind: MediaKind,
    },
    /// Tell a publisher which encodings are watched.
    Demand {
        /// To whom.
        peer: PeerId,
        /// Which track.
        kind: MediaKind,
        /// Bit n is encoding n.
        encodings: u8,
    },
    /// A publisher was asked for a key frame.
    KeyFrameRequested {
        /// Whose.
        participant: ParticipantId,
        /// Camera or screen.
        kind: MediaKind,
        /// Which simulcast encoding.
        encoding: u8,
    },
    /// Another simulcast layer begins for a subscriber.
    LayerSwitched {
        /// Who sees it.
        subscriber: ParticipantId,
        /// Whose.
        source: ParticipantId,
        /// Camera or screen.
        kind: MediaKind,
        /// Which simulcast encoding.
        encoding: u8,
    },
    /// Something from a peer went no further.
    Dropped {
        /// From whom.
        peer: PeerId,
        /// Why.
        reason: DropReason,
    },
    /// A track is gone: its last account.
    TrackClosed(Box<TrackReport>),
    /// A subscription is gone: its last account.
    SubscriptionClosed(Box<SubscriptionReport>),
}
