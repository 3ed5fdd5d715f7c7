//! Owns threads on which whoever asks the operating system for random numbers or for the time gets the same in every run.
//! Other implementations of WebRTC ask it, by ways that nothing but the C library's functions themselves can change.
//!
//! A program that contains this crate has these functions twice, and asks ours. On threads that were not
//! started by [`run`] they do what the C library's do. A server must not contain it.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod interpose;
mod thread;

pub use thread::{IS_SUPPORTED, anchor, run};
