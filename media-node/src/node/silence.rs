//! Owns who is there by their media alone: a client without a signalling channel that has vanished says nothing, and would keep
//! its place for ever.

use std::collections::BTreeMap;

use media_core::{PeerId, Timestamp, limits::CONSENT_LASTS};

/// When each was heard last. A client says at least every few seconds what has come (RFC 3550 section 6.2).
#[derive(Debug, Default)]
pub(super) struct Silence {
    heard: BTreeMap<PeerId, Timestamp>,
    /// When it is worth to look: nobody can be gone before.
    look_at: Option<Timestamp>,
}

impl Silence {
    /// Begins to watch somebody.
    pub(super) fn watch(&mut self, now: Timestamp, peer: PeerId) {
        self.heard.insert(peer, now);
        self.look_at.get_or_insert(now + CONSENT_LASTS);
    }

    pub(super) fn forget(&mut self, peer: PeerId) {
        self.heard.remove(&peer);
    }

    pub(super) fn on_heard(&mut self, now: Timestamp, peer: PeerId) {
        if let Some(heard) = self.heard.get_mut(&peer) {
            *heard = now;
        }
    }

    pub(super) fn poll_timeout(&self) -> Timestamp {
        self.look_at.unwrap_or(Timestamp::FAR_FUTURE)
    }

    /// Somebody who has been silent for as long as consent lasts (RFC 7675); they are not watched any more.
    pub(super) fn poll_gone(&mut self, now: Timestamp) -> Option<PeerId> {
        if self.poll_timeout() > now {
            return None;
        }
        let first = self.heard.iter().min_by_key(|(_, heard)| **heard).map(|(peer, heard)| (*peer, *heard));
        let Some((peer, heard)) = first else {
            self.look_at = None;
            return None;
        };
        if heard + CONSENT_LASTS > now {
            self.look_at = Some(heard + CONSENT_LASTS);
            return None;
        }
        self.heard.remove(&peer);
        Some(peer)
    }
}

#[cfg(test)]
mod tests {
    use media_core::{PeerId, Timestamp, limits::CONSENT_LASTS};

    use super::Silence;

    #[test]
    fn who_is_silent_for_as_long_as_consent_lasts_is_gone_and_who_speaks_is_not() {
        let mut silence = Silence::default();
        assert_eq!(silence.poll_timeout(), Timestamp::FAR_FUTURE);
        let begin = Timestamp::from_millis(1_000);
        silence.watch(begin, PeerId(1));
        silence.watch(begin, PeerId(2));
        let later = begin + CONSENT_LASTS / 2;
        silence.on_heard(later, PeerId(2));
        let end = begin + CONSENT_LASTS;
        assert_eq!(silence.poll_timeout(), end);
        assert_eq!(silence.poll_gone(end), Some(PeerId(1)));
        assert_eq!(silence.poll_gone(end), None);
        assert_eq!(silence.poll_timeout(), later + CONSENT_LASTS);
        silence.forget(PeerId(2));
        assert_eq!(silence.poll_gone(later + CONSENT_LASTS), None);
        assert_eq!(silence.poll_timeout(), Timestamp::FAR_FUTURE);
    }
}
