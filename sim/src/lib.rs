//! Owns the rehearsal: scenarios, simulated buildings, participants and the world they meet in.

pub mod record;
pub mod recording;
