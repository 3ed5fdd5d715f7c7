//! Claims about the page of a plan and its charts as text.

use super::*;
use crate::{planner::tests::report, report::html::plan_picture};

#[test]
fn the_page_tells_each_building_its_answer_and_its_chart() {
    let report = report();
    let page = plan_page(&report);
    assert!(page.contains("1 of 2 lines suffices"), "{page}");
    for site in &report.sites {
        assert!(page.contains(&format!("id=\"building-{}\"", site.name)));
        assert!(page.contains(&answer_in_words(site)), "{}", site.name);
    }
    assert_eq!(page.matches("<svg").count(), 2);
    assert_eq!(page, plan_page(&report));
}

#[test]
fn a_picture_stands_alone_and_marks_what_holds_and_what_does_not() {
    let report = report();
    let picture = plan_picture(&report.sites[1]);
    assert!(picture.starts_with("<svg") && picture.contains("<style>") && picture.contains("<desc>"));
    let shown = report.sites[1].tried.iter().filter(|trial| trial.load.rooms == 0);
    let (holding, breaking): (Vec<_>, Vec<_>) = shown.partition(|trial| trial.holds);
    // Two figures for audio, three for the others.
    let figures = |trials: &[&Trial]| {
        trials.iter().map(|trial| if trial.load.quality == Quality::Audio { 2 } else { 3 }).sum::<usize>()
    };
    assert_eq!(picture.matches("<circle class=\"holds\"").count(), figures(&holding));
    assert_eq!(picture.matches("<path class=\"breaks\"").count(), figures(&breaking));
    assert!(!breaking.is_empty() && !holding.is_empty());
}

#[test]
fn a_hostile_name_stays_text() {
    let mut report = report();
    report.sites[0].name = "<script>alert(1)</script>\"' onload=x".to_owned();
    report.sites[0].description = report.sites[0].name.clone();
    let page = plan_page(&report);
    assert_eq!(page.matches("<script>").count(), 1, "the page's own");
    assert!(!plan_picture(&report.sites[0]).contains("<script>"));
}
