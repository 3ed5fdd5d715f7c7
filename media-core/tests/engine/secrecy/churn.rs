//! Owns the claim about whole histories: whatever comes and goes, is lost, late, forged or lied about, each member opens
//! exactly what the model says, and those who are in find together again.

use std::{cell::RefCell, collections::BTreeSet, time::Duration};

use media_core::{
    PeerId, limits,
    signalling::{Encryption, Handshake, ServerMessage},
};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::{
    census::Census,
    hall::{Hall, Input, LINK, Noticed, Presence, Setting, Weather},
    history::{Act, History, Lie, arb_history},
    lies::Fork,
};

/// People in a conference at once.
const PEOPLE_MAX: usize = 8;
/// Histories unless the environment variable of this name says otherwise. Half of them have a hostile server.
const HISTORIES: u32 = 1_000;
/// Within which time after the last change everybody hears everybody (E2E-010).
const TOGETHER_WITHIN: Duration = Duration::from_secs(2);
/// The same where each of the five messages from the door to the welcome can take 600 ms, and the first of those who might
/// commit be gone. Nine in ten keep to [`TOGETHER_WITHIN`] all the same.
const TOGETHER_WITHIN_ROUGH: Duration = Duration::from_secs(5);
/// The same after the last lie: who missed something notices it within [`limits::BEHIND_MAX`]; whose key package or commit
/// came to nothing asks again.
const HEALED_WITHIN: Duration = Duration::from_secs(8);
/// People who come or go until a group that was split is one again.
const CHANGES_MAX: u32 = 3;
/// Of a link that a stranger made up.
const OTHER_LINK: [u8; 32] = [10; 32];

/// What a history came to.
pub(crate) struct Outcome {
    pub(crate) hall: Hall,
    /// How long it took from the last change until all were together.
    pub(crate) together_after: Duration,
}

/// A history under way.
struct Course {
    hall: Hall,
    next_peer: u32,
    strangers: BTreeSet<u32>,
}

pub(crate) fn setting_of(history: &History) -> Setting {
    let (mls, sframe) = history.suites;
    let encryption = Encryption {
        mls: Encryption::MLS[usize::from(mls)],
        sframe: Encryption::SFRAME[usize::from(sframe)],
    };
    Setting {
        seed: history.seed,
        encryption,
        renew_after_frames: if history.worn { 30 } else { 1 << 31 },
        weather: if history.rough { Weather::Rough } else { Weather::Calm },
        media: true,
    }
}

/// Performs a history, and brings it to rest.
pub(crate) fn perform(history: &History, record: bool) -> Outcome {
    let mut hall = Hall::new(setting_of(history));
    hall.record = record;
    hall.start();
    let mut course = Course { hall, next_peer: 1, strangers: BTreeSet::new() };
    for _ in 0..history.guests {
        course.join(LINK);
    }
    course.hall.run(2_000);
    if history.hostile {
        course.hall.lies.damage_one_in = 12;
        course.hall.lies.eavesdroppers = true;
    }
    for step in &history.steps {
        course.hall.run(u64::from(step.wait));
        course.act(step.act);
    }
    course.hall.run(300);
    course.end(history.hostile)
}

impl Course {
    fn join(&mut self, link: [u8; 32]) -> Option<u32> {
        let around = self.hall.clients.values().filter(|client| client.presence != Presence::Gone).count();
        if around >= PEOPLE_MAX {
            return None;
        }
        let peer = self.next_peer;
        self.next_peer += 1;
        self.hall.join_with(peer, link);
        Some(peer)
    }

    /// One of those who are in and of no bad intent.
    fn pick(&self, which: u8) -> Option<u32> {
        let present = self.hall.present();
        let honest: Vec<u32> = present.into_iter().filter(|peer| !self.strangers.contains(peer)).collect();
        honest.get(usize::from(which) % honest.len().max(1)).copied()
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Join => {
                self.join(LINK);
            }
            Act::Burst(count) => {
                for _ in 0..count {
                    self.join(LINK);
                    self.hall.run(30);
                }
            }
            Act::Leave(which) => self.with(which, |course, peer| course.hall.leave(peer)),
            Act::Vanish(which, noticed) => {
                self.with(which, |course, peer| course.hall.vanish(peer, u64::from(noticed)));
            }
            Act::Rejoin(which) => self.with(which, |course, peer| {
                course.hall.leave(peer);
                course.join(LINK);
            }),
            Act::Renew(which) => self.with(which, |course, peer| course.hall.renew(peer)),
            Act::RenewAll => {
                for peer in self.hall.present() {
                    self.hall.renew(peer);
                }
            }
            Act::Lie(lie) => self.lie(lie),
        }
    }

    fn with(&mut self, which: u8, act: impl FnOnce(&mut Self, u32)) {
        if let Some(peer) = self.pick(which) {
            act(self, peer);
        }
    }

    fn lie(&mut self, lie: Lie) {
        match lie {
            Lie::Withhold(which) => self.with(which, |course, peer| {
                course.hall.lies.withheld.insert(PeerId(peer));
            }),
            Lie::Twice => self.hall.lies.twice = true,
            Lie::Old(what, which) => self.with(which, |course, peer| course.tell_old(peer, what)),
            Lie::Garbage(which, at) => self.with(which, |course, peer| course.tell_garbage(peer, at)),
            Lie::Fork(which) => self.fork(which),
            Lie::Stranger => {
                if let Some(peer) = self.join(OTHER_LINK) {
                    self.strangers.insert(peer);
                    self.hall.model.census.count("stranger");
                }
            }
            Lie::Hidden(which) => {
                let victims = self.hall.present().into_iter().filter(|peer| (which >> (peer % 8)) & 1 == 1);
                let victims = victims.map(PeerId).collect();
                if let Some(peer) = self.join(LINK) {
                    self.strangers.insert(peer);
                    self.hall.lies.hidden.insert(format!("p{peer}"), victims);
                }
            }
            Lie::Shown => {
                if let Some(peer) = self.join(LINK) {
                    self.strangers.insert(peer);
                    self.hall.model.census.count("shown ghost");
                }
            }
            Lie::Swap => self.hall.lies.swap = true,
            Lie::Found(which) => self.with(which, |course, peer| {
                course.hall.model.census.count("told to found");
                course.hall.tell(PeerId(peer), &Input::Found(0));
            }),
            Lie::HoldBack(which) => self.with(which, Self::hold_back),
        }
    }

    /// What was said before is told again, as if it came next.
    fn tell_old(&mut self, peer: u32, what: u8) {
        let overheard = &self.hall.lies.overheard;
        let Some(old) = overheard.get(usize::from(what) % overheard.len().max(1)).cloned() else { return };
        let (input, named) = match old {
            ServerMessage::Commit { sequence, commit } => (Input::Commit(sequence, commit), "old commit"),
            ServerMessage::Welcome { sequence, welcome } => {
                (Input::Welcome(sequence, welcome), "old welcome")
            }
            ServerMessage::KeyPackage { participant, key_package } => {
                (Input::KeyPackage(participant, key_package), "old key package")
            }
            _ => return,
        };
        self.hall.model.census.count(named);
        self.hall.tell(PeerId(peer), &input);
    }

    /// Something that was said before comes with a changed byte, as whatever it may be taken for.
    fn tell_garbage(&mut self, peer: u32, at: u16) {
        let overheard = &self.hall.lies.overheard;
        let message = overheard.get(usize::from(at) % overheard.len().max(1));
        let mut bytes = match message {
            Some(ServerMessage::Commit { commit, .. }) => commit.as_bytes().to_vec(),
            Some(ServerMessage::KeyPackage { key_package, .. }) => key_package.as_bytes().to_vec(),
            _ => b"garbage".to_vec(),
        };
        let length = bytes.len();
        bytes[usize::from(at) % length] ^= 1 << (at % 8);
        let garbage = Handshake::new(&bytes);
        let (participant, peer) = (self.hall.participant(peer), PeerId(peer));
        self.hall.model.census.count("garbage");
        self.hall.tell(peer, &Input::KeyPackage(participant, garbage.clone()));
        self.hall.tell(peer, &Input::Welcome(7, garbage.clone()));
        self.hall.tell(peer, &Input::Commit(u64::from(at % 9), garbage));
    }

    /// Two members commit at once, and each half of the conference hears of one of it.
    fn fork(&mut self, which: u8) {
        let present = self.hall.present();
        if present.len() < 3 {
            return;
        }
        let half = present.iter().skip(usize::from(which) % 2).step_by(2);
        let half: BTreeSet<PeerId> = half.map(|peer| PeerId(*peer)).collect();
        let first = present.iter().find(|peer| half.contains(&PeerId(**peer)));
        let other = present.iter().find(|peer| !half.contains(&PeerId(**peer)));
        let (first, other) = (*first.expect("half of them"), *other.expect("the rest of them"));
        self.hall.lies.fork = Some(Fork::new(half));
        self.hall.renew(first);
        self.hall.renew(other);
    }

    fn hold_back(&mut self, from: u32) {
        let track = self.hall.participant(from);
        let Some(to) = self.hall.present().into_iter().find(|peer| *peer != from) else { return };
        let Some(held) = self.hall.seal(from) else { return };
        for _ in 0..limits::REPLAY_WINDOW {
            self.hall.seal(from);
        }
        let Some(last) = self.hall.seal(from) else { return };
        self.hall.model.census.count("frame held back");
        let _verdict_was_compared = self.hall.open_frame(to, track, &last);
        let _verdict_was_compared = self.hall.open_frame(to, track, &held);
    }

    /// Strangers go, the server does its duty again, and all come to rest.
    fn end(mut self, hostile: bool) -> Outcome {
        self.hall.lies.end();
        for stranger in std::mem::take(&mut self.strangers) {
            while self.hall.client(stranger).presence == Presence::Waiting {
                self.hall.run(50);
            }
            if self.hall.client(stranger).presence == Presence::In {
                self.hall.leave(stranger);
            }
        }
        while self.hall.present().len() < 2 {
            self.join(LINK);
            self.hall.run(700);
        }
        let mut together_after = self.come_together(hostile);
        if hostile && together_after.is_none() {
            // Halves of a group that are equally far do not notice one another before somebody comes or goes.
            for _ in 0..CHANGES_MAX {
                self.hall.model.census.count("change after a split");
                if self.join(LINK).is_none() {
                    self.act(Act::Leave(1));
                }
                self.hall.run(700);
                together_after = self.come_together(true);
                if together_after.is_some() {
                    break;
                }
            }
        }
        let together_after = together_after.expect("all who are in find together");
        self.hall.setting.media = false;
        let present = self.hall.present();
        self.hall.all_hear_all(&present);
        if !hostile {
            self.nobody_was_lost();
        }
        Outcome { hall: self.hall, together_after }
    }

    /// How long after the last change, or the last lie, all who are in were together; nothing if it took too long.
    fn come_together(&mut self, hostile: bool) -> Option<Duration> {
        let ended = self.hall.now;
        let bound = if hostile { HEALED_WITHIN } else { bound_of(self.hall.setting.weather) };
        loop {
            let since = if hostile { ended } else { self.hall.changed_at };
            let after = self.hall.now.saturating_since(since);
            if self.hall.is_together() {
                return Some(after);
            }
            if after > bound && !self.hall.is_changing() {
                return None;
            }
            self.hall.run(10);
        }
    }

    /// Among honest people at an honest server nobody is left behind or disbelieved.
    fn nobody_was_lost(&self) {
        for peer in self.hall.present() {
            let client = &self.hall.clients[&PeerId(peer)];
            let lost = client.noticed.iter().find(|(_, noticed)| !matches!(noticed, Noticed::Epoch(_)));
            assert_eq!(lost, None, "{peer}");
        }
    }
}

const fn bound_of(weather: Weather) -> Duration {
    match weather {
        Weather::Calm => TOGETHER_WITHIN,
        Weather::Rough => TOGETHER_WITHIN_ROUGH,
    }
}

/// What many histories came to: what happened, and how long it took at an honest server until all were together.
#[derive(Default)]
struct Harvest {
    census: Census,
    times: Vec<Duration>,
}

/// Draws histories and performs them.
fn explore(hostile: bool, cases: u32, seed: u64) -> Harvest {
    let harvest = RefCell::new(Harvest::default());
    let rng_seed = RngSeed::Fixed(seed);
    let config = Config { rng_seed, failure_persistence: None, ..Config::with_cases(cases) };
    let result = TestRunner::new(config).run(&arb_history(hostile), |history| {
        let outcome = perform(&history, false);
        let mut harvest = harvest.borrow_mut();
        harvest.census.add(&outcome.hall.model.census);
        if !hostile {
            harvest.times.push(outcome.together_after);
        }
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    harvest.into_inner()
}

/// So many histories, on two threads.
fn explore_all(histories: u32) -> Harvest {
    let worker = |seed| {
        let mut harvest = explore(false, histories / 4, seed);
        harvest.census.add(&explore(true, histories / 4, seed + 1).census);
        harvest
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| worker(0x5EC2));
        let mut harvest = worker(0x5EC4);
        let others = other.join().expect("the other half of the histories holds");
        harvest.census.add(&others.census);
        harvest.times.extend(others.times);
        harvest
    })
}

/// `HISTORIES=10000 cargo test -p media-core --test engine every_history -- --nocapture` tries more of them, and tells what
/// happened in them.
#[test]
#[expect(clippy::print_stdout, reason = "figures for whoever asks for them")]
fn everybody_opens_what_they_may_and_nothing_else_in_every_history() {
    let histories = std::env::var("HISTORIES").ok().and_then(|count| count.parse().ok());
    let Harvest { census, mut times } = explore_all(histories.unwrap_or(HISTORIES));
    times.sort_unstable();
    let quick = times.iter().filter(|time| **time <= TOGETHER_WITHIN).count();
    println!(
        "{census:?}\n{quick} of {} within {TOGETHER_WITHIN:?}, the last after {:?}",
        times.len(),
        times.last()
    );
    assert!(quick * 10 >= times.len() * 9, "{quick} of {} within {TOGETHER_WITHIN:?}", times.len());
    census.expect_all();
}
