//! Owns the control state of all conferences of one engine: licences, invitations, lobbies, roles and modes.
//! Requests come in, [`Effect`]s go out, refusals have names. Media is deliberately absent.

mod config;
mod effect;

use rand_chacha::ChaCha20Rng;

pub use config::{ConferenceConfig, ConfigError};
pub use effect::Effect;
use effect::Effects;

use crate::{
    Timestamp,
    ids::{ConferenceId, ParticipantId, PeerId},
    media::Permissions,
    signalling::{ClientMessage, Refusal},
};

/// All conferences of one engine.
pub struct Directory {
    config: ConferenceConfig,
    rng: ChaCha20Rng,
    effects: Effects,
}

/// How much goes on at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Running conferences, the empty ones that wait for a return included.
    pub conferences: usize,
    /// Participants in all of them.
    pub present: usize,
    /// People waiting in lobbies.
    pub waiting: usize,
}

impl Directory {
    /// A directory without conferences. Link tokens come out of `rng`.
    ///
    /// # Errors
    /// [`ConfigError`] says what is wrong with the configuration.
    pub fn new(config: ConferenceConfig, rng: ChaCha20Rng) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self { config, rng, effects: Effects::default() })
    }

    /// A client's request. Never fails: a refusal is an effect.
    pub fn handle_request(&mut self, now: Timestamp, peer: PeerId, message: ClientMessage) {
        let _ = (now, &self.config, &self.rng);
        self.effects.refuse(peer, message.request, Refusal::NotIn);
    }

    /// A connection is gone.
    pub fn handle_disconnect(&mut self, now: Timestamp, peer: PeerId) {
        let _ = (now, peer);
    }

    /// Ends what has been empty for too long. To be called at [`Directory::poll_timeout`] or later.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// When [`Directory::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        None
    }

    /// The next effect, in order.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.poll()
    }

    /// As whom a connection is present in a conference; `None` also for those who wait.
    pub fn participant_of(&self, peer: PeerId) -> Option<ParticipantId> {
        let _ = peer;
        None
    }

    /// In which conference a connection is present; `None` also for those who wait.
    pub fn conference_of(&self, peer: PeerId) -> Option<ConferenceId> {
        let _ = peer;
        None
    }

    /// What a connection may send at the moment; `None` unless it is present in a conference.
    pub fn permissions_of(&self, peer: PeerId) -> Option<Permissions> {
        let _ = peer;
        None
    }

    /// How much goes on.
    pub fn statistics(&self) -> Statistics {
        Statistics::default()
    }
}
