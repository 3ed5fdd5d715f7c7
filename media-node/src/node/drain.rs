//! Owns the end of the media node: from a moment on nobody new is let in; when everybody has left, or at the latest at the
//! deadline, the node tells those who are still there, and is over.

use media_core::{
    PeerId, Timestamp,
    signalling::{ClientMessage, OutReason, Refusal, Request, ServerMessage},
};

use super::MediaNode;

/// Whether the node goes on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drain {
    until: Option<Timestamp>,
}

impl Drain {
    /// Nobody new from now on, and nobody at all after `until`.
    pub(super) fn begin(&mut self, until: Timestamp) {
        self.until = Some(self.until.map_or(until, |before| before.min(until)));
    }

    pub(super) fn deadline(self) -> Timestamp {
        self.until.unwrap_or(Timestamp::FAR_FUTURE)
    }

    const fn is_on(self) -> bool {
        self.until.is_some()
    }
}

impl MediaNode {
    /// Whether nobody is left to serve.
    pub(super) fn is_over(&self) -> bool {
        self.drain.is_on() && (self.inside.is_empty() || self.drain.deadline() <= self.now)
    }

    /// Refuses somebody new who wants in, when the node is about to end. Who comes back to a place that they had may.
    pub(super) fn turns_away(&mut self, peer: PeerId, message: &[u8]) -> bool {
        if !self.drain.is_on() {
            return false;
        }
        let Ok(ClientMessage { request, body }) = ClientMessage::decode(message) else { return false };
        if !matches!(body, Request::Start { .. } | Request::Join { resume: None, .. }) {
            return false;
        }
        self.metrics.refused.inc();
        let refused = ServerMessage::Refused { request, reason: Refusal::ShuttingDown };
        self.tell(peer, refused.encode().into());
        true
    }

    /// The last words.
    pub(super) fn part(&mut self) {
        let out = bytes::Bytes::from(ServerMessage::Out { reason: OutReason::Ended }.encode());
        for peer in std::mem::take(&mut self.inside) {
            self.tell(peer, out.clone());
        }
        self.outboxes.clear();
    }
}
