//! Owns what checks of hostile servers and members ask of a run: who is in which group at its end, who understands whom,
//! and of which epoch a decoded frame was.

use std::collections::{BTreeMap, BTreeSet};

use media_core::{
    Timestamp,
    e2ee::mls::{Rejection, VerificationCode},
};
use sim::{
    endpoint::{ClientView, EpochRecord},
    run::Run,
    scenario::{ConferenceIndex, LinkKind, PersonIndex},
};

use super::e2e::received;
use crate::evidence::Findings;

/// Somebody who is in a conference, and in its group, when the run ends.
pub(super) struct Present<'a> {
    pub(super) who: PersonIndex,
    pub(super) name: &'a str,
    pub(super) conference: ConferenceIndex,
    pub(super) view: &'a ClientView,
    /// The last epoch that they lived.
    pub(super) epoch: &'a EpochRecord,
}

/// Who can be in a group at all.
pub(super) fn can_encrypt(run: &Run, who: PersonIndex) -> bool {
    let person = run.scenario.person(who);
    person.encryption.is_some() && person.link != LinkKind::WithoutKey
}

/// Everybody who is in a conference and its group when the run ends; whoever should be and is not is a violation.
pub(super) fn present<'a>(run: &'a Run, findings: &mut Findings) -> Vec<Present<'a>> {
    let mut present = Vec::new();
    for (index, record) in run.people.iter().enumerate() {
        let (who, person) = (PersonIndex(index), &run.scenario.people[index]);
        let Some(view) = record.view.as_ref().filter(|_| can_encrypt(run, who)) else { continue };
        let Some(stay) = view.participant else { continue };
        let epoch = record.encrypted.epochs.last().filter(|epoch| epoch.stay == stay);
        findings.expect(epoch.is_some(), || format!("{} is in, but not in the group", person.name));
        present.extend(epoch.map(|epoch| Present {
            who,
            name: &person.name,
            conference: person.conference,
            view,
            epoch,
        }));
    }
    present
}

/// The codes that people in each conference see at the end, with how many see each.
pub(super) fn codes(present: &[Present<'_>]) -> BTreeMap<ConferenceIndex, BTreeMap<VerificationCode, u64>> {
    let mut codes: BTreeMap<_, BTreeMap<_, u64>> = BTreeMap::new();
    for Present { conference, epoch, .. } in present {
        *codes.entry(*conference).or_default().entry(epoch.code).or_default() += 1;
    }
    codes
}

/// Everybody in a conference sees the same code.
pub(super) fn one_code(what: &str, present: &[Present<'_>], findings: &mut Findings) {
    for (_, codes) in codes(present) {
        findings.expect(codes.len() == 1, || format!("{what}: {} codes in one conference", codes.len()));
    }
}

/// Each of `people` decodes each other's frames in the rest of the run after `from`.
pub(super) fn understand(
    what: &str,
    run: &Run,
    people: &BTreeSet<PersonIndex>,
    from: Timestamp,
    findings: &mut Findings,
) {
    let mut heard: BTreeSet<(PersonIndex, PersonIndex)> = BTreeSet::new();
    for (listener, source, track) in received(run) {
        let decoded = track.decoded.iter().any(|frame| frame.at >= from);
        heard.extend(source.filter(|_| decoded).map(|source| (listener, source)));
    }
    let name = |who: PersonIndex| &run.scenario.person(who).name;
    for listener in people {
        for source in people.iter().filter(|source| *source != listener) {
            findings.expect(heard.contains(&(*listener, *source)), || {
                format!("{what}: {} decodes nothing of {} after {from:?}", name(*listener), name(*source))
            });
        }
    }
}

/// Every decoded frame was sealed in an epoch that its listener lived, too.
pub(super) fn only_own_epochs(what: &str, run: &Run, findings: &mut Findings) {
    let mut sealed: BTreeMap<u64, VerificationCode> = BTreeMap::new();
    for person in &run.people {
        let epochs = &person.encrypted.epochs;
        let frames = person.sealed.iter().map(|(_, frame)| frame);
        sealed.extend(frames.filter_map(|frame| Some((frame.identity, epochs.get(frame.epoch)?.code))));
    }
    for (listener, _, track) in received(run) {
        let own: BTreeSet<VerificationCode> =
            run.people[listener.0].encrypted.epochs.iter().map(|epoch| epoch.code).collect();
        for frame in &track.decoded {
            let known = sealed.get(&frame.identity).is_some_and(|code| own.contains(code));
            findings.expect(known, || {
                let name = &run.scenario.person(listener).name;
                format!("{what}: {name} decoded a frame of an epoch that it was not in")
            });
        }
    }
}

/// How often handshakes came to nothing for this reason.
pub(super) fn rejections(run: &Run, why: Rejection) -> u64 {
    let all = run.people.iter().flat_map(|person| &person.encrypted.rejections);
    all.filter(|rejection| rejection.rejection == why).count() as u64
}
