//! Owns what people do during a run beyond entering, in its validated form. What the server makes of it is not
//! decided here.

use media_core::{MediaKind, Permissions, Timestamp, signalling::Mode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PersonIndex, SiteIndex};
use crate::adversary::Misbehaviour;

/// One deed at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// Who acts.
    pub who: PersonIndex,
    /// What they do.
    pub action: Action,
}

/// What somebody does. People named inside belong to the same conference as who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask to start their conference (again). When it succeeds, its link is the one that later joiners have.
    Start,
    /// Open the link (again).
    Join,
    /// Leave.
    Leave,
    /// End the conference for everybody.
    End,
    /// Change the mode.
    SetMode(Mode),
    /// Lock (`true`) or unlock the conference.
    Lock(bool),
    /// Let somebody in from the lobby.
    Admit(PersonIndex),
    /// Let in everybody who waits at that moment.
    AdmitAll,
    /// Put somebody out, or turn them away at the lobby.
    Remove(PersonIndex),
    /// Take these media away from somebody, in any mode.
    Mute(PersonIndex, Permissions),
    /// Give these media back.
    Unmute(PersonIndex, Permissions),
    /// Ask for the word.
    RaiseHand,
    /// Take the question back.
    LowerHand,
    /// Grant a raised hand these media.
    Grant(PersonIndex, Permissions),
    /// Revoke what was granted.
    Revoke(PersonIndex),
    /// Make somebody the presenter.
    NamePresenter(PersonIndex),
    /// Make somebody a moderator.
    NameModerator(PersonIndex),
    /// Give the host's role to somebody.
    HandOver(PersonIndex),
    /// Make another invitation link; later joiners have it.
    CreateInvitation,
    /// Revoke the newest link of the conference that is not revoked.
    RevokeInvitation,
    /// Choose what to receive of somebody's camera or screen; absent layer: nothing.
    Watch {
        /// Whose.
        whom: PersonIndex,
        /// Camera or screen, never audio.
        kind: MediaKind,
        /// Highest layer wanted.
        layer: Option<Layer>,
    },
    /// Begin to share the screen.
    ShareScreen,
    /// Cease to share the screen.
    StopScreen,
    /// Switch the camera on.
    CameraOn,
    /// Switch the camera off.
    CameraOff,
    /// Go over to another building's access link, without a new connection.
    Move(SiteIndex),
    /// Break the rules from this moment on.
    Misbehave(Misbehaviour),
    /// Keep the rules again.
    Behave,
}

/// A layer of a camera or a screen, from the smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The smallest simulcast encoding.
    Low,
    /// The one in the middle.
    Medium,
    /// The largest there is.
    High,
}

impl Layer {
    /// The layer's number in `Request::Watch`.
    pub const fn index(self) -> u8 {
        self as u8
    }
}
