//! Owns the check that no bytes from the network do harm (SEC-001): everything that reads such bytes is attacked with the
//! kept inputs of the fuzzer and with a bounded number of made ones. The long search for more inputs is `.ci/fuzz`'s.

use sim::fuzz::{self, TARGETS, Target};

use crate::{
    check::{Check, Judge},
    evidence::Findings,
};

/// Inputs made for the dearest target; the others get their share as often.
const MADE: u64 = 150;
/// The seed of the made inputs: another than that of the tests, so that the gate tries others.
const SEED: u64 = 0x5ec_0002;

/// The checks of this area.
pub(super) const CHECKS: &[Check] = &[Check {
    name: "no-bytes-do-harm",
    requirements: &["SEC-001"],
    scenarios: &[],
    judge: Judge::Standing(|| attacked(&TARGETS, MADE)),
}];

/// Every input is looked at; one that makes its target panic, or say that something does not hold, is a violation.
fn attacked(targets: &[Target], made: u64) -> Findings {
    let mut findings = Findings::new();
    for target in targets {
        let attack = fuzz::attack(target, made * target.share, SEED);
        findings.add_examined(attack.kept + attack.made - attack.faults_total);
        for fault in &attack.faults {
            findings.expect(false, || {
                format!("{}: {} ({}, {:02x?})", target.name, fault.message, fault.input, fault.bytes)
            });
        }
        let told = attack.faults.len() as u64;
        findings.expect(attack.faults_total == told, || {
            format!("{}: {} more inputs like these", target.name, attack.faults_total - told)
        });
        findings.expect(attack.kept > 0, || format!("{} has no kept inputs", target.name));
        findings.count("kept inputs", attack.kept);
        findings.count("made inputs", attack.made);
    }
    findings.count("targets", targets.len() as u64);
    findings
}

/// What the check says of a reader that believes what a packet says of its own length.
pub(super) fn trusting_reader() -> Findings {
    let reader = TARGETS.map(|target| Target {
        examine: |bytes| {
            let said = bytes.first().copied().map_or(0, usize::from);
            // In 16 bits, as a field of a header; the reader does not ask whether the packet has as many.
            if said + 1 > bytes.len() {
                Err(format!("{said} bytes of {} were read", bytes.len()))
            } else {
                Ok(())
            }
        },
        ..target
    });
    attacked(&reader[..1], 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_panics_is_a_violation_with_its_input() {
        let panicking = Target { examine: |bytes| panic!("at {} bytes", bytes.len()), ..TARGETS[0] };
        let findings = attacked(&[panicking], 1);
        assert!(findings.violations_total() > 0);
        assert!(findings.breaches()[0].message.starts_with("rtp-packet: panic: at "));
    }

    #[test]
    fn every_target_is_attacked() {
        let findings = attacked(&TARGETS, 1);
        assert_eq!(findings.violations_total(), 0, "{:?}", findings.breaches().first());
        assert!(
            findings.evidence().ends_with(&format!("{} targets", TARGETS.len())),
            "{}",
            findings.evidence()
        );
    }
}
