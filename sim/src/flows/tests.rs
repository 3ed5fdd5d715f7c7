//! Claims about the test bed: its TCP is held against theory, its files say what is wrong with them.

use super::*;
use crate::seed::Seed;

const HEAD: &str = r#"
name = "test"
source = "none"
description = "a test"
duration = "60s"
"#;

fn case(duration_s: u32, forward: &str, flows: &str, expect: &str) -> Case {
    let text = format!(
        "{}\n[forward]\n{forward}\n[backward]\nrates = [{{ at = \"0s\", kbps = 100000 }}]\ndelay = \"50ms\"\nqueue = \"300ms\"\n{flows}\n{expect}",
        HEAD.replace("60s", &format!("{duration_s}s")),
    );
    Case::from_toml("test.toml", &text).unwrap_or_else(|error| panic!("{error}"))
}

fn value(course: &Course) -> f64 {
    course.measured[0].value.unwrap()
}

const TCP: &str = "[[tcp]]\nname = \"tcp\"";

/// Throughput of one TCP flow in Mbit/s of payload at 10 Mbit/s, 100 ms of round trip, and random losses.
fn tcp_mbps(loss: f64) -> f64 {
    let forward = format!(
        "rates = [{{ at = \"0s\", kbps = 50000 }}]\ndelay = \"50ms\"\nqueue = \"500ms\"\nloss = {loss:?}"
    );
    let expect = "[[expect]]\nfigure = \"received-kbps\"\nflow = \"tcp\"\nfrom = \"20s\"\nuntil = \"320s\"\nat_least = 0.0\nat_most = 1e9\nreason = \"-\"";
    let course = run(&case(320, &forward, TCP, expect), Seed::new(3), None);
    value(&course) / 1e3 * 1460.0 / 1500.0
}

#[test]
fn tcp_with_losses_is_as_fast_as_theory_says() {
    // Mathis, Semke, Mahdavi, Ott 1997: MSS / RTT * sqrt(3/2) / sqrt(p), with each segment acknowledged. It knows no timeouts
    // and no recovery, which cost more the more is lost.
    for (loss, tolerance) in [(0.000_5, 0.1), (0.002, 0.15), (0.01, 0.25)] {
        let theory = 1460.0 * 8.0 / 0.1 * 1.5_f64.sqrt() / f64::sqrt(loss) / 1e6;
        let measured = tcp_mbps(loss);
        assert!((measured / theory - 1.0).abs() < tolerance, "p = {loss}: {measured} of {theory} Mbit/s");
    }
}

#[test]
fn tcp_fills_an_idle_line() {
    for queue_ms in [100, 300, 1000] {
        let forward =
            format!("rates = [{{ at = \"0s\", kbps = 2000 }}]\ndelay = \"50ms\"\nqueue = \"{queue_ms}ms\"");
        let expect = "[[expect]]\nfigure = \"utilisation\"\nfrom = \"20s\"\nuntil = \"60s\"\nat_least = 0.0\nat_most = 1e9\nreason = \"-\"";
        let carried = value(&run(&case(60, &forward, TCP, expect), Seed::new(3), None));
        assert!((0.97..=1.001).contains(&carried), "queue of {queue_ms} ms: {carried}");
    }
}

/// A small case in which `from` is replaced by `to`, read.
fn altered(from: &str, to: &str) -> Result<Case, String> {
    let text = r#"name = "test"
source = "none"
description = "a test"
duration = "20s"

[forward]
rates = [{ at = "0s", kbps = 1000 }]
delay = "50ms"
queue = "300ms"

[backward]
rates = [{ at = "0s", kbps = 1000 }]
delay = "50ms"
queue = "300ms"

[[media]]
name = "a"

[[expect]]
figure = "utilisation"
from = "5s"
until = "20s"
at_least = 0.5
at_most = 1.0
reason = "a test"
"#;
    assert!(text.contains(from), "{from}");
    Case::from_toml("test.toml", &text.replace(from, to)).map_err(|error| error.to_string())
}

#[test]
fn a_wrong_file_is_told_with_line_and_field() {
    assert!(altered("a test", "another").is_ok());
    let wrong = [
        ("duration = \"20s\"", "duration = \"20\"", "test.toml:4: duration:"),
        ("delay = \"50ms\"\nqueue = \"300ms\"\n\n[backward]", "queue = \"300ms\"\n\n[backward]", "delay"),
        ("name = \"a\"", "name = \"a\"\ncolour = \"red\"", "colour"),
        ("name = \"a\"", "name = \"a\"\nmin_kbps = 2000", "test.toml:17: media: rates have to be"),
        ("name = \"a\"", "name = \"a\"\nloss = 2.0", "loss"),
        ("until = \"20s\"", "until = \"21s\"", "test.toml:22: until: 21s is after the end"),
        ("from = \"5s\"", "from = \"20s\"", "test.toml:22: until: is not later"),
        ("at_most = 1.0", "at_most = 0.1", "test.toml:24: at_most: is less"),
        ("figure = \"utilisation\"", "figure = \"beauty\"", "test.toml:20: figure:"),
        (
            "figure = \"utilisation\"",
            "figure = \"received-kbps\"",
            "test.toml:20: figure: received-kbps is about a `flow`",
        ),
        (
            "figure = \"utilisation\"",
            "figure = \"utilisation\"\nflow = \"b\"",
            "test.toml:21: flow: there is no flow `b`",
        ),
        ("figure = \"utilisation\"", "figure = \"queue-below-after-s\"", "needs a `level`"),
    ];
    for (from, to, told) in wrong {
        let error = altered(from, to).expect_err(to);
        assert!(error.contains(told), "{error} does not contain {told}");
    }
}

#[test]
fn equal_seeds_give_equal_courses_and_others_do_not() {
    let case = altered("a test", "another").unwrap();
    let sent =
        |seed| run(&case, Seed::new(seed), None).flows[0].sent_kbps(std::time::Duration::from_millis(500));
    assert_eq!(sent(1), sent(1));
    assert_ne!(sent(1), sent(2));
}

#[test]
fn the_figures_are_those_of_a_known_course() {
    // An encoder that never takes more than 150 kbit/s, on a line of 1,000, and trains that look for more.
    let case = altered("figure = \"utilisation\"", "figure = \"utilisation\"").unwrap();
    let carried = value(&run(&case, Seed::new(1), Some(Sabotage::NeverMore)));
    assert!((0.14..0.19).contains(&carried), "{carried}");
}
