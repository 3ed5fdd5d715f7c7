//! Claims about what benches leave: it comes back as it was written, and a broken file is named with its field.

use super::*;

pub(crate) fn figure(value: f64) -> Figure {
    Figure { value, interval: Some([value * 0.99, value * 1.01]) }
}

pub(crate) fn cost(load: &str, size: u64, contender: &str, ns: f64) -> Cost {
    let ratio = Some(Ratio { beside: "floor".to_owned(), figure: figure(ns / 100.0) });
    let size = Some(Size::subscribers(size));
    Cost { load: load.to_owned(), size, contender: contender.to_owned(), ns: figure(ns), ratio }
}

/// A run that keeps its bound when `ratio` is at most 1.5.
pub(crate) fn run(bench: &str, ratio: f64) -> BenchRun {
    let machine = Machine {
        cpu: Some("made up".to_owned()),
        platform: "x86_64 linux".to_owned(),
        cores: Some(2),
        memory_mib: Some(8_192),
        rustc: None,
    };
    let costs = vec![
        cost("audio", 49, "floor", 100.0),
        cost("audio", 49, "engine", 100.0 * ratio),
        cost("audio", 499, "engine", 110.0 * ratio),
    ];
    let what = "audio to 49: engine beside floor";
    let claims = vec![Claim::new(what, figure(ratio), Unit::Ratio, Bound::AtMost(1.5))];
    BenchRun { schema: SCHEMA, bench: bench.to_owned(), machine, costs, claims }
}

#[test]
fn what_a_bench_leaves_is_read_back_and_the_last_run_counts() {
    let home = tempfile::tempdir().unwrap();
    run("forward beside peers", 1.2).save(home.path()).unwrap();
    let last = run("forward beside peers", 1.3);
    let path = last.save(home.path()).unwrap();
    assert!(path.ends_with("generalprobe/benches/forward-beside-peers.json"), "{}", path.display());
    run("allocate", 1.1).save(home.path()).unwrap();
    assert_eq!(BenchRun::load_all(home.path()).unwrap(), [run("allocate", 1.1), last]);
    assert_eq!(BenchRun::load_all(&home.path().join("nowhere")).unwrap(), []);
}

#[test]
fn a_bound_has_two_sides_and_only_a_ratio_fails_a_report() {
    for (bound, good, bad) in [(Bound::AtMost(1.5), 1.5, 1.51), (Bound::AtLeast(4.0), 4.0, 3.99)] {
        let claim = |value, unit| Claim::new("it", Figure::single(value), unit, bound);
        assert!(claim(good, Unit::Ratio).met && !claim(good, Unit::Ratio).fails());
        assert!(!claim(bad, Unit::Ratio).met && claim(bad, Unit::Ratio).fails());
        assert!(!claim(bad, Unit::Ns).met && !claim(bad, Unit::Ns).fails());
        assert_eq!(claim(bad, Unit::Ratio).verdict(), "missed");
        assert_eq!(claim(bad, Unit::Ns).verdict(), "not reached");
    }
}

#[test]
fn a_broken_file_of_a_bench_is_named_with_the_field() {
    let home = tempfile::tempdir().unwrap();
    let path = run("forward", 1.2).save(home.path()).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    for (from, to, field) in [
        ("\"schema\": 1", "\"schema\": 9", "schema"),
        ("\"contender\"", "\"contestant\"", "contender"),
        ("\"value\": 100.0", "\"value\": 200.0", "costs[0].ns"),
        ("\"value\": 1.2", "\"value\": null", "forward.json:"),
        ("\"met\": true", "\"met\": false", "claims[0].met"),
        ("\"unit\": \"ratio\"", "\"unit\": \"furlong\"", "furlong"),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        fs::write(&path, text.replace(from, to)).unwrap();
        let complaint = BenchRun::load(&path).unwrap_err().to_string();
        assert!(complaint.contains("forward.json") && complaint.contains(field), "{from}: {complaint}");
    }
}
