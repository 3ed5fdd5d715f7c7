//! Claims about the page as text. What a browser makes of it is claimed in `tests/suite/browser`.

use super::*;
use crate::{report::tests::report as made_up, testing::MadeUp};

fn page_of(change: impl FnOnce(&mut GateReport)) -> String {
    let broken = MadeUp { broken: vec![("small", 2)], ..MadeUp::default() };
    let mut report = made_up(&broken);
    change(&mut report);
    gate_page(&report)
}

/// The value of each `name="..."` in the page.
fn values<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    page.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn every_link_has_its_target_and_no_id_stands_twice() {
    let page = page_of(|_| {});
    let ids = values(&page, "id");
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "{ids:?}");
    let links: Vec<_> = values(&page, "href").into_iter().filter_map(|link| link.strip_prefix('#')).collect();
    assert!(links.len() > 20);
    for link in links {
        assert!(ids.contains(&link), "#{link} points nowhere");
    }
}

#[test]
fn nothing_on_the_page_comes_from_elsewhere() {
    let page = page_of(|_| {});
    for scheme in ["http://", "https://", "src=", "url(", "@import", "<iframe", "<object", "<form"] {
        let found = page.match_indices(scheme).map(|(at, _)| &page[at.saturating_sub(20)..at + 30]);
        let foreign: Vec<_> = found.filter(|text| !text.contains("http://www.w3.org/2000/svg")).collect();
        assert!(foreign.is_empty(), "{foreign:?}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_hostile_name_stays_text_wherever_it_stands() {
    let hostile = "<script>alert(1)</script>\"' onload=x";
    let page = page_of(|report| {
        for row in &mut report.requirements {
            row.statement = hostile.to_owned();
            row.reason = Some(hostile.to_owned());
            for check in &mut row.checks {
                check.evidence = hostile.to_owned();
                check.replay = Some(hostile.to_owned());
                for violation in &mut check.violations {
                    violation.message = hostile.to_owned();
                    violation.scenario = hostile.to_owned();
                }
            }
        }
        for run in &mut report.runs {
            run.scenario = hostile.to_owned();
            run.description = hostile.to_owned();
        }
        report.filter = Some(hostile.to_owned());
        report.sabotage = Some(hostile.to_owned());
    });
    assert_eq!(page.matches("<script>").count(), 1, "the page's own");
    assert!(page.matches("&lt;script&gt;alert(1)").count() > 30);
    // Every quotation mark of the name is escaped, so it opens no attribute.
    assert!(!page.contains("</script>\"'"));
}

#[test]
fn the_verdict_stands_before_everything_that_failed_and_that_before_the_matrix() {
    let page = page_of(|_| {});
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    let order = [
        at("<h1>Fail</h1>"),
        at("id=\"failed\""),
        at("generalprobe replay small@2"),
        at("id=\"requirements\""),
        at("id=\"checks\""),
        at("id=\"scenarios\""),
    ];
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn a_page_of_part_of_the_work_or_of_sabotage_says_so() {
    let page = page_of(|report| {
        report.shard = Some(crate::plan::Shard { index: 2, of: 4 });
        report.sabotage = Some("entropy".to_owned());
    });
    assert!(page.contains("shard 2 of 4") && page.contains("Broken on purpose"));
    assert!(!page_of(|_| {}).contains("Broken on purpose"));
}

#[test]
fn the_cases_of_rfc_8867_stand_on_the_page_of_a_gate_that_looked_at_them() {
    let judged = page_of(|report| {
        report.requirements[0].checks[0].name = crate::checks::rfc8867::RFC_CHECK.to_owned();
        report.requirements[0].checks[0].examined = 1;
    });
    assert!(judged.contains("href=\"#rfc-8867\""));
    for (case, course) in crate::checks::rfc8867::courses() {
        assert!(judged.contains(&format!("id=\"case-{}\"", case.name)));
        assert!(judged.contains(&format!("<title>{}: queue forward</title>", case.name)));
        for measured in &course.measured {
            assert!(judged.contains(&measured.bound.reason), "{}", measured.bound.reason);
        }
    }
    assert!(!page_of(|_| {}).contains("rfc-8867"));
    assert!(judged.len() < 2_000_000, "{}", judged.len());
}
