//! Owns the answers that say no to a request. When each of them is given is decided in [`crate::conference`].

use serde::{Deserialize, Serialize};

/// Why a request was refused. Nothing here tells a stranger whether a conference exists (JOIN-002).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Only a licence holder can start a conference (LIC-001).
    NoLicence,
    /// The licences' term is over (LIC-004).
    LicenceExpired,
    /// This holder already runs a conference (LIC-002).
    LicenceInUse,
    /// As many conferences run as there are licences (CAP-002).
    AllLicencesInUse,
    /// The link is wrong, revoked, or of another conference: one answer for all (JOIN-002).
    InvalidLink,
    /// The conference is full (CAP-004).
    ConferenceFull,
    /// The conference is locked.
    ConferenceLocked,
    /// The lobby is full.
    LobbyFull,
    /// The client cannot encrypt (E2E-012).
    EncryptionRequired,
    /// No conference can be started with such cipher suites.
    UnknownSuite,
    /// The conference uses other cipher suites than the client.
    OtherSuite,
    /// This connection is in a conference, or waits for one, already.
    AlreadyIn,
    /// This connection is in no conference.
    NotIn,
    /// Only the host can do that.
    NotHost,
    /// Only the host or a moderator can do that (LIC-003).
    NotModerator,
    /// Only a licence holder can be given that role.
    NotLicenceHolder,
    /// Nobody of that number is here.
    NoSuchParticipant,
    /// There is no link of that number.
    NoSuchInvitation,
    /// There are as many links as there may be.
    TooManyInvitations,
    /// Too much of this was asked for in a short time: by this connection, or at this conference's door (SEC-003).
    TooManyRequests,
    /// The name is empty, too long, or has control characters.
    BadName,
    /// The track list is not valid: too many, two of a kind, a codec that does not fit, or an SSRC twice.
    BadTracks,
    /// The key package is longer than [`limits::KEY_PACKAGE_BYTES_MAX`](crate::limits::KEY_PACKAGE_BYTES_MAX).
    BadKeyPackage,
    /// Only members of the conference's group can commit.
    NotInGroup,
    /// Another commit came first.
    StaleCommit,
    /// Somebody to be added has no offer that waits, stands there twice, or gets no welcome; or there is a welcome for nobody.
    BadCommit,
    /// There is no such track to watch.
    NoSuchTrack,
    /// Presenters are named, and hands raised and granted, in presenter mode only.
    NotInPresenterMode,
    /// The presenter has the word already; a screen, or a camera without the word, cannot be granted; the host cannot
    /// be put out, named moderator, or given the conference they have.
    NotApplicable,
    /// The server is about to end, and lets nobody new in. Its host says so; the engine never does.
    ShuttingDown,
}
