//! Owns the division of a budget among the pictures that somebody watches. Pure: demands and a budget in, rungs out.
//!
//! Sound is not in it: what it needs has been taken off the budget before. Everybody gets a floor before anybody gets more,
//! and both in the order of importance; within one class pictures climb in turn, so that equals stay equal.

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

/// A picture that somebody watches, with the ways in which it can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Its class.
    pub importance: Importance,
    /// What each rung costs in bits per second on the wire, rising. Rung 0 is the floor. Not empty.
    pub rungs: Vec<u64>,
    /// On which rung it is now; `None`: not sent.
    pub current: Option<usize>,
    /// Whether it may climb above `current` at this time. It may always fall.
    pub may_climb: bool,
}

/// Room that has to be left above a rung before somebody climbs to it, as a share of what the step costs: an estimate that
/// wavers must not make a picture waver.
pub const CLIMB_MARGIN_PERCENT: u64 = 15;

/// A rung for each demand, `None` where not even the floor fits. What is given out costs at most `budget_bps` in all.
pub fn allocate(demands: &[Demand], budget_bps: u64) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_by_key(|index| (demands[*index].importance, *index));
    let mut left = budget_bps;
    let mut given = vec![None; demands.len()];
    for index in &order {
        let demand = &demands[*index];
        if left >= step_price(demand, None)
            && let Some(floor) = demand.rungs.first().filter(|_| demand.may_stand_on(0))
        {
            left -= (*floor).min(left);
            given[*index] = Some(0);
        }
    }
    for class in order.chunk_by(|a, b| demands[*a].importance == demands[*b].importance) {
        while climb_in_turn(demands, class, &mut given, &mut left) {}
    }
    given
}

/// Each of a class climbs by one rung, if it fits. Says whether anybody did.
fn climb_in_turn(demands: &[Demand], class: &[usize], given: &mut [Option<usize>], left: &mut u64) -> bool {
    let mut climbed = false;
    for index in class {
        let demand = &demands[*index];
        let Some(rung) = given[*index] else { continue };
        let Some(next) = demand.rungs.get(rung + 1).filter(|_| demand.may_stand_on(rung + 1)) else {
            continue;
        };
        if *left >= step_price(demand, Some(rung)) {
            *left -= next.saturating_sub(demand.rungs[rung]).min(*left);
            given[*index] = Some(rung + 1);
            climbed = true;
        }
    }
    climbed
}

/// What has to be left for a step from `rung` (`None`: from nothing) to the next one.
fn step_price(demand: &Demand, rung: Option<usize>) -> u64 {
    let next = rung.map_or(0, |rung| rung + 1);
    let cost = demand.cost(next) - rung.map_or(0, |rung| demand.cost(rung)).min(demand.cost(next));
    let held = demand.current.is_some_and(|current| current >= next);
    if held { cost } else { cost + cost * CLIMB_MARGIN_PERCENT / 100 }
}

impl Demand {
    fn may_stand_on(&self, rung: usize) -> bool {
        self.may_climb || self.current.is_some_and(|current| rung <= current)
    }

    fn cost(&self, rung: usize) -> u64 {
        self.rungs.get(rung).copied().unwrap_or(u64::MAX / 4)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAMERA: [u64; 3] = [150_000, 500_000, 1_500_000];

    fn camera(importance: Importance) -> Demand {
        Demand { importance, rungs: CAMERA.to_vec(), current: None, may_climb: true }
    }

    fn screen() -> Demand {
        Demand { importance: Importance::Screen, rungs: vec![500_000], current: None, may_climb: true }
    }

    #[test]
    fn everybody_gets_a_floor_before_anybody_gets_more() {
        let demands = [camera(Importance::Speaker), camera(Importance::Small), camera(Importance::Small)];
        assert_eq!(allocate(&demands, 600_000), [Some(0), Some(0), Some(0)]);
        assert_eq!(allocate(&demands, 900_000), [Some(1), Some(0), Some(0)]);
    }

    #[test]
    fn the_screen_comes_before_the_speaker_and_the_speaker_before_the_others() {
        let demands = [camera(Importance::Small), camera(Importance::Speaker), screen()];
        assert_eq!(allocate(&demands, 600_000), [None, None, Some(0)]);
        assert_eq!(allocate(&demands, 760_000), [None, Some(0), Some(0)]);
        assert_eq!(allocate(&demands, 1_000_000), [Some(0), Some(0), Some(0)]);
        assert_eq!(allocate(&demands, 1_400_000), [Some(0), Some(1), Some(0)]);
    }

    #[test]
    fn nothing_is_given_out_of_an_empty_budget() {
        assert_eq!(allocate(&[camera(Importance::Large), screen()], 0), [None, None]);
        assert_eq!(allocate(&[], 1_000_000), [] as [Option<usize>; 0]);
    }

    #[test]
    fn who_stands_on_a_rung_keeps_it_where_another_could_not_climb_it() {
        let mut demand = camera(Importance::Large);
        assert_eq!(allocate(std::slice::from_ref(&demand), 540_000), [Some(0)]);
        demand.current = Some(1);
        assert_eq!(allocate(std::slice::from_ref(&demand), 540_000), [Some(1)]);
        assert_eq!(allocate(&[demand], 499_999), [Some(0)]);
    }

    #[test]
    fn who_may_not_climb_yet_only_falls() {
        let demand = Demand { current: Some(1), may_climb: false, ..camera(Importance::Large) };
        assert_eq!(allocate(std::slice::from_ref(&demand), 10_000_000), [Some(1)]);
        assert_eq!(allocate(std::slice::from_ref(&demand), 200_000), [Some(0)]);
        assert_eq!(allocate(&[Demand { current: None, ..demand }], 10_000_000), [None]);
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
            Demand { importance, rungs, current, may_climb }
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
            prop_assert!(cost(&demands, &allocate(&demands, budget)) <= budget);
        }

        #[test]
        fn who_is_left_out_does_not_fit_beside_the_floors_of_the_more_important(
            demands in demands(),
            budget in 0_u64..20_000_000,
        ) {
            let given = allocate(&demands, budget);
            for (index, demand) in demands.iter().enumerate() {
                if given[index].is_some() || !demand.may_stand_on(0) {
                    continue;
                }
                let before = |other: usize| (demands[other].importance, other) < (demand.importance, index);
                let floors = (0..demands.len()).filter(|other| before(*other) && given[*other].is_some());
                let floors: u64 = floors.map(|other| demands[other].rungs[0]).sum();
                prop_assert!(floors + step_price(demand, None) > budget);
            }
        }

        #[test]
        fn what_was_given_is_given_again(demands in demands(), budget in 0_u64..20_000_000) {
            let given = allocate(&demands, budget);
            let settled: Vec<Demand> = demands
                .iter()
                .zip(&given)
                .map(|(demand, rung)| Demand { current: *rung, may_climb: false, ..demand.clone() })
                .collect();
            prop_assert_eq!(allocate(&settled, budget), given);
        }
    }
}
