//! Owns the judgement of a rehearsal of the whole city: who was touched by a fault and who was not, and what each of them has a
//! right to. Thresholds are those of the requirement catalogue.

use std::{collections::BTreeSet, time::Duration};

use media_core::{Timestamp, signalling::Refusal};
use sim::city::{BuildingClass, CityRecord, SeatPlan};

use crate::evidence::Findings;

/// NET-002: everybody hears with this score at least.
pub const MOS_MIN: f64 = 3.6;
/// In how long a time the requirements have everybody come in.
const STORM: Duration = Duration::from_mins(1);
/// Who may stay below [`MOS_MIN`] in percent where everybody comes in several times as fast: dozens behind one line then look for what
/// it carries at one time, and it fills.
const BELOW_PERCENT_IN_HASTE: u64 = 3;
/// Longest pause in which nobody is heard, in milliseconds: turns of speech are at most half a second apart, and those who read the
/// recorded texts pause for as long as that now and then.
const SILENCE_MAX_MS: f64 = 2_000.0;
/// JOIN-003: from opening the link to the first sound, 95th percentile, in milliseconds, on a healthy line and on a weak one.
pub const FIRST_SOUND_MS: [f64; 2] = [2_000.0, 4_000.0];
/// JOIN-006: back so soon after the way is free, in milliseconds.
pub const BACK_MS: f64 = 5_000.0;
/// A line is weak below this rate to the building, in kbit/s, or below a tenth of it from there.
const WEAK_KBPS: [u32; 2] = [20_000, 2_000];

/// What befell somebody, the gravest thing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touched {
    /// The node that holds their conference crashed.
    Node,
    /// Their own line failed.
    Line,
    /// The line of somebody failed who speaks in their conference.
    Speaker,
    /// Nothing.
    Nothing,
}

impl Touched {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Speaker, Self::Line, Self::Node];

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Node => "their media node crashed",
            Self::Line => "their own line failed",
            Self::Speaker => "a speaker's line failed",
            Self::Nothing => "touched by no fault",
        }
    }
}

/// What befell everybody, by number.
pub fn touched(record: &CityRecord) -> Vec<Touched> {
    let plan = &record.plan;
    let fails = |seat: &SeatPlan| {
        let building = &plan.buildings[seat.building as usize];
        building.borough == plan.outage.of && building.class != BuildingClass::Home
    };
    let speaks = |seat: &&SeatPlan| {
        seat.microphone.is_some() && seat.speaks.as_ref().is_none_or(|times| !times.is_empty())
    };
    let silenced: BTreeSet<u32> =
        plan.seats.iter().filter(speaks).filter(|seat| fails(seat)).map(|seat| seat.conference).collect();
    let befell = |seat: &SeatPlan| {
        if plan.node_of(seat) as usize == plan.crash.of {
            Touched::Node
        } else if fails(seat) {
            Touched::Line
        } else if silenced.contains(&seat.conference) {
            Touched::Speaker
        } else {
            Touched::Nothing
        }
    };
    plan.seats.iter().map(befell).collect()
}

/// Whether somebody sits behind a weak line.
pub fn is_weak(record: &CityRecord, seat: &SeatPlan) -> bool {
    let link = &record.plan.buildings[seat.building as usize].link;
    link.down.rate_kbps < WEAK_KBPS[0] || link.up.rate_kbps < WEAK_KBPS[1]
}

/// What holds and what does not.
pub fn judge(record: &CityRecord) -> Findings {
    let mut findings = Findings::new();
    judge_presence(record, &mut findings);
    judge_one_too_many(record, &mut findings);
    judge_sound(record, &mut findings);
    judge_joins(record, &mut findings);
    judge_returns(record, &mut findings);
    findings
}

/// CAP-001, CAP-005: all conferences at once, and everybody in.
fn judge_presence(record: &CityRecord, findings: &mut Findings) {
    let conferences = record.plan.conferences.len();
    let at_end: usize = record.nodes.iter().map(|node| node.statistics.conferences).sum();
    let present: usize = record.nodes.iter().map(|node| node.statistics.present).sum();
    let people = record.plan.seats.len() - 1;
    findings
        .expect(at_end == conferences, || format!("{at_end} of {conferences} conferences run at the end"));
    findings.expect(present == people, || format!("{present} of {people} people are in at the end"));
    findings.count("conferences", conferences as u64);
    for (person, experience) in record.experiences().filter(|(person, _)| person.0 < people) {
        findings.expect(experience.entered_after.is_some(), || {
            format!("person {} never got in; the last answer was {:?}", person.0, experience.refused)
        });
    }
    findings.count("people", people as u64);
}

/// CAP-002: there is no licence for one more conference, and nobody notices that it was tried.
fn judge_one_too_many(record: &CityRecord, findings: &mut Findings) {
    let last = record.plan.seats.len() - 1;
    let refused =
        record.experiences().find(|(person, _)| person.0 == last).and_then(|(_, seen)| seen.refused);
    let named = refused == Some(Refusal::AllLicencesInUse);
    findings.expect(named, || format!("the start of one conference too many was answered with {refused:?}"));
}

/// NET-002 for everybody whom no fault touched, but for a few where people come in haste; that somebody heard anything at all for
/// everybody who should.
fn judge_sound(record: &CityRecord, findings: &mut Findings) {
    let touched = touched(record);
    let (mut untouched, mut below) = (0, Vec::new());
    for (person, experience) in record.experiences() {
        let seat = &record.plan.seats[person.0];
        if !record.hears(seat) {
            continue;
        }
        let Some(audio) = experience.audio else {
            findings.expect(false, || format!("person {} heard nothing", person.0));
            continue;
        };
        findings.figure("mos", "", audio.mos);
        if touched[person.0] == Touched::Nothing {
            untouched += 1;
            let silence = experience.longest_silence.as_secs_f64() * 1_000.0;
            findings.figure("longest silence", "ms", silence);
            findings.expect(silence <= SILENCE_MAX_MS, || {
                format!(
                    "person {} hears nobody for {silence:.0} ms, expected {SILENCE_MAX_MS} at most",
                    person.0
                )
            });
            if audio.mos < MOS_MIN {
                below.push((person.0, audio.mos));
            }
        }
        findings.add_examined(1);
    }
    let in_haste = record.plan.storm_ends < Timestamp::ZERO + STORM;
    let allowed = if in_haste { untouched * BELOW_PERCENT_IN_HASTE / 100 } else { 0 };
    if below.len() as u64 > allowed {
        for (person, mos) in &below {
            findings.expect(false, || {
                format!("person {person} hears with a score of {mos:.2}, expected {MOS_MIN}")
            });
        }
    }
    findings.count("untouched by faults", untouched);
    findings.count(&format!("of these below {MOS_MIN}"), below.len() as u64);
    findings.expect(untouched > 0, || "a fault touched everybody: nothing shows what is usual".to_owned());
}

/// JOIN-003.
fn judge_joins(record: &CityRecord, findings: &mut Findings) {
    for (weak, bound, name) in [(false, FIRST_SOUND_MS[0], "healthy"), (true, FIRST_SOUND_MS[1], "weak")] {
        let mut waited: Vec<f64> = record
            .experiences()
            .filter(|(person, _)| is_weak(record, &record.plan.seats[person.0]) == weak)
            .filter_map(|(_, experience)| Some(experience.heard_after?.as_secs_f64() * 1_000.0))
            .collect();
        waited.sort_by(f64::total_cmp);
        let Some(p95) = percentile(&waited, 95.0) else { continue };
        findings.figure(&format!("first sound on {name} lines"), "ms", p95);
        findings.expect(p95 <= bound, || {
            format!("on {name} lines 95 % heard something after {p95:.0} ms, expected {bound:.0}")
        });
    }
}

/// JOIN-005 and JOIN-006: a short outage costs nobody the connection, and after a crash everybody is back.
fn judge_returns(record: &CityRecord, findings: &mut Findings) {
    let (free, outage) = (record.plan.crash.until, record.plan.outage);
    let touched = touched(record);
    for (person, experience) in record.experiences() {
        let of_node = touched[person.0] == Touched::Node;
        for (broken, back) in &experience.returns {
            if !of_node {
                let (from, until) = (outage.from.as_millis(), outage.until.as_millis());
                findings.expect(false, || {
                    format!(
                        "person {} lost the connection at {broken}, lines failed from {from} to {until} ms",
                        person.0
                    )
                });
                continue;
            }
            let late = back.map(|back| back.saturating_since(free).as_secs_f64() * 1_000.0);
            if let Some(late) = late {
                findings.figure("back after the crash", "ms", late);
            }
            findings.expect(late.is_some_and(|late| late <= BACK_MS), || match late {
                Some(late) => format!("person {} was back {late:.0} ms after the node", person.0),
                None => format!("person {} never came back", person.0),
            });
        }
    }
}

/// The nearest rank of sorted values.
pub fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let rank = (sorted.len() as f64 * percent / 100.0).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests;
