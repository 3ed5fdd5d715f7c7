//! Owns the comparison of end-to-end encryption with what it has to be: which member may decrypt what, and when. It is
//! derived from who is in the conference and from the epochs that people lived, frame by frame; nothing here computes with
//! keys. An epoch goes by its verification code, which two people share exactly if they share the epoch.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use media_core::{
    DropReason, ParticipantId,
    e2ee::{KeyId, mls::VerificationCode},
    limits,
    signalling::ServerMessage,
};
use sim::{
    endpoint::{EpochRecord, PersonRecord, SealedFrame},
    run::Run,
    scenario::{LinkKind, PersonIndex, Timestamp},
};

use super::{calm, course::Course, disturbance};
use crate::{checks::e2e::received, evidence::Findings, model::Connection};

/// After the last change everybody decodes everybody within this (E2E-010).
pub(crate) const DECODES_WITHIN: Duration = Duration::from_secs(2);

/// From this share of lost packets on a handshake may need several retransmissions, each after twice the time of the one
/// before.
const LOSSY: f64 = 0.1;
/// What such lines may take until everybody knows that somebody left.
const LOSSY_WITHIN: Duration = Duration::from_secs(5);

/// An epoch as one person lived it.
#[derive(Clone, Copy)]
struct Lived {
    from: Timestamp,
    /// When the next one began, or the group was lost.
    until: Timestamp,
    /// When all keys were forgotten.
    forgotten: Timestamp,
}

/// Who lived which epoch, and who sealed what.
pub(crate) struct Secrecy<'a> {
    run: &'a Run,
    lived: BTreeMap<(PersonIndex, VerificationCode), Lived>,
    sealed: BTreeMap<u64, (PersonIndex, &'a SealedFrame)>,
    by_key: BTreeMap<(PersonIndex, KeyId, u64), Vec<&'a SealedFrame>>,
}

impl<'a> Secrecy<'a> {
    pub(crate) fn of(run: &'a Run) -> Self {
        let mut secrecy =
            Self { run, lived: BTreeMap::new(), sealed: BTreeMap::new(), by_key: BTreeMap::new() };
        for (index, person) in run.people.iter().enumerate() {
            let who = PersonIndex(index);
            let epochs = &person.encrypted.epochs;
            for (place, epoch) in epochs.iter().enumerate() {
                let next = epochs.get(place + 1).map(|next| next.at);
                let lost = person.encrypted.left_behind.iter().copied().find(|at| *at >= epoch.at);
                let until = next.into_iter().chain(lost).min().unwrap_or(Timestamp::FAR_FUTURE);
                let ended = person.encrypted.ended.iter().copied().find(|at| *at >= epoch.at);
                let forgotten = ended.unwrap_or(Timestamp::FAR_FUTURE);
                secrecy.lived.insert((who, epoch.code), Lived { from: epoch.at, until, forgotten });
            }
            for (_, frame) in &person.sealed {
                secrecy.sealed.insert(frame.identity, (who, frame));
                secrecy.by_key.entry((who, frame.sender, frame.counter)).or_default().push(frame);
            }
        }
        secrecy
    }

    /// The epoch in which a frame was sealed.
    fn epoch(&self, who: PersonIndex, frame: &SealedFrame) -> Option<&'a EpochRecord> {
        self.run.people[who.0].encrypted.epochs.get(frame.epoch)
    }

    /// Everything that was decoded could be, and everything that could be was.
    pub(crate) fn judge_frames(&self, findings: &mut Findings) {
        let (mut decoded, mut outside) = (0, 0);
        for (listener, source, track) in received(self.run) {
            for frame in &track.decoded {
                decoded += 1;
                let sealed = self.sealed.get(&frame.identity);
                let may = sealed.is_some_and(|(by, sealed)| {
                    self.epoch(*by, sealed).is_some_and(|epoch| self.has_key(listener, epoch.code, frame.at))
                });
                findings.expect_at(may, Some(frame.at), || {
                    format!("{} decoded a frame of an epoch in which it is not", self.name(listener))
                });
            }
            let Some(source) = source else { continue };
            for frame in track.unopened.iter().filter(|frame| frame.reason == DropReason::NoKey) {
                outside += 1;
                let held = frame.sender.and_then(|(sender, counter)| {
                    let sealed = self.by_key.get(&(source, sender, counter))?;
                    let sealed = sealed.iter().rev().find(|sealed| sealed.at <= frame.at)?;
                    let epoch = self.epoch(source, sealed)?;
                    let had = self.held_before(listener, epoch.code, frame.at);
                    let sat = (epoch.code, sender.leaf(), epoch.stay);
                    (had && self.still_in(listener, sat, frame.at)).then_some(epoch)
                });
                findings.expect_at(held.is_none(), Some(frame.at), || {
                    let epoch = held.map_or(0, |epoch| epoch.change.epoch);
                    let (who, from) = (self.name(listener), self.name(source));
                    format!("{who} is in epoch {epoch} and had no key for a frame of {from} in it")
                });
            }
        }
        findings.add_examined(decoded);
        findings.count("frames decoded", decoded);
        findings.count("frames of epochs without the listener", outside);
    }

    /// No key is used twice with one counter.
    pub(crate) fn judge_counters(&self, findings: &mut Findings) {
        let mut used: BTreeSet<(VerificationCode, KeyId, u64)> = BTreeSet::new();
        let mut keys: BTreeSet<(VerificationCode, KeyId)> = BTreeSet::new();
        for (index, person) in self.run.people.iter().enumerate() {
            let who = PersonIndex(index);
            for (_, frame) in &person.sealed {
                let Some(epoch) = self.epoch(who, frame) else {
                    findings.expect(false, || format!("{} sealed without an epoch", self.name(who)));
                    continue;
                };
                keys.insert((epoch.code, frame.sender));
                let first = used.insert((epoch.code, frame.sender, frame.counter));
                findings.expect_at(
                    first && frame.counter < limits::SEALED_FRAMES_MAX,
                    Some(frame.at),
                    || format!("{} used counter {} of a key again", self.name(who), frame.counter),
                );
            }
        }
        findings.count("keys", keys.len() as u64);
        findings.count("frames sealed", used.len() as u64);
    }

    /// Nobody seals for who has left, nor in an epoch that is older than somebody in it.
    pub(crate) fn judge_changes(&self, findings: &mut Findings) {
        let (entered, left) = (self.entries(), self.departures());
        let mut begins: BTreeMap<VerificationCode, Timestamp> = BTreeMap::new();
        for epoch in self.run.people.iter().flat_map(|person| &person.encrypted.epochs) {
            let begin = begins.entry(epoch.code).or_insert(epoch.at);
            *begin = (*begin).min(epoch.at);
        }
        for epoch in self.run.people.iter().flat_map(|person| &person.encrypted.epochs) {
            for member in &epoch.members {
                let came = entered.get(&member.participant).copied();
                findings.expect_at(
                    came.is_some_and(|came| came <= begins[&epoch.code]),
                    Some(epoch.at),
                    || {
                        format!(
                            "{} is in epoch {}, which began before they came",
                            member.name, epoch.change.epoch
                        )
                    },
                );
            }
        }
        let lossy = |person: &PersonIndex| {
            self.run.scenario.sites_of(*person).any(|site| {
                let link = &self.run.scenario.site(site).link;
                [&link.up, &link.down].into_iter().any(|path| path.loss.share() >= LOSSY)
            })
        };
        let faults = &self.run.scenario.faults;
        let loses = faults.iter().any(|fault| fault.change.loss.is_some_and(|loss| loss.share() >= LOSSY));
        let loses = loses || (0..self.run.people.len()).map(PersonIndex).any(|who| lossy(&who));
        let within = if loses { LOSSY_WITHIN } else { DECODES_WITHIN };
        for (index, person) in self.run.people.iter().enumerate() {
            let who = PersonIndex(index);
            for (_, frame) in &person.sealed {
                let Some(epoch) = self.epoch(who, frame) else { continue };
                let since = frame.at - within;
                if disturbance::is_troubled(&self.run.scenario, since, frame.at) {
                    continue;
                }
                let gone = epoch.members.iter().find(|member| {
                    left.get(&member.participant).is_some_and(|left| *left + within < frame.at)
                });
                findings.expect_at(gone.is_none(), Some(frame.at), || {
                    let gone = gone.map_or("nobody", |member| &member.name);
                    format!("{} seals for {gone}, who left more than {within:?} ago", self.name(who))
                });
            }
        }
        findings.count("epochs", begins.len() as u64);
        findings.count("entries", entered.len() as u64);
        findings.count("departures", left.len() as u64);
    }

    /// Whenever nothing has happened for a while, everybody in a conference is in one epoch, with everybody in it.
    pub(crate) fn judge_rest(&self, course: &Course, findings: &mut Findings) {
        let mut moments = 0;
        for (since, until, present) in course.rests() {
            if until.saturating_since(since) < DECODES_WITHIN {
                continue;
            }
            let invited: Vec<Connection> =
                present.iter().copied().filter(|who| self.has_secret(*who)).collect();
            let misbehaves = |who: &Connection| self.run.scenario.misbehaves(who.person);
            // A line that is full keeps handshakes back as it does everything (NET-002).
            let follows =
                |who: &Connection| !misbehaves(who) && calm::is_always_ample(&self.run.scenario, who.person);
            let keyed: Vec<Connection> = invited.iter().copied().filter(follows).collect();
            let epochs: Vec<(Connection, Option<&EpochRecord>)> =
                keyed.iter().map(|who| (*who, self.epoch_at(course, *who, until))).collect();
            let first = epochs.iter().find_map(|(_, epoch)| *epoch);
            let stays: BTreeSet<ParticipantId> =
                epochs.iter().filter_map(|(_, epoch)| epoch.map(|epoch| epoch.stay)).collect();
            let numbers = course.participants.iter().filter(|(_, connection)| invited.contains(connection));
            let tolerated: BTreeSet<ParticipantId> = numbers.map(|(number, _)| *number).collect();
            for (who, epoch) in &epochs {
                let same = epoch.map(|epoch| epoch.code) == first.map(|epoch| epoch.code);
                findings.expect_at(epoch.is_some() && same, Some(until), || {
                    let has = if epoch.is_some() { "is in an epoch of its own" } else { "is in no epoch" };
                    format!("{} {has} though nothing happened for {DECODES_WITHIN:?}", self.name(who.person))
                });
                let members: BTreeSet<ParticipantId> =
                    epoch.iter().flat_map(|epoch| &epoch.members).map(|member| member.participant).collect();
                let fits = members.is_superset(&stays) && members.is_subset(&tolerated);
                findings.expect_at(fits, Some(until), || {
                    let (group, there) = (members.len(), stays.len());
                    format!("{} is in a group of {group} where {there} are present", self.name(who.person))
                });
            }
            moments += u64::from(!keyed.is_empty());
        }
        findings.count("moments at rest", moments);
    }

    fn epoch_at(&self, course: &Course, who: Connection, at: Timestamp) -> Option<&'a EpochRecord> {
        let person: &PersonRecord = self.run.people.get(who.person.0)?;
        let epoch = person.encrypted.epochs.iter().rev().find(|epoch| epoch.at <= at)?;
        let lost = person.encrypted.left_behind.iter().any(|lost| *lost > epoch.at && *lost <= at);
        (!lost && course.participants.get(&epoch.stay) == Some(&who)).then_some(epoch)
    }

    /// Whether somebody was given the key.
    fn has_secret(&self, who: Connection) -> bool {
        let scenario = &self.run.scenario;
        scenario
            .people
            .get(who.person.0)
            .is_some_and(|person| person.link != LinkKind::WithoutKey && person.encryption.is_some())
    }

    /// Whether somebody is in an epoch at this moment, or was until lately.
    fn has_key(&self, who: PersonIndex, code: VerificationCode, at: Timestamp) -> bool {
        self.lived.get(&(who, code)).is_some_and(|lived| {
            lived.from <= at && at <= lived.until + limits::EPOCH_OVERLAP && at <= lived.forgotten
        })
    }

    /// Whether somebody had the key of an epoch already before this moment, and has it still.
    fn held_before(&self, who: PersonIndex, code: VerificationCode, at: Timestamp) -> bool {
        let Some(lived) = self.lived.get(&(who, code)) else { return false };
        let since = self.run.people[who.0].encrypted.epochs.iter();
        let after = since.filter(|epoch| epoch.at > lived.from && epoch.at <= at).count();
        lived.from < at
            && at < lived.until + limits::EPOCH_OVERLAP
            && at < lived.forgotten
            && after < limits::EPOCHS_KEPT_MAX
    }

    /// Whether a member has been at their leaf in all epochs that `who` has lived since `code`: who was out, and be it to come
    /// in anew, is heard no more in epochs before.
    fn still_in(
        &self,
        who: PersonIndex,
        (code, leaf, stay): (VerificationCode, Option<u32>, ParticipantId),
        at: Timestamp,
    ) -> bool {
        let lived = self.run.people[who.0].encrypted.epochs.iter().rev().filter(|epoch| epoch.at <= at);
        let sits = |epoch: &EpochRecord| {
            epoch.members.iter().any(|member| member.participant == stay && Some(member.leaf) == leaf)
        };
        lived.take_while(|epoch| epoch.code != code).all(sits)
    }

    fn entries(&self) -> BTreeMap<ParticipantId, Timestamp> {
        let mut entries = BTreeMap::new();
        for seen in &self.run.server.tap.messages {
            if let ServerMessage::Entered { participant, .. } = seen.body {
                entries.entry(participant).or_insert(seen.at);
            }
        }
        entries
    }

    fn departures(&self) -> BTreeMap<ParticipantId, Timestamp> {
        let mut departures = BTreeMap::new();
        for seen in &self.run.server.tap.messages {
            if let ServerMessage::MemberLeft { participant } = seen.body {
                departures.entry(participant).or_insert(seen.at);
            }
        }
        departures
    }

    fn name(&self, who: PersonIndex) -> &str {
        &self.run.scenario.person(who).name
    }
}
