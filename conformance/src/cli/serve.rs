//! Owns the command that starts the server. It is a program of its own beside this one: nothing that makes rehearsals repeatable
//! is in it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Exit, Failure};
use crate::bad_input::BadInput;

const PROGRAM: &str = "media-node";
const HOW_TO_BUILD: &str = "cargo build --release -p media-node";

/// Becomes the server beside this program; comes back only when that fails.
pub(super) fn serve(arguments: &[OsString]) -> Result<Exit, Failure> {
    let own = std::env::current_exe()?;
    let program = beside(&own)?;
    let mut command = Command::new(&program);
    command.args(arguments);
    run(&program, command)
}

/// The server's program in the directory of this one.
fn beside(own: &Path) -> Result<PathBuf, BadInput> {
    let program = own.with_file_name(PROGRAM).with_extension(std::env::consts::EXE_EXTENSION);
    if program.is_file() {
        return Ok(program);
    }
    let missing = format!("serve: there is no {}", program.display());
    Err(BadInput::new(missing).with_help(format!("`{HOW_TO_BUILD}` builds it")))
}

/// In this process's place: signals reach it, and its exit code is this one's.
#[cfg(unix)]
fn run(program: &Path, mut command: Command) -> Result<Exit, Failure> {
    use std::os::unix::process::CommandExt as _;
    Err(BadInput::file(program, &command.exec()).into())
}

#[cfg(not(unix))]
fn run(program: &Path, _: Command) -> Result<Exit, Failure> {
    Err(BadInput::new(format!("serve: start {} itself on this system", program.display())).into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use miette::Diagnostic as _;

    use super::{HOW_TO_BUILD, PROGRAM, beside};

    #[test]
    fn the_server_stands_beside_the_program_and_who_lacks_it_is_told_how_to_build_it() {
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().join("generalprobe");
        let missing = beside(&own).unwrap_err();
        assert!(missing.to_string().contains(PROGRAM), "{missing}");
        assert!(missing.help().unwrap().to_string().contains(HOW_TO_BUILD));
        let program = own.with_file_name(PROGRAM).with_extension(std::env::consts::EXE_EXTENSION);
        fs::write(&program, "").unwrap();
        assert_eq!(beside(&own).unwrap(), program);
    }
}
