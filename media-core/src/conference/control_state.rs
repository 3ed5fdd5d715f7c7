//! Owns what of the conferences outlives a crash of their media node, in a form that a durable store can hold, and how a
//! directory carries on from it. Deliberately absent: connections, who waits in a lobby, what people publish and
//! watch, the presenter's place and raised hands, and the group in which members agree on keys, which they found anew; and the configuration, which has its own place.

use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};

use super::{
    ConferenceConfig, ConfigError, Directory,
    absentees::{Absentees, Parting},
    invitation::Invitations,
    numbers::Numbers,
    running::Running,
};
use crate::{
    Timestamp,
    ids::{ConferenceId, HolderId},
    limits,
    signalling::{Encryption, Mode},
};

/// Licences in use, conferences, invitations, ranks, modes, and what each participant may send: everything that holds
/// beyond a crash. It has a form in serde's data model. **It holds secrets**: link tokens and the tokens of stays; it holds
/// no names and no credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlState {
    numbers: Numbers,
    conferences: Vec<Kept>,
}

/// One conference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    id: ConferenceId,
    host: HolderId,
    moderators: Vec<HolderId>,
    mode: Mode,
    has_lobby: bool,
    locked: bool,
    encryption: Option<Encryption>,
    invitations: Invitations,
    /// Who was away, and then who was present.
    absentees: Absentees,
    /// Of a conference that was empty.
    ends_at: Option<Timestamp>,
}

/// Why a directory cannot carry on from a state: it was damaged, or the configuration does not fit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// The configuration itself is not valid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state names a holder whom the configuration does not have.
    #[error("the state names holder {holder}, but the configuration has {configured} holders")]
    UnknownHolder {
        /// Whom.
        holder: HolderId,
        /// How many holders there are.
        configured: usize,
    },
    /// One holder's licence carries two conferences.
    #[error("holder {holder} hosts two conferences of the state")]
    LicenceTwice {
        /// Whose.
        holder: HolderId,
    },
    /// A conference is there twice, or has a number that is yet to be given.
    #[error("conference {conference} of the state has a number that is not its own")]
    NumberNotItsOwn {
        /// Which.
        conference: ConferenceId,
    },
}

impl Directory {
    /// What would outlive a crash at this moment.
    pub fn control_state(&self) -> ControlState {
        let conferences = self.conferences.values().map(Kept::of).collect();
        ControlState { numbers: self.numbers.clone(), conferences }
    }

    /// A directory that carries on from `state` after a crash at `crashed_at`. Everybody present counts as vanished at
    /// that moment. Nobody is told anything: there is no connection. `rng` must not be in the state in which the crashed
    /// directory once had it, or secrets would come out of it twice.
    ///
    /// # Errors
    /// [`ResumeError`] says why state and configuration do not fit each other.
    pub fn resume(
        config: ConferenceConfig,
        rng: ChaCha20Rng,
        state: ControlState,
        crashed_at: Timestamp,
    ) -> Result<Self, ResumeError> {
        state.check(config.holders.len())?;
        let mut directory = Self::new(config, rng)?;
        directory.numbers = state.numbers;
        for kept in state.conferences {
            let (conference, host) = (kept.id, kept.host);
            if !directory.pool.restore(host, conference) {
                return Err(ResumeError::LicenceTwice { holder: host });
            }
            let ends_at = kept.ends_at.unwrap_or(crashed_at + limits::EMPTY_CONFERENCE_GRACE);
            directory.timeouts.insert((ends_at, conference));
            let running = kept.into_running(ends_at);
            if directory.conferences.insert(conference, running).is_some() {
                return Err(ResumeError::NumberNotItsOwn { conference });
            }
        }
        Ok(directory)
    }
}

impl ControlState {
    fn check(&self, configured: usize) -> Result<(), ResumeError> {
        for kept in &self.conferences {
            let away = kept.absentees.iter().filter_map(|absentee| absentee.holder);
            let named = kept.moderators.iter().copied().chain([kept.host]).chain(away);
            if let Some(holder) = named.into_iter().find(|holder| holder.0 as usize >= configured) {
                return Err(ResumeError::UnknownHolder { holder, configured });
            }
            if !self.numbers.has_given(kept.id) {
                return Err(ResumeError::NumberNotItsOwn { conference: kept.id });
            }
        }
        Ok(())
    }
}

impl Kept {
    fn of(running: &Running) -> Self {
        let mut absentees = running.absentees.clone();
        for attendee in running.roster.as_slice() {
            absentees.insert(attendee, Parting::Vanished);
        }
        Self {
            id: running.id,
            host: running.host,
            moderators: running.moderators.clone(),
            mode: running.mode,
            has_lobby: running.has_lobby,
            locked: running.locked,
            encryption: running.encryption,
            invitations: running.invitations.clone(),
            absentees,
            ends_at: running.ends_at,
        }
    }

    fn into_running(self, ends_at: Timestamp) -> Running {
        Running {
            moderators: self.moderators,
            locked: self.locked,
            encryption: self.encryption,
            invitations: self.invitations,
            absentees: self.absentees,
            ends_at: Some(ends_at),
            ..Running::new(self.id, self.host, self.mode, self.has_lobby)
        }
    }
}
