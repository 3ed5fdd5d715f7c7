//! Owns the check that nobody notices in which simulated host a building stands (DET-001): another order and another
//! grouping of hosts give every participant the same, and the server the same to forward.

use sim::run::Run;

use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::{HarnessError, Rehearse, RunEvidence, Settings},
};

/// The checks of this file.
pub(super) const CHECKS: &[Check] = &[Check {
    name: "another-order-of-hosts-the-same-run",
    requirements: &["DET-001"],
    scenarios: &["isolation", "loss", "presenter"],
    judge: Judge::Compare(scattered),
}];

/// Runs it once more with every site on a host of its own, the last first.
fn scattered(run: &RunEvidence, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
    let mut findings = Findings::new();
    let settings = Settings { sabotage: run.run().sabotage, scattered: true, ..Settings::default() };
    let other = rehearse.with_settings(settings).fixture(&run.scenario, run.seed)?;
    for (first, second) in run.participants.iter().zip(&other.participants) {
        findings.expect(first == second, || {
            format!("{} had another experience when the hosts stood in another order", first.name)
        });
    }
    let (one, two) = (forwarded(run.run()), forwarded(other.run()));
    findings.expect(one == two, || {
        let common = one.iter().zip(&two).take_while(|(one, two)| one == two).count();
        format!(
            "the media node forwarded {} packets in one order of hosts and {} in the other, alike up to number {common}",
            one.len(),
            two.len()
        )
    });
    findings.count("participants compared", run.participants.len() as u64);
    findings.count("packets compared", one.len() as u64);
    Ok(findings)
}

/// Who got which ciphertext, and when, whatever the order of what happened at one instant.
fn forwarded(run: &Run) -> Vec<(u64, u32, u64)> {
    let egress = run.server.tap.egress.iter();
    let mut all: Vec<_> =
        egress.map(|packet| (packet.at.as_nanos(), packet.peer.0, packet.payload)).collect();
    all.sort_unstable();
    all
}
