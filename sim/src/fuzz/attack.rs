//! Owns the attack that needs no fuzzer: the kept inputs of a target, then a bounded number of inputs that chance makes
//! of them. The same seed makes the same inputs on every machine.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::{Target, Verdict};

/// Bytes of a made input at most.
const INPUT_BYTES_MAX: usize = 4_096;
/// Faults of one target that are kept with their input.
const FAULTS_MAX: usize = 8;

/// What an attack on one target did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attack {
    /// Kept inputs that were tried.
    pub kept: u64,
    /// Made inputs that were tried.
    pub made: u64,
    /// Inputs to which the target said that something was wrong.
    pub faults_total: u64,
    /// The first of them.
    pub faults: Vec<Fault>,
}

/// An input that broke something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The name of its file, or its number among those made.
    pub input: String,
    /// What was wrong.
    pub message: String,
    /// The input itself.
    pub bytes: Vec<u8>,
}

/// Throws the kept inputs at a target, then `made` more.
pub fn attack(target: &Target, made: u64, seed: u64) -> Attack {
    let corpus = target.corpus();
    let mut attack = Attack::default();
    for (name, bytes) in corpus {
        attack.kept += 1;
        attack.throw(target, name, bytes);
    }
    let mut maker = Maker { rng: ChaCha8Rng::seed_from_u64(seed), corpus };
    let mut bytes = Vec::new();
    for number in 0..made {
        maker.make(&mut bytes);
        attack.made += 1;
        attack.throw(target, &format!("made {number} under seed {seed}"), &bytes);
    }
    attack
}

impl Attack {
    fn throw(&mut self, target: &Target, input: &str, bytes: &[u8]) {
        let Err(message) = examine(target, bytes) else { return };
        self.faults_total += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { input: input.to_owned(), message, bytes: bytes.to_vec() });
        }
    }
}

/// A panic of the target becomes a verdict.
fn examine(target: &Target, bytes: &[u8]) -> Verdict {
    match catch_unwind(AssertUnwindSafe(|| (target.examine)(bytes))) {
        Ok(verdict) => verdict,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied());
            Err(format!("panic: {}", text.unwrap_or("without a message")))
        }
    }
}

/// Makes inputs: noise, or kept inputs that are changed in a few places, as fuzzers change them.
struct Maker {
    rng: ChaCha8Rng,
    corpus: &'static [(&'static str, &'static [u8])],
}

impl Maker {
    fn make(&mut self, out: &mut Vec<u8>) {
        out.clear();
        if self.corpus.is_empty() || self.below(8) == 0 {
            let length = self.below(400);
            out.resize(length, 0);
            self.rng.fill_bytes(out);
            return;
        }
        out.extend_from_slice(self.kept());
        for _ in 0..=self.below(6) {
            self.change(out);
        }
        out.truncate(INPUT_BYTES_MAX);
    }

    /// One change of a kind that keeps most of the input.
    fn change(&mut self, out: &mut Vec<u8>) {
        let at = self.below(out.len());
        let end = (at + 1 + self.below(32)).min(out.len());
        match self.below(7) {
            0 => out.truncate(at),
            1 => {
                let byte = self.rng.next_u32() as u8;
                out.insert(at, byte);
            }
            2 => {
                let other = self.kept();
                let from = self.below(other.len());
                let until = (from + self.below(200)).min(other.len());
                out.splice(at..at, other[from..until].iter().copied());
            }
            3 if at < end => {
                let to = out.len() - (end - at);
                out.copy_within(at..end, to);
            }
            4 if at < end => drop(out.drain(at..end)),
            _ => {
                if let Some(byte) = out.get_mut(at) {
                    *byte = match self.rng.next_u32() % 4 {
                        0 => *byte ^ 1 << (self.rng.next_u32() % 8),
                        1 => byte.wrapping_add(1),
                        2 => 0xff,
                        _ => self.rng.next_u32() as u8,
                    };
                }
            }
        }
    }

    fn kept(&mut self) -> &'static [u8] {
        let at = self.below(self.corpus.len());
        self.corpus.get(at).map_or(&[], |(_, bytes)| bytes)
    }

    fn below(&mut self, count: usize) -> usize {
        self.rng.next_u32() as usize % count.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz;

    fn broken(examine: fn(&[u8]) -> Verdict) -> Target {
        Target { examine, ..*fuzz::target("rtp-packet").unwrap() }
    }

    #[test]
    fn a_reader_that_panics_is_a_fault() {
        let trusting = broken(|bytes| {
            let length = usize::from(*bytes.first().unwrap_or(&0));
            if bytes.len() > 1 {
                drop(bytes[1..=length].to_vec());
            }
            Ok(())
        });
        let attack = attack(&trusting, 300, 1);
        assert!(attack.faults_total > 0);
        assert!(attack.faults.len() <= FAULTS_MAX && attack.faults[0].message.starts_with("panic: "));
        assert!((trusting.examine)(b"").is_ok());
    }

    #[test]
    fn a_verdict_against_an_input_is_a_fault_with_the_input() {
        let attack = attack(&broken(|bytes| Err(format!("{} bytes", bytes.len()))), 3, 1);
        assert_eq!(attack.faults_total, attack.kept + 3);
        assert_eq!(attack.faults[0].message, format!("{} bytes", attack.faults[0].bytes.len()));
    }

    #[test]
    fn the_same_seed_makes_the_same_inputs_and_another_seed_others() {
        let telling = broken(|bytes| if bytes.len() % 7 == 3 { Err(format!("{bytes:x?}")) } else { Ok(()) });
        assert_eq!(attack(&telling, 200, 1), attack(&telling, 200, 1));
        assert_ne!(attack(&telling, 200, 1).faults, attack(&telling, 200, 2).faults);
    }
}
