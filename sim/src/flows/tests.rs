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
    let forward =
        format!("rates = [{{ at = \"0s\", kbps = 50000 }}]\ndelay = \"50ms\"\nqueue = \"500ms\"\nloss = {loss:?}");
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
