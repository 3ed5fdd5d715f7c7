//! Owns what the directory tells its caller to do, and the queue in which that waits. The order of the queue is
//! part of the contract: what changes the flow of media stands before the message that acknowledges it (PRES-002).

use std::collections::VecDeque;

use crate::{
    ids::{ConferenceId, ParticipantId, PeerId},
    media::{MediaKind, Permissions},
    signalling::{Refusal, ServerMessage, TrackOffer},
};

/// What follows from a request, a disconnect or a timeout. To be carried out in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a message. After a disconnect nothing is sent to that peer.
    Send {
        /// To whom.
        peer: PeerId,
        /// What.
        message: ServerMessage,
    },
    /// A conference runs. Comes before the `Entered` of its host.
    ConferenceStarted {
        /// Which.
        conference: ConferenceId,
    },
    /// A conference is over. Comes after the `Left` of everybody in it.
    ConferenceEnded {
        /// Which.
        conference: ConferenceId,
    },
    /// Somebody is in, and media may flow within these permissions from here on (JOIN-007, PRES-003).
    Entered {
        /// Where.
        conference: ConferenceId,
        /// As whom.
        participant: ParticipantId,
        /// Through which connection.
        peer: PeerId,
        /// What they may send at this moment, the mode considered.
        permissions: Permissions,
    },
    /// Somebody is out: no media to or from them any more, their tracks are gone.
    Left {
        /// Where they were.
        conference: ConferenceId,
        /// Who they were.
        participant: ParticipantId,
        /// Their connection.
        peer: PeerId,
    },
    /// What somebody may send has changed; holds for every packet from here on.
    PermissionsChanged {
        /// Who.
        participant: ParticipantId,
        /// What role, cap and mode leave together.
        permissions: Permissions,
    },
    /// Somebody says what they send, in place of what they said before. The offers are valid in themselves: at
    /// most one of each kind, fitting codecs, every SSRC once.
    Published {
        /// Who.
        participant: ParticipantId,
        /// All their tracks; none is a valid number (CAM-001).
        tracks: Vec<TrackOffer>,
    },
    /// Somebody offers a WebRTC connection. **The caller** reads the offer, and answers the request.
    Offered {
        /// Whose connection.
        peer: PeerId,
        /// The request to answer.
        request: u32,
        /// SDP, as it came.
        offer: String,
    },
    /// Somebody chooses what to receive. Whether there is such a track only the caller knows: **the caller**
    /// answers the request with `Done` or [`Refusal::NoSuchTrack`].
    Watch {
        /// Who wants to see.
        subscriber: ParticipantId,
        /// The request to answer.
        request: u32,
        /// Whom; present in the same conference, and somebody else.
        source: ParticipantId,
        /// Camera or screen.
        kind: MediaKind,
        /// Highest simulcast layer wanted, or nothing at all.
        layer: Option<u8>,
    },
    /// A request was refused, for statistics; the answer follows as a `Send`.
    Refused {
        /// Whose.
        peer: PeerId,
        /// Which.
        request: u32,
        /// Why.
        reason: Refusal,
    },
}

/// Effects that wait to be polled.
#[derive(Debug, Default)]
pub(super) struct Effects {
    queue: VecDeque<Effect>,
}

impl Effects {
    pub(super) fn push(&mut self, effect: Effect) {
        self.queue.push_back(effect);
    }

    pub(super) fn send(&mut self, peer: PeerId, message: ServerMessage) {
        self.push(Effect::Send { peer, message });
    }

    pub(super) fn refuse(&mut self, peer: PeerId, request: u32, reason: Refusal) {
        self.push(Effect::Refused { peer, request, reason });
        self.send(peer, ServerMessage::Refused { request, reason });
    }

    pub(super) fn poll(&mut self) -> Option<Effect> {
        self.queue.pop_front()
    }
}
