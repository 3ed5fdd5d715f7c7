//! Owns the judgement: requirement catalogue, checks, gate and reports.

pub mod arb;
pub mod bad_input;
pub mod catalogue;
pub mod check;
pub mod checks;
pub mod city;
pub mod cli;
pub mod diff;
pub mod evidence;
pub mod expectation;
pub mod explore;
pub mod gate;
pub mod measured;
pub mod model;
pub mod oracle;
pub mod perform;
pub mod plan;
pub mod planner;
pub mod proof;
pub mod registry;
pub mod rehearsal;
pub mod replay;
pub mod report;
pub mod summary;

#[cfg(test)]
mod baseline;
#[cfg(test)]
mod testing;
