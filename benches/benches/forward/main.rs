//! What forwarding a packet to many subscribers costs, for each copy that goes out: the engine with everything on, without
//! bytes and with SRTP, beside the physical floors. Only ratios within one run mean anything; they stand at the end of the
//! run, with their bounds, and are left for the report.

mod floors;
#[cfg(feature = "peers")]
mod peers;
mod stage;

use std::process::ExitCode;

use benches::{
    broadcast::Load,
    paired::{self, Rounds},
    tally::{Tally, claims_table},
};
use conformance::measured::{Bound, Claim, Unit};
use criterion::{Criterion, Throughput};
use stage::{Stage, What};

/// A full conference, and a presenter's audience of half a thousand.
const SUBSCRIBERS: [u32; 2] = [49, 499];
/// Copies of one turn: of a turn for 49 and one for 499, about the same work.
const BATCH: u64 = 4_990;
/// What a copy without bytes may cost.
const NANOSECONDS: f64 = 60.0;
/// How much more than the floor a protected copy may cost.
const fn sealed_most(load: Load) -> f64 {
    match load {
        Load::Audio => 2.0,
        Load::Video => 1.5,
    }
}
/// How many times faster than each peer the engine has to be, to 49 and to 499.
#[cfg(feature = "peers")]
const LEAD: [f64; 2] = [4.0, 6.0];
/// How much more a copy may cost among 499 than among 49.
const GROWTH: f64 = 1.2;

fn claims(load: Load, rounds: &Rounds, stage: &Stage) -> Vec<Claim> {
    let mut claims = Vec::new();
    let name = |what: &str, subscribers: u32| format!("{} to {subscribers}: {what}", load.name());
    for subscribers in SUBSCRIBERS {
        let at = |what| stage.place(what, subscribers);
        for (what, of) in [("engine", What::Engine), ("engine with feedback", What::EngineAll)] {
            let figure = rounds.nanoseconds(at(of));
            claims.push(Claim::new(name(what, subscribers), figure, Unit::Ns, Bound::AtMost(NANOSECONDS)));
        }
        let what = name("engine with SRTP beside copy, header and AEAD", subscribers);
        let figure = rounds.ratio(at(What::Sealing), at(What::SealedFloor));
        claims.push(Claim::new(what, figure, Unit::Ratio, Bound::AtMost(sealed_most(load))));
    }
    let [few, many] = SUBSCRIBERS;
    for (what, of) in [("engine", What::Engine), ("engine with SRTP", What::Sealing)] {
        let what = name(&format!("{what} beside the same to {few}"), many);
        let figure = rounds.ratio(stage.place(of, many), stage.place(of, few));
        claims.push(Claim::new(what, figure, Unit::Ratio, Bound::AtMost(GROWTH)));
    }
    claims
}

/// How far ahead of each peer the engine is.
#[cfg(feature = "peers")]
fn claims_beside_peers(load: Load, rounds: &Rounds, stage: &Stage) -> Vec<Claim> {
    let sizes = SUBSCRIBERS.into_iter().zip(LEAD);
    let pairs = sizes.flat_map(|size| [What::Str0m, What::Rtc].map(|peer| (size, peer)));
    let claim = |((subscribers, least), peer): ((u32, f64), What)| {
        let what = format!("{} to {subscribers}: {} beside the engine with SRTP", load.name(), peer.name());
        let figure = rounds.ratio(stage.place(peer, subscribers), stage.place(What::Sealing, subscribers));
        Claim::new(what, figure, Unit::Ratio, Bound::AtLeast(least))
    };
    pairs.map(claim).collect()
}

/// Criterion's statistics of everybody who has turns of their own.
fn measure_alone(criterion: &mut Criterion, group: &str, load: Load, stage: &mut Stage) {
    for subscribers in SUBSCRIBERS {
        let mut group = criterion.benchmark_group(format!("{group}/{}/{subscribers}", load.name()));
        group.throughput(Throughput::Elements(1));
        for (what, contender) in stage.runners(subscribers) {
            group.bench_function(what.name(), |b| b.iter_custom(&mut contender.run));
        }
        group.finish();
    }
}

/// When this run has come to. Peers are told their own time from there on.
#[cfg(feature = "peers")]
#[expect(clippy::disallowed_methods, reason = "the peers' time is the type that only a clock makes")]
fn clock() -> std::time::Instant {
    std::time::Instant::now()
}

/// Lets everybody of one stage after the other be measured, prints what that gave, and leaves it for the report.
#[expect(clippy::print_stdout, reason = "the tables are what the run is for")]
fn measure(
    criterion: &mut Criterion,
    bench: &str,
    stage_of: fn(Load, &[u32]) -> Stage,
    claims: fn(Load, &Rounds, &Stage) -> Vec<Claim>,
) -> ExitCode {
    let mut costs = "| load | subscribers | | ns | 95 % | ratio |\n|---|--:|---|--:|---|--:|\n".to_owned();
    let (mut tally, mut all) = (Tally::begin(bench), Vec::new());
    for load in Load::ALL {
        let mut stage = stage_of(load, &SUBSCRIBERS);
        measure_alone(criterion, bench, load, &mut stage);
        if paired::is_measured() {
            let rounds = Rounds::run(stage.contenders(), BATCH);
            costs += &stage.rows(load, &rounds, &mut tally);
            all.extend(claims(load, &rounds, &stage));
        }
    }
    if !paired::is_measured() {
        return ExitCode::SUCCESS;
    }
    println!("{costs}\n{}", claims_table(&all));
    for claim in all {
        tally.claim(claim);
    }
    tally.finish()
}

fn main() -> ExitCode {
    let mut criterion = Criterion::default().configure_from_args();
    let left = [
        measure(&mut criterion, "forward", Stage::with_floors, claims),
        #[cfg(feature = "peers")]
        measure(&mut criterion, "forward beside peers", Stage::with_peers, claims_beside_peers),
    ];
    criterion.final_summary();
    left.into_iter().find(|end| *end != ExitCode::SUCCESS).unwrap_or(ExitCode::SUCCESS)
}
