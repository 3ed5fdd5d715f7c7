//! Owns the registry of checks, one file per requirement area under `checks/`. A check that is not listed here does
//! not exist for the gate.

mod det;
mod e2e;
mod flows;
mod fwd;
mod net;
mod pres;
mod presenter_model;
mod sec;

#[cfg(test)]
mod proofs_media;
#[cfg(test)]
mod proofs_wire;
mod cam;
mod cap;
mod join;
mod ledger;
mod lic;
mod moderation;
mod transcript;

#[cfg(test)]
mod proofs;

use std::sync::LazyLock;

use crate::check::Check;

/// The areas, in the order in which reports name them.
static CHECKS: LazyLock<Vec<Check>> = LazyLock::new(|| {
    let mut checks = Vec::new();
    checks.extend(lic::CHECKS);
    checks.extend(cap::CHECKS);
    checks.extend(join::CHECKS);
    checks.extend(cam::CHECKS);
    checks
});

/// All checks, in the order in which reports name them.
pub fn checks() -> &'static [Check] {
    static CHECKS: LazyLock<Vec<Check>> = LazyLock::new(|| {
        [pres::CHECKS, fwd::CHECKS, e2e::CHECKS, net::CHECKS, sec::CHECKS, det::CHECKS].concat()
    });
    &CHECKS
}
