//! Owns the reading of a run's wire as a conversation: which request got which answer, who was inside which conference
//! from when to when, and what audio reached whom. It reads the observer's notes only, never the engine's accounts.

#![expect(clippy::wildcard_enum_match_arm, reason = "only few messages answer a request")]

use std::{collections::BTreeMap, time::Duration};

use media_core::{
    ConferenceId, ParticipantId, PeerId, Timestamp,
    ids::HolderId,
    media::Codec,
    signalling::{Refusal, Request, ServerMessage},
};
use sim::{
    endpoint::Observation,
    packet::person_of,
    run::Run,
    scenario::{Person, PersonIndex},
};

/// A request and the first answer to it.
pub(super) struct Exchange<'a> {
    /// When the request reached the server.
    pub(super) at: Timestamp,
    pub(super) peer: PeerId,
    pub(super) person: PersonIndex,
    pub(super) body: &'a Request,
    /// When the answer left, and which.
    pub(super) answer: Option<(Timestamp, &'a ServerMessage)>,
}

/// Somebody's presence in a conference.
#[derive(Clone, Copy)]
pub(super) struct Stay {
    pub(super) peer: PeerId,
    pub(super) person: PersonIndex,
    pub(super) conference: ConferenceId,
    pub(super) participant: ParticipantId,
    pub(super) from: Timestamp,
    /// When they left or were put out; [`Timestamp::FAR_FUTURE`] for those who stayed to the end.
    pub(super) until: Timestamp,
}

/// A run as a conversation.
pub(super) struct Transcript<'a> {
    pub(super) run: &'a Run,
    /// In the order in which requests reached the server.
    pub(super) exchanges: Vec<Exchange<'a>>,
    /// In the order of entering.
    pub(super) stays: Vec<Stay>,
    audio: BTreeMap<PeerId, Vec<Timestamp>>,
}

impl<'a> Transcript<'a> {
    pub(super) fn read(run: &'a Run) -> Self {
        let tap = &run.server.tap;
        let mut answers = BTreeMap::new();
        for message in &tap.messages {
            if let Some(request) = answered(&message.body) {
                answers.entry((message.peer, request)).or_insert((message.at, &message.body));
            }
        }
        let exchanges = tap.requests.iter().map(|seen| Exchange {
            at: seen.at,
            peer: seen.peer,
            person: person_of(seen.peer),
            body: &seen.body,
            answer: answers.get(&(seen.peer, seen.request)).copied(),
        });
        let mut audio: BTreeMap<PeerId, Vec<Timestamp>> = BTreeMap::new();
        for packet in &tap.egress {
            if packet.payload_type == Codec::Opus.payload_type() {
                audio.entry(packet.peer).or_default().push(packet.at);
            }
        }
        Self { run, exchanges: exchanges.collect(), stays: stays(run), audio }
    }

    pub(super) fn person(&self, person: PersonIndex) -> &Person {
        self.run.scenario.person(person)
    }

    pub(super) fn name(&self, person: PersonIndex) -> &str {
        &self.person(person).name
    }

    pub(super) fn holder(&self, person: PersonIndex) -> Option<HolderId> {
        self.person(person).holder
    }

    /// Who was inside just before `at`.
    pub(super) fn inside(&self, conference: ConferenceId, at: Timestamp) -> impl Iterator<Item = &Stay> {
        self.stays
            .iter()
            .filter(move |stay| stay.conference == conference && stay.from < at && at <= stay.until)
    }

    /// The presence during which a connection asked something at `at`.
    pub(super) fn stay_of(&self, peer: PeerId, at: Timestamp) -> Option<&Stay> {
        self.stays.iter().rev().find(|stay| stay.peer == peer && stay.from < at && at <= stay.until)
    }

    /// Who goes by this number in a conference.
    pub(super) fn person_in(&self, conference: ConferenceId, who: ParticipantId) -> Option<PersonIndex> {
        let stay = self.stays.iter().find(|stay| stay.conference == conference && stay.participant == who)?;
        Some(stay.person)
    }

    /// The longest time within `from..to` in which no audio went to a connection.
    pub(super) fn longest_silence(&self, peer: PeerId, from: Timestamp, to: Timestamp) -> Duration {
        let times = self.audio.get(&peer).map_or(&[][..], Vec::as_slice);
        let first = times.partition_point(|at| *at < from);
        let last = times.partition_point(|at| *at < to);
        let mut before = from;
        let mut longest = Duration::ZERO;
        for at in times[first..last].iter().copied().chain([to]) {
            longest = longest.max(at.saturating_since(before));
            before = at;
        }
        longest
    }

    /// Audio packets that ever went to a connection.
    pub(super) fn audio_packets(&self, peer: PeerId) -> usize {
        self.audio.get(&peer).map_or(0, Vec::len)
    }

    /// When a person first made an observation at or after `from`.
    pub(super) fn observed(
        &self,
        person: PersonIndex,
        from: Timestamp,
        what: impl Fn(&Observation) -> bool,
    ) -> Option<Timestamp> {
        let mut seen = self.run.observations.iter();
        seen.find(|(at, who, seen)| *who == person && *at >= from && what(seen)).map(|(at, ..)| *at)
    }
}

impl Exchange<'_> {
    /// Why it was refused.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        match self.answer {
            Some((_, ServerMessage::Refused { reason, .. })) => Some(*reason),
            _ => None,
        }
    }

    /// Which conference it opened to the asker at once.
    pub(super) fn entered(&self) -> Option<ConferenceId> {
        match self.answer {
            Some((_, ServerMessage::Entered { conference, .. })) => Some(*conference),
            _ => None,
        }
    }

    /// Whether it was carried out.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.answer, Some((_, ServerMessage::Done { .. } | ServerMessage::Invited { .. })))
    }

    /// The answer in words.
    pub(super) fn outcome(&self) -> String {
        match self.answer {
            None => "got no answer".to_owned(),
            Some((_, ServerMessage::Refused { reason, .. })) => format!("was refused as {reason:?}"),
            Some((_, ServerMessage::Entered { .. })) => "was let in".to_owned(),
            Some((_, ServerMessage::Waiting { .. })) => "was left in the lobby".to_owned(),
            Some(_) => "was obeyed".to_owned(),
        }
    }
}

/// The request that a message answers.
const fn answered(message: &ServerMessage) -> Option<u32> {
    match message {
        ServerMessage::Entered { request, .. }
        | ServerMessage::Waiting { request }
        | ServerMessage::Done { request }
        | ServerMessage::Invited { request, .. }
        | ServerMessage::Refused { request, .. } => Some(*request),
        _ => None,
    }
}

fn stays(run: &Run) -> Vec<Stay> {
    let tap = &run.server.tap;
    let mut ends: BTreeMap<PeerId, Vec<Timestamp>> = BTreeMap::new();
    for request in tap.requests.iter().filter(|request| request.body == Request::Leave) {
        ends.entry(request.peer).or_default().push(request.at);
    }
    for message in tap.messages.iter().filter(|message| matches!(message.body, ServerMessage::Out { .. })) {
        ends.entry(message.peer).or_default().push(message.at);
    }
    let crashes: Vec<Timestamp> = run.scenario.crashes.iter().map(|crash| crash.at).collect();
    let entries = tap.messages.iter().filter_map(|message| {
        let ServerMessage::Entered { conference, participant, .. } = message.body else { return None };
        let ends = ends.get(&message.peer).into_iter().flatten().chain(&crashes);
        let later = ends.filter(|at| **at >= message.at).min();
        Some(Stay {
            peer: message.peer,
            person: person_of(message.peer),
            conference,
            participant,
            from: message.at,
            until: later.copied().unwrap_or(Timestamp::FAR_FUTURE),
        })
    });
    entries.collect()
}
