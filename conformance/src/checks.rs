//! Owns the registry of checks, one file per requirement area under `checks/`. A check that is not listed here does
//! not exist for the gate.

mod flows;
mod fwd;
mod pres;
mod presenter_model;
mod sec;

#[cfg(test)]
mod proofs_media;

use std::sync::LazyLock;

use crate::check::Check;

/// All checks, in the order in which reports name them.
pub fn checks() -> &'static [Check] {
    static CHECKS: LazyLock<Vec<Check>> = LazyLock::new(|| [pres::CHECKS, fwd::CHECKS, sec::CHECKS].concat());
    &CHECKS
}
