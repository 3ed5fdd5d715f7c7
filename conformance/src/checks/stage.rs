//! Owns what the checks of presenter mode look at: who may send by [`PresenterModel`], beside what went where by
//! [`Flows`]. Which of it a requirement asks for is decided in the checks.

use std::time::Duration;

use media_core::{ConferenceId, MediaKind, ParticipantId, Timestamp, signalling::Mode};
use sim::tap::SeenRtp;

use super::{
    flows::{Flows, Stay},
    presenter_model::{Change, PresenterModel, Room, Verdict},
};
use crate::{evidence::Findings, rehearsal::RunEvidence};

/// After a change, signalling and the first packets are under way; what must flow is looked at later.
pub(super) const SETTLED: Duration = Duration::from_secs(1);
/// Around a switch, this much is looked at.
pub(super) const AROUND: Duration = Duration::from_secs(2);

/// What all these checks look at.
pub(super) struct Stage<'a> {
    pub(super) flows: Flows<'a>,
    pub(super) model: PresenterModel,
}

/// A packet to the server with its sender's stay and what the model says of it.
pub(super) struct Sent<'a> {
    pub(super) packet: &'a SeenRtp,
    pub(super) stay: &'a Stay,
    pub(super) kind: MediaKind,
    pub(super) verdict: Verdict,
}

/// From when to when somebody presents.
pub(super) struct Presentation {
    pub(super) conference: ConferenceId,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) presenter: ParticipantId,
}

impl<'a> Stage<'a> {
    pub(super) fn new(evidence: &'a RunEvidence) -> Self {
        let run = evidence.run();
        Self { flows: Flows::new(run), model: PresenterModel::new(run) }
    }

    /// Every packet of somebody who is in a conference, on a stream that they announced.
    pub(super) fn sent(&self) -> impl Iterator<Item = Sent<'_>> {
        self.flows.run.server.tap.ingress.iter().filter_map(|packet| {
            let stay = self.flows.stay_at(packet.peer, packet.at)?;
            let kind = self.flows.kind_of(packet)?;
            let verdict = self.model.verdict(stay.conference, stay.participant, kind, packet.at);
            Some(Sent { packet, stay, kind, verdict })
        })
    }

    /// The packets that nobody may get: forbidden when they came, and not the repetition of a permitted one.
    pub(super) fn forbidden(&self) -> impl Iterator<Item = Sent<'_>> {
        self.sent().filter(|sent| {
            let first =
                self.flows.origin(sent.packet.payload).is_some_and(|first| first.at == sent.packet.at);
            sent.verdict == Verdict::MayNot && first
        })
    }

    pub(super) fn presentations(&self) -> Vec<Presentation> {
        let mut presentations = Vec::new();
        for conference in self.model.conferences.keys() {
            let presenter = |room: &Room| room.presenter.filter(|_| room.mode == Mode::Presenter);
            for (from, until, presenter) in self.model.spans(*conference, presenter) {
                presentations.push(Presentation { conference: *conference, from, until, presenter });
            }
        }
        presentations
    }

    /// The switches of mode: where, when acknowledged, to which mode.
    pub(super) fn switches(&self) -> Vec<(ConferenceId, Timestamp, Mode)> {
        let of = |(conference, changes): (&ConferenceId, &Vec<Change>)| {
            let conference = *conference;
            let switches = changes.iter().filter(|change| change.switch);
            switches.map(|change| (conference, change.acknowledged, change.room.mode)).collect::<Vec<_>>()
        };
        self.model.conferences.iter().flat_map(of).collect()
    }

    /// Expects that nobody was sent a forbidden packet.
    pub(super) fn expect_silence(&self, sent: &Sent<'_>, why: &str, findings: &mut Findings) {
        let heard = self.flows.reached_anyone(sent.packet.payload);
        findings.expect_at(heard.is_none(), Some(sent.packet.at), || {
            format!(
                "{} sent {} {why}, and it reached {}",
                self.flows.name(sent.stay.peer),
                name(sent.kind),
                heard.map_or("nobody", |peer| self.flows.name(peer)),
            )
        });
    }

    /// Expects that each packet of `stay`'s `kind` in the interval reached everybody else who was there.
    pub(super) fn expect_heard(
        &self,
        stay: &Stay,
        kind: MediaKind,
        (from, until): (Timestamp, Timestamp),
        findings: &mut Findings,
    ) -> u64 {
        let mut packets = 0;
        for sent in self.sent() {
            let inside = from <= sent.packet.at && sent.packet.at < until;
            if sent.stay.participant != stay.participant || sent.kind != kind || !inside {
                continue;
            }
            packets += 1;
            for other in self.flows.company(stay, sent.packet.at - SETTLED, sent.packet.at + SETTLED) {
                findings.expect_at(
                    self.flows.reached(sent.packet.payload, other.peer),
                    Some(sent.packet.at),
                    || {
                        let (who, whom) = (self.flows.name(stay.peer), self.flows.name(other.peer));
                        format!("{who} had the word, but {} did not reach {whom}", name(kind))
                    },
                );
            }
        }
        packets
    }
}

fn name(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Audio => "audio",
        MediaKind::Camera => "a camera picture",
        MediaKind::Screen => "a screen picture",
    }
}
