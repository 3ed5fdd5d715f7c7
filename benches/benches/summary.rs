//! The end of `cargo bench`, which runs benches in the order of their names: the report on everything that was measured. It fails when
//! a ratio misses its bound.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use benches::paired;
use conformance::{cli::report_on_benches, report::terminal::Look};

#[expect(clippy::print_stdout, reason = "a bench has nothing but its output to complain")]
fn main() -> ExitCode {
    if !paired::is_measured() {
        return ExitCode::SUCCESS;
    }
    // Cargo says where this crate stands; the workspace is around it.
    let crate_root = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let workspace = crate_root.parent().unwrap_or(Path::new("."));
    match report_on_benches(workspace, &mut io::stdout(), Look::of_stdout()) {
        Ok(exit) => exit.code().into(),
        Err(failure) => {
            println!("{failure}");
            failure.code().into()
        }
    }
}
