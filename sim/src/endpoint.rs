//! Owns the simulated participant's parts that need neither a world nor a server: what turns received packets into
//! what a person hears and sees.

pub mod assembler;
pub mod playout;
