//! Owns the live invitation links of one conference. A revoked link is forgotten, so that it cannot be told from
//! one that never was (JOIN-002).

use serde::{Deserialize, Serialize};

use crate::{ids::InvitationId, limits, secret::Token, signalling::Refusal};

/// Links that lead into one conference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Invitations {
    live: Vec<(InvitationId, Token)>,
}

impl Invitations {
    /// Whether one of the links has this token. Compares with all of them, however early one matches.
    pub(super) fn admit(&self, token: &Token) -> bool {
        let mut found = false;
        for (_, live) in &self.live {
            found |= live == token;
        }
        found
    }

    /// Whether another link fits.
    pub(super) fn check_room(&self) -> Result<(), Refusal> {
        if self.live.len() >= limits::INVITATIONS_MAX { Err(Refusal::TooManyInvitations) } else { Ok(()) }
    }

    /// One more link.
    pub(super) fn insert(&mut self, id: InvitationId, token: Token) {
        self.live.push((id, token));
    }

    /// One link less.
    pub(super) fn revoke(&mut self, id: InvitationId) -> Result<(), Refusal> {
        let index = self.live.iter().position(|(live, _)| *live == id).ok_or(Refusal::NoSuchInvitation)?;
        self.live.remove(index);
        Ok(())
    }
}
