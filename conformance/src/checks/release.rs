//! Owns the check of when a licence is free again (LIC-006): at once after an end, by the grace time after everybody is
//! gone, a crash of the media node included; neither earlier nor never. The ledger says what is due.

use std::time::Duration;

use media_core::{
    limits::EMPTY_CONFERENCE_GRACE,
    signalling::{Refusal, Request},
};

use super::{
    ledger::{Start, starts},
    transcript::Transcript,
};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// A start so soon after an end shows that the licence is free at once.
const AT_ONCE: Duration = Duration::from_secs(1);
/// A start so close to the end of the grace time shows that it is as long as it is said to be.
const CLOSE: Duration = Duration::from_secs(1);

pub(super) const CHECKS: &[Check] = &[Check {
    name: "licences-are-free-by-the-rule",
    requirements: &["LIC-006"],
    scenarios: &["released"],
    judge: Judge::Run(free_by_the_rule),
}];

fn free_by_the_rule(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let transcript = Transcript::read(run);
    let mut findings = Findings::new();
    let starts = starts(&transcript);
    for start in &starts {
        let asked = start.exchange;
        findings.expect_at(start.is_right(), Some(asked.at), || {
            let (who, due) = (transcript.name(asked.person), &start.due);
            format!("{who} asked to start and {}, due was {due:?}", asked.outcome())
        });
    }
    let ended = |start: &Start<'_>| {
        transcript.exchanges.iter().any(|end| {
            *end.body == Request::End
                && end.is_done()
                && transcript.holder(end.person) == transcript.holder(start.exchange.person)
                && end.at < start.exchange.at
                && start.exchange.at <= end.at + AT_ONCE
        })
    };
    let grace_ends = |start: &Start<'_>, before: bool| {
        let at = start.exchange.at;
        run.scenario.crashes.iter().map(|crash| crash.at + EMPTY_CONFERENCE_GRACE).any(|over| {
            if before { at < over && over <= at + CLOSE } else { over <= at && at <= over + CLOSE }
        })
    };
    let kept = |start: &Start<'_>| {
        let crashed = run.scenario.crashes.iter().any(|crash| crash.until < start.exchange.at);
        crashed && start.exchange.refusal() == Some(Refusal::LicenceInUse)
    };
    let got_in = |start: &Start<'_>| start.exchange.entered().is_some();
    let count = |is: &dyn Fn(&Start<'_>) -> bool| starts.iter().filter(|start| is(start)).count() as u64;
    for (name, cases) in [
        ("starts just after an end", count(&|start| ended(start) && got_in(start))),
        ("starts refused because a licence outlived a crash", count(&kept)),
        ("refused just before a grace time was over", count(&|start| grace_ends(start, true) && kept(start))),
        ("starts just after a grace time", count(&|start| grace_ends(start, false) && got_in(start))),
    ] {
        findings.count(name, cases);
        findings.expect(cases > 0, || format!("no {name}"));
    }
    findings
}
