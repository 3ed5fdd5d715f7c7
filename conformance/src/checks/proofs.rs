//! Owns the proof that checks can fail (DET-005): each is red under a sabotage that breaks what it judges, and green
//! without.

use sim::run::Options;

use super::checks;
use crate::{
    check::Judge,
    evidence::Findings,
    rehearsal::{Rehearse, RunEvidence, Sabotage, Settings, Simulation},
};

/// A check, a sabotage, and the scenario in which it shows.
type Proof = (&'static str, Sabotage, &'static str);

const LIC: [Proof; 4] = [
    ("only-licence-holders-start", Sabotage::LicenceForEverybody, "licences"),
    ("a-licence-carries-one-conference", Sabotage::BorrowedLicence, "licences"),
    ("only-host-and-named-holders-moderate", Sabotage::EveryoneModerates, "moderation"),
    ("no-start-after-the-term-and-no-cut-off", Sabotage::EternalLicences, "term"),
];

const CAP: [Proof; 4] = [
    ("no-start-beyond-the-pool", Sabotage::OneLicenceMore, "pool"),
    ("fifty-take-part", Sabotage::SmallRooms, "full-house"),
    ("one-too-many-is-refused-at-once", Sabotage::LargeRooms, "full-house"),
    ("one-too-many-is-refused-at-once", Sabotage::SmallRooms, "full-house"),
];

const JOIN: [Proof; 3] = [
    ("guests-get-in-by-link", Sabotage::GuestsUnwelcome, "links"),
    ("bad-links-open-nothing", Sabotage::OpenDoor, "links"),
    ("the-lobby-holds-people-without-media", Sabotage::LeakyLobby, "lobby"),
];

const CAM: [Proof; 2] = [
    ("people-without-devices-take-part", Sabotage::CameraRequired, "rooms"),
    ("a-room-takes-one-place", Sabotage::RoomsCountHeads, "rooms"),
];

#[test]
fn checks_on_licences_turn_red() {
    prove(&LIC);
}

#[test]
fn checks_on_capacity_turn_red() {
    prove(&CAP);
}

#[test]
fn checks_on_getting_in_turn_red() {
    prove(&JOIN);
}

#[test]
fn checks_on_devices_and_rooms_turn_red() {
    prove(&CAM);
}

/// Each check of the proofs is green on its scenarios, and red under its sabotage.
#[expect(clippy::print_stdout, reason = "with --nocapture the proofs are read as a table")]
fn prove(proofs: &[Proof]) {
    for (name, sabotage, scenario) in proofs {
        let broken = judge(name, &run(scenario, Some(*sabotage)));
        assert!(broken.violations_total() > 0, "{name} does not see `{sabotage}` in {scenario}");
        println!("{name} | {sabotage} | {}", broken.breaches()[0].message);
        let check = checks().iter().find(|check| check.name == *name).unwrap();
        for scenario in check.scenarios {
            let whole = judge(name, &run(scenario, None));
            println!("{name} | {scenario}: {} examined, {}", whole.examined(), whole.evidence());
            let breaches = whole.breaches();
            assert!(breaches.is_empty(), "{name} is red in {scenario}: {breaches:#?}");
            assert!(whole.examined() > 0);
        }
    }
}

fn run(scenario: &str, sabotage: Option<Sabotage>) -> RunEvidence {
    let settings: Settings = Options { sabotage, keep_packets: false };
    Simulation::new(settings).fixture(scenario, 1).unwrap()
}

fn judge(name: &str, run: &RunEvidence) -> Findings {
    let check = checks().iter().find(|check| check.name == name).unwrap();
    match check.judge {
        Judge::Run(judge) => judge(run),
        Judge::Compare(judge) => {
            let settings = Options { sabotage: run.run().sabotage, keep_packets: false };
            judge(run, &Simulation::new(settings)).unwrap()
        }
        Judge::Standing(judge) => judge(),
    }
}
