//! Owns the checks that nobody is in a group unseen (E2E-009): the group is the roster that people see, and whom a hostile
//! media node brings in is seen by all, or refused.

use std::{collections::BTreeSet, time::Duration};

use media_core::{ParticipantId, e2ee::mls::Rejection};
use sim::{
    run::Run,
    sabotage::{GHOST, GHOST_NAME, Sabotage},
    scenario::PersonIndex,
};

use super::groups::{self, Present, can_encrypt, present};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::{HarnessError, Rehearse, RunEvidence, Settings},
};

/// Before the end nothing is attacked any more, and who was fooled has come back.
const REST: Duration = Duration::from_secs(2);

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "the-group-is-the-roster-that-people-see",
        requirements: &["E2E-009"],
        scenarios: &["avc", "crash", "ghosts", "impostor", "keyless", "outages", "presenter", "removed"],
        judge: Judge::Run(|evidence| {
            let mut findings = Findings::new();
            let present = present(evidence.run(), &mut findings);
            for one in &present {
                roster_is_group(evidence.run(), one, &mut findings);
            }
            groups::one_code("at rest", &present, &mut findings);
            findings.count("people", present.len() as u64);
            findings
        }),
    },
    Check {
        name: "a-ghost-is-seen-or-refused",
        requirements: &["E2E-009"],
        scenarios: &["ghosts"],
        judge: Judge::Compare(ghosts),
    },
];

/// Numbers and names on the roster are those in the group, except of people who can be in no group.
fn roster_is_group(run: &Run, one: &Present<'_>, findings: &mut Findings) {
    let keyless = |participant: ParticipantId| {
        let whose = run.people.iter().position(|person| person.stays.contains(&participant));
        whose.is_some_and(|whose| !can_encrypt(run, PersonIndex(whose)))
    };
    let shown = one.view.roster.iter().filter(|member| !keyless(member.participant));
    let shown: BTreeSet<(ParticipantId, &str)> =
        shown.map(|member| (member.participant, member.name.as_str())).collect();
    let proven = one.epoch.members.iter().map(|member| (member.participant, member.name.as_str())).collect();
    findings.expect(shown == proven, || {
        format!("{} sees {shown:?} on the roster and {proven:?} in the group", one.name)
    });
}

fn ghosts(evidence: &RunEvidence, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
    let mut findings = Findings::new();
    if evidence.run().sabotage == Some(Sabotage::CredulousClients) {
        is_refused(Sabotage::HiddenGhost, evidence.run(), &mut findings);
        return Ok(findings);
    }
    let attacked = |attack| {
        let settings = Settings { sabotage: Some(attack), ..Settings::default() };
        rehearse.with_settings(settings).fixture(&evidence.scenario, evidence.seed)
    };
    for attack in [Sabotage::GhostWithoutLink, Sabotage::HiddenGhost] {
        is_refused(attack, attacked(attack)?.run(), &mut findings);
    }
    is_seen(attacked(Sabotage::ShownGhost)?.run(), &mut findings);
    is_thrown_out(attacked(Sabotage::TwoFacedRoster)?.run(), &mut findings);
    Ok(findings)
}

/// Whoever was asked to add it said no, it was in nobody's epoch, and the others went on.
fn is_refused(attack: Sabotage, run: &Run, findings: &mut Findings) {
    let about = run.people.iter().flat_map(|person| &person.encrypted.rejections);
    let refused =
        about.filter(|one| one.whom == Some(GHOST) && one.rejection == Rejection::Unproven).count() as u64;
    findings.expect(refused > 0, || format!("{attack}: nobody refused the ghost"));
    findings.count(&format!("refused under {attack}"), refused);
    for person in &run.people {
        let with = person.encrypted.epochs.iter().filter(|epoch| has_ghost(&epoch.members)).count();
        findings.expect(with == 0, || {
            format!("{attack}: {} was in {with} epochs with the ghost", person.report.name)
        });
    }
    all_is_well(attack, run, findings);
}

/// It is in everybody's group, under its name, and on everybody's roster; the codes are the same, because all see the same.
fn is_seen(run: &Run, findings: &mut Findings) {
    let attack = Sabotage::ShownGhost;
    let present = present(run, findings);
    let mut seen = 0;
    for one in &present {
        let name = one.name;
        let proven = one.epoch.members.iter().find(|member| member.participant == GHOST);
        let shown = one.view.roster.iter().find(|member| member.participant == GHOST);
        findings.expect(proven.is_some_and(|ghost| ghost.name == GHOST_NAME), || {
            format!("{attack}: {name} does not see the ghost in the group")
        });
        findings.expect(shown.is_some_and(|ghost| ghost.name == GHOST_NAME), || {
            format!("{attack}: {name} does not see the ghost on the roster")
        });
        seen += u64::from(proven.is_some() && shown.is_some());
    }
    findings.count(&format!("people who see {attack}"), seen);
    all_is_well(attack, run, findings);
}

/// Those to whom it is not shown follow no commit that adds it; who comes into a group with it removes it.
fn is_thrown_out(run: &Run, findings: &mut Findings) {
    let attack = Sabotage::TwoFacedRoster;
    let mut refused = 0;
    for (index, person) in run.people.iter().enumerate() {
        let shown = person
            .view
            .as_ref()
            .is_some_and(|view| view.roster.iter().any(|member| member.participant == GHOST));
        let rejections = person.encrypted.rejections.iter();
        refused += rejections
            .filter(|one| one.whom == Some(GHOST) && one.rejection == Rejection::Forbidden)
            .count() as u64;
        let adding = |epoch: &&sim::endpoint::EpochRecord| epoch.change.added.contains(&GHOST);
        let followed = person.encrypted.epochs.iter().filter(adding).count();
        findings.expect(shown || followed == 0, || {
            let name = &run.scenario.people[index].name;
            format!("{attack}: {name}, who is not shown the ghost, followed a commit that adds it")
        });
    }
    findings.expect(refused > 0, || format!("{attack}: nobody refused a commit that adds the ghost"));
    findings.count(&format!("refused under {attack}"), refused);
    for one in present(run, findings) {
        findings.expect(!has_ghost(&one.epoch.members), || {
            format!("{attack}: the ghost is in {}'s group to the end", one.name)
        });
    }
    all_is_well(attack, run, findings);
}

fn has_ghost(members: &[media_core::e2ee::mls::GroupMember]) -> bool {
    members.iter().any(|member| member.participant == GHOST)
}

/// At the end all are in one group and understand one another.
fn all_is_well(attack: Sabotage, run: &Run, findings: &mut Findings) {
    let present = present(run, findings);
    groups::one_code(attack.name(), &present, findings);
    let people = present.iter().map(|one| one.who).collect();
    groups::understand(attack.name(), run, &people, run.scenario.end() - REST, findings);
}
