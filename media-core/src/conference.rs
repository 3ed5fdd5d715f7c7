//! Owns the control state of all conferences of one engine: licences, invitations, lobbies, roles and modes. Requests
//! come in, [`Effect`]s go out, refusals have names. Media, sockets and the form of messages are deliberately absent.
//!
//! What a caller can rely on:
//! - Effects are in order. What changes the flow of media stands before the message that acknowledges the request
//!   (PRES-002); on entry [`Effect::Entered`] comes first, then the joiner's own answer with mode and roster, then the
//!   news to the others (PRES-003). A refused request changes nothing; the one exception is an admission to a full
//!   conference, which also ends the wait of who would have been admitted.
//! - Rank goes with the credential. A host or named moderator who returns by link, showing it, has their rank again
//!   and passes lock and lobby, but not a full conference. An unknown credential proves nothing and gives no sign:
//!   who shows it is a guest.
//! - A holder is present in a conference once. Who comes through another connection carries on in place of the
//!   older one, with cap, granted word, raised hand and presenter's place (JOIN-006); they are somebody of a new
//!   number. An AVC room joins as a guest (AVC-001).
//! - Each stay has a secret token, which `Entered` tells to who is in, and to nobody else (JOIN-006). It is shown beside
//!   a valid link, never in place of one, and counts in its own conference only, and only with the credential that the
//!   stay was entered with: a guest's with none or an unknown one. A token that does not count proves nothing and
//!   gives no sign: it is as if none were shown.
//! - A guest who shows the token of somebody present carries on in their place, exactly as a holder does.
//! - Who shows the token of somebody who vanished has been in: lock and lobby are no obstacle, a full conference is.
//! - Of a holder who went away, by whatever way, the cap and the granted word are kept until the conference, or
//!   presenter mode, ends; credential or token bring them back. Of a guest who vanished the same is kept, and the
//!   token brings it back. Who comes without it is somebody new, with what the mode gives to everybody. Neither the
//!   presenter's place nor a raised hand is kept.
//! - A token stays good over any number of returns. It is void after a leave by request, a removal, and the end of the
//!   conference. Of guests who vanished, the last [`limits::GUESTS_REMEMBERED_MAX`](crate::limits::GUESTS_REMEMBERED_MAX)
//!   of a conference are remembered.
//! - Without host and moderators the conference goes on, and moderation waits for their return (LIC-005).
//! - A licence is free again when its conference has ended, and never before (LIC-006). An end by the host frees it at
//!   once. A conference in which nobody is present keeps it for
//!   [`limits::EMPTY_CONFERENCE_GRACE`](crate::limits::EMPTY_CONFERENCE_GRACE) and ends then, unless somebody comes.
//!   Those who wait in the lobby do not keep it alive.
//! - End-to-end encryption is the clients' affair: they agree on keys with MLS. The directory puts their messages in order
//!   (`delivery`): the first commit to an epoch counts, who is to found the group or to commit is told so, and whoever
//!   leaves, vanishes or offers a key package anew is no longer in the group. All clients of a conference have the suites
//!   of the one that started it.
//! - A crash of the media node leaves the [`ControlState`]. Everybody who was present counts as vanished at the moment
//!   of the crash, and from then on the grace time counts, also while the node is down; who waited in a lobby waits
//!   no longer, and the group is forgotten. No number and no token is used again.

mod absentees;
mod allowances;
mod announcement;
mod config;
mod control_state;
mod delivery;
mod effect;
mod entry;
mod exit;
mod invitation;
mod licence;
mod lobby;
mod mode;
mod moderation;
mod numbers;
mod request;
mod roster;
mod running;
mod tracks;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha20Rng;

use absentees::Parting;
use allowances::PeerAllowances;
pub use config::{ConferenceConfig, ConfigError};
pub use control_state::{ControlState, ResumeError};
pub use effect::Effect;
use effect::Effects;
use licence::LicencePool;
use numbers::Numbers;
use running::Running;

use crate::{
    Timestamp,
    ids::{ConferenceId, ParticipantId, PeerId},
    media::Permissions,
    signalling::{ClientMessage, Mode},
};

/// All conferences of one engine.
pub struct Directory {
    participants_max: usize,
    encryption_required: bool,
    pool: LicencePool,
    rng: ChaCha20Rng,
    numbers: Numbers,
    conferences: BTreeMap<ConferenceId, Running>,
    peers: BTreeMap<PeerId, Place>,
    /// Of every connection that has asked for anything and is not gone.
    allowances: BTreeMap<PeerId, PeerAllowances>,
    /// When empty conferences end.
    timeouts: BTreeSet<(Timestamp, ConferenceId)>,
    effects: Effects,
}

/// Where a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    peer: PeerId,
    conference: ConferenceId,
    participant: ParticipantId,
    /// In the lobby, that is: not in.
    waiting: bool,
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
        Ok(Self {
            participants_max: config.participants_max as usize,
            encryption_required: config.encryption_required,
            pool: LicencePool::new(config),
            rng,
            numbers: Numbers::default(),
            conferences: BTreeMap::new(),
            peers: BTreeMap::new(),
            allowances: BTreeMap::new(),
            timeouts: BTreeSet::new(),
            effects: Effects::default(),
        })
    }

    /// A client's request. Never fails: a refusal is an effect.
    pub fn handle_request(&mut self, now: Timestamp, peer: PeerId, message: ClientMessage) {
        self.end_abandoned(now);
        let ClientMessage { request, body } = message;
        let allowed = self.allowances.entry(peer).or_default().take(now, &body);
        if let Err(reason) = allowed.and_then(|()| self.on_request(now, peer, request, body)) {
            self.effects.refuse(peer, request, reason);
        }
    }

    /// A connection is gone. A connection that was in no conference is none of our business.
    pub fn handle_disconnect(&mut self, now: Timestamp, peer: PeerId) {
        self.end_abandoned(now);
        self.allowances.remove(&peer);
        if let Some(place) = self.peers.get(&peer).copied() {
            self.on_leave(now, place, Parting::Vanished, Vec::new());
        }
    }

    /// Ends what has been empty for too long. To be called at [`Directory::poll_timeout`] or later.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.end_abandoned(now);
    }

    /// When [`Directory::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.timeouts.first().map(|(due, _)| *due)
    }

    /// The next effect, in order.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.poll()
    }

    /// As whom a connection is present in a conference; `None` also for those who wait.
    pub fn participant_of(&self, peer: PeerId) -> Option<ParticipantId> {
        self.present(peer).map(|place| place.participant)
    }

    /// In which conference a connection is present; `None` also for those who wait.
    pub fn conference_of(&self, peer: PeerId) -> Option<ConferenceId> {
        self.present(peer).map(|place| place.conference)
    }

    /// What a connection may send at the moment; `None` unless it is present in a conference.
    pub fn permissions_of(&self, peer: PeerId) -> Option<Permissions> {
        let place = self.present(peer)?;
        let running = self.conferences.get(&place.conference)?;
        running.roster.get(place.participant).map(|attendee| running.permissions(attendee))
    }

    /// The mode of a running conference.
    pub fn mode_of(&self, conference: ConferenceId) -> Option<Mode> {
        self.conferences.get(&conference).map(|running| running.mode)
    }

    /// Who is present in a conference, by number; nobody in one that does not run.
    pub fn present_in(
        &self,
        conference: ConferenceId,
    ) -> impl Iterator<Item = (ParticipantId, PeerId)> + use<'_> {
        let roster = self.conferences.get(&conference).map(|running| running.roster.as_slice());
        roster.unwrap_or_default().iter().map(|attendee| (attendee.participant, attendee.peer))
    }

    /// How much goes on. Takes time in the number of conferences.
    pub fn statistics(&self) -> Statistics {
        let running = self.conferences.values();
        Statistics {
            conferences: self.conferences.len(),
            present: running.clone().map(|running| running.roster.len()).sum(),
            waiting: running.map(|running| running.lobby.len()).sum(),
        }
    }

    fn present(&self, peer: PeerId) -> Option<Place> {
        self.peers.get(&peer).copied().filter(|place| !place.waiting)
    }
}
