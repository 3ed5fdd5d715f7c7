//! The integration tests of this crate, as one program.

#![expect(clippy::unwrap_used, reason = "a test that cannot start a program or read the tree has failed")]

mod browser;
mod command_line;
mod interposed;
mod readme;
mod tidy;
