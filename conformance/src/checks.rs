//! Owns the registry of checks, one file per requirement area under `checks/`. A check that is not listed here does
//! not exist for the gate.

mod addresses;
mod attempts;
mod bytes;
mod cam;
mod cap;
mod city;
mod clear;
mod conservation;
mod decodable;
mod det;
mod differential;
pub(crate) mod e2e;
mod exports;
mod falling_rate;
mod first_audio;
pub(crate) mod flows;
mod fwd;
mod ghosts;
mod grants;
mod groups;
mod hostile;
mod hostile_delivery;
mod hostile_frames;
mod hostile_levels;
mod hostile_links;
mod hostless;
mod impostors;
mod incapable;
mod join;
mod layers;
mod ledger;
mod lic;
mod lines;
mod liveness;
mod loudest;
mod moderation;
mod net;
mod placement;
mod planning;
mod pres;
mod presenter_model;
mod proofs;
mod proven;
mod recovery;
mod reference;
mod release;
mod removed;
mod repair;
mod reserved_line;
mod resting;
pub(crate) mod rfc8867;
mod rough_ways;
mod screen_first;
mod sec;
mod secrecy;
mod shared_lines;
mod span;
mod stage;
mod succession;
mod transcript;
mod weak_guest;
mod weak_lines;

use std::sync::LazyLock;

use crate::check::Check;

/// The areas, in the order in which reports name them.
static CHECKS: LazyLock<Vec<Check>> = LazyLock::new(|| {
    let mut checks = Vec::new();
    checks.extend_from_slice(&lic::CHECKS);
    checks.extend_from_slice(&cap::CHECKS);
    checks.extend_from_slice(&join::CHECKS);
    checks.extend_from_slice(pres::CHECKS);
    checks.extend_from_slice(&cam::CHECKS);
    checks.extend_from_slice(fwd::CHECKS);
    checks.extend_from_slice(e2e::CHECKS);
    checks.extend_from_slice(secrecy::CHECKS);
    checks.extend_from_slice(net::CHECKS);
    checks.extend_from_slice(weak_lines::CHECKS);
    checks.extend_from_slice(falling_rate::CHECKS);
    checks.extend_from_slice(shared_lines::CHECKS);
    checks.extend_from_slice(weak_guest::CHECKS);
    checks.extend_from_slice(rough_ways::CHECKS);
    checks.extend_from_slice(first_audio::CHECKS);
    checks.extend_from_slice(screen_first::CHECKS);
    checks.extend_from_slice(decodable::CHECKS);
    checks.extend_from_slice(reserved_line::CHECKS);
    checks.extend_from_slice(rfc8867::CHECKS);
    checks.extend_from_slice(city::CHECKS);
    checks.extend_from_slice(bytes::CHECKS);
    checks.extend_from_slice(sec::CHECKS);
    checks.extend_from_slice(addresses::CHECKS);
    checks.extend_from_slice(hostile::CHECKS);
    checks.extend_from_slice(hostile_frames::CHECKS);
    checks.extend_from_slice(removed::CHECKS);
    checks.extend_from_slice(ghosts::CHECKS);
    checks.extend_from_slice(impostors::CHECKS);
    checks.extend_from_slice(hostile_delivery::CHECKS);
    checks.extend_from_slice(hostile_levels::CHECKS);
    checks.extend_from_slice(hostile_links::CHECKS);
    checks.extend_from_slice(incapable::CHECKS);
    checks.extend_from_slice(det::CHECKS);
    checks.extend_from_slice(reference::CHECKS);
    checks.extend_from_slice(lines::CHECKS);
    checks.extend_from_slice(liveness::CHECKS);
    checks.extend_from_slice(differential::CHECKS);
    checks.extend_from_slice(placement::CHECKS);
    checks.extend_from_slice(clear::CHECKS);
    checks.extend_from_slice(repair::CHECKS);
    checks.extend_from_slice(exports::CHECKS);
    checks.extend_from_slice(planning::CHECKS);
    for recovery in [
        hostless::CHECKS,
        release::CHECKS,
        attempts::CHECKS,
        recovery::CHECKS,
        succession::CHECKS,
        resting::CHECKS,
    ] {
        checks.extend_from_slice(recovery);
    }
    checks.extend_from_slice(proven::CHECKS);
    checks.extend_from_slice(proofs::CHECKS);
    checks
});

/// All checks, in the order in which reports name them.
pub fn checks() -> &'static [Check] {
    &CHECKS
}
