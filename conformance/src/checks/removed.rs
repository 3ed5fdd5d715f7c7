//! Owns the check that who is out of a conference reads nothing of later epochs, even if the media node goes on sending
//! them everything (E2E-006). The eavesdropper tries every key that it ever had on every frame; what it opened is looked
//! up among what senders say they sealed, and in which epoch.

use std::{collections::BTreeMap, time::Duration};

use media_core::{Timestamp, limits};
use sim::{
    endpoint::{EpochRecord, Observation, SealedFrame},
    run::Run,
    sabotage::Sabotage,
    scenario::{Action, Misbehaviour, PersonIndex},
};

use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::{HarnessError, Rehearse, RunEvidence, Settings},
};

/// For how long after they are out people may still read: until the first committer has waited for others to go, and, if
/// it fails, the next one has; and the ways of the messages.
const CUT_OFF_MAX: Duration =
    limits::COMMIT_DELAY.saturating_add(limits::COMMIT_TURN).saturating_add(Duration::from_millis(300));
/// Frames that have to have been tried after the cut-off, so that the claim is about something: two seconds of one voice.
const TRIED_MIN: u64 = 100;

pub(super) const CHECKS: &[Check] = &[Check {
    name: "removed-people-open-nothing-later",
    requirements: &["E2E-006"],
    scenarios: &["removed"],
    judge: Judge::Compare(removed_people),
}];

fn removed_people(evidence: &RunEvidence, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
    let mut findings = Findings::new();
    if evidence.run().sabotage == Some(Sabotage::RemovedListenOn) {
        overheard(evidence.run(), &mut findings);
        return Ok(findings);
    }
    let settings = Settings { sabotage: Some(Sabotage::FeedTheRemoved), ..Settings::default() };
    let fed = rehearse.with_settings(settings).fixture(&evidence.scenario, evidence.seed)?;
    overheard(fed.run(), &mut findings);
    Ok(findings)
}

fn overheard(run: &Run, findings: &mut Findings) {
    let sealed = sealed(run);
    let eavesdrops = |action| action == Action::Misbehave(Misbehaviour::Eavesdrop);
    let eavesdroppers = run.scenario.steps.iter().filter(|step| eavesdrops(step.action));
    for who in eavesdroppers.map(|step| step.who) {
        let (person, name) = (&run.people[who.0], &run.scenario.person(who).name);
        let Some(out) = out_at(run, who) else {
            findings.expect(false, || format!("{name} never got out, so nothing was tried"));
            continue;
        };
        let is_in = |epoch: &EpochRecord| {
            epoch.members.iter().any(|member| person.stays.contains(&member.participant))
        };
        let mut last = out;
        for frame in &person.overheard.opened {
            let origins = sealed.get(&frame.identity).map_or(&[][..], Vec::as_slice);
            findings.expect(origins.iter().any(|(_, epoch)| is_in(epoch)), || {
                let at = frame.at.saturating_since(out).as_millis();
                format!("{name} was out for {at} ms and opened a frame of an epoch that it was not in")
            });
            last = origins.iter().map(|(frame, _)| frame.at).chain([last]).max().unwrap_or(last);
        }
        // Two-sided: it was fed, its keys and its way of trying are good, and there was something else to read.
        let opened = person.overheard.opened.len() as u64;
        findings.expect(opened > 0, || format!("{name} opened nothing at all, not even of its own epochs"));
        let closed = person.overheard.tried - opened;
        findings.expect(closed >= TRIED_MIN, || {
            format!("{name} was sent {closed} frames that it could not open, fewer than {TRIED_MIN}")
        });
        let cut_off = last.saturating_since(out);
        findings.expect(cut_off <= CUT_OFF_MAX, || {
            format!("{name} read what was sealed {} ms after they were out", cut_off.as_millis())
        });
        findings.figure("read on", "ms", cut_off.as_secs_f64() * 1e3);
        findings.count("frames tried", person.overheard.tried);
        findings.count("frames opened", opened);
        findings.count("commits tried", person.overheard.commits);
        findings.expect(person.overheard.followed == 0, || {
            format!("{name} followed {} commits after they were out", person.overheard.followed)
        });
    }
    let commits: u64 = run.people.iter().map(|person| person.overheard.commits).sum();
    findings.expect(commits > 0, || "nobody who was out was given a commit".to_owned());
}

/// Every frame that was sealed, by what it goes by, with the epoch in which its sender was. Frames too small to differ may
/// be several senders'.
fn sealed(run: &Run) -> BTreeMap<u64, Vec<(SealedFrame, &EpochRecord)>> {
    let mut sealed: BTreeMap<u64, Vec<_>> = BTreeMap::new();
    for person in &run.people {
        for (_, frame) in &person.sealed {
            if let Some(epoch) = person.encrypted.epochs.get(frame.epoch) {
                sealed.entry(frame.identity).or_default().push((*frame, epoch));
            }
        }
    }
    sealed
}

/// When somebody was out for the first time, as they saw it.
fn out_at(run: &Run, who: PersonIndex) -> Option<Timestamp> {
    let out = |seen: &Observation| matches!(seen, Observation::Out(_) | Observation::Left);
    let own = run.observations.iter().filter(|(_, person, _)| *person == who);
    own.filter(|(_, _, seen)| out(seen)).map(|(at, ..)| *at).next()
}
