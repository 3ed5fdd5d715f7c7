//! Owns the proof that checks can fail (DET-005): each is violated under a sabotage that breaks what it judges, and
//! kept without. Standing checks need no run; they are shown broken fixtures in their own files.

use std::collections::BTreeMap;

use sim::sabotage::Sabotage;

use super::checks;
use crate::{
    check::{Check, EVERY_SCENARIO, Judge},
    evidence::Findings,
    rehearsal::{Rehearse, RunEvidence, Settings, Simulation},
};

/// A check, a sabotage that it has to notice, and the scenario in which it does.
type Proof = (&'static str, Sabotage, &'static str);

const LIC: &[Proof] = &[
    ("only-licence-holders-start", Sabotage::LicenceForEverybody, "licences"),
    ("a-licence-carries-one-conference", Sabotage::BorrowedLicence, "licences"),
    ("only-host-and-named-holders-moderate", Sabotage::EveryoneModerates, "moderation"),
    ("no-start-after-the-term-and-no-cut-off", Sabotage::EternalLicences, "term"),
];

const CAP: &[Proof] = &[
    ("no-start-beyond-the-pool", Sabotage::OneLicenceMore, "pool"),
    ("fifty-take-part", Sabotage::SmallRooms, "full-house"),
    ("one-too-many-is-refused-at-once", Sabotage::LargeRooms, "full-house"),
    ("one-too-many-is-refused-at-once", Sabotage::SmallRooms, "full-house"),
];

const JOIN: &[Proof] = &[
    ("guests-get-in-by-link", Sabotage::GuestsUnwelcome, "links"),
    ("bad-links-open-nothing", Sabotage::OpenDoor, "links"),
    ("the-lobby-holds-people-without-media", Sabotage::LeakyLobby, "lobby"),
];

const PRES: &[Proof] = &[
    ("presenter-mode-silences-the-audience", Sabotage::AudienceSpeaks, "presenter"),
    ("mode-switch-holds-from-its-acknowledgement", Sabotage::LateModeSwitch, "presenter"),
    ("late-joiners-cannot-send", Sabotage::LateJoinerSpeaks, "presenter"),
    ("audience-uplink-is-feedback-only", Sabotage::AudienceChatters, "presenter"),
    ("granted-hands-are-heard-until-revoked", Sabotage::GrantForgotten, "presenter"),
    ("granted-hands-are-heard-until-revoked", Sabotage::RevokeForgotten, "presenter"),
    ("external-guests-hear-and-see-the-presenter", Sabotage::GuestsUnwelcome, "presenter"),
];

const CAM: &[Proof] = &[
    ("people-without-devices-take-part", Sabotage::CameraRequired, "rooms"),
    ("a-room-takes-one-place", Sabotage::RoomsCountHeads, "rooms"),
];

const FWD: &[Proof] = &[
    ("streams-are-numbered-without-gaps", Sabotage::RenumberWithGap, "layers"),
    ("key-frame-requests-are-limited", Sabotage::KeyFrameStorm, "layers"),
    ("only-the-loudest-are-forwarded", Sabotage::AllMicrophones, "speakers"),
    ("first-syllables-are-heard", Sabotage::ClipOnsets, "speakers"),
    ("every-packet-is-accounted-for", Sabotage::SilentDrop, "layers"),
    ("conferences-are-isolated", Sabotage::Leak, "isolation"),
];

const E2E: &[Proof] = &[
    ("every-frame-that-arrives-opens", Sabotage::FlipBit, "keyless"),
    ("the-marker-is-nowhere-on-the-wire", Sabotage::Plaintext, "keyless"),
    ("without-a-key-nothing-is-sent-and-nothing-is-played", Sabotage::FailOpen, "keyless"),
    ("only-opened-frames-are-played", Sabotage::PlayUnopened, "keyless"),
];

const NET: &[Proof] = &[
    ("access-links-carry-what-they-are-said-to-carry", Sabotage::WideLinks, "narrow"),
    ("people-behind-a-full-line-share-it", Sabotage::WideLinks, "narrow"),
    ("no-packet-is-larger-than-the-limit", Sabotage::BigPackets, "keyless"),
];

const SEC: &[Proof] = &[("foreign-streams-are-dropped", Sabotage::ForeignAccepted, "hostile")];

const DET: &[Proof] = &[
    ("the-same-run-again", Sabotage::Entropy, "rathaus"),
    ("another-seed-another-run", Sabotage::FixedSeed, "sources"),
    ("a-run-can-be-repeated-from-its-line-and-its-file", Sabotage::ForgetfulFile, "sources"),
];

const REFERENCE: &[Proof] = &[
    ("the-reference-model-agrees", Sabotage::LicenceForEverybody, "licences"),
    ("the-reference-model-agrees", Sabotage::LeakyLobby, "lobby"),
];

const TABLES: [&[Proof]; 11] = [LIC, CAP, JOIN, PRES, CAM, FWD, E2E, NET, SEC, DET, REFERENCE];

/// Checks of runs that no sabotage reaches, with the place where they are shown something broken.
const PROVEN_ELSEWHERE: &[(&str, &str)] = &[(
    "a-run-prints-digest-and-time-factor",
    "what a run prints is no part of the run; a terse printer is judged in `det`",
)];

/// The seed of every proof.
const SEED: u64 = 7;

#[test]
fn checks_on_licences_can_fail() {
    prove(LIC);
}

#[test]
fn checks_on_capacity_can_fail() {
    prove(CAP);
}

#[test]
fn checks_on_getting_in_can_fail() {
    prove(JOIN);
}

#[test]
fn checks_on_presenter_mode_can_fail() {
    prove(PRES);
}

#[test]
fn checks_on_devices_and_rooms_can_fail() {
    prove(CAM);
}

#[test]
fn checks_on_forwarding_can_fail() {
    prove(FWD);
}

#[test]
fn checks_on_encryption_can_fail() {
    prove(E2E);
}

#[test]
fn checks_on_networks_can_fail() {
    prove(NET);
}

#[test]
fn checks_on_foreign_streams_can_fail() {
    prove(SEC);
}

#[test]
fn checks_on_the_harness_can_fail() {
    prove(DET);
}

#[test]
fn the_comparison_with_the_model_can_fail() {
    prove(REFERENCE);
}

/// A check that stands nowhere in the tables has never been seen to fail.
#[test]
fn every_check_of_runs_is_proven() {
    let tables = TABLES.iter().copied().flatten().map(|(check, ..)| *check);
    let proven: Vec<&str> = tables.chain(PROVEN_ELSEWHERE.iter().map(|(check, _)| *check)).collect();
    for check in checks().iter().filter(|check| !matches!(check.judge, Judge::Standing(_))) {
        assert!(proven.contains(&check.name), "{} has no proof that it can fail", check.name);
    }
}

/// The checks that judge every scenario are kept in each of these, on lossy and on crowded lines too.
#[test]
fn accounts_and_isolation_hold_in_every_kind_of_scenario() {
    let scenarios = [
        "avc",
        "full-house",
        "hostile",
        "isolation",
        "layers",
        "lobby",
        "loss",
        "presenter",
        "rathaus",
        "speakers",
    ];
    let mut faults = Vec::new();
    for scenario in scenarios {
        let run = rehearse(None, scenario);
        for name in ["every-packet-is-accounted-for", "conferences-are-isolated"] {
            faults.extend(fault(check(name), &run));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Each check is kept where it is proven and in the scenarios that it names, and violated under its sabotage. All the
/// faults are told at once.
#[expect(clippy::print_stdout, reason = "with --nocapture the proofs are read as a table")]
fn prove(proofs: &[Proof]) {
    let mut faults = Vec::new();
    let mut honest: BTreeMap<&str, RunEvidence> = BTreeMap::new();
    for (name, sabotage, scenario) in proofs {
        let check = check(name);
        let broken = judge(check, &rehearse(Some(*sabotage), scenario));
        println!("{name} | {sabotage} | {}", told(&broken));
        if broken.violations_total() == 0 {
            faults.push(format!("{name} does not notice {sabotage} in {scenario}"));
        }
        let mut scenarios: Vec<&str> = vec![scenario];
        scenarios.extend(check.scenarios.iter().filter(|named| ![EVERY_SCENARIO, scenario].contains(named)));
        for scenario in scenarios {
            let run = honest.entry(scenario).or_insert_with(|| rehearse(None, scenario));
            faults.extend(fault(check, run));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with a check on an honest run.
fn fault(check: &Check, honest: &RunEvidence) -> Option<String> {
    let kept = judge(check, honest);
    (kept.violations_total() > 0 || kept.examined() == 0)
        .then(|| format!("{} on an honest {}: {}", check.name, honest.scenario, told(&kept)))
}

fn check(name: &str) -> &'static Check {
    checks().iter().find(|check| check.name == name).expect("the tables name checks that exist")
}

fn rehearse(sabotage: Option<Sabotage>, scenario: &str) -> RunEvidence {
    let settings = Settings { sabotage, ..Settings::default() };
    Simulation::new(settings).fixture(scenario, SEED).expect("fixtures run")
}

/// The findings of a check on a run; further runs of the check's own are broken in the same way.
fn judge(check: &Check, run: &RunEvidence) -> Findings {
    assert!(check.judges(&run.scenario), "{} does not judge {}", check.name, run.scenario);
    match check.judge {
        Judge::Run(judge) => judge(run),
        Judge::Compare(judge) => {
            let settings = Settings { sabotage: run.run().sabotage, ..Settings::default() };
            judge(run, &Simulation::new(settings)).expect("fixtures run again")
        }
        Judge::Standing(_) => panic!("{} needs no run", check.name),
    }
}

fn told(findings: &Findings) -> String {
    let first = findings.breaches().first().map_or("no violation", |breach| &breach.message);
    format!("{} of {} violated, first: {first}", findings.violations_total(), findings.examined())
}
