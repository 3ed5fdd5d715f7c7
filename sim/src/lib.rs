//! Owns the rehearsal: scenarios, simulated buildings, participants and the world they meet in.

pub mod link;
pub mod mail;
pub mod packet;
pub mod channel;
pub mod endpoint;
pub mod quality;
pub mod record;
pub mod seed;
pub mod trace;
pub mod scenario;
pub mod site;
pub mod recording;
