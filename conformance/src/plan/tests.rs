//! Claims about selecting, planning and dealing work.

use super::*;
use crate::testing;

fn plan(seeds: &[u64], filter: Option<&str>) -> Result<Plan, BadInput> {
    let selection =
        Selection { seeds: seeds.to_vec(), filter: filter.map(str::to_owned), ..Selection::default() };
    Plan::new(&testing::registry(), selection)
}

fn run(scenario: &str, seed: u64) -> WorkItem {
    WorkItem::Run { scenario: scenario.to_owned(), seed }
}

#[test]
fn one_seed_takes_a_part_of_the_proofs_that_moves_with_it_and_several_take_all() {
    let proofs = |seeds: &[u64]| {
        let registry = Registry::new(testing::catalogue(), &testing::PROVEN).unwrap();
        let plan = Plan::new(&registry, Selection { seeds: seeds.to_vec(), ..Selection::default() }).unwrap();
        let by = |item: &WorkItem| match item {
            WorkItem::Proof { by, .. } => Some(by.clone()),
            WorkItem::Run { .. } | WorkItem::Standing { .. } => None,
        };
        plan.items().iter().filter_map(by).collect::<Vec<_>>()
    };
    let all = proofs(&[1, 2]);
    assert_eq!(all.len(), 5);
    let mut seen: Vec<_> = (1..=4).flat_map(|seed| proofs(&[seed])).collect();
    assert!((1..=4).all(|seed| (1..=2).contains(&proofs(&[seed]).len())));
    seen.sort_unstable();
    let mut sorted = all.clone();
    sorted.sort_unstable();
    assert_eq!(seen, sorted, "four seeds in a row see each proof once");
}

#[test]
fn a_scenario_that_several_checks_judge_is_run_once_for_each_seed() {
    let plan = plan(&[7, 8], None).unwrap();
    let standing = WorkItem::Standing { check: "vectors-pass".to_owned() };
    assert_eq!(plan.items(), [run("small", 7), run("small", 8), run("weak", 7), run("weak", 8), standing]);
}

#[test]
fn a_filter_selects_by_requirement_and_by_check_name() {
    let names =
        |filter| -> Vec<_> { plan(&[1], Some(filter)).unwrap().checks().iter().map(|c| c.name).collect() };
    assert_eq!(names("LIC-*"), ["only-holders-start", "packets-are-conserved"]);
    assert_eq!(names("*-pass"), ["vectors-pass"]);
    assert_eq!(names("{NET,E2E}-00?"), ["links-are-shared", "vectors-pass"]);
}

#[test]
fn a_filter_that_selects_no_check_is_bad_input() {
    assert!(plan(&[1], Some("XYZ-*")).unwrap_err().to_string().contains("no check matches"));
    assert!(plan(&[1], Some("[")).unwrap_err().to_string().starts_with("--filter [: "));
}

#[test]
fn a_filter_that_only_meets_a_todo_row_says_what_is_missing() {
    let help = miette::Diagnostic::help(&plan(&[1], Some("CAP-*")).unwrap_err()).unwrap().to_string();
    assert_eq!(help, "CAP-002 has no check yet: needs the city");
}

#[test]
fn shards_deal_every_item_exactly_once() {
    let plan = plan(&[1, 2, 3, 4, 5], None).unwrap();
    for of in 1..=12 {
        let mut dealt: Vec<_> = (1..=of).flat_map(|index| plan.shard(Shard { index, of })).collect();
        dealt.sort();
        let mut all = plan.items().to_vec();
        all.sort();
        assert_eq!(dealt, all, "{of} shards");
    }
}

#[test]
fn shards_and_seed_ranges_are_read_strictly() {
    assert_eq!("2/4".parse(), Ok(Shard { index: 2, of: 4 }));
    for text in ["0/4", "5/4", "1/0", "4", "a/b", "1/2/3"] {
        assert!(text.parse::<Shard>().is_err(), "{text}");
    }
    assert_eq!("3..6".parse::<SeedRange>().unwrap().seeds(), [3, 4, 5]);
    for text in ["6..3", "3..3", "3", "..", "0..18446744073709551615", "1..=3"] {
        assert!(text.parse::<SeedRange>().is_err(), "{text}");
    }
}
