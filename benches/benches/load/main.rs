//! What forwarding costs a serving process over real sockets: one publishes to 499 over loopback, and the copies that come to
//! them are divided by the CPU time that the kernel charged the process with. `media-node` beside Janus, if that is installed, and
//! a floor that only sends: the same traffic, in turns within one run.

mod check;
mod client;
mod clock;
mod floor;
mod hall;
mod janus;
mod media_node;
mod process;
mod service;

use std::{io, path::Path, process::ExitCode, time::Duration};

use benches::{
    broadcast::Load,
    paired::is_measured,
    tally::{Tally, Work},
};
use conformance::measured::{Bound, Claim, Figure, Size, SizeUnit, Unit};

use floor::Floor;
use hall::Hall;
use janus::Janus;
use media_node::MediaNode;
use process::{CpuTime, allow_sockets};
use service::Service;

const AUDIENCE: usize = 499;
/// Until what is forwarded is what is forwarded for good: pictures wait until a path is believed to carry them.
const WARM_UP: Duration = Duration::from_secs(6);
const WINDOW: Duration = Duration::from_secs(6);
const ROUNDS: usize = 3;
/// Of what is published at least so much has to come to everybody, or the machine was too busy to measure anything.
const ARRIVES: f64 = 0.98;
/// A peer that cannot keep up on this machine is measured nevertheless, if so much comes.
const ARRIVES_OF_PEERS: f64 = 0.8;
/// What is claimed beside Janus.
const BESIDE_JANUS: f64 = 5.0;

/// One kind of traffic and of receivers.
#[derive(Clone, Copy)]
struct Setting {
    name: &'static str,
    load: Load,
    /// The receivers' kernel hands over what was sent together as it came.
    joined: bool,
    is_claimed: bool,
}

/// Where a network card cuts what the kernel gives it at once, the sender is not charged for that: on loopback this is so
/// where the receivers take it uncut.
const SETTINGS: [Setting; 3] = [
    Setting { name: "audio", load: Load::Audio, joined: true, is_claimed: false },
    Setting { name: "video", load: Load::Video, joined: true, is_claimed: true },
    Setting { name: "video, cut on the way", load: Load::Video, joined: false, is_claimed: false },
];

#[expect(clippy::print_stderr, reason = "a bench has nothing but its output to complain")]
fn main() -> ExitCode {
    match floor::send_if_asked().and_then(|()| measure_all()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the tables are what the run is for")]
fn measure_all() -> io::Result<ExitCode> {
    if !is_measured() {
        return Ok(ExitCode::SUCCESS);
    }
    allow_sockets(AUDIENCE)?;
    let scratch = tempfile::tempdir()?;
    let mut tally = Tally::begin("load");
    let janus = Janus::version();
    println!("Beside media-node: {}\n", janus.as_deref().unwrap_or("nobody (Debian: apt-get install janus)"));
    println!(
        "| load | | packets per CPU second | user | kernel | ratio | came at least |\n|---|---|--:|--:|--:|--:|--:|"
    );
    for setting in SETTINGS {
        measure(scratch.path(), setting, janus.is_some(), &mut tally)?;
    }
    if janus.is_none() {
        println!("Nothing is claimed beside Janus, which is not installed.");
    }
    Ok(tally.finish())
}

/// What one contender did in one window.
#[derive(Clone, Copy)]
struct Window {
    /// Of CPU time for one packet.
    nanoseconds: f64,
    user: f64,
    /// Part of the copies that came in the window, if it is known of how many.
    came: Option<f64>,
}

fn measure(scratch: &Path, setting: Setting, beside_janus: bool, tally: &mut Tally) -> io::Result<()> {
    let mut windows: Vec<(&'static str, Vec<Window>)> = Vec::new();
    for _ in 0..ROUNDS {
        let mut add = |name, window| match windows.iter_mut().find(|(other, _)| *other == name) {
            Some((_, windows)) => windows.push(window),
            None => windows.push((name, vec![window])),
        };
        let mut floor = Floor::start(setting.load, setting.joined, AUDIENCE)?;
        floor.go_on(Duration::from_secs(1))?;
        let before = floor.totals()?;
        floor.go_on(WINDOW)?;
        let after = floor.totals()?;
        let received = after.received - before.received;
        add("floor: only sends", Window::of(after.cpu.since(before.cpu), received, None)?);
        drop(floor);
        add("media-node", serve(Box::new(MediaNode::start(scratch, setting.load, AUDIENCE)?), setting)?);
        if beside_janus {
            add("Janus", serve(Box::new(Janus::start(scratch, setting.load)?), setting)?);
        }
    }
    report(setting, &windows, tally);
    Ok(())
}

/// Fills a server with people, and measures it.
fn serve(service: Box<dyn Service>, setting: Setting) -> io::Result<Window> {
    let mut hall = Hall::fill(service, setting.load, setting.joined, AUDIENCE)?;
    hall.go_on(WARM_UP)?;
    let before = hall.totals()?;
    hall.go_on(WINDOW)?;
    let after = hall.totals()?;
    let (received, published) =
        (after.received - before.received, (after.sent - before.sent) * AUDIENCE as u64);
    let came = received as f64 / published as f64;
    let [opened, sound] = [0, 1].map(|place| after.opened[place] - before.opened[place]);
    let name = hall.service.name();
    let has_the_doubt = hall.service.has_the_doubt();
    if came < if has_the_doubt { ARRIVES_OF_PEERS } else { ARRIVES } {
        return Err(io::Error::other(format!("{name}: only {:.1} % of {} came", came * 100.0, setting.name)));
    }
    if sound == 0 || sound != opened {
        return Err(io::Error::other(format!(
            "{name}: {sound} of {opened} opened packets are what was sent"
        )));
    }
    let forwarded = if has_the_doubt { published.max(received) } else { received };
    Window::of(after.cpu.since(before.cpu), forwarded, Some(came))
}

impl Window {
    fn of(cpu: CpuTime, packets: u64, came: Option<f64>) -> io::Result<Self> {
        if packets == 0 || cpu.sum().is_zero() {
            return Err(io::Error::other("nothing came, or it took no time"));
        }
        let each = |time: Duration| time.as_nanos() as f64 / packets as f64;
        Ok(Self { nanoseconds: each(cpu.sum()), user: each(cpu.user), came })
    }
}

#[expect(clippy::print_stdout, reason = "the tables are what the run is for")]
fn report(setting: Setting, windows: &[(&'static str, Vec<Window>)], tally: &mut Tally) {
    let work = Work::sized(setting.name, Size { count: AUDIENCE as u64, of: SizeUnit::Subscribers });
    let Some((floor, floors)) = windows.first() else { return };
    let mut node: Option<&[Window]> = None;
    for (name, own) in windows {
        let ns = middle(own.iter().map(|window| window.nanoseconds));
        let user = middle(own.iter().map(|window| window.user));
        let ratio = ratios(own, floors);
        let least = own.iter().filter_map(|window| window.came).min_by(f64::total_cmp);
        let came = least.map_or_else(String::new, |part| format!("{:.1} %", part * 100.0));
        println!(
            "| {work} | {name} | {:.0} | {:.0} ns | {:.0} ns | {:.2} | {came} |",
            1e9 / ns.value,
            user.value,
            ns.value - user.value,
            ratio.value
        );
        tally.add_cost(&work, name, ns, (name != floor).then_some((floor, ratio)));
        match (*name, node) {
            ("media-node", _) => node = Some(own),
            ("Janus", Some(node)) => {
                let beside = ratios(own, node);
                let [low, high] = beside.interval.unwrap_or_default();
                println!(
                    "{work}: Janus takes {:.2} times what media-node takes ({low:.2} to {high:.2})",
                    beside.value
                );
                if setting.is_claimed {
                    let what = format!("{}: Janus beside media-node", setting.name);
                    tally.claim(Claim::new(what, beside, Unit::Ratio, Bound::AtLeast(BESIDE_JANUS)));
                }
            }
            _ => {}
        }
    }
}

/// Of one beside another, round by round.
fn ratios(own: &[Window], others: &[Window]) -> Figure {
    middle(own.iter().zip(others).map(|(own, other)| own.nanoseconds / other.nanoseconds))
}

/// The median, between the least and the most.
fn middle(values: impl Iterator<Item = f64>) -> Figure {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let interval = values.first().zip(values.last()).map(|(least, most)| [*least, *most]);
    Figure { value: values.get(values.len() / 2).copied().unwrap_or_default(), interval }
}
