//! Owns the rehearsal: scenarios, simulated buildings, participants and the world they meet in.

pub mod channel;
pub mod endpoint;
pub mod quality;
pub mod record;
