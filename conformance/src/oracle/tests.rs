//! Claims about the comparison with the model on the fixtures, honest and sabotaged.

mod delivery;

use crate::rehearsal::{Rehearse, Sabotage, Settings, Simulation, fixture_names};

fn violations(scenario: &str, sabotage: Option<Sabotage>) -> Vec<String> {
    let settings = Settings { sabotage, ..Settings::default() };
    let run = Simulation::new(settings).fixture(scenario, 1).unwrap();
    let findings = super::judge(run.run());
    assert!(findings.examined() > 0, "{scenario}");
    findings.breaches().iter().map(|breach| format!("{scenario}: {}", breach.message)).collect()
}

#[test]
fn the_model_agrees_with_every_fixture() {
    let broken: Vec<String> = fixture_names().flat_map(|name| violations(name, None)).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Each of these breaks something that only one of the model's claims sees.
#[test]
fn the_model_notices_what_the_server_does_wrong() {
    let broken = [
        ("licences", Sabotage::LicenceForEverybody, "was answered Entered"),
        ("licences", Sabotage::EveryoneModerates, "got no answer"),
        ("rooms", Sabotage::SmallRooms, "was answered Refused(ConferenceFull)"),
        ("lobby", Sabotage::LeakyLobby, "must not send to them"),
        ("hostile", Sabotage::CameraRequired, "were due at the end of a calm"),
        ("presenter", Sabotage::SwallowedClick, "and the server was not asked"),
        ("presenter", Sabotage::WithheldNews, "they believe the mode to be"),
    ];
    for (scenario, sabotage, told) in broken {
        let violations = violations(scenario, Some(sabotage));
        assert!(violations.iter().any(|violation| violation.contains(told)), "{sabotage}: {violations:#?}");
    }
}
