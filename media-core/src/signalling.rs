//! Owns the messages between a client and the server, and their JSON form. What they mean is decided in
//! [`crate::conference`]; how they travel is the caller's affair.
//!
//! No end-to-end secret is in any of them: what stands in an invitation link behind `#` a client never sends, and MLS
//! messages ([`Handshake`]) say nothing to whoever is not in the group. The server only puts them in order.

mod attempt;
mod encryption;
mod handshake;
mod refusal;
mod track;

use serde::{Deserialize, Serialize};

use crate::{
    drop_reason::DropReason,
    ids::{ConferenceId, InvitationId, ParticipantId},
    limits,
    media::{MediaKind, Permissions},
    secret::Token,
};

pub use attempt::Attempt;
pub use encryption::Encryption;
pub use handshake::Handshake;
pub use refusal::Refusal;
pub use track::{EncodingOffer, TrackInfo, TrackOffer};

/// A client's request; the answer carries the same number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientMessage {
    /// Chosen by the client, repeated in the answer.
    pub request: u32,
    /// What is asked for.
    pub body: Request,
}

/// What a client can ask for. Which of them a role may ask is [`crate::conference`]'s business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Start a conference and enter it as its host.
    Start {
        /// Proves that the sender is a licence holder.
        credential: Option<Token>,
        /// Display name.
        name: String,
        /// Mode at the start.
        mode: Mode,
        /// Whether joiners wait until a moderator admits them.
        lobby: bool,
        /// What the client is.
        client: ClientInfo,
    },
    /// Enter a conference by its link.
    Join {
        /// The link's token.
        link: LinkToken,
        /// A licence holder who shows it can be named moderator, and gets the host's role back after a reconnect.
        credential: Option<Token>,
        /// The token of an earlier stay in this conference, from its `Entered`: who shows it carries on as who they
        /// were.
        resume: Option<Token>,
        /// Which attempt of one entry this is, on whichever connection: an answer that was only late has given the client a
        /// place already, inside or in the lobby, and it takes that one. An attempt that comes after a later one is
        /// refused as [`Refusal::AlreadyIn`].
        attempt: Option<Attempt>,
        /// Display name.
        name: String,
        /// What the client is.
        client: ClientInfo,
    },
    /// Leave.
    Leave,
    /// Say which tracks this client sends. Replaces what it said before.
    Publish {
        /// At most one of each kind.
        tracks: Vec<TrackOffer>,
    },
    /// Agree on a WebRTC connection, or on what flows over the one there is. What the offer says of sending replaces what was
    /// published before. Answered by [`ServerMessage::Answer`].
    Negotiate {
        /// SDP (RFC 8866), as JSEP makes it (RFC 9429).
        offer: String,
    },
    /// Choose what to receive of somebody's camera or screen.
    Watch {
        /// Whose.
        source: ParticipantId,
        /// Which of their tracks; audio is always received.
        kind: MediaKind,
        /// Highest simulcast layer wanted (0 is the smallest), or nothing at all.
        layer: Option<u8>,
    },
    /// Ask for the word in presenter mode.
    RaiseHand,
    /// Take the question back.
    LowerHand,
    /// Moderation: let somebody in from the lobby.
    Admit {
        /// Who waits.
        participant: ParticipantId,
    },
    /// Moderation: put somebody out, or turn them away at the lobby.
    Remove {
        /// Who.
        participant: ParticipantId,
    },
    /// Moderation: change the mode.
    SetMode {
        /// To this one.
        mode: Mode,
    },
    /// Moderation: refuse everybody who would join from now on.
    Lock {
        /// Whether it is locked.
        locked: bool,
    },
    /// Moderation: what somebody may send at most, in any mode (mute is `audio: false`).
    SetPermissions {
        /// Whose.
        participant: ParticipantId,
        /// The upper bound.
        permissions: Permissions,
    },
    /// Moderation, presenter mode: grant audio, or audio and video, whether a hand is raised or not; or revoke it
    /// with no permissions at all. Either way the hand goes down.
    Grant {
        /// Whose.
        participant: ParticipantId,
        /// What is granted.
        permissions: Permissions,
    },
    /// Moderation: make somebody the presenter in place of the present one.
    NamePresenter {
        /// Who presents from now on.
        participant: ParticipantId,
    },
    /// Host only: make a licence holder a moderator.
    NameModerator {
        /// A present licence holder.
        participant: ParticipantId,
    },
    /// Host only: give the host's role, and the conference's licence, to another licence holder.
    HandOver {
        /// A present licence holder whose licence is free.
        participant: ParticipantId,
    },
    /// Moderation: make another invitation link.
    CreateInvitation,
    /// Moderation: make a link useless for joining.
    RevokeInvitation {
        /// Which.
        invitation: InvitationId,
    },
    /// Host only: end the conference for everybody.
    End,
    /// End-to-end encryption: ask to be taken into the group, or to be taken in anew by whoever has lost track of it.
    /// Replaces what was offered before.
    OfferKeyPackage {
        /// An MLS `KeyPackage` (RFC 9420 section 10).
        key_package: Handshake,
    },
    /// End-to-end encryption: bring the group into its next epoch.
    Commit {
        /// The number of the last handshake message that the committer knows of. When another one came first, this one is
        /// refused.
        after: u64,
        /// An MLS `Commit` for the members.
        commit: Handshake,
        /// An MLS `Welcome` for those it adds.
        welcome: Option<Handshake>,
        /// Whom it adds, each once. All of them have to wait for it when it is ordered.
        adds: Vec<ParticipantId>,
    },
}

/// What a client says about itself when it enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientInfo {
    /// A desk or a room.
    pub endpoint: EndpointKind,
    /// How it encrypts end to end; absent when it cannot.
    pub encryption: Option<Encryption>,
}

/// One endpoint is one participant, whoever sits in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointKind {
    /// One person.
    Desk,
    /// A room equipped for audio and video conferences, for several people; counts as one participant (AVC-001).
    AvcRoom,
}

/// How media flows in a conference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Everybody may send what their permissions allow.
    Discussion,
    /// Only the presenter, and granted hands, may send.
    Presenter,
}

/// Rank in a conference. What it permits is decided in [`crate::conference`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Joined by link, shows no licence.
    Guest,
    /// Holds a licence, has no say here.
    Participant,
    /// A licence holder whom the host named.
    Moderator,
    /// Whose licence carries the conference.
    Host,
}

/// The secret part of an invitation link, with the number of the conference it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkToken {
    /// Where it leads.
    pub conference: ConferenceId,
    /// 128 random bits.
    pub token: Token,
}

/// An invitation link as its maker sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// By which it can be revoked.
    pub id: InvitationId,
    /// What is handed out.
    pub link: LinkToken,
}

/// A participant as the others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Their number.
    pub participant: ParticipantId,
    /// Display name.
    pub name: String,
    /// Rank.
    pub role: Role,
    /// Whether they present.
    pub presenter: bool,
    /// Whether their hand is raised.
    pub hand_raised: bool,
    /// What they may send at the moment.
    pub permissions: Permissions,
    /// A desk or a room.
    pub endpoint: EndpointKind,
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum ServerMessage {
    /// The sender of the request is in. Answers `Start` and `Join` (also later, from the lobby).
    Entered {
        /// The request that asked for it.
        request: u32,
        /// Where.
        conference: ConferenceId,
        /// As whom.
        participant: ParticipantId,
        /// The mode at this moment (PRES-003).
        mode: Mode,
        /// Everybody present, the receiver included.
        roster: Vec<Member>,
        /// The first link of a conference that was just started.
        invitation: Option<Invitation>,
        /// What proves that one is the same when one comes back. A secret of the receiver's.
        resume: Token,
    },
    /// In the lobby: wait.
    Waiting {
        /// The join that waits.
        request: u32,
    },
    /// Done.
    Done {
        /// What was asked.
        request: u32,
    },
    /// What became of an offer.
    Answer {
        /// The request with the offer.
        request: u32,
        /// SDP.
        answer: String,
    },
    /// An offer cannot be served; nothing has changed.
    OfferRefused {
        /// The request with the offer.
        request: u32,
        /// What is wrong with it: the name of a [`SdpRefusal`](crate::transport::sdp::SdpRefusal).
        reason: String,
    },
    /// A new link.
    Invited {
        /// What was asked.
        request: u32,
        /// The link.
        invitation: Invitation,
    },
    /// Refused; nothing has changed.
    Refused {
        /// What was asked.
        request: u32,
        /// Why.
        reason: Refusal,
    },
    /// Somebody came in, or changed rank, hand or permissions.
    Member {
        /// As they are now.
        member: Member,
    },
    /// Somebody left or was put out; to moderators also: somebody waits no longer, and did not come in.
    MemberLeft {
        /// Who.
        participant: ParticipantId,
    },
    /// Somebody waits in the lobby (to moderators).
    Knock {
        /// Who.
        participant: ParticipantId,
        /// Display name.
        name: String,
    },
    /// The mode has changed.
    ModeChanged {
        /// To this one.
        mode: Mode,
    },
    /// There is a track to receive.
    TrackAdded {
        /// Its description.
        track: TrackInfo,
    },
    /// A track is gone.
    TrackRemoved {
        /// Whose.
        participant: ParticipantId,
        /// Which.
        kind: MediaKind,
    },
    /// To a publisher: which of its encodings somebody watches; the others can rest (FWD-006).
    Demand {
        /// Which of its tracks.
        kind: MediaKind,
        /// Bit n is encoding n.
        encodings: u8,
    },
    /// Nobody is in the conference's group: the receiver makes it, and is its first member.
    FoundGroup {
        /// The number of the last handshake message before it.
        sequence: u64,
    },
    /// Somebody wants to be in the group; to those of its members who are to commit.
    KeyPackage {
        /// Who.
        participant: ParticipantId,
        /// What they offered.
        key_package: Handshake,
    },
    /// The group goes into its next epoch; to all members, the committer included, for whom it is the answer.
    Commit {
        /// One more than that of the handshake message before.
        sequence: u64,
        /// What the committer sent.
        commit: Handshake,
    },
    /// The receiver was taken into the group.
    Welcome {
        /// The number of the commit that did it.
        sequence: u64,
        /// What the committer sent.
        welcome: Handshake,
    },
    /// The receiver is out.
    Out {
        /// Why.
        reason: OutReason,
    },
}

/// Why a participant is out of a conference without having asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutReason {
    /// A moderator put them out.
    Removed,
    /// A moderator did not admit them.
    Denied,
    /// The host ended it, or nobody was in it for [`limits::EMPTY_CONFERENCE_GRACE`].
    Ended,
    /// The same licence holder came in through another connection, which carries on in this one's place.
    Replaced,
}

impl ClientMessage {
    /// Reads a message from the network.
    ///
    /// # Errors
    /// [`DropReason::Oversized`] beyond [`limits::SIGNAL_BYTES_MAX`], [`DropReason::MalformedSignal`] when it is not
    /// one of [`Request`] in JSON.
    pub fn decode(bytes: &[u8]) -> Result<Self, DropReason> {
        if bytes.len() > limits::SIGNAL_BYTES_MAX {
            return Err(DropReason::Oversized);
        }
        serde_json::from_slice(bytes).map_err(|_| DropReason::MalformedSignal)
    }

    /// The message as bytes.
    ///
    /// # Panics
    /// Never: no value of this type lacks a JSON form.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("every client message has a JSON form")
    }
}

impl ServerMessage {
    /// Reads a message from the network.
    ///
    /// # Errors
    /// [`DropReason::MalformedSignal`] when it is not a server's message in JSON.
    pub fn decode(bytes: &[u8]) -> Result<Self, DropReason> {
        serde_json::from_slice(bytes).map_err(|_| DropReason::MalformedSignal)
    }

    /// The message as bytes.
    ///
    /// # Panics
    /// Never: no value of this type lacks a JSON form.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("every server message has a JSON form")
    }
}
