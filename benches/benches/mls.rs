//! What agreeing on keys costs: the work and the bytes of one who joins and one who leaves, in groups of two to a thousand,
//! and of fifty who come within one instant or within one second. Times are those of single clients, as if each had a machine
//! of its own; bytes are those of signalling. The tables stand at the end of the run.

use std::{fmt::Write as _, time::Duration};

use benches::hall::{Account, Hall, Longest};
use criterion::{Criterion, SamplingMode};
use media_core::{Timestamp, e2ee::mls::MlsSuite};

/// Members before somebody joins, and after somebody has left.
const SIZES: [u32; 5] = [2, 8, 50, 200, 1_000];
/// Of groups in the suite that is not the first choice.
const SIZES_P256: [u32; 3] = [2, 8, 50];
/// Groups in which everybody has renewed their keys once; filling a tree of 1,000 takes a minute.
const SIZES_FILLED: [u32; 3] = [8, 50, 200];
/// Groups of which criterion keeps statistics.
const STATISTICS_MAX: u32 = 50;
/// Changes of which the fastest counts: whatever else the machine does only adds to a time.
const ROUNDS: usize = 15;
/// Of storms.
const STORMS: usize = 5;
/// Long enough for a change to be over and the next one to be free.
const CALM: Duration = Duration::from_secs(1);
const STORM: u32 = 50;

/// A group in which the first member, who commits, and the last one are watched.
struct Group {
    hall: Hall,
    members: u32,
}

/// What a change cost those whom it concerns.
#[derive(Clone, Copy)]
struct Change {
    committer: Account,
    member: Account,
    newcomer: Account,
    longest: Longest,
}

impl Group {
    /// Everybody is taken in at once: but for the committer's own path, the ratchet tree is blank.
    fn fresh(suite: MlsSuite, members: u32) -> Self {
        let mut hall = Hall::new(suite);
        hall.enter(0);
        hall.run(CALM);
        for number in 1..members {
            hall.enter(number);
            if number + 1 < members {
                hall.absent(number);
            }
        }
        Self::calm(hall, members)
    }

    /// Everybody has renewed their keys once, so that no node of the ratchet tree is blank.
    fn filled(suite: MlsSuite, members: u32) -> Self {
        let mut hall = Hall::new(suite);
        for number in 0..members {
            hall.enter(number);
            hall.run(CALM);
            hall.renew(number);
            hall.run(CALM);
            if number > 0 && number + 1 < members {
                hall.absent(number);
            }
        }
        Self::calm(hall, members)
    }

    fn calm(mut hall: Hall, members: u32) -> Self {
        hall.run(CALM * 10);
        assert_eq!(hall.members(), members as usize, "not everybody is in the group");
        let mut group = Self { hall, members };
        // The committer's path is filled by the first who leaves.
        group.join();
        group.leave();
        group
    }

    fn join(&mut self) -> Change {
        self.begin();
        self.hall.enter(self.members);
        self.end(1)
    }

    fn leave(&mut self) -> Change {
        self.begin();
        self.hall.leave(self.members);
        self.end(0)
    }

    fn begin(&mut self) {
        self.hall.take_longest();
        for number in [0, self.members - 1] {
            self.hall.take_account(number);
        }
    }

    fn end(&mut self, more: usize) -> Change {
        let before = self.hall.commits();
        self.hall.run(CALM);
        assert_eq!(self.hall.commits(), before + 1, "a change takes one commit");
        assert_eq!(self.hall.members(), self.members as usize + more, "the change has come to nothing");
        Change {
            committer: self.hall.take_account(0),
            member: self.hall.take_account(self.members - 1),
            newcomer: self.hall.take_account(self.members),
            longest: self.hall.take_longest(),
        }
    }
}

/// A line of the table of changes: the least times, and the bytes, which hardly vary.
fn row(what: &str, suite: MlsSuite, members: u32, changes: &[Change]) -> String {
    let micros = |of: fn(&Change) -> Duration| changes.iter().map(of).min().unwrap_or_default().as_micros();
    let Longest { key_package, request, commit, welcome } = changes[changes.len() - 1].longest;
    let blank = |value: u128| if value == 0 { String::new() } else { value.to_string() };
    format!(
        "| {what} | {} | {members} | {} | {} | {} | {} | {request} | {commit} | {} |\n",
        suite.id(),
        micros(|change| change.committer.spent),
        micros(|change| change.member.spent),
        blank(micros(|change| change.newcomer.spent)),
        blank(key_package as u128),
        blank(welcome as u128),
    )
}

/// What it cost that fifty people came.
struct Storm {
    hall: Hall,
    begun: Timestamp,
    last: Timestamp,
    accounts: Vec<Account>,
}

/// Fifty people come, so long after one another, and all are in the group at the end.
fn storm(suite: MlsSuite, apart: Duration) -> Storm {
    let mut hall = Hall::new(suite);
    let begun = hall.now();
    for number in 0..STORM {
        hall.enter(number);
        hall.run(apart);
    }
    let last = hall.now();
    hall.run(CALM * 3);
    assert_eq!(hall.members(), STORM as usize, "not everybody is in the group");
    let accounts: Vec<_> = (0..STORM).map(|number| hall.take_account(number)).collect();
    Storm { hall, begun, last, accounts }
}

/// A line of the table of storms: the least times of several equal ones.
fn storm_row(suite: MlsSuite, apart: Duration) -> String {
    let storms: Vec<_> = (0..STORMS).map(|_| storm(suite, apart)).collect();
    let least = |number: usize| storms.iter().map(|storm| storm.accounts[number].spent).min();
    let mut others: Vec<_> = (1..STORM as usize).filter_map(least).collect();
    others.sort();
    let Storm { hall, begun, last, accounts } = &storms[0];
    let inside = accounts.iter().filter_map(|account| account.inside_at).max().unwrap_or(*last);
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        last.saturating_since(*begun).as_millis(),
        suite.id(),
        hall.commits(),
        inside.saturating_since(*begun).as_millis(),
        least(0).unwrap_or_default().as_micros(),
        others[others.len() / 2].as_micros(),
        others[others.len() - 1].as_micros(),
        accounts[0].sent,
        accounts[1..].iter().map(|account| account.received).max().unwrap_or_default(),
    )
}

/// Who does what in a join and the leave that follows.
type Part = fn(&Change, &Change) -> Duration;

/// Criterion's statistics of who does what in a change.
fn statistics(criterion: &mut Criterion, suite: MlsSuite, group: &mut Group) {
    let mut statistics = criterion.benchmark_group(format!("suite {}/{}", suite.id(), group.members));
    statistics
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400));
    let parts: [(&str, Part); 5] = [
        ("join/committer", |join, _| join.committer.spent),
        ("join/member", |join, _| join.member.spent),
        ("join/newcomer", |join, _| join.newcomer.spent),
        ("leave/committer", |_, leave| leave.committer.spent),
        ("leave/member", |_, leave| leave.member.spent),
    ];
    for (name, part) in parts {
        statistics.bench_function(name, |b| {
            b.iter_custom(|rounds| (0..rounds).map(|_| part(&group.join(), &group.leave())).sum());
        });
    }
    statistics.finish();
}

/// The lines of one group.
fn changes(suite: MlsSuite, suffix: &str, group: &mut Group) -> String {
    let rounds: Vec<_> = (0..ROUNDS).map(|_| (group.join(), group.leave())).collect();
    let (joins, leaves): (Vec<_>, Vec<_>) = rounds.into_iter().unzip();
    row(&format!("join{suffix}"), suite, group.members, &joins)
        + &row(&format!("leave{suffix}"), suite, group.members, &leaves)
}

#[expect(clippy::print_stdout, reason = "the tables are what the run is for")]
fn main() {
    let has = |word: &str| std::env::args().any(|argument| argument == word);
    let measures = has("--bench") && !["--list", "--test", "--profile-time"].into_iter().any(has);
    let mut criterion = Criterion::default().configure_from_args();
    let mut table = String::new();
    let sizes = SIZES.map(|members| (MlsSuite::X25519Ed25519, members));
    for (suite, members) in sizes.into_iter().chain(SIZES_P256.map(|members| (MlsSuite::P256, members))) {
        if members > STATISTICS_MAX && !measures {
            continue;
        }
        let mut group = Group::fresh(suite, members);
        if members <= STATISTICS_MAX {
            statistics(&mut criterion, suite, &mut group);
        }
        if measures {
            table += &changes(suite, "", &mut group);
        }
    }
    criterion.final_summary();
    if !measures {
        return;
    }
    for members in SIZES_FILLED {
        let mut group = Group::filled(MlsSuite::default(), members);
        table += &changes(MlsSuite::default(), ", no node blank", &mut group);
    }
    println!(
        "| | suite | members | committer, us | member, us | newcomer, us | key package, B | request, B | commit, B | welcome, B |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n{table}"
    );
    let mut table = String::new();
    for suite in MlsSuite::ALL {
        for apart in [Duration::ZERO, Duration::from_secs(1) / STORM] {
            // Writing to a string does not fail.
            let _ = write!(table, "{}", storm_row(suite, apart));
        }
    }
    println!(
        "| come within, ms | suite | commits | all in after, ms | first, us | others, us | at most, us | first sends, B | others get at most, B |\n\
         |--:|--:|--:|--:|--:|--:|--:|--:|--:|\n{table}"
    );
}
