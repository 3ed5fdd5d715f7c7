//! The command line: prints, decides nothing.

fn main() {}
