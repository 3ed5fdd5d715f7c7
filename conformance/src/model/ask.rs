//! Owns the words between the model and whoever drives it: who asks for what, and what has to come of it.

use std::collections::BTreeSet;

use sim::scenario::{Encryption, HolderId, MediaKind, Mode, OutReason, Permissions, PersonIndex, Refusal};

use super::RefCommit;

/// One connection of a person; a client that connects anew has another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection {
    /// Whose.
    pub person: PersonIndex,
    /// Counts a person's connections from 0.
    pub number: u32,
}

/// An invitation link, in the order in which links were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkNumber(pub u32);

/// The secret of a stay, by which who comes back is recognised, in the order in which they were first told (JOIN-006).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StayNumber(pub u32);

/// The secret of an entry, by which a request that is made again on another connection is recognised, in the order in which
/// they were first shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryNumber(pub u32);

/// Something that members say to one another through the server, in the order in which it was first said. Nobody reads it
/// on the way; what is the same word for word has the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HandshakeNumber(pub u32);

/// What somebody who comes can prove and do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// The licence whose credential they show; an unknown credential is none.
    pub holder: Option<HolderId>,
    /// How their client encrypts end to end, if it can.
    pub encryption: Option<Encryption>,
}

/// With what somebody comes to the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// A link that was given out at some time.
    Link(LinkNumber),
    /// Something that never was a link, or another conference's.
    None,
}

/// What somebody asks the server for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Start a conference.
    Start {
        /// Who.
        visitor: Visitor,
        /// In this mode.
        mode: Mode,
        /// With a lobby.
        lobby: bool,
    },
    /// Come in.
    Join {
        /// Who.
        visitor: Visitor,
        /// By this link.
        door: Door,
        /// With the secret of this stay.
        stay: Option<StayNumber>,
        /// With the secret of this entry, and as which of its attempts.
        entry: Option<(EntryNumber, u32)>,
    },
    /// Go.
    Leave,
    /// Say which media one sends.
    Publish {
        /// Microphone, camera, screen.
        media: BTreeSet<MediaKind>,
    },
    /// Choose what to see.
    Watch {
        /// Whose.
        whom: Connection,
        /// Camera or screen.
        kind: MediaKind,
    },
    /// Ask for the word.
    RaiseHand,
    /// Ask no longer.
    LowerHand,
    /// Let in from the lobby.
    Admit(Connection),
    /// Put out, or turn away.
    Remove(Connection),
    /// Change the mode.
    SetMode(Mode),
    /// Close or open the door.
    Lock(bool),
    /// Bound what somebody may send.
    Cap(Connection, Permissions),
    /// Give the word, or take it back.
    Grant(Connection, Permissions),
    /// Choose the presenter.
    NamePresenter(Connection),
    /// Make a licence holder a moderator.
    NameModerator(Connection),
    /// Give the host's role away.
    HandOver(Connection),
    /// Make a link.
    CreateInvitation,
    /// Make a link useless.
    RevokeInvitation(LinkNumber),
    /// End the conference.
    End,
    /// Be taken into the group.
    OfferKeyPackage(HandshakeNumber),
    /// Bring the group into its next epoch.
    Commit(RefCommit),
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// In; with the conference's first link for who started it.
    Entered {
        /// In which mode (PRES-003).
        mode: Mode,
        /// The first link.
        link: Option<LinkNumber>,
    },
    /// In the lobby.
    Waiting,
    /// Done.
    Done,
    /// A new link.
    Invited(LinkNumber),
    /// No.
    Refused(Refusal),
}

/// Which answers are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// This one.
    Reply(Reply),
    /// A refusal for one of these reasons: which of several true ones is named first is nobody's requirement.
    RefusedAs(BTreeSet<Refusal>),
}

/// What somebody else has to be told because of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// They are in: somebody admitted them.
    Entered,
    /// They wait no longer, for this reason.
    Refused(Refusal),
    /// They are out.
    Out(OutReason),
    /// They are the group's first member.
    FoundGroup {
        /// How many commits there were before.
        sequence: u64,
    },
    /// Somebody wants to be taken into the group, and they may do it.
    KeyPackage {
        /// Who.
        whose: Connection,
        /// With what.
        offer: HandshakeNumber,
    },
    /// The group goes into its next epoch.
    Commit {
        /// How many commits that makes.
        sequence: u64,
        /// By what.
        commit: HandshakeNumber,
    },
    /// They were taken into the group.
    Welcome {
        /// By which commit.
        sequence: u64,
        /// With what.
        welcome: HandshakeNumber,
    },
}

/// What has to come of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The answer.
    pub expected: Expected,
    /// What others are told.
    pub notices: Vec<(Connection, Notice)>,
}

impl Outcome {
    pub(super) fn of(reply: Reply) -> Self {
        Self { expected: Expected::Reply(reply), notices: Vec::new() }
    }

    pub(super) fn done() -> Self {
        Self::of(Reply::Done)
    }

    pub(super) fn refused(reason: Refusal) -> Self {
        Self::refused_as([reason])
    }

    pub(super) fn refused_as(reasons: impl IntoIterator<Item = Refusal>) -> Self {
        Self { expected: Expected::RefusedAs(reasons.into_iter().collect()), notices: Vec::new() }
    }

    /// Done, unless there are reasons against it.
    pub(super) fn unless(reasons: &[(bool, Refusal)], then: impl FnOnce() -> Self) -> Self {
        let against: BTreeSet<_> =
            reasons.iter().filter(|(holds, _)| *holds).map(|(_, reason)| *reason).collect();
        if against.is_empty() { then() } else { Self::refused_as(against) }
    }
}

impl Expected {
    /// Whether an answer is right.
    pub fn allows(&self, reply: &Reply) -> bool {
        match (self, reply) {
            (Self::Reply(expected), reply) => expected == reply,
            (Self::RefusedAs(reasons), Reply::Refused(reason)) => reasons.contains(reason),
            (Self::RefusedAs(_), _) => false,
        }
    }
}
