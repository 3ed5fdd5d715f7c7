//! Owns a test bed for congestion control without a conference: flows of media and of TCP share a bottleneck, and figures say
//! what became of capacity, queue and shares. The cases of RFC 8867 and the bands that libwebrtc asserts are files for it
//! (`fixtures/rfc8867`). Senders and receivers are those of the product: [`media_core::congestion`].
//!
//! It runs in simulated time on one thread, event by event; equal files and seeds give equal courses.

mod bed;
mod case;
mod ends;
mod file;
mod measure;
mod media;
mod short_tcp;
mod tcp;

#[cfg(test)]
mod tests;

pub use bed::run;
pub use case::{Bound, Case, Direction, Figure, Media, Path, Tcp};
pub use measure::{Course, FlowCourse, Measured};
pub use media::Sabotage;
