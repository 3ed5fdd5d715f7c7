//! Owns who is on stage: the floors and the engine, each with 49 subscribers and with 499, as contenders that do batches in
//! turns. Those who forward share what they spent with the lines that tell it apart.

use std::{cell::RefCell, fmt::Write as _, rc::Rc, time::Duration};

use benches::{
    broadcast::{Broadcast, Host, Load, NoBytes, Protecting, Spent},
    paired::{Contender, Rounds},
    tally::{Tally, Work},
};
use conformance::measured::{Figure, Size};

use super::floors::Floor;
#[cfg(feature = "peers")]
use super::peers::{End, Room, Rtc, Str0m};

/// What a contender does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    HeaderFloor,
    CopyFloor,
    SealedFloor,
    /// The engine without bytes: packets and timers.
    Engine,
    /// What of the same turn was feedback, for each copy.
    EngineFeedback,
    /// The whole turn.
    EngineAll,
    /// The engine with SRTP on both sides: packets and timers.
    Sealing,
    /// The whole turn.
    SealingAll,
    /// Another implementation, with everything that makes a connection: packets and timers.
    #[cfg(feature = "peers")]
    Str0m,
    /// What of the same turn was feedback and what else came from clients, for each copy.
    #[cfg(feature = "peers")]
    Str0mFeedback,
    #[cfg(feature = "peers")]
    Rtc,
    #[cfg(feature = "peers")]
    RtcFeedback,
}

impl What {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::HeaderFloor => "floor: header",
            Self::CopyFloor => "floor: header and copy",
            Self::SealedFloor => "floor: header, copy and AEAD",
            Self::Engine => "engine",
            Self::EngineFeedback => "engine: feedback alone",
            Self::EngineAll => "engine with feedback",
            Self::Sealing => "engine with SRTP",
            Self::SealingAll => "engine with SRTP and feedback",
            #[cfg(feature = "peers")]
            Self::Str0m => "str0m",
            #[cfg(feature = "peers")]
            Self::Str0mFeedback => "str0m: feedback alone",
            #[cfg(feature = "peers")]
            Self::Rtc => "rtc",
            #[cfg(feature = "peers")]
            Self::RtcFeedback => "rtc: feedback alone",
        }
    }

    /// Beside whom it is to be seen.
    const fn beside(self) -> Self {
        match self {
            Self::HeaderFloor | Self::Engine | Self::EngineFeedback | Self::EngineAll => Self::HeaderFloor,
            Self::CopyFloor => Self::CopyFloor,
            Self::SealedFloor | Self::Sealing | Self::SealingAll => Self::SealedFloor,
            #[cfg(feature = "peers")]
            Self::Str0m | Self::Str0mFeedback | Self::Rtc | Self::RtcFeedback => Self::Sealing,
        }
    }

    /// Whether one turn may have much of it and the next one nothing.
    const fn comes_in_lumps(self) -> bool {
        match self {
            Self::EngineFeedback => true,
            #[cfg(feature = "peers")]
            Self::Str0mFeedback | Self::RtcFeedback => true,
            _ => false,
        }
    }

    /// Whether its turns are its own; the others tell more of a turn that somebody else had before.
    const fn runs(self) -> bool {
        match self {
            Self::EngineFeedback | Self::EngineAll | Self::SealingAll => false,
            #[cfg(feature = "peers")]
            Self::Str0mFeedback | Self::RtcFeedback => false,
            _ => true,
        }
    }
}

/// Everybody.
pub(super) struct Stage {
    who: Vec<(What, u32)>,
    contenders: Vec<Contender>,
}

impl Stage {
    /// The floors and the engine.
    pub(super) fn with_floors(load: Load, subscribers: &[u32]) -> Self {
        let mut stage = Self { who: Vec::new(), contenders: Vec::new() };
        for subscribers in subscribers {
            stage.add_floors(load, *subscribers);
            stage.add_engine(load, *subscribers, [What::Engine, What::EngineAll], NoBytes);
            let host = Protecting::new(*subscribers);
            stage.add_engine(load, *subscribers, [What::Sealing, What::SealingAll], host);
        }
        stage
    }

    /// The engine with SRTP and the other implementations. Their state drives everybody else's out of the caches, so that those
    /// who are held against floors do not take turns with them.
    #[cfg(feature = "peers")]
    pub(super) fn with_peers(load: Load, subscribers: &[u32]) -> Self {
        let mut stage = Self { who: Vec::new(), contenders: Vec::new() };
        for subscribers in subscribers {
            let host = Protecting::new(*subscribers);
            stage.add_engine(load, *subscribers, [What::Sealing, What::SealingAll], host);
            stage.add_peer::<Str0m>(load, *subscribers, [What::Str0m, What::Str0mFeedback]);
            stage.add_peer::<Rtc>(load, *subscribers, [What::Rtc, What::RtcFeedback]);
        }
        stage
    }

    fn add_floors(&mut self, load: Load, subscribers: u32) {
        type Run = fn(&mut Floor, u64) -> Duration;
        let floors: [(What, Run); 3] = [
            (What::HeaderFloor, Floor::headers),
            (What::CopyFloor, Floor::copies),
            (What::SealedFloor, Floor::sealed),
        ];
        for (what, run) in floors {
            let mut floor = Floor::new(load, subscribers);
            self.add(what, subscribers, move |copies| {
                let packets = copies.div_ceil(u64::from(subscribers));
                scaled(run(&mut floor, packets), packets * u64::from(subscribers), copies)
            });
        }
    }

    fn add_engine(
        &mut self,
        load: Load,
        subscribers: u32,
        [alone, all]: [What; 2],
        host: impl Host + 'static,
    ) {
        let mut host = host;
        let mut broadcast = Broadcast::new(load, subscribers, &mut host);
        let last = Rc::new(RefCell::new(Spent::default()));
        let spent = Rc::clone(&last);
        self.add(alone, subscribers, move |copies| {
            let turn = broadcast.forward(copies.div_ceil(u64::from(subscribers)), &mut host);
            *spent.borrow_mut() = turn;
            scaled(turn.forwarding(), turn.copies, copies)
        });
        let spent = Rc::clone(&last);
        if all == What::EngineAll {
            let spent = Rc::clone(&last);
            self.add(What::EngineFeedback, subscribers, move |copies| {
                scaled(spent.borrow().feedback, spent.borrow().copies, copies)
            });
        }
        self.add(all, subscribers, move |copies| {
            scaled(spent.borrow().total(), spent.borrow().copies, copies)
        });
    }

    #[cfg(feature = "peers")]
    fn add_peer<E: End + 'static>(&mut self, load: Load, subscribers: u32, [alone, feedback]: [What; 2]) {
        let mut room: Room<E> = Room::new(load, subscribers);
        let last = Rc::new(RefCell::new(Spent::default()));
        let spent = Rc::clone(&last);
        self.add(alone, subscribers, move |copies| {
            let turn = room.forward(copies.div_ceil(u64::from(subscribers)));
            *spent.borrow_mut() = turn;
            scaled(turn.forwarding(), turn.copies, copies)
        });
        self.add(feedback, subscribers, move |copies| {
            scaled(last.borrow().feedback, last.borrow().copies, copies)
        });
    }

    fn add(&mut self, what: What, subscribers: u32, run: impl FnMut(u64) -> Duration + 'static) {
        self.who.push((what, subscribers));
        self.contenders.push(Contender { name: what.name(), most: None, run: Box::new(run) });
    }

    pub(super) fn contenders(&mut self) -> &mut [Contender] {
        &mut self.contenders
    }

    /// Those of one size who can be measured each by itself.
    pub(super) fn runners(&mut self, subscribers: u32) -> impl Iterator<Item = (What, &mut Contender)> {
        let who = self.who.iter().zip(&mut self.contenders);
        who.filter(move |((what, size), _)| what.runs() && *size == subscribers)
            .map(|((what, _), contender)| (*what, contender))
    }

    /// Which contender it is.
    pub(super) fn place(&self, what: What, subscribers: u32) -> usize {
        self.find(what, subscribers).expect("everybody is on stage")
    }

    fn find(&self, what: What, subscribers: u32) -> Option<usize> {
        self.who.iter().position(|who| *who == (what, subscribers))
    }

    /// The lines of the table of costs, which go into the tally, too.
    pub(super) fn rows(&self, load: Load, rounds: &Rounds, tally: &mut Tally) -> String {
        let mut text = String::new();
        for (place, (what, subscribers)) in self.who.iter().enumerate() {
            let work = Work::sized(load.name(), Size::subscribers(u64::from(*subscribers)));
            let figures = if what.comes_in_lumps() {
                let mean = rounds.mean_nanoseconds(place);
                tally.add_cost(&work, what.name(), Figure::single(mean), None);
                format!("{mean:.1} on average | | |")
            } else {
                let beside =
                    self.find(what.beside(), *subscribers).or(self.find(What::Sealing, *subscribers));
                let beside = beside.expect("a floor or the engine is on stage");
                let (ns, ratio) = (rounds.nanoseconds(place), rounds.ratio(place, beside));
                let named = (beside != place).then_some((self.who[beside].0.name(), ratio));
                tally.add_cost(&work, what.name(), ns, named);
                let [low, high] = ns.interval.unwrap_or([ns.value; 2]);
                format!("{:.1} | {low:.1} to {high:.1} | {:.2} |", ns.value, ratio.value)
            };
            // Writing to a string does not fail.
            let _ = writeln!(text, "| {} | {subscribers} | {} | {figures}", load.name(), what.name());
        }
        text
    }
}

/// The time for `wanted` pieces of work, of which `done` were done.
fn scaled(time: Duration, done: u64, wanted: u64) -> Duration {
    time.mul_f64(wanted as f64 / done as f64)
}
