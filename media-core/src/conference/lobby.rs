//! Owns who asks to come into a conference, and who of them waits. Those who wait have a number, for moderators to
//! name them by, and nothing else: no media, no place, no sight of the conference (JOIN-007).

use super::absentees::Claim;
use crate::{
    ids::{ParticipantId, PeerId},
    limits,
    signalling::{EndpointKind, Refusal},
};

/// Somebody who asks to come in.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) peer: PeerId,
    /// The `Start` or `Join` to answer.
    pub(super) request: u32,
    /// What they are recognised by.
    pub(super) claim: Claim,
    pub(super) name: String,
    pub(super) endpoint: EndpointKind,
}

/// Checks a display name: 1 to [`limits::NAME_BYTES_MAX`] bytes, no control characters.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let length_fits = (1..=limits::NAME_BYTES_MAX).contains(&name.len());
    if length_fits && !name.chars().any(char::is_control) { Ok(()) } else { Err(Refusal::BadName) }
}

/// Those who wait, in the order of their numbers, which is the order of their coming.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    waiting: Vec<(ParticipantId, Newcomer)>,
}

impl Lobby {
    /// Whether one more may wait. Who waits already, by another attempt of the same entry, gives that place up.
    pub(super) fn check_room(&self, claim: &Claim) -> Result<(), Refusal> {
        let waiting = self.waiting.len() - usize::from(self.same(claim).is_some());
        if waiting >= limits::LOBBY_MAX { Err(Refusal::LobbyFull) } else { Ok(()) }
    }

    /// Takes out who waits by another attempt of the same entry.
    pub(super) fn take_same(&mut self, claim: &Claim) -> Option<(ParticipantId, Newcomer)> {
        self.same(claim).map(|index| self.waiting.remove(index))
    }

    fn same(&self, claim: &Claim) -> Option<usize> {
        self.waiting.iter().position(|(_, newcomer)| claim.is_same_entry(newcomer.claim.attempt.as_ref()))
    }

    pub(super) fn insert(&mut self, participant: ParticipantId, newcomer: Newcomer) {
        debug_assert!(self.waiting.last().is_none_or(|(last, _)| *last < participant), "numbers count up");
        self.waiting.push((participant, newcomer));
    }

    pub(super) fn get(&self, participant: ParticipantId) -> Option<&Newcomer> {
        let index = self.waiting.binary_search_by_key(&participant, |(number, _)| *number).ok()?;
        Some(&self.waiting[index].1)
    }

    pub(super) fn remove(&mut self, participant: ParticipantId) -> Option<Newcomer> {
        let index = self.waiting.binary_search_by_key(&participant, |(number, _)| *number).ok()?;
        Some(self.waiting.remove(index).1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(ParticipantId, Newcomer)> {
        self.waiting.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}
