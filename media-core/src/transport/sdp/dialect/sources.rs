//! Owns which of a peer's SSRCs is which of the session's. There is one entry for each stream that was agreed on, so no peer
//! makes it grow: an SSRC that is learned takes the place of the one before.

use crate::{Ssrc, rtp::StreamId};

/// One stream from the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Source {
    /// Its section.
    pub(in super::super) mid: StreamId,
    /// Its encoding, if that has a name.
    pub(in super::super) rid: Option<StreamId>,
    /// Whether it is the stream of retransmissions.
    pub(in super::super) repairs: bool,
    /// Its SSRC on the wire, as soon as it is known.
    pub(in super::super) peer: Option<Ssrc>,
    /// Its SSRC in the session.
    pub(in super::super) session: Ssrc,
    /// The offer did not say its SSRC, so that packets will.
    pub(in super::super) is_learned: bool,
}

/// All streams from one peer: at most two for each of [`crate::limits::ENCODINGS_MAX`] encodings of
/// [`crate::limits::TRACKS_MAX`] tracks.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources(Vec<Source>);

impl Sources {
    pub(super) const fn new(sources: Vec<Source>) -> Self {
        Self(sources)
    }

    pub(super) fn session_of(&self, peer: Ssrc) -> Option<Ssrc> {
        self.0.iter().find(|source| source.peer == Some(peer)).map(|source| source.session)
    }

    pub(super) fn peer_of(&self, session: Ssrc) -> Option<Ssrc> {
        self.0.iter().find(|source| source.session == session)?.peer
    }

    pub(super) fn need_no_learning(&self) -> bool {
        self.0.iter().all(|source| !source.is_learned)
    }

    pub(super) fn all(&self) -> &[Source] {
        &self.0
    }

    /// Takes an unknown SSRC for that of the stream which has this name.
    pub(super) fn learn(
        &mut self,
        peer: Ssrc,
        mid: &[u8],
        rid: Option<&[u8]>,
        repairs: bool,
    ) -> Option<Ssrc> {
        let source = self.0.iter_mut().find(|source| {
            source.is_learned
                && source.repairs == repairs
                && source.mid.as_bytes() == mid
                && source.rid.as_ref().map(StreamId::as_bytes) == rid.filter(|_| source.rid.is_some())
        })?;
        source.peer = Some(peer);
        Some(source.session)
    }
}
