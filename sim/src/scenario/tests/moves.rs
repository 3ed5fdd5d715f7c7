//! Which moves from one building's line to another are refused, and how the rest is read.

use super::read;
use crate::scenario::{Action, Scenario, ScenarioError, SiteIndex};

/// The scenario in which one guest, who is at `amt-1`, moves as these steps say.
fn moving(steps: &[(&str, &str)]) -> Result<Scenario, ScenarioError> {
    let step = |(at, site): &(&str, &str)| {
        format!("[[step]]\nat = \"{at}\"\nwho = \"guest-1\"\ndo = \"move\"\nsite = \"{site}\"\n\n")
    };
    let steps: String = steps.iter().map(step).collect();
    read(&[("[[fault]]", &format!("{steps}[[fault]]"))])
}

fn refusal(steps: &[(&str, &str)]) -> String {
    moving(steps).unwrap_err().to_string()
}

#[test]
fn somebody_moves_and_comes_back_and_was_at_both_places() {
    let scenario = moving(&[("12s", "amt-1"), ("10s", "amt-2")]).unwrap();
    let moves: Vec<Action> = scenario.steps.iter().map(|step| step.action).collect();
    assert!(moves.ends_with(&[Action::Move(SiteIndex(1)), Action::Move(SiteIndex(0))]), "{moves:?}");
    let guest = scenario.people.iter().position(|person| person.name == "guest-1").unwrap();
    let sites = scenario.sites_of(crate::scenario::PersonIndex(guest));
    assert_eq!(sites.collect::<Vec<_>>(), [SiteIndex(0), SiteIndex(1), SiteIndex(0)]);
}

#[test]
fn a_move_to_where_one_is_is_refused_by_the_order_of_time() {
    let refused = refusal(&[("10s", "amt-1")]);
    assert!(
        refused.ends_with("site: is where `guest-1` is at that time, expected another site"),
        "{refused}"
    );
    assert!(refusal(&[("12s", "amt-2"), ("10s", "amt-2")]).contains("is where `guest-1` is at that time"));
}

#[test]
fn a_move_into_another_borough_is_refused_with_both() {
    let refused = refusal(&[("10s", "branch")]);
    let reason = "site: is in no borough, but `amt-1`, where `guest-1` is at that time, is in `mitte`; expected a site \
                  of the same borough";
    assert!(refused.ends_with(reason), "{refused}");
}

#[test]
fn a_move_needs_one_known_site_and_no_other_deed_takes_one() {
    assert!(refusal(&[("10s", "amt-3")]).contains("site: there is no site `amt-3`"));
    assert!(refusal(&[("10s", "amt")]).contains("site: `amt` stands for 2 of them, expected one"));
    let without = read(&[("do = \"raise-hand\"", "do = \"move\"")]).unwrap_err().to_string();
    assert!(without.contains("site: is missing, expected `site` for this deed"), "{without}");
    let foreign = read(&[("do = \"raise-hand\"", "do = \"raise-hand\"\nsite = \"amt-2\"")]).unwrap_err();
    assert!(foreign.to_string().contains("site: does not belong to this deed"), "{foreign}");
}
