//! Owns the division of a budget among the pictures that somebody watches. Pure: demands and a budget in, rungs out.
//!
//! Sound is not in it: what it needs has been taken off the budget before. Everybody gets a floor before anybody gets more,
//! and both in the order of importance; within one class pictures climb in turn, so that equals stay equal.

use std::ops::Deref;

use crate::limits::ENCODINGS_MAX;

/// How important a picture is; what stands first is served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// A shared screen.
    Screen,
    /// The camera of whoever speaks.
    Speaker,
    /// A camera that the viewer asked for in a large size.
    Large,
    /// Any other camera.
    Small,
}

/// Ways in which one picture can be sent, at most: each simulcast encoding with up to four temporal layers.
pub const RUNGS_MAX: usize = 4 * ENCODINGS_MAX;

/// What the ways in which a picture can be sent cost, in bits per second on the wire. They stand in place: budgets are divided
/// ten times a second for everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rungs {
    costs: [u64; RUNGS_MAX],
    count: usize,
}

impl Rungs {
    /// One more above the others.
    ///
    /// # Panics
    /// Beyond [`RUNGS_MAX`].
    pub fn push(&mut self, cost: u64) {
        self.costs[self.count] = cost;
        self.count += 1;
    }
}

impl Deref for Rungs {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        &self.costs[..self.count]
    }
}

impl FromIterator<u64> for Rungs {
    fn from_iter<I: IntoIterator<Item = u64>>(costs: I) -> Self {
        let mut rungs = Self::default();
        costs.into_iter().for_each(|cost| rungs.push(cost));
        rungs
    }
}

impl Importance {
    /// Every class, in the order in which they are served.
    const ALL: [Self; 4] = [Self::Screen, Self::Speaker, Self::Large, Self::Small];
}

/// A picture that somebody watches, with the ways in which it can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Its class.
    pub importance: Importance,
    /// What each rung costs in bits per second on the wire, rising. Rung 0 is the floor. Not empty.
    pub rungs: Rungs,
    /// On which rung it is now; `None`: not sent.
    pub current: Option<usize>,
    /// Whether it may climb above `current` at this time. It may always fall.
    pub may_climb: bool,
}

/// Room that has to be left above a rung before somebody climbs to it, as a share of what the step costs: an estimate that
/// wavers must not make a picture waver.
pub const CLIMB_MARGIN_PERCENT: u64 = 15;

/// What there is to give out, in bits per second on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What the path is believed to carry. Everything that is given out costs at most this.
    pub believed_bps: u64,
    /// What it has been seen to carry. Who climbs has to fit into that, too, with all that was given out before.
    pub proven_bps: u64,
}

/// Who gets what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
    /// A rung for each demand, `None` where not even the floor fits.
    pub rungs: Vec<Option<usize>>,
    /// What everything would cost with the most important step that may be made and did not fit, margin and all.
    pub next_bps: Option<u64>,
}

/// Gives out a budget.
pub fn allocate(demands: &[Demand], budget: Budget) -> Allocation {
    let mut allocation = Allocation::default();
    allocate_into(demands, budget, &mut allocation);
    allocation
}

/// The same, in memory that was used for it before.
pub fn allocate_into(demands: &[Demand], budget: Budget, allocation: &mut Allocation) {
    allocation.rungs.clear();
    allocation.rungs.resize(demands.len(), None);
    let mut giving = Giving { demands, budget, spent: 0, given: &mut allocation.rungs, left_out: None };
    let of_class = |class| (0..demands.len()).filter(move |index| demands[*index].importance == class);
    for index in Importance::ALL.into_iter().flat_map(of_class) {
        giving.step(index);
    }
    for class in Importance::ALL {
        // Each of a class climbs by one rung, and then each by the next.
        while of_class(class).filter(|index| giving.given[*index].is_some() && giving.step(*index)).count()
            > 0
        {}
    }
    allocation.next_bps = giving.left_out.map(|price| giving.spent + price);
}

/// A budget that is being given out.
struct Giving<'a> {
    demands: &'a [Demand],
    budget: Budget,
    spent: u64,
    given: &'a mut Vec<Option<usize>>,
    /// Price of the first step that did not fit.
    left_out: Option<u64>,
}

impl Giving<'_> {
    /// A picture climbs by one rung, if it may and that fits. Says whether it did.
    fn step(&mut self, index: usize) -> bool {
        let demand = &self.demands[index];
        let rung = self.given[index];
        let next = rung.map_or(0, |rung| rung + 1);
        if next >= demand.rungs.len() || !demand.may_stand_on(next) {
            return false;
        }
        let is_held = demand.current.is_some_and(|current| current >= next);
        let Budget { believed_bps, proven_bps } = self.budget;
        let most = if is_held { believed_bps } else { believed_bps.min(proven_bps) };
        let cost = demand.step_cost(rung);
        let price = if is_held { cost } else { cost + cost * CLIMB_MARGIN_PERCENT / 100 };
        if self.spent + price > most {
            self.left_out.get_or_insert(price);
            return false;
        }
        self.spent += cost;
        self.given[index] = Some(next);
        true
    }
}

impl Demand {
    fn may_stand_on(&self, rung: usize) -> bool {
        self.may_climb || self.current.is_some_and(|current| rung <= current)
    }

    /// What the step from `rung` (`None`: from nothing) to the next one costs.
    fn step_cost(&self, rung: Option<usize>) -> u64 {
        let next = self.rungs[rung.map_or(0, |rung| rung + 1)];
        next.saturating_sub(rung.map_or(0, |rung| self.rungs[rung]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAMERA: [u64; 3] = [150_000, 500_000, 1_500_000];

    fn camera(importance: Importance) -> Demand {
        Demand { importance, rungs: CAMERA.into_iter().collect(), current: None, may_climb: true }
    }

    /// Rungs out of a budget that is proven.
    fn rungs(demands: &[Demand], bps: u64) -> Vec<Option<usize>> {
        allocate(demands, Budget { believed_bps: bps, proven_bps: bps }).rungs
    }

    fn screen() -> Demand {
        Demand {
            importance: Importance::Screen,
            rungs: [500_000].into_iter().collect(),
            current: None,
            may_climb: true,
        }
    }

    #[test]
    fn everybody_gets_a_floor_before_anybody_gets_more() {
        let demands = [camera(Importance::Speaker), camera(Importance::Small), camera(Importance::Small)];
        assert_eq!(rungs(&demands, 600_000), [Some(0), Some(0), Some(0)]);
        assert_eq!(rungs(&demands, 900_000), [Some(1), Some(0), Some(0)]);
    }

    #[test]
    fn the_screen_comes_before_the_speaker_and_the_speaker_before_the_others() {
        let demands = [camera(Importance::Small), camera(Importance::Speaker), screen()];
        assert_eq!(rungs(&demands, 600_000), [None, None, Some(0)]);
        assert_eq!(rungs(&demands, 760_000), [None, Some(0), Some(0)]);
        assert_eq!(rungs(&demands, 1_000_000), [Some(0), Some(0), Some(0)]);
        assert_eq!(rungs(&demands, 1_400_000), [Some(0), Some(1), Some(0)]);
    }

    #[test]
    fn memory_that_was_used_before_changes_nothing() {
        let budget = Budget { believed_bps: 900_000, proven_bps: 900_000 };
        let demands = [camera(Importance::Speaker), camera(Importance::Small), screen()];
        let mut used = Allocation::default();
        allocate_into(&[camera(Importance::Small), screen(), screen(), screen()], budget, &mut used);
        allocate_into(&demands, budget, &mut used);
        assert_eq!(used, allocate(&demands, budget));
    }

    #[test]
    fn nothing_is_given_out_of_an_empty_budget() {
        assert_eq!(rungs(&[camera(Importance::Large), screen()], 0), [None, None]);
        assert_eq!(rungs(&[], 1_000_000), [] as [Option<usize>; 0]);
    }

    #[test]
    fn who_stands_on_a_rung_keeps_it_where_another_could_not_climb_it() {
        let mut demand = camera(Importance::Large);
        assert_eq!(rungs(std::slice::from_ref(&demand), 540_000), [Some(0)]);
        demand.current = Some(1);
        assert_eq!(rungs(std::slice::from_ref(&demand), 540_000), [Some(1)]);
        assert_eq!(rungs(&[demand], 499_999), [Some(0)]);
    }

    #[test]
    fn who_may_not_climb_yet_only_falls() {
        let demand = Demand { current: Some(1), may_climb: false, ..camera(Importance::Large) };
        assert_eq!(rungs(std::slice::from_ref(&demand), 10_000_000), [Some(1)]);
        assert_eq!(rungs(std::slice::from_ref(&demand), 200_000), [Some(0)]);
        assert_eq!(rungs(&[Demand { current: None, ..demand }], 10_000_000), [None]);
    }

    #[test]
    fn who_climbs_needs_what_was_proven_and_who_stands_only_what_is_believed() {
        let believed = Budget { believed_bps: 1_000_000, proven_bps: 300_000 };
        let demand = camera(Importance::Large);
        let given = allocate(std::slice::from_ref(&demand), believed);
        // The step costs 350 kbit/s, and a margin of 15 % of that.
        assert_eq!(given, Allocation { rungs: vec![Some(0)], next_bps: Some(150_000 + 402_500) });
        let stands = Demand { current: Some(1), ..demand };
        let given = allocate(std::slice::from_ref(&stands), believed);
        assert_eq!(given, Allocation { rungs: vec![Some(1)], next_bps: Some(500_000 + 1_150_000) });
    }

    #[test]
    fn whoever_may_not_climb_waits_for_no_step() {
        let demand = Demand { current: Some(0), may_climb: false, ..camera(Importance::Large) };
        assert_eq!(allocate(&[demand], Budget { believed_bps: 200_000, proven_bps: 200_000 }).next_bps, None);
    }

    fn demands() -> impl Strategy<Value = Vec<Demand>> {
        let importance = prop::sample::select(vec![
            Importance::Screen,
            Importance::Speaker,
            Importance::Large,
            Importance::Small,
        ]);
        let rungs = prop::collection::vec(1_000_u64..2_000_000, 1..5);
        let demand = (importance, rungs, prop::option::of(0_usize..4), any::<bool>());
        let demand = demand.prop_map(|(importance, mut rungs, current, may_climb)| {
            rungs.sort_unstable();
            let current = current.map(|current| current.min(rungs.len() - 1));
            Demand { importance, rungs: rungs.into_iter().collect(), current, may_climb }
        });
        prop::collection::vec(demand, 0..12)
    }

    fn cost(demands: &[Demand], given: &[Option<usize>]) -> u64 {
        demands.iter().zip(given).filter_map(|(demand, rung)| Some(demand.rungs[(*rung)?])).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn the_budget_is_never_exceeded(demands in demands(), budget in 0_u64..20_000_000) {
            prop_assert!(cost(&demands, &rungs(&demands, budget)) <= budget);
        }

        #[test]
        fn who_is_left_out_does_not_fit_beside_the_floors_of_the_more_important(
            demands in demands(),
            budget in 0_u64..20_000_000,
        ) {
            let given = rungs(&demands, budget);
            for (index, demand) in demands.iter().enumerate() {
                if given[index].is_some() || !demand.may_stand_on(0) {
                    continue;
                }
                let before = |other: usize| (demands[other].importance, other) < (demand.importance, index);
                let floors = (0..demands.len()).filter(|other| before(*other) && given[*other].is_some());
                let floors: u64 = floors.map(|other| demands[other].rungs[0]).sum();
                let held = demand.current.is_some();
                let floor = demand.rungs[0];
                let price = if held { floor } else { floor + floor * CLIMB_MARGIN_PERCENT / 100 };
                prop_assert!(floors + price > budget);
            }
        }

        #[test]
        fn what_was_given_is_given_again(demands in demands(), budget in 0_u64..20_000_000) {
            let given = rungs(&demands, budget);
            let settled: Vec<Demand> = demands
                .iter()
                .zip(&given)
                .map(|(demand, rung)| Demand { current: *rung, may_climb: false, ..demand.clone() })
                .collect();
            prop_assert_eq!(rungs(&settled, budget), given);
        }
    }
}
