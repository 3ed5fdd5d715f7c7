//! Claims about the page as text.

use super::*;
use crate::report::bench::tests::whole_report;

#[test]
fn the_page_tells_bounds_needs_curves_and_changes() {
    let page = bench_page(&whole_report());
    for part in [
        "audio to 49: engine beside floor",
        "missed",
        "presenter: 750",
        "the whole city",
        "media nodes, added up",
        "ns for each copy",
        "ns for each forwarded packet",
        "ns of processor time for each forwarded packet",
        "<svg class=\"curve\"",
        "subscribers (logarithmic)",
        "seal/160/engine",
        "Changes since the earlier report",
        "bench sframe: cargo bench -p benches --bench sframe",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("All figures are simulated"), "these are not");
}

#[test]
fn every_part_that_the_navigation_names_is_there_when_nothing_was_measured_for_it_too() {
    let mut report = whole_report();
    report.benches.clear();
    report.cities.clear();
    report.needs.clear();
    report.criterion.clear();
    report.comparison = None;
    for page in [bench_page(&report), bench_page(&whole_report())] {
        let links = page.split(" href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap());
        let mut seen = 0;
        for link in links {
            assert!(page.contains(&format!(" id=\"{link}\"")), "#{link} points nowhere");
            seen += 1;
        }
        assert!(seen > 6);
        assert!(!page.contains("NaN") && !page.contains("inf\""), "no drawing has a place that is none");
    }
    assert!(bench_page(&report).contains("Not measured"));
}

#[test]
fn a_hostile_name_stays_text() {
    let mut report = whole_report();
    let hostile = "<script>alert(1)</script>";
    report.benches[0].bench = hostile.to_owned();
    report.benches[0].costs[0].contender = hostile.to_owned();
    report.benches[0].machine.cpu = Some(hostile.to_owned());
    assert!(!bench_page(&report).contains(hostile));
}
