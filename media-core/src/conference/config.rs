//! Owns what a [`Directory`](super::Directory) is configured with, and what is wrong with a configuration.

use crate::{Timestamp, limits, secret::Token};

/// What a directory of conferences is configured with.
#[derive(Clone, Debug)]
pub struct ConferenceConfig {
    /// How many conferences may run at once, at least 1 (LIC-001, CAP-002).
    pub licences: u32,
    /// From this moment on a start is refused as expired; `None` is never (LIC-004).
    pub valid_until: Option<Timestamp>,
    /// Participants of one conference, in `1..=`[`limits::PARTICIPANTS_MAX_CONFIGURABLE`].
    pub participants_max: u32,
    /// The credentials of those who may start conferences, all different. The index is the
    /// [`HolderId`](crate::HolderId). There may be more holders than licences: the licences float.
    pub holders: Vec<Token>,
    /// Whether a client that cannot encrypt end to end is refused (E2E-012).
    pub encryption_required: bool,
}

impl Default for ConferenceConfig {
    /// The offer of the state of Berlin, without a term and without holders.
    fn default() -> Self {
        Self {
            licences: limits::LICENCES_DEFAULT,
            valid_until: None,
            participants_max: limits::PARTICIPANTS_MAX_DEFAULT,
            holders: Vec::new(),
            encryption_required: true,
        }
    }
}

impl ConferenceConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.licences == 0 {
            return Err(ConfigError::NoLicences);
        }
        if !(1..=limits::PARTICIPANTS_MAX_CONFIGURABLE).contains(&self.participants_max) {
            return Err(ConfigError::ParticipantsOutOfRange { configured: self.participants_max });
        }
        // Tokens have no order and no hash, so that neither can leak them; a configuration is read once, and a
        // thousand holders make half a million comparisons.
        for (second, token) in self.holders.iter().enumerate() {
            if let Some(first) = self.holders[..second].iter().position(|earlier| earlier == token) {
                return Err(ConfigError::DuplicateHolder { first, second });
            }
        }
        Ok(())
    }
}

/// Why a configuration is not valid: the caller's fault, never a peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Without a licence nothing can ever be started.
    #[error("there must be at least one licence")]
    NoLicences,
    /// The participant limit is zero, or beyond what the engine is built for.
    #[error(
        "participants_max is {configured}, but must lie between 1 and {}",
        limits::PARTICIPANTS_MAX_CONFIGURABLE
    )]
    ParticipantsOutOfRange {
        /// What was configured.
        configured: u32,
    },
    /// Two holders have one credential, so that the server could not tell them apart.
    #[error("holders {first} and {second} have the same credential")]
    DuplicateHolder {
        /// Index of the one.
        first: usize,
        /// Index of the other.
        second: usize,
    },
}
