//! Owns the judgement: requirement catalogue, checks, gate and reports.

pub mod bad_input;
pub mod catalogue;
pub mod check;
pub mod checks;
pub mod evidence;
pub mod rehearsal;
