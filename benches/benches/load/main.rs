//! What forwarding costs a serving process over real sockets: one publishes to 499 over loopback, and the packets that come to
//! them are divided by the CPU time that the kernel charged the process with. `media-node` beside Janus, if that is installed: the
//! same traffic, in windows that take turns within one run.

mod check;
mod client;
mod hall;
mod janus;
mod media_node;
mod process;
mod service;

use std::{
    io,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use benches::{broadcast::Load, paired::is_measured};

use hall::Hall;
use janus::Janus;
use media_node::MediaNode;

const AUDIENCE: usize = 499;
/// Until what is forwarded is what is forwarded for good: pictures wait until a path is believed to carry them.
const WARM_UP: Duration = Duration::from_secs(10);
const WINDOW: Duration = Duration::from_secs(4);
const ROUNDS: usize = 5;

/// The time by this machine's clock.
#[expect(clippy::disallowed_methods, reason = "a bench measures the machine it runs on")]
fn now() -> Instant {
    Instant::now()
}

fn main() -> ExitCode {
    if !is_measured() {
        return ExitCode::SUCCESS;
    }
    let scratch = tempfile::tempdir().expect("a directory for what servers read");
    for load in Load::ALL {
        if std::env::var("LOAD").is_ok_and(|l| l != load.name()) {
            continue;
        }
        if let Err(error) = measure(scratch.path(), load) {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn measure(scratch: &Path, load: Load) -> io::Result<()> {
    let audience = std::env::var("AUDIENCE").ok().and_then(|n| n.parse().ok()).unwrap_or(AUDIENCE);
    let rounds = std::env::var("ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let only = std::env::var("ONLY").unwrap_or_default();
    for _ in 0..rounds {
        for name in ["media-node", "janus"] {
            if !only.is_empty() && only != name {
                continue;
            }
            let begun = now();
            let service: Box<dyn service::Service> = if name == "janus" {
                Box::new(Janus::start(scratch, load))
            } else {
                Box::new(MediaNode::start(scratch, load, audience))
            };
            let started = begun.elapsed();
            let mut hall = Hall::fill(service, load, audience)?;
            eprintln!("full after {started:?} {:?}", begun.elapsed());
            hall.go_on(WARM_UP)?;
            for _ in 0..2 {
                let before = hall.totals()?;
                let own = process::CpuTime::of(std::process::id())?;
                hall.go_on(WINDOW)?;
                let after = hall.totals()?;
                let cpu = after.cpu.since(before.cpu);
                let received = after.received - before.received;
                println!(
                    "{} {} {}: sent {} expected {} received {} others {} opened {:?} sound {:?} user {:?} kernel {:?} => {:.0} per CPU second; client {:?}",
                    load.name(),
                    hall.service.name(),
                    hall.profile(),
                    after.sent - before.sent,
                    (after.sent - before.sent) * audience as u64,
                    received,
                    after.others - before.others,
                    after.opened[0] - before.opened[0],
                    after.opened[1] - before.opened[1],
                    cpu.user,
                    cpu.kernel,
                    received as f64 / cpu.sum().as_secs_f64(),
                    process::CpuTime::of(std::process::id())?.since(own).sum()
                );
            }
        }
    }
    Ok(())
}
