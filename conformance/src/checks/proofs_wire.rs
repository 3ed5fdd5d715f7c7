//! Owns the proof that the checks of encryption, links and harness can fail: each turns red under a sabotage and is
//! green without (DET-005).

use crate::{
    check::Judge,
    checks::checks,
    evidence::Findings,
    rehearsal::{Rehearse, Sabotage, Settings, Simulation},
};

/// Check, sabotage, scenario.
const PROOFS: &[(&str, Sabotage, &str)] = &[
    ("every-frame-that-arrives-opens", Sabotage::FlipBit, "keyless"),
    ("the-marker-is-nowhere-on-the-wire", Sabotage::Plaintext, "keyless"),
    ("without-a-key-nothing-is-sent-and-nothing-is-played", Sabotage::FailOpen, "keyless"),
    ("only-opened-frames-are-played", Sabotage::PlayUnopened, "keyless"),
    ("access-links-carry-what-they-are-said-to-carry", Sabotage::WideLinks, "narrow"),
    ("people-behind-a-full-line-share-it", Sabotage::WideLinks, "narrow"),
    ("no-packet-is-larger-than-the-limit", Sabotage::BigPackets, "keyless"),
    ("the-same-run-again", Sabotage::Entropy, "rathaus"),
    ("another-seed-another-run", Sabotage::FixedSeed, "sources"),
    ("a-run-can-be-repeated-from-its-line-and-its-file", Sabotage::ForgetfulFile, "sources"),
];

fn judge(check: &str, sabotage: Option<Sabotage>, scenario: &str) -> Findings {
    let simulation = Simulation::new(Settings { sabotage, ..Settings::default() });
    let run = simulation.fixture(scenario, 1).unwrap();
    let check = checks().iter().find(|known| known.name == check).unwrap();
    assert!(check.judges(scenario), "{} does not judge {scenario}", check.name);
    match check.judge {
        Judge::Run(judge) => judge(&run),
        Judge::Compare(judge) => judge(&run, &simulation).unwrap(),
        Judge::Standing(judge) => judge(),
    }
}

#[test]
fn each_check_of_the_wire_turns_red_under_its_sabotage_and_is_green_without() {
    for (check, sabotage, scenario) in PROOFS {
        let healthy = judge(check, None, scenario);
        assert!(healthy.examined() > 0, "{check} examined nothing in {scenario}");
        assert_eq!(
            healthy.violations_total(),
            0,
            "{check} is red without sabotage: {:?}",
            healthy.breaches()
        );
        let broken = judge(check, Some(*sabotage), scenario);
        assert!(broken.violations_total() > 0, "{check} does not notice {sabotage}");
    }
}
