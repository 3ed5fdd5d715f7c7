//! Owns what moderation does besides the mode (LIC-003): mute, remove, lock, links, ranks.

use std::collections::BTreeSet;

use sim::scenario::{HolderId, OutReason, Permissions, Refusal, Role, Timestamp};

use super::{Connection, LinkNumber, Notice, Outcome, Presence, RefConference, presence::Parting};

impl RefConference {
    pub(super) fn lock(&mut self, by: Connection, locked: bool) -> Outcome {
        Outcome::unless(&[(!self.moderates(by), Refusal::NotModerator)], || {
            self.locked = locked;
            Outcome::done()
        })
    }

    pub(super) fn set_cap(&mut self, by: Connection, whom: Connection, cap: Permissions) -> Outcome {
        let reasons = [
            (!self.moderates(by), Refusal::NotModerator),
            (self.presence(whom) != Presence::In, Refusal::NoSuchParticipant),
        ];
        Outcome::unless(&reasons, || {
            if let Some(attendee) = self.attendee_mut(whom) {
                attendee.given.cap = cap;
            }
            Outcome::done()
        })
    }

    /// Who is put out loses rank and word; the bound on what they send stays. The host cannot be put out.
    pub(super) fn put_out(&mut self, by: Connection, whom: Connection) -> Outcome {
        let presence = self.presence(whom);
        let reasons = [
            (!self.moderates(by), Refusal::NotModerator),
            (presence == Presence::Outside, Refusal::NoSuchParticipant),
            (self.role(whom) == Some(Role::Host), Refusal::NotApplicable),
        ];
        Outcome::unless(&reasons, || {
            let reason = if presence == Presence::In { OutReason::Removed } else { OutReason::Denied };
            if let Some(attendee) = self.attendee_mut(whom) {
                attendee.given.grant = Permissions::NONE;
                if let Some(holder) = attendee.holder {
                    self.moderators.remove(&holder);
                }
            }
            // When it happens matters only for how long an empty conference lives; somebody moderates, so it is not.
            let mut outcome = Outcome::done();
            outcome.notices = self.go(Timestamp::ZERO, whom, Parting::Meant);
            outcome.notices.push((whom, Notice::Out(reason)));
            outcome
        })
    }

    pub(super) fn name_moderator(&mut self, by: Connection, whom: Connection) -> Outcome {
        self.promote(by, whom, &[], |conference, holder| {
            conference.moderators.insert(holder);
        })
    }

    /// The licence passes on with the role; who had it stays a moderator. The heir must not carry another conference.
    pub(super) fn hand_over(
        &mut self,
        by: Connection,
        to: Connection,
        hosting: &BTreeSet<HolderId>,
    ) -> Outcome {
        let busy = |holder: HolderId| hosting.contains(&holder);
        let in_use = self.attendee(to).and_then(|attendee| attendee.holder).is_some_and(busy);
        self.promote(by, to, &[(in_use, Refusal::LicenceInUse)], |conference, heir| {
            conference.moderators.remove(&heir);
            conference.moderators.insert(conference.host);
            conference.host = heir;
        })
    }

    pub(super) fn revoke(&mut self, by: Connection, link: LinkNumber) -> Outcome {
        let reasons = [
            (!self.moderates(by), Refusal::NotModerator),
            (!self.links.contains(&link), Refusal::NoSuchInvitation),
        ];
        Outcome::unless(&reasons, || {
            self.links.remove(&link);
            Outcome::done()
        })
    }

    /// The host raises a licence holder who is in.
    fn promote(
        &mut self,
        by: Connection,
        whom: Connection,
        more: &[(bool, Refusal)],
        how: impl FnOnce(&mut Self, HolderId),
    ) -> Outcome {
        let there = self.presence(whom) == Presence::In;
        let holder = self.attendee(whom).and_then(|attendee| attendee.holder);
        let mut reasons = vec![
            (self.role(by) != Some(Role::Host), Refusal::NotHost),
            (!there, Refusal::NoSuchParticipant),
            (there && holder.is_none(), Refusal::NotLicenceHolder),
            (self.role(whom) == Some(Role::Host), Refusal::NotApplicable),
        ];
        reasons.extend_from_slice(more);
        Outcome::unless(&reasons, || {
            if let Some(holder) = holder {
                how(self, holder);
            }
            self.find_presenter();
            Outcome::done()
        })
    }
}
