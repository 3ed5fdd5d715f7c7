//! Owns other implementations that forward the same: complete WebRTC connections of a publisher and of everybody who receives,
//! whose packets are handed over in memory.

mod room;
mod rtc;
mod str0m;

pub(super) use room::{End, Room};
pub(super) use rtc::Rtc;
pub(super) use str0m::Str0m;
