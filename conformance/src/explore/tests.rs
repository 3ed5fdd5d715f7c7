//! Claims about the search.

use std::{collections::BTreeSet, num::NonZero};

use super::{Search, Searched, search};
use crate::rehearsal::{Rehearse, Sabotage, Settings, Simulation};

fn searched(cases: u32, seed: u64, jobs: usize, sabotage: Option<Sabotage>) -> Searched {
    let settings = Settings { sabotage, ..Settings::default() };
    search(Search { cases, seed, jobs: NonZero::new(jobs).unwrap(), settings }, |_| {}).unwrap()
}

/// What a search of this size has to have met, or it is blind on that side.
const MET: &[&str] = &[
    "Start: Entered",
    "Start: Refused(NoLicence)",
    "Start: Refused(LicenceInUse)",
    "Start: Refused(AllLicencesInUse)",
    "Start: Refused(LicenceExpired)",
    "Join: Entered",
    "Join: Waiting",
    "Join: Refused(InvalidLink)",
    "Join: Refused(ConferenceFull)",
    "Join: Refused(ConferenceLocked)",
    "Join: Refused(EncryptionRequired)",
    "Join: Refused(OtherSuite)",
    "Join: Refused(AlreadyIn)",
    "Leave: Done",
    "Leave: Refused(NotIn)",
    "Publish: Done",
    "Watch: Done",
    "RaiseHand: Done",
    "RaiseHand: Refused(NotInPresenterMode)",
    "LowerHand: Done",
    "Admit: Done",
    "Remove: Done",
    "Remove: Refused(NotModerator)",
    "Remove: Refused(NotApplicable)",
    "SetMode: Done",
    "SetMode: Refused(NotModerator)",
    "Lock: Done",
    "Lock: Refused(NotModerator)",
    "Cap: Done",
    "Cap: Refused(NotModerator)",
    "Grant: Done",
    "Grant: Refused(NotApplicable)",
    "NamePresenter: Done",
    "NameModerator: Done",
    "NameModerator: Refused(NotLicenceHolder)",
    "NameModerator: Refused(NotHost)",
    "HandOver: Done",
    "HandOver: Refused(NotHost)",
    "CreateInvitation: Invited(LinkNumber",
    "RevokeInvitation: Done",
    "End: Done",
    "End: Refused(NotHost)",
    "gone",
    "crash",
];

#[test]
fn two_thousand_drawn_scenarios_are_as_the_model_says_and_leave_nothing_untried() {
    let searched = searched(2_000, 1, 2, None);
    if let Some(found) = &searched.found {
        panic!("case {}: {}\n{}", found.case, found.violation, found.scenario.to_toml());
    }
    assert_eq!(searched.cases, 2_000);
    assert_eq!(searched.settled, 2_000, "every drawn scenario comes to rest and is judged there");
    assert!(searched.streams_due > 2_000 && searched.deeds > 2_000, "{searched:?}");
    let reached: BTreeSet<&str> = searched.reached.keys().map(String::as_str).collect();
    let blind: Vec<_> =
        MET.iter().filter(|met| !reached.iter().any(|reached| reached.starts_with(**met))).collect();
    assert!(blind.is_empty(), "never met: {blind:?}; met: {reached:#?}");
}

#[test]
fn what_is_found_does_not_depend_on_the_number_of_threads() {
    let (one, three) = (searched(24, 5, 1, None), searched(24, 5, 3, None));
    assert_eq!((one.digest, one.cases, one.reached), (three.digest, three.cases, three.reached));
    let (one, three) =
        [1, 3].map(|jobs| searched(200, 5, jobs, Some(Sabotage::OpenDoor)).found.unwrap()).into();
    assert_eq!((one.case, one.scenario.to_toml()), (three.case, three.scenario.to_toml()));
}

/// What breaks rules that people act by is found among few scenarios and made small enough to be read at a glance.
#[test]
fn a_broken_server_is_found_and_the_witness_is_small() {
    let broken = [
        Sabotage::LicenceForEverybody,
        Sabotage::EveryoneModerates,
        Sabotage::GuestsUnwelcome,
        Sabotage::OpenDoor,
        Sabotage::LeakyLobby,
        Sabotage::AudienceSpeaks,
        Sabotage::GrantForgotten,
        Sabotage::LateModeSwitch,
    ];
    for sabotage in broken {
        let found = searched(1_000, 1, 2, Some(sabotage)).found;
        let found = found.unwrap_or_else(|| panic!("{sabotage} is not noticed"));
        assert!(found.moves.1 <= 6, "{sabotage}: {} moves: {}", found.moves.1, found.scenario.to_toml());
        // The file alone shows it again.
        let simulation = Simulation::new(Settings { sabotage: Some(sabotage), ..Settings::default() });
        let again = simulation.text(&found.scenario.to_toml()).unwrap();
        assert!(super::first_violation(&again).is_some(), "{sabotage}");
        let honest = Simulation::default().text(&found.scenario.to_toml()).unwrap();
        assert_eq!(super::first_violation(&honest), None, "{sabotage}");
    }
}
