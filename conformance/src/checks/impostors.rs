//! Owns the check that no member passes for another (E2E-009): what it seals in another's name, and what it sends of
//! others' as its own, is refused under its name and reaches no decoder.

use media_core::DropReason;
use sim::{
    run::Run,
    scenario::{Action, PersonIndex},
};

use super::{e2e::received, hostile_frames::only_what_was_sealed};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
};

pub(super) const CHECKS: &[Check] = &[Check {
    name: "nobody-is-taken-for-somebody-else",
    requirements: &["E2E-009"],
    scenarios: &["impostor"],
    judge: Judge::Run(|evidence| nobody_is_taken_for_another(evidence.run())),
}];

fn nobody_is_taken_for_another(run: &Run) -> Findings {
    let mut findings = Findings::new();
    only_what_was_sealed(run, &mut findings);
    for step in &run.scenario.steps {
        let Action::Misbehave(how) = step.action else { continue };
        let next = run.scenario.steps.iter().filter(|other| other.who == step.who && other.at > step.at);
        let until = next.map(|other| other.at).min().unwrap_or(run.scenario.end());
        let mut refused = 0;
        for (listener, source, track) in received(run).filter(|(listener, ..)| *listener != step.who) {
            let in_time = track.unopened.iter().filter(|frame| step.at <= frame.at && frame.at < until);
            let wrong = in_time.filter(|frame| frame.reason == DropReason::WrongSender).count() as u64;
            let name = |who: PersonIndex| &run.scenario.person(who).name;
            findings.expect(wrong == 0 || source == Some(step.who), || {
                format!("{} took {wrong} frames of {source:?} for somebody else's", name(listener))
            });
            refused += wrong;
        }
        findings.expect(refused > 0, || format!("{how:?}: nobody refused a frame as WrongSender"));
        findings.count(&format!("refused under {how:?}"), refused);
    }
    findings
}
