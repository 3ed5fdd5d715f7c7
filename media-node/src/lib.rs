//! Owns the media node as a server: the engine and the transports of `media_core` behind one UDP port, signalling over HTTP.
//!
//! Nothing here decides about conferences or media. Time and randomness are the operating system's: of the crates that make
//! rehearsals repeatable this one knows nothing.

mod certificate;
pub mod cli;
mod clock;
mod command;
pub mod config;
mod entropy;
mod http;
pub mod limits;
mod metrics;
mod node;
mod outbox;
mod send_batch;
mod server;
mod socket;

pub use certificate::CertificateError;
pub use config::Config;
pub use http::TlsError;
pub use server::{Server, StartError};
