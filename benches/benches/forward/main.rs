//! What forwarding a packet to many subscribers costs, for each copy that goes out: the engine with everything on, without
//! bytes and with SRTP, beside the physical floors. Only ratios within one run mean anything; they stand at the end of the
//! run, with their bounds.

mod floors;
#[cfg(feature = "peers")]
mod peers;
mod stage;

use std::process::ExitCode;

use benches::{
    broadcast::Load,
    claim::{Bound, Claim, HEAD},
    paired::{self, Rounds},
};
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
            claims.push(Claim {
                what: name(what, subscribers),
                figure: rounds.nanoseconds(at(of)),
                bound: Bound::Nanoseconds(NANOSECONDS),
            });
        }
        claims.push(Claim {
            what: name("engine with SRTP beside copy, header and AEAD", subscribers),
            figure: rounds.ratio(at(What::Sealing), at(What::SealedFloor)),
            bound: Bound::AtMost(sealed_most(load)),
        });
    }
    let [few, many] = SUBSCRIBERS;
    for (what, of) in [("engine", What::Engine), ("engine with SRTP", What::Sealing)] {
        claims.push(Claim {
            what: name(&format!("{what} beside the same to {few}"), many),
            figure: rounds.ratio(stage.place(of, many), stage.place(of, few)),
            bound: Bound::AtMost(GROWTH),
        });
    }
    claims
}

/// How far ahead of each peer the engine is.
#[cfg(feature = "peers")]
fn claims_beside_peers(load: Load, rounds: &Rounds, stage: &Stage) -> Vec<Claim> {
    let sizes = SUBSCRIBERS.into_iter().zip(LEAD);
    let pairs = sizes.flat_map(|size| [What::Str0m, What::Rtc].map(|peer| (size, peer)));
    let claim = |((subscribers, least), peer): ((u32, f64), What)| Claim {
        what: format!("{} to {subscribers}: {} beside the engine with SRTP", load.name(), peer.name()),
        figure: rounds.ratio(stage.place(peer, subscribers), stage.place(What::Sealing, subscribers)),
        bound: Bound::AtLeast(least),
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

#[expect(clippy::print_stdout, reason = "the tables are what the run is for")]
fn main() -> ExitCode {
    let mut criterion = Criterion::default().configure_from_args();
    let mut costs = "| load | subscribers | | ns | 95 % | ratio |\n|---|--:|---|--:|---|--:|\n".to_owned();
    let mut verdicts = Vec::new();
    for load in Load::ALL {
        let mut stage = Stage::with_floors(load, &SUBSCRIBERS);
        measure_alone(&mut criterion, "forward", load, &mut stage);
        if paired::is_measured() {
            let rounds = Rounds::run(stage.contenders(), BATCH);
            costs += &stage.rows(load, &rounds);
            verdicts.extend(claims(load, &rounds, &stage));
        }
    }
    #[cfg(feature = "peers")]
    for load in Load::ALL {
        let mut stage = Stage::with_peers(load, &SUBSCRIBERS);
        measure_alone(&mut criterion, "forward beside peers", load, &mut stage);
        if paired::is_measured() {
            let rounds = Rounds::run(stage.contenders(), BATCH);
            costs += &stage.rows(load, &rounds);
            verdicts.extend(claims_beside_peers(load, &rounds, &stage));
        }
    }
    criterion.final_summary();
    if paired::is_measured() {
        println!("{costs}\n{HEAD}{}", verdicts.iter().map(Claim::row).collect::<String>());
    }
    if verdicts.iter().any(Claim::fails) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
