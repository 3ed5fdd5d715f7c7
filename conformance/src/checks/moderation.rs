//! Owns the judgement on moderation (LIC-003): whose requests are obeyed, whose are refused by name, and that nothing
//! happens to anybody which no entitled person asked for. Ranks are kept from what passed on the wire.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each place looks at the few requests or messages that it judges"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use media_core::{
    ConferenceId, ParticipantId, PeerId, Timestamp,
    ids::HolderId,
    signalling::{Mode, OutReason, Refusal, Request, ServerMessage},
};
use sim::packet::person_of;

use super::transcript::{Exchange, Stay, Transcript};
use crate::{evidence::Findings, rehearsal::RunEvidence};

/// From an order until its effect is on the wire.
const EFFECT_WITHIN: Duration = Duration::from_millis(50);

/// Who has which say in a conference, and what they made of it.
#[derive(Default)]
struct Ranks {
    host: Option<HolderId>,
    moderators: BTreeSet<HolderId>,
    locked: bool,
}

/// Something that an entitled person ordered.
struct Order<'a> {
    at: Timestamp,
    conference: ConferenceId,
    body: &'a Request,
}

pub(super) fn judge(evidence: &RunEvidence) -> Findings {
    let transcript = Transcript::read(evidence.run());
    let mut findings = Findings::new();
    let orders = judge_requests(&mut findings, &transcript);
    findings.count("orders obeyed", orders.len() as u64);
    findings.expect(!orders.is_empty(), || "nobody entitled moderated".to_owned());
    for order in &orders {
        judge_effect(&mut findings, &transcript, order);
    }
    judge_causes(&mut findings, &transcript, &orders);
    findings
}

/// How a request is refused to people without the rank for it; `None` for what anybody may ask.
const fn refusal_without_rank(body: &Request) -> Option<Refusal> {
    match body {
        Request::Admit { .. }
        | Request::Remove { .. }
        | Request::SetMode { .. }
        | Request::Lock { .. }
        | Request::SetPermissions { .. }
        | Request::Grant { .. }
        | Request::NamePresenter { .. }
        | Request::CreateInvitation
        | Request::RevokeInvitation { .. } => Some(Refusal::NotModerator),
        Request::NameModerator { .. } | Request::HandOver { .. } | Request::End => Some(Refusal::NotHost),
        Request::Start { .. }
        | Request::Join { .. }
        | Request::Leave
        | Request::Publish { .. }
        | Request::Negotiate { .. }
        | Request::Watch { .. }
        | Request::RaiseHand
        | Request::LowerHand
        | Request::OfferKeyPackage { .. }
        | Request::Commit { .. } => None,
    }
}

/// Judges the answers, and gives back what entitled people ordered.
fn judge_requests<'a>(findings: &mut Findings, transcript: &'a Transcript<'a>) -> Vec<Order<'a>> {
    let mut says: BTreeMap<ConferenceId, Ranks> = BTreeMap::new();
    let mut orders = Vec::new();
    for exchange in &transcript.exchanges {
        let holder = transcript.holder(exchange.person);
        match (exchange.body, exchange.entered()) {
            (Request::Start { .. }, Some(conference)) => {
                says.insert(conference, Ranks { host: holder, ..Ranks::default() });
            }
            (Request::Join { link, .. }, _) => {
                if let Some(ranks) = says.get(&link.conference) {
                    judge_lock(findings, transcript, exchange, ranks);
                }
            }
            _ => {}
        }
        let Some(needed) = refusal_without_rank(exchange.body) else { continue };
        let Some(stay) = transcript.stay_of(exchange.peer, exchange.at) else { continue };
        let ranks = says.entry(stay.conference).or_default();
        let is_host = holder.is_some() && ranks.host == holder;
        let moderates = is_host || holder.is_some_and(|holder| ranks.moderators.contains(&holder));
        let entitled = if needed == Refusal::NotHost { is_host } else { moderates };
        judge_answer(findings, transcript, exchange, (!entitled).then_some(needed));
        if entitled && exchange.is_done() {
            carry_out(ranks, transcript, exchange, stay);
            orders.push(Order { at: exchange.at, conference: stay.conference, body: exchange.body });
        }
    }
    orders
}

fn judge_answer(
    findings: &mut Findings,
    transcript: &Transcript<'_>,
    asked: &Exchange<'_>,
    refusal: Option<Refusal>,
) {
    let (who, verb) = (transcript.name(asked.person), verb(asked.body));
    let Some(refusal) = refusal else {
        findings.expect_at(asked.is_done(), Some(asked.at), || {
            format!("{who}, who may, asked for {verb} and {}", asked.outcome())
        });
        return;
    };
    findings.count("requests without rank", 1);
    findings.expect_at(asked.refusal() == Some(refusal), Some(asked.at), || {
        format!("{who}, who may not, asked for {verb} and {}, expected {refusal:?}", asked.outcome())
    });
}

/// A lock that an entitled person set keeps newcomers out; one that somebody else asked for does not.
fn judge_lock(findings: &mut Findings, transcript: &Transcript<'_>, join: &Exchange<'_>, ranks: &Ranks) {
    let holder = transcript.holder(join.person);
    let passes =
        holder.is_some_and(|holder| ranks.host == Some(holder) || ranks.moderators.contains(&holder));
    let locked_out = join.refusal() == Some(Refusal::ConferenceLocked);
    findings.expect_at(locked_out == (ranks.locked && !passes), Some(join.at), || {
        let state = if ranks.locked { "locked" } else { "open" };
        let who = transcript.name(join.person);
        format!("{who} came to a conference that is {state} and {}", join.outcome())
    });
}

fn carry_out(ranks: &mut Ranks, transcript: &Transcript<'_>, exchange: &Exchange<'_>, stay: &Stay) {
    let holder_of = |participant: ParticipantId| {
        transcript.person_in(stay.conference, participant).and_then(|person| transcript.holder(person))
    };
    match exchange.body {
        Request::Lock { locked } => ranks.locked = *locked,
        Request::NameModerator { participant } => ranks.moderators.extend(holder_of(*participant)),
        Request::HandOver { participant } => {
            ranks.moderators.extend(ranks.host);
            ranks.host = holder_of(*participant);
        }
        Request::Remove { participant } => {
            if let Some(holder) = holder_of(*participant) {
                ranks.moderators.remove(&holder);
            }
        }
        _ => {}
    }
}

/// What was ordered has to happen.
fn judge_effect(findings: &mut Findings, transcript: &Transcript<'_>, order: &Order<'_>) {
    let arrived = |peer: PeerId, effect: &dyn Fn(&ServerMessage) -> bool| {
        let messages = &transcript.run.server.tap.messages;
        messages.iter().any(|seen| seen.peer == peer && caused(order.at, seen.at) && effect(&seen.body))
    };
    for stay in transcript.inside(order.conference, order.at) {
        let happened = match order.body {
            Request::SetMode { mode } => {
                arrived(stay.peer, &|body| *body == ServerMessage::ModeChanged { mode: *mode })
            }
            Request::Remove { participant } if stay.participant == *participant => {
                arrived(stay.peer, &|body| matches!(body, ServerMessage::Out { .. }))
            }
            Request::SetPermissions { participant, permissions } => arrived(stay.peer, &|body| {
                matches!(body, ServerMessage::Member { member }
                    if member.participant == *participant && member.permissions == *permissions)
            }),
            _ => continue,
        };
        findings.expect_at(happened, Some(order.at), || {
            format!("{} was obeyed, but {} saw nothing of it", verb(order.body), transcript.name(stay.person))
        });
    }
}

/// What happened has to have been ordered.
fn judge_causes(findings: &mut Findings, transcript: &Transcript<'_>, orders: &[Order<'_>]) {
    let mut waiting = BTreeSet::new();
    for message in &transcript.run.server.tap.messages {
        let mut stays = transcript.stays.iter().rev();
        let stay = stays.find(|stay| stay.peer == message.peer && stay.from <= message.at);
        let here: Vec<&Order<'_>> = orders
            .iter()
            .filter(|order| order.at <= message.at)
            .filter(|order| stay.is_none_or(|stay| stay.conference == order.conference))
            .collect();
        let ordered = |cause: &dyn Fn(&Request) -> bool| {
            here.iter().any(|order| caused(order.at, message.at) && cause(order.body))
        };
        let (held, what) = match &message.body {
            ServerMessage::Waiting { .. } => {
                waiting.insert(message.peer);
                continue;
            }
            ServerMessage::Entered { participant, .. } if waiting.remove(&message.peer) => {
                let admit = Request::Admit { participant: *participant };
                (ordered(&|body| *body == admit), "was admitted")
            }
            ServerMessage::ModeChanged { mode } => {
                let switch = Request::SetMode { mode: *mode };
                (ordered(&|body| *body == switch), "had the mode changed")
            }
            ServerMessage::Out { reason: OutReason::Removed | OutReason::Denied } => {
                (ordered(&|body| matches!(body, Request::Remove { .. })), "was put out")
            }
            ServerMessage::Member { member }
                if !member.permissions.audio && mode(&here) == Mode::Discussion =>
            {
                (is_muted(&here, member.participant), "heard of a muting")
            }
            _ => continue,
        };
        findings.expect_at(held, Some(message.at), || {
            let who = transcript.name(person_of(message.peer));
            format!("{who} {what}, and nobody who may moderate had asked for it")
        });
    }
}

/// The mode that entitled people have set.
fn mode(orders: &[&Order<'_>]) -> Mode {
    let set = orders.iter().rev().find_map(|order| match order.body {
        Request::SetMode { mode } => Some(*mode),
        _ => None,
    });
    set.unwrap_or(Mode::Discussion)
}

/// Whether an entitled person has taken somebody's microphone away.
fn is_muted(orders: &[&Order<'_>], who: ParticipantId) -> bool {
    let last = orders.iter().rev().find_map(|order| match order.body {
        Request::SetPermissions { participant, permissions } if *participant == who => Some(permissions),
        _ => None,
    });
    last.is_some_and(|permissions| !permissions.audio)
}

fn caused(order: Timestamp, effect: Timestamp) -> bool {
    effect >= order && effect.saturating_since(order) <= EFFECT_WITHIN
}

/// What was asked for, in words.
const fn verb(body: &Request) -> &'static str {
    match body {
        Request::Admit { .. } => "an admission",
        Request::Remove { .. } => "a removal",
        Request::SetMode { .. } => "a change of mode",
        Request::Lock { .. } => "a lock",
        Request::SetPermissions { .. } => "a muting",
        Request::Grant { .. } => "a grant",
        Request::NamePresenter { .. } => "another presenter",
        Request::CreateInvitation | Request::RevokeInvitation { .. } => "a change of links",
        Request::NameModerator { .. } => "another moderator",
        Request::HandOver { .. } => "a hand-over",
        Request::End => "the end",
        Request::Start { .. }
        | Request::Join { .. }
        | Request::Leave
        | Request::Publish { .. }
        | Request::Negotiate { .. }
        | Request::Watch { .. }
        | Request::RaiseHand
        | Request::LowerHand
        | Request::OfferKeyPackage { .. }
        | Request::Commit { .. } => "something",
    }
}
