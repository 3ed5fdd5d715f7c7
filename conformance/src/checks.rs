//! Owns the registry of checks, one file per requirement area under `checks/`. A check that is not listed here does
//! not exist for the gate.

mod det;
mod e2e;
mod flows;
mod net;
mod pres;
mod presenter_model;

#[cfg(test)]
mod proofs_media;
#[cfg(test)]
mod proofs_wire;

use std::sync::LazyLock;

use crate::check::Check;

/// All checks, in the order in which reports name them.
pub fn checks() -> &'static [Check] {
    static CHECKS: LazyLock<Vec<Check>> =
        LazyLock::new(|| [pres::CHECKS, e2e::CHECKS, net::CHECKS, det::CHECKS].concat());
    &CHECKS
}
