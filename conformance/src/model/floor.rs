//! Owns who has the floor: modes, presenters, hands and the word (PRES-001 to PRES-006).

use sim::scenario::{Mode, Permissions, Refusal, Role};

use super::{Connection, Outcome, Presence, RefConference};

/// What a hand can be given: audio, or audio and video; or nothing again (PRES-005).
const WORDS: [Permissions; 3] = [
    Permissions::NONE,
    Permissions { audio: true, ..Permissions::NONE },
    Permissions { audio: true, video: true, ..Permissions::NONE },
];

impl RefConference {
    /// The host presents, else the moderator who came first, else nobody until one of them comes.
    pub(super) fn find_presenter(&mut self) {
        if self.mode != Mode::Presenter || self.presenter.is_some() {
            return;
        }
        let first = |role| self.present().find(|who| self.role(*who) == Some(role));
        if let Some(found) = first(Role::Host).or_else(|| first(Role::Moderator)) {
            self.give_stage(found);
        }
    }

    /// A switch of the mode takes back every word and hand.
    pub(super) fn set_mode(&mut self, by: Connection, mode: Mode) -> Outcome {
        if !self.moderates(by) {
            return Outcome::refused(Refusal::NotModerator);
        }
        if mode != self.mode {
            self.mode = mode;
            self.presenter = None;
            for attendee in &mut self.present {
                attendee.given.grant = Permissions::NONE;
                attendee.hand = false;
            }
            for absentee in &mut self.absent {
                absentee.given.grant = Permissions::NONE;
            }
            self.find_presenter();
        }
        Outcome::done()
    }

    pub(super) fn name_presenter(&mut self, by: Connection, whom: Connection) -> Outcome {
        let reasons = [
            (!self.moderates(by), Refusal::NotModerator),
            (self.mode != Mode::Presenter, Refusal::NotInPresenterMode),
            (self.presence(whom) != Presence::In, Refusal::NoSuchParticipant),
        ];
        Outcome::unless(&reasons, || {
            self.give_stage(whom);
            Outcome::done()
        })
    }

    pub(super) fn grant(&mut self, by: Connection, whom: Connection, word: Permissions) -> Outcome {
        let reasons = [
            (!self.moderates(by), Refusal::NotModerator),
            (self.mode != Mode::Presenter, Refusal::NotInPresenterMode),
            (self.presence(whom) != Presence::In, Refusal::NoSuchParticipant),
            (self.presenter == Some(whom) || !WORDS.contains(&word), Refusal::NotApplicable),
        ];
        Outcome::unless(&reasons, || {
            if let Some(attendee) = self.attendee_mut(whom) {
                attendee.given.grant = word;
                attendee.hand = false;
            }
            Outcome::done()
        })
    }

    pub(super) fn hand_goes(&mut self, who: Connection, up: bool) -> Outcome {
        let reasons = [
            (self.mode != Mode::Presenter, Refusal::NotInPresenterMode),
            (self.presenter == Some(who), Refusal::NotApplicable),
        ];
        Outcome::unless(&reasons, || {
            if let Some(attendee) = self.attendee_mut(who) {
                attendee.hand = up;
            }
            Outcome::done()
        })
    }

    /// Who presents needs neither hand nor word, and keeps neither for afterwards.
    fn give_stage(&mut self, who: Connection) {
        self.presenter = Some(who);
        if let Some(attendee) = self.attendee_mut(who) {
            attendee.given.grant = Permissions::NONE;
            attendee.hand = false;
        }
    }
}
