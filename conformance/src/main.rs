//! The command line's entry: standard streams and the exit code. Prints, decides nothing.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use conformance::{
    cli::{Failure, Stage, execute},
    registry::Registry,
    rehearsal::Simulation,
    report::terminal::Look,
};

/// A city is gigabytes of small pieces that are touched in no order: with pages of 4 KiB each finds its address translation
/// forgotten. This allocator asks for large ones.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut out = UntilClosed(io::stdout().lock());
    let mut stage = Stage {
        rehearse: &Simulation::default(),
        registry: Registry::embedded,
        out: &mut out,
        look: Look::of_stdout(),
    };
    match execute(env::args_os(), &mut stage) {
        Ok(exit) => exit.code().into(),
        Err(failure) => complain(failure),
    }
}

#[expect(clippy::print_stderr, reason = "standard error is where a command line complains")]
fn complain(failure: Failure) -> ExitCode {
    let code = failure.code();
    match failure {
        // Help and version are no complaint: clap prints them to standard output and exits with 0.
        Failure::Usage(usage) => usage.exit(),
        Failure::BadInput(bad) => {
            eprintln!("{:?}", miette::Report::new(bad));
        }
        failure @ (Failure::Harness(_) | Failure::Output(_)) => {
            eprintln!("generalprobe: the harness failed: {failure}");
        }
    }
    code.into()
}

/// A stream whose reader may stop reading, as `head` does, without that changing the exit code.
struct UntilClosed<W>(W);

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}
