//! Owns a ledger of licences, kept beside the server's own from what passed on the wire: which start was due to
//! succeed, and which to be refused for which reasons (LIC-001, LIC-002, LIC-004, CAP-002).

#![expect(clippy::wildcard_enum_match_arm, reason = "only few requests touch a licence")]

use std::collections::{BTreeMap, BTreeSet};

use media_core::{
    ConferenceId, Timestamp,
    ids::HolderId,
    limits::EMPTY_CONFERENCE_GRACE,
    signalling::{Refusal, Request},
};

use super::transcript::{Exchange, Transcript};

/// A request to start a conference, with what should have come of it.
pub(super) struct Start<'a> {
    pub(super) exchange: &'a Exchange<'a>,
    /// Reasons to refuse it; none when it has to succeed.
    pub(super) due: BTreeSet<Refusal>,
    /// Conferences that ran at that moment.
    pub(super) running: usize,
}

impl Start<'_> {
    /// Whether it was answered as it should be.
    pub(super) fn is_right(&self) -> bool {
        match self.exchange.refusal() {
            Some(reason) => self.due.contains(&reason),
            None => self.due.is_empty() && self.exchange.entered().is_some(),
        }
    }
}

/// Every start of the run, in order.
pub(super) fn starts<'a>(transcript: &'a Transcript<'a>) -> Vec<Start<'a>> {
    let licences = transcript.run.scenario.licences;
    let last_presence = last_presence(transcript);
    let mut running: BTreeMap<ConferenceId, Option<HolderId>> = BTreeMap::new();
    let mut starts = Vec::new();
    for exchange in &transcript.exchanges {
        let at = exchange.at;
        match exchange.body {
            Request::Start { .. } => {
                // Nobody has to be there for a while: the conference goes on without anybody for that time.
                running.retain(|conference, _| {
                    at.saturating_since(last_presence[conference]) < EMPTY_CONFERENCE_GRACE
                });
                let holder = transcript.holder(exchange.person);
                let reasons = [
                    (holder.is_none(), Refusal::NoLicence),
                    (at >= licences.valid_until, Refusal::LicenceExpired),
                    (holder.is_some() && running.values().any(|used| *used == holder), Refusal::LicenceInUse),
                    (running.len() >= licences.count as usize, Refusal::AllLicencesInUse),
                    (transcript.stay_of(exchange.peer, at).is_some(), Refusal::AlreadyIn),
                ];
                let due = reasons.into_iter().filter(|(due, _)| *due).map(|(_, reason)| reason).collect();
                starts.push(Start { exchange, due, running: running.len() });
                if let Some(conference) = exchange.entered() {
                    running.insert(conference, holder);
                }
            }
            Request::HandOver { participant } if exchange.is_done() => {
                let stay = transcript.stay_of(exchange.peer, at);
                let heir = stay.and_then(|stay| transcript.person_in(stay.conference, *participant));
                if let (Some(stay), Some(heir)) = (stay, heir) {
                    running.insert(stay.conference, transcript.holder(heir));
                }
            }
            Request::End if exchange.is_done() => {
                if let Some(stay) = transcript.stay_of(exchange.peer, at) {
                    running.remove(&stay.conference);
                }
            }
            _ => {}
        }
    }
    starts
}

/// When anybody was in each conference for the last time.
fn last_presence(transcript: &Transcript<'_>) -> BTreeMap<ConferenceId, Timestamp> {
    let mut last = BTreeMap::new();
    for stay in &transcript.stays {
        let known = last.entry(stay.conference).or_insert(stay.until);
        *known = stay.until.max(*known);
    }
    last
}
