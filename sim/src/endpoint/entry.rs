//! Owns how a client gets into a conference and, when its connection breaks, in again by itself: attempts, how long each
//! may take, the pauses between them, and when to give up. What is said in an attempt, and how it travels, is the
//! session's business.

use std::time::Duration;

use media_core::{
    Timestamp,
    ids::ConferenceId,
    secret::Token,
    signalling::{Attempt, Invitation, LinkToken, Mode},
};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use crate::sabotage::Sabotage;

/// Every attempt ends within this time: in, refused, or given up (JOIN-004).
pub(super) const ATTEMPT_MAX: Duration = Duration::from_secs(15);
/// An attempt in which nothing at all is heard for this long is begun anew: a SYN that was lost has been repeated after
/// 1 s by then (RFC 6298 section 2.1), and its next repetition would come later than a new attempt's first.
pub(super) const ANSWER_MAX: Duration = Duration::from_millis(2_500);
/// Pause before the second attempt at most; it doubles with each further one, and a random half of it is left out, so
/// that those whom one crash put out do not come back at one moment.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
/// Longest pause. With [`ANSWER_MAX`] it leaves half of the 5 s within which a client is back when the way is free
/// (JOIN-006).
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// How long a client tries to come back. An abandoned conference is over earlier
/// ([`media_core::limits::EMPTY_CONFERENCE_GRACE`]), but others may have gone on with it.
pub const RETURN_MAX: Duration = Duration::from_mins(3);

/// What opens the conference.
#[derive(Clone, Debug)]
pub(super) enum Door {
    /// A start of one's own.
    Start { mode: Mode, lobby: bool },
    /// A link.
    Link(LinkToken),
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// Let go of the connection: nobody answers on it.
    Abandon,
    /// Ask, on a new connection.
    Ask,
    /// Nobody can be reached.
    GiveUp,
}

/// Attempts, as long as none has got an answer.
#[derive(Debug)]
struct Trying {
    until: Timestamp,
    attempts: u32,
    stage: Stage,
    /// Shown by each attempt, so that they count as one: an earlier one may have got in, and its answer be late.
    entry: Attempt,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Asking { since: Timestamp },
    Pausing { until: Timestamp },
}

/// The way in.
#[derive(Debug)]
pub(super) struct Entry {
    rng: ChaCha8Rng,
    pub(super) sabotage: Option<Sabotage>,
    door: Option<Door>,
    /// Proves in its conference who one was.
    token: Option<(ConferenceId, Token)>,
    trying: Option<Trying>,
}

impl Entry {
    pub(super) fn new(rng: ChaCha8Rng) -> Self {
        Self { rng, sabotage: None, door: None, token: None, trying: None }
    }

    pub(super) fn door(&self) -> Option<&Door> {
        self.door.as_ref()
    }

    /// The token to show at the present door.
    pub(super) fn token(&self) -> Option<&Token> {
        let Some(Door::Link(link)) = &self.door else { return None };
        self.token.as_ref().filter(|(conference, _)| *conference == link.conference).map(|(_, token)| token)
    }

    /// By which the server recognises the attempts to come in now as one.
    pub(super) fn attempt(&self) -> Option<Attempt> {
        self.trying.as_ref().map(|trying| trying.entry.numbered(trying.attempts))
    }

    /// Somebody opens a door by hand; the first attempt is made at once.
    pub(super) fn begin(&mut self, now: Timestamp, door: Door) {
        self.door = Some(door);
        let (entry, stage) = (Attempt::random(&mut self.rng), Stage::Asking { since: now });
        self.trying = Some(Trying { until: now + ATTEMPT_MAX, attempts: 1, stage, entry });
    }

    /// The connection has broken under somebody who was in, or waited to be let in.
    pub(super) fn begin_return(&mut self, now: Timestamp) {
        if self.door.is_none() || self.sabotage == Some(Sabotage::ClientsStayAway) {
            return;
        }
        let until = now + self.pause(0);
        let (entry, stage) = (Attempt::random(&mut self.rng), Stage::Pausing { until });
        self.trying = Some(Trying { until: now + RETURN_MAX, attempts: 0, stage, entry });
    }

    /// In. Who has made a link comes back by it.
    pub(super) fn on_entered(
        &mut self,
        conference: ConferenceId,
        token: &Token,
        invitation: Option<&Invitation>,
    ) {
        self.trying = None;
        self.token = Some((conference, token.clone()));
        if let Some(invitation) = invitation {
            self.on_invitation(invitation);
        }
    }

    /// A link of one's own.
    pub(super) fn on_invitation(&mut self, invitation: &Invitation) {
        self.door = Some(Door::Link(invitation.link.clone()));
    }

    /// Asked to wait, or refused: the attempt has ended.
    pub(super) fn on_answer(&mut self) {
        self.trying = None;
    }

    /// Left, or was put out: there is nothing to come back to.
    pub(super) fn forget(&mut self) {
        self.trying = None;
        self.token = None;
    }

    /// The connection of an attempt has broken.
    pub(super) fn on_broken(&mut self, now: Timestamp) {
        let pause = self.trying.as_ref().map(|trying| trying.attempts).map(|attempts| self.pause(attempts));
        if let (Some(trying), Some(pause)) = (&mut self.trying, pause) {
            trying.stage = Stage::Pausing { until: now + pause };
        }
    }

    /// When [`Entry::handle_timeout`] has something to do. `heard` is when the connection last brought anything.
    pub(super) fn poll_timeout(&self, heard: Option<Timestamp>) -> Option<Timestamp> {
        let trying = self.trying.as_ref()?;
        let patient = self.sabotage == Some(Sabotage::PatientClients);
        let next = match trying.stage {
            Stage::Pausing { until } if patient => return Some(until),
            Stage::Asking { .. } if patient => return None,
            Stage::Pausing { until } => until,
            Stage::Asking { since } => {
                (since + ATTEMPT_MAX).min(heard.map_or(since, |heard| heard.max(since)) + ANSWER_MAX)
            }
        };
        Some(next.min(trying.until))
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp, heard: Option<Timestamp>) -> Due {
        if self.poll_timeout(heard).is_none_or(|due| due > now) {
            return Due::Nothing;
        }
        let Some(trying) = &mut self.trying else { return Due::Nothing };
        if trying.until <= now && self.sabotage != Some(Sabotage::PatientClients) {
            self.trying = None;
            return Due::GiveUp;
        }
        match trying.stage {
            Stage::Pausing { .. } => {
                trying.attempts += 1;
                trying.stage = Stage::Asking { since: now };
                Due::Ask
            }
            Stage::Asking { .. } => {
                self.on_broken(now);
                Due::Abandon
            }
        }
    }

    fn pause(&mut self, attempts: u32) -> Duration {
        if self.sabotage == Some(Sabotage::SlowReturn) {
            return Duration::from_secs(8);
        }
        let longest = (PAUSE_FIRST * (1 << attempts.min(8))).min(PAUSE_MAX);
        longest / 2 + longest * (self.rng.next_u32() >> 16) / (1 << 17)
    }
}

#[cfg(test)]
mod tests {
    use rand_core::SeedableRng;

    use super::*;

    const fn ms(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn link() -> Door {
        Door::Link(LinkToken { conference: ConferenceId(1), token: Token::from_bytes([1; 16]) })
    }

    fn entry() -> Entry {
        Entry::new(ChaCha8Rng::seed_from_u64(5))
    }

    /// When it asks while nobody answers, and when it gives up.
    fn drive(entry: &mut Entry) -> (Vec<Timestamp>, Timestamp) {
        let mut asked = Vec::new();
        loop {
            let now = entry.poll_timeout(None).expect("a client that tries has something to wait for");
            match entry.handle_timeout(now, None) {
                Due::Ask => asked.push(now),
                Due::GiveUp => return (asked, now),
                Due::Abandon => {}
                Due::Nothing => panic!("a timeout for nothing at {now}"),
            }
        }
    }

    #[test]
    fn an_attempt_that_nobody_answers_is_given_up_after_fifteen_seconds() {
        let mut entry = entry();
        entry.begin(ms(100), link());
        let (asked, gave_up) = drive(&mut entry);
        assert_eq!(gave_up, ms(100) + ATTEMPT_MAX);
        assert!((3..=6).contains(&asked.len()), "{asked:?}");
    }

    #[test]
    fn who_comes_back_asks_often_enough_for_five_seconds_and_not_without_a_pause() {
        let mut entry = entry();
        entry.begin(ms(0), link());
        entry.on_entered(ConferenceId(1), &Token::from_bytes([2; 16]), None);
        entry.begin_return(ms(1_000));
        let (asked, gave_up) = drive(&mut entry);
        assert_eq!(gave_up, ms(1_000) + RETURN_MAX);
        assert!(asked[0] <= ms(1_000) + PAUSE_FIRST);
        for pair in asked.windows(2) {
            let between = pair[1].saturating_since(pair[0]);
            assert!(between > ANSWER_MAX && between <= ANSWER_MAX + PAUSE_MAX, "{between:?}");
        }
    }

    #[test]
    fn who_hears_something_is_patient_but_not_for_ever() {
        let mut entry = entry();
        entry.begin_return(ms(0));
        assert_eq!(entry.poll_timeout(None), None, "nobody comes back to where they never were");
        entry.begin(ms(0), link());
        entry.on_answer();
        entry.begin_return(ms(0));
        let asked = entry.poll_timeout(None).unwrap();
        assert_eq!(entry.handle_timeout(asked, None), Due::Ask);
        let mut heard = asked;
        while entry.handle_timeout(heard, Some(heard)) == Due::Nothing {
            heard = heard + Duration::from_secs(1);
        }
        assert_eq!(heard.saturating_since(asked), ATTEMPT_MAX);
    }

    #[test]
    fn a_token_is_shown_in_its_conference_only_and_not_after_leaving() {
        let mut entry = entry();
        entry.begin(ms(0), link());
        assert!(entry.token().is_none());
        entry.on_entered(ConferenceId(1), &Token::from_bytes([2; 16]), None);
        assert!(entry.token().is_some());
        let token = Token::from_bytes([3; 16]);
        entry.begin(ms(1), Door::Link(LinkToken { conference: ConferenceId(2), token }));
        assert!(entry.token().is_none());
        entry.begin(ms(2), link());
        entry.forget();
        assert!(entry.token().is_none());
    }
}
