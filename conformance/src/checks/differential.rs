//! Owns the differential checks of the engine: media as bytes against media as metadata, and one engine against several.
//! Both feed what reached the media node of a run into engines once more.

use sim::{
    differential::{Comparison, compare_metadata, compare_split},
    run::Run,
};

use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::{HarnessError, Rehearse, RunEvidence, Settings},
};

/// Engines among which the conferences are divided.
const ENGINES: usize = 2;

/// What the run's own engine gave out and the first side did not, or the reverse, as a share: what arrived at one instant
/// may have been fed in another order. Beyond it something else was fed than what the run's engine got.
const REPEATED_DIFFERENCE_MAX: f64 = 0.001;

/// The checks of this file.
pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "media-as-metadata-gives-what-media-as-bytes-gives",
        requirements: &["FWD-007"],
        scenarios: &["layers", "loss", "speakers"],
        judge: Judge::Compare(|run, rehearse| compared(run, rehearse, compare_metadata)),
    },
    Check {
        name: "two-engines-decide-as-one",
        requirements: &["FWD-008"],
        scenarios: &["isolation"],
        judge: Judge::Compare(|run, rehearse| compared(run, rehearse, |run| compare_split(run, ENGINES))),
    },
];

/// Runs it once more with its datagrams kept, and compares.
fn compared(
    run: &RunEvidence,
    rehearse: &dyn Rehearse,
    compare: impl Fn(&Run) -> Comparison,
) -> Result<Findings, HarnessError> {
    let settings = Settings { sabotage: run.run().sabotage, keep_packets: true, ..Settings::default() };
    let kept = rehearse.with_settings(settings).fixture(&run.scenario, run.seed)?;
    let comparison = compare(kept.run());
    let mut findings = Findings::new();
    findings.add_examined(comparison.outputs - comparison.differences_total.min(comparison.outputs));
    for number in 0..comparison.differences_total as usize {
        findings.expect(false, || comparison.differences.get(number).cloned().unwrap_or_default());
    }
    let sent = kept.run().server.tap.egress.len() as u64;
    let missing = sent.abs_diff(comparison.packets_out) as f64 / sent.max(1) as f64;
    findings.expect(missing <= REPEATED_DIFFERENCE_MAX, || {
        format!(
            "the engine gave out {} packets where that of the run gave out {sent}",
            comparison.packets_out
        )
    });
    findings.expect(comparison.altered > 0, || "both sides got the same, so nothing was compared".to_owned());
    findings.count("datagrams in", comparison.datagrams);
    findings.count("outputs compared", comparison.outputs);
    findings.count("packets out", comparison.packets_out);
    Ok(findings)
}
