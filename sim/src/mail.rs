//! Owns how links get from host to guests: by mail, outside the conference system. A mail carries what stands behind
//! `#` in the link, too: the end-to-end secret, which no client ever sends to the server.

use media_core::{
    ids::InvitationId,
    signalling::{Invitation, LinkToken},
};

use crate::scenario::{ConferenceIndex, LinkKind};

/// What a host writes to everybody.
#[derive(Clone, PartialEq, Eq)]
pub enum Mail {
    /// Here is a link.
    Link {
        /// To which conference.
        conference: ConferenceIndex,
        /// Its token and number.
        invitation: Invitation,
        /// The part behind `#`.
        secret: [u8; 32],
    },
    /// That link is of no use any more.
    Revoked {
        /// Of which conference.
        conference: ConferenceIndex,
        /// Its number.
        invitation: InvitationId,
    },
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail(..)")
    }
}

/// A link with its secret part.
#[derive(Clone, PartialEq, Eq)]
pub struct FullLink {
    /// What the server gets to see.
    pub link: LinkToken,
    /// What it does not; missing in a link that was cut off at `#`.
    pub secret: Option<[u8; 32]>,
}

#[derive(Clone)]
struct Known {
    conference: ConferenceIndex,
    invitation: Invitation,
    secret: [u8; 32],
    revoked: bool,
}

/// All mail that has arrived somewhere.
#[derive(Clone, Default)]
pub struct Mailbox(Vec<Known>);

impl Mailbox {
    /// A mail arrives.
    pub fn handle_mail(&mut self, mail: Mail) {
        match mail {
            Mail::Link { conference, invitation, secret } => {
                self.0.push(Known { conference, invitation, secret, revoked: false });
            }
            Mail::Revoked { conference, invitation } => {
                let of_it =
                    |known: &&mut Known| known.conference == conference && known.invitation.id == invitation;
                if let Some(known) = self.0.iter_mut().find(of_it) {
                    known.revoked = true;
                }
            }
        }
    }

    /// The link that somebody with `kind` opens; nothing while they wait for it. `wrong` is the token of those who
    /// guess.
    pub fn link(
        &self,
        conference: ConferenceIndex,
        kind: LinkKind,
        wrong: &media_core::secret::Token,
    ) -> Option<FullLink> {
        let newest = |conference: ConferenceIndex, revoked: bool| {
            self.0.iter().rev().find(|known| known.conference == conference && known.revoked == revoked)
        };
        let own = newest(conference, false);
        let full =
            |known: &Known| FullLink { link: known.invitation.link.clone(), secret: Some(known.secret) };
        match kind {
            LinkKind::Invitation => own.map(full),
            LinkKind::WithoutKey => own.map(|known| FullLink { secret: None, ..full(known) }),
            LinkKind::Revoked => newest(conference, true).map(full),
            LinkKind::Wrong => own.map(|known| FullLink {
                link: LinkToken { conference: known.invitation.link.conference, token: wrong.clone() },
                secret: Some(known.secret),
            }),
            LinkKind::Foreign(other) => {
                let token = newest(other, false)?.invitation.link.token.clone();
                own.map(|known| FullLink {
                    link: LinkToken { conference: known.invitation.link.conference, token },
                    secret: Some(known.secret),
                })
            }
        }
    }

    /// The newest link of a conference that is not revoked, by number.
    pub fn newest_invitation(&self, conference: ConferenceIndex) -> Option<InvitationId> {
        let known = self.0.iter().rev().find(|known| known.conference == conference && !known.revoked)?;
        Some(known.invitation.id)
    }
}
