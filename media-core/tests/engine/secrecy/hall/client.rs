//! Owns a client of the hall: its [`Membership`], what it was given, and what it has noticed.

use std::collections::BTreeSet;

use media_core::{
    ParticipantId, Timestamp,
    e2ee::mls::{EpochChange, Membership, MembershipConfig, Rejection},
    signalling::{Handshake, Refusal, ServerMessage},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// What a client has noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Noticed {
    Epoch(EpochChange),
    Rejected(Option<ParticipantId>, Rejection),
    LeftBehind,
}

/// What a membership is told.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    Member(ParticipantId, String),
    MemberLeft(ParticipantId),
    Found(u64),
    KeyPackage(ParticipantId, Handshake),
    Commit(u64, Handshake),
    Welcome(u64, Handshake),
    Refused(Refusal),
    /// Fresh randomness.
    Stir([u8; 32]),
    Renew,
    Timeout,
}

impl Input {
    /// What a message of the server means to a membership; a refusal is left out, since it has to be of a handshake.
    pub(crate) fn of(message: &ServerMessage) -> Option<Self> {
        let input = match message {
            ServerMessage::Member { member } => Self::Member(member.participant, member.name.clone()),
            ServerMessage::MemberLeft { participant } => Self::MemberLeft(*participant),
            ServerMessage::FoundGroup { sequence } => Self::Found(*sequence),
            ServerMessage::KeyPackage { participant, key_package } => {
                Self::KeyPackage(*participant, key_package.clone())
            }
            ServerMessage::Commit { sequence, commit } => Self::Commit(*sequence, commit.clone()),
            ServerMessage::Welcome { sequence, welcome } => Self::Welcome(*sequence, welcome.clone()),
            _ => return None,
        };
        Some(input)
    }

    pub(crate) fn apply(&self, membership: &mut Membership, now: Timestamp) {
        match self {
            Self::Member(participant, name) => membership.on_member(now, *participant, name),
            Self::MemberLeft(participant) => membership.on_member_left(now, *participant),
            Self::Found(sequence) => membership.on_found(now, *sequence),
            Self::KeyPackage(participant, key_package) => {
                membership.on_key_package(now, *participant, key_package);
            }
            Self::Commit(sequence, commit) => membership.on_commit(now, *sequence, commit),
            Self::Welcome(sequence, welcome) => membership.on_welcome(now, *sequence, welcome),
            Self::Refused(reason) => membership.on_refused(now, *reason),
            Self::Stir(entropy) => membership.stir(entropy),
            Self::Renew => membership.renew(now),
            Self::Timeout => membership.handle_timeout(now),
        }
    }
}

/// Everything that a membership's memory follows from: who has it, has the memory.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) at: Timestamp,
    pub(crate) config: MembershipConfig,
    pub(crate) roster: Vec<(ParticipantId, String)>,
    pub(crate) seed: u64,
}

impl Origin {
    pub(crate) fn membership(&self) -> Membership {
        let rng = ChaCha20Rng::seed_from_u64(self.seed);
        Membership::new(self.at, self.config.clone(), self.roster.clone(), rng)
    }
}

/// How a client stands to the conference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Has asked to come in.
    Waiting,
    In,
    /// The line is dead; the server does not know yet.
    Mute,
    /// Out, with all it ever had: it only listens.
    Gone,
}

/// A client; each stay is another one.
pub(crate) struct Client {
    pub(crate) presence: Presence,
    pub(crate) membership: Option<Membership>,
    pub(crate) origin: Option<Origin>,
    pub(crate) participant: Option<ParticipantId>,
    pub(crate) noticed: Vec<(Timestamp, Noticed)>,
    /// What the membership was told, while that is [recorded](super::Hall::record).
    pub(crate) told: Vec<(Timestamp, Input)>,
    /// Of the link that it was given; people without have made one up.
    pub(crate) link: [u8; 32],
    /// Requests about the group.
    pub(super) handshakes: BTreeSet<u32>,
    pub(super) request: u32,
}

impl Client {
    pub(super) const fn new(link: [u8; 32]) -> Self {
        Self {
            presence: Presence::Waiting,
            membership: None,
            origin: None,
            participant: None,
            noticed: Vec::new(),
            told: Vec::new(),
            link,
            handshakes: BTreeSet::new(),
            request: 0,
        }
    }
}
