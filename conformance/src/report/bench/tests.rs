//! Claims about the report on benches: what it holds together, what it refuses, and what it compares.

use std::fs;

use super::*;
use crate::measured::{
    Bound, Cost, Figure, Size, Unit,
    criterion::tests::{estimates, leave},
    tests::{cost, figure, run},
};

/// What `city` leaves, as far as it matters; so many conferences of 50.
pub(crate) fn city(mix: &str, conferences: u64, took: &str) -> String {
    let node = r#"{"forwarded_packets":400,"forwarded_video_packets":300,"forwarded_packets_per_s":500000,"forwarded_mbps":0.00024}"#;
    format!(
        r#"{{"schema":1,"verdict":"pass","digest":"00ff","mix":"{mix}","conferences":{conferences},"participants":{},"simulated_s":10.0,"forwarded_packets":800,{took}"nodes":[{node},{node}]}}"#,
        conferences * 50
    )
}

/// What it took.
pub(crate) fn took(factor: f64, ns: f64, mib: u64) -> String {
    format!(r#""time_factor":{factor},"threads":2,"ns_per_forwarded_packet":{ns},"peak_rss_mib":{mib},"#)
}

struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn leave_city(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn gather(&self, cities: &[PathBuf]) -> Result<BenchReport, BadInput> {
        let (home, cities) = (self.0.path().to_owned(), cities.to_vec());
        BenchReport::gather(&Sources { home, cities, before: None, node: NodeSize::default() })
    }

    fn run(&self, run: &BenchRun) {
        run.save(self.0.path()).unwrap();
    }
}

/// Costs of the contender that says what a city needs.
fn forward() -> BenchRun {
    let who = "engine with SRTP and feedback";
    let costs = [("audio", 49, 300.0), ("audio", 499, 350.0), ("video", 49, 500.0), ("video", 499, 600.0)];
    let costs = costs.map(|(load, size, ns)| Cost { ratio: None, ..cost(load, size, who, ns) });
    BenchRun { costs: costs.to_vec(), ..run("forward", 1.2) }
}

#[test]
fn a_report_of_nothing_is_refused_and_says_where_it_looked() {
    let bench = Bench::new();
    let complaint = bench.gather(&[]).unwrap_err().to_string();
    assert!(complaint.contains(&bench.0.path().display().to_string()), "{complaint}");
    assert!(complaint.contains("nothing was measured"), "{complaint}");
}

#[test]
fn a_bound_that_is_kept_passes_and_one_that_is_missed_fails() {
    for (ratio, verdict) in [(1.5, Verdict::Pass), (1.51, Verdict::Fail)] {
        let bench = Bench::new();
        bench.run(&run("forward", ratio));
        let report = bench.gather(&[]).unwrap();
        assert_eq!((report.verdict, report.examined), (verdict, 1), "{ratio}");
        assert_eq!(report.machines.len(), 1);
    }
}

#[test]
fn what_depends_on_the_machine_is_told_and_fails_nothing() {
    let bench = Bench::new();
    let mut missed = run("forward", 1.2);
    missed.claims.push(Claim::new("a copy", figure(82.0), Unit::Ns, Bound::AtMost(60.0)));
    bench.run(&missed);
    let report = bench.gather(&[]).unwrap();
    assert_eq!((report.verdict, report.examined), (Verdict::Pass, 2));
    assert_eq!(report.claims().last().unwrap().1.verdict(), "not reached");
}

#[test]
fn a_report_in_which_no_ratio_is_held_against_a_bound_fails() {
    let bench = Bench::new();
    leave(bench.0.path(), "seal/160", "engine", &estimates(1.0, 2.0, 3.0));
    let mut only_absolute = run("forward", 1.2);
    only_absolute.claims = vec![Claim::new("a copy", figure(50.0), Unit::Ns, Bound::AtMost(60.0))];
    assert_eq!(bench.gather(&[]).unwrap().verdict, Verdict::Fail, "criterion has no bounds");
    bench.run(&only_absolute);
    assert_eq!(bench.gather(&[]).unwrap().verdict, Verdict::Fail);
}

#[test]
fn what_is_missing_is_named_and_never_made_up() {
    let bench = Bench::new();
    bench.run(&run("srtp", 1.2));
    let path = bench.leave_city("presenter.json", &city("presenter", 30, ""));
    let report = bench.gather(&[path]).unwrap();
    let missing = |what: &str| report.not_measured.iter().any(|missing| missing.starts_with(what));
    assert!(missing("bench forward:") && missing("bench forward beside peers:") && !missing("bench srtp:"));
    assert!(
        missing("city, mix berlin:") && missing("city, mix discussion:") && !missing("city, mix presenter:")
    );
    assert!(missing("the whole city, mix presenter: simulated seconds"), "{:?}", report.not_measured);
    assert_eq!((&report.needs[0].cores, &report.needs[0].nodes), (&None, &None));
    assert_eq!(report.cities[0].time_factor, None);
    assert!(report.city_claims.is_empty());
}

#[test]
fn a_city_needs_what_its_packets_cost_in_the_mixture_that_it_had() {
    let bench = Bench::new();
    bench.run(&forward());
    let path = bench.leave_city("presenter.json", &city("presenter", 30, &took(2.5, 3_000.0, 900)));
    let need = &bench.gather(&[path]).unwrap().needs[0];
    let close = |figure: Figure, expected: f64| (figure.value / expected - 1.0).abs() < 1e-9;
    assert!(close(need.packets_per_s.figure, 1e6), "the busiest seconds of two nodes: {need:?}");
    // Each node sent 2,400 bits in 10 s, in 400 packets: 0.75 B each, and 16 B of SRTP.
    assert!(close(need.gbit_per_s.figure, 1e6 * 16.75 * 8.0 / 1e9), "{need:?}");
    let cores = need.cores.as_ref().unwrap();
    assert!(close(cores.figure, 1e6 * (0.75 * 500.0 + 0.25 * 300.0) / 1e9), "to 49, not to 499: {cores:?}");
    let [low, high] = cores.figure.interval.unwrap();
    assert!(low < cores.figure.value && cores.figure.value < high);
    for part in
        ["1000000 packets/s", "75.0 % of them video x 500.0 ns", "25.0 % audio x 300.0 ns", "49 subscribers"]
    {
        assert!(cores.formula.contains(part), "{part}: {}", cores.formula);
    }
    assert!(close(need.nodes.as_ref().unwrap().figure, 1.0));
}

#[test]
fn the_scarcer_of_network_and_cores_says_how_many_media_nodes_there_are() {
    let bench = Bench::new();
    bench.run(&forward());
    let path = bench.leave_city("a.json", &city("presenter", 30, ""));
    for (gbit_per_s, cores, nodes) in [(10.0, 0.25, 3.0), (0.05, 16.0, 5.0), (10.0, 16.0, 1.0)] {
        let node = NodeSize { gbit_per_s, cores, load_percent: 60.0 };
        let home = bench.0.path().to_owned();
        let sources = Sources { home, cities: vec![path.clone()], before: None, node };
        let report = BenchReport::gather(&sources).unwrap();
        let needed = report.needs[0].nodes.as_ref().unwrap();
        assert!((needed.figure.value - nodes).abs() < 1e-9, "{gbit_per_s} {cores}: {needed:?}");
    }
}

#[test]
fn the_whole_city_has_bounds_on_both_sides_and_the_small_one_has_none() {
    let bench = Bench::new();
    bench.run(&run("forward", 1.2));
    let report = |factor, ns, mib| {
        let whole = bench.leave_city("whole.json", &city("presenter", 750, &took(factor, ns, mib)));
        let small = bench.leave_city("small.json", &city("presenter", 10, &took(30.0, 1_000.0, 100)));
        bench.gather(&[whole, small]).unwrap()
    };
    let good = report(2.0, 1_300.0, 4_096);
    assert!(good.city_claims.len() == 3 && good.city_claims.iter().all(|claim| claim.met), "{good:?}");
    assert_eq!(good.verdict, Verdict::Pass);
    let slow = report(1.99, 1_300.0, 4_097);
    let met: Vec<bool> = slow.city_claims.iter().map(|claim| claim.met).collect();
    assert_eq!(
        (met, slow.verdict),
        (vec![false, false, true], Verdict::Pass),
        "time and memory are the machine's"
    );
    assert_eq!(report(2.0, 1_301.0, 4_096).verdict, Verdict::Fail, "a packet costs more in the whole city");
}

#[test]
fn a_broken_city_is_named_with_the_field() {
    let bench = Bench::new();
    let good = city("presenter", 30, "");
    for (from, to, field) in [
        ("\"mix\"", "\"max\"", "mix"),
        ("forwarded_mbps", "mbps", "forwarded_mbps"),
        ("\"forwarded_packets\":400", "\"forwarded_packets\":0", "nodes[].forwarded_packets"),
        ("\"forwarded_packets\":800", "\"forwarded_packets\":801", "nodes[].forwarded_packets"),
        ("\"simulated_s\":10.0", "\"simulated_s\":0.0", "simulated_s"),
        ("\"schema\":1", "\"schema\":7", "schema is 7"),
    ] {
        let path = bench.leave_city("presenter.json", &good.replace(from, to));
        let complaint = bench.gather(&[path]).unwrap_err().to_string();
        assert!(complaint.contains("presenter.json") && complaint.contains(field), "{complaint}");
    }
}

#[test]
fn an_earlier_report_is_compared_figure_by_figure_and_only_what_lies_apart_is_clear() {
    let bench = Bench::new();
    let mut earlier = run("forward", 1.2);
    earlier.costs.push(cost("video", 49, "gone", 70.0));
    bench.run(&earlier);
    let before = bench.gather(&[]).unwrap();
    let path = bench.leave_city("before.json", &serde_json::to_string(&before).unwrap());
    assert_eq!(BenchReport::load(&path).unwrap(), before, "a report is read back as it was written");
    let mut later = run("forward", 1.2);
    later.costs[0].ns = figure(100.5);
    later.costs[1].ns = figure(60.0);
    later.costs.push(cost("video", 49, "new", 70.0));
    bench.run(&later);
    let home = bench.0.path().to_owned();
    let sources = Sources { home, cities: Vec::new(), before: Some(path), node: NodeSize::default() };
    let comparison = BenchReport::gather(&sources).unwrap().comparison.unwrap();
    let [first, second, ..] = &comparison.changes[..] else { panic!("{comparison:?}") };
    assert_eq!((&*first.figure, first.is_clear), ("forward: audio 49 subscribers: engine", true));
    assert!((first.percent.unwrap() + 50.0).abs() < 1e-9);
    assert_eq!((&*second.figure, second.is_clear), ("forward: audio 49 subscribers: floor", false));
    assert!(
        comparison.vanished.iter().all(|figure| figure.contains("gone")) && !comparison.vanished.is_empty()
    );
    assert!(
        comparison.appeared.iter().all(|figure| figure.contains("new")) && !comparison.appeared.is_empty()
    );
}

#[test]
fn an_earlier_report_that_is_none_is_named_with_the_field() {
    let bench = Bench::new();
    bench.run(&run("forward", 1.2));
    let text = serde_json::to_string_pretty(&bench.gather(&[]).unwrap()).unwrap();
    for (from, to, field) in
        [("\"schema\": 1", "\"schema\": 7", "schema"), ("\"needs\"", "\"wants\"", "needs")]
    {
        let path = bench.leave_city("before.json", &text.replacen(from, to, 1));
        let complaint = BenchReport::load(&path).unwrap_err().to_string();
        assert!(complaint.contains("before.json") && complaint.contains(field), "{complaint}");
    }
}

#[test]
fn results_of_two_machines_are_told_apart() {
    let bench = Bench::new();
    bench.run(&run("forward", 1.2));
    let mut other = run("srtp", 1.2);
    other.machine.cores = Some(64);
    bench.run(&other);
    assert_eq!(bench.gather(&[]).unwrap().machines.len(), 2);
}

/// A report with everything in it.
pub(crate) fn whole_report() -> BenchReport {
    let bench = Bench::new();
    bench.run(&forward());
    bench.run(&run("srtp", 1.6));
    let mut sizes = run("city", 1.2);
    sizes.costs = [10, 30]
        .map(|count| Cost { size: Some(Size::conferences(count)), ..cost("presenter", 1, "city", 900.0) })
        .to_vec();
    bench.run(&sizes);
    leave(bench.0.path(), "seal/160", "engine", &estimates(1.0, 2.0, 3.0));
    let whole = bench.leave_city("whole.json", &city("presenter", 750, &took(2.0, 1_300.0, 4_000)));
    let small = bench.leave_city("small.json", &city("presenter", 10, &took(30.0, 1_000.0, 100)));
    let before = bench.gather(&[]).unwrap();
    let before = bench.leave_city("before.json", &serde_json::to_string(&before).unwrap());
    let home = bench.0.path().to_owned();
    let sources =
        Sources { home, cities: vec![whole, small], before: Some(before), node: NodeSize::default() };
    BenchReport::gather(&sources).unwrap()
}
