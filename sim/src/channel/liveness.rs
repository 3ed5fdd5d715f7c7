//! Owns whether the other end still lives: the client asks when it has heard nothing for a while, the server answers, and
//! both take a long silence for death. It stands for TCP's keep-alive (RFC 9293 section 3.8.4), with pauses that a
//! conference needs in place of the two hours of an idle connection.

use std::time::Duration;

use media_core::Timestamp;

/// Silence after which the client asks for a sign of life.
pub const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(2);
/// Pause between two questions while no answer comes.
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(1);
/// Silence that is taken for death. A connection has to survive an outage of 10 s (JOIN-005); before it up to
/// [`KEEP_ALIVE_AFTER`] may have passed since the last answer, after it up to [`KEEP_ALIVE_INTERVAL`] until the next
/// question, and 2 s are left for a round trip through full queues. Half of the 30 s after which a peer's consent to
/// receive expires (RFC 7675 section 5.1).
pub const SILENCE_MAX: Duration = Duration::from_secs(15);

/// One end's view of the other.
#[derive(Clone, Debug)]
pub(super) struct Liveness {
    heard: Timestamp,
    /// When to ask next; only the client asks.
    ask_at: Option<Timestamp>,
    owes_question: bool,
}

impl Liveness {
    /// An end that asks.
    pub(super) fn asking(now: Timestamp) -> Self {
        Self { heard: now, ask_at: Some(now + KEEP_ALIVE_AFTER), owes_question: false }
    }

    /// An end that only answers.
    pub(super) fn answering(now: Timestamp) -> Self {
        Self { heard: now, ask_at: None, owes_question: false }
    }

    /// A well-formed segment has come.
    pub(super) fn on_segment(&mut self, now: Timestamp) {
        self.heard = now;
        self.owes_question = false;
        if self.ask_at.is_some() {
            self.ask_at = Some(now + KEEP_ALIVE_AFTER);
        }
    }

    /// When something was last heard, or the channel was made.
    pub(super) fn heard(&self) -> Timestamp {
        self.heard
    }

    pub(super) fn is_dead(&self, now: Timestamp) -> bool {
        self.heard + SILENCE_MAX <= now
    }

    pub(super) fn poll_timeout(&self) -> Timestamp {
        let dead = self.heard + SILENCE_MAX;
        self.ask_at.map_or(dead, |ask| ask.min(dead))
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        if self.ask_at.is_some_and(|at| at <= now) {
            self.owes_question = true;
            self.ask_at = Some(now + KEEP_ALIVE_INTERVAL);
        }
    }

    /// Whether a question is to be sent; it is then.
    pub(super) fn poll_question(&mut self) -> bool {
        std::mem::take(&mut self.owes_question)
    }
}
