//! Claims about answers, against lines whose figures are made up: what holds of them holds of any line.

use proptest::prelude::*;
use sim::site::presets;

use super::*;
use crate::report::plan::PlanReport;

/// A line that carries so many kilobits a second for each desk and room, and loses so much.
#[derive(Clone, Copy, Debug)]
struct MadeUp {
    down_each: u32,
    up_each: u32,
    lossy: bool,
}

impl Prober for MadeUp {
    fn probe(&self, line: &Line, load: Load, seed: u64) -> Result<Measured, HarnessError> {
        let rates = line.rates();
        let weight = 1 + load.quality as u32;
        let used = |each: u32, rate: u32| f64::from(each * weight * load.endpoints()) / f64::from(rate);
        let (down, up) = (used(self.down_each, rates.down_kbps), used(self.up_each, rates.up_kbps));
        let beyond = |used: f64| if used > 1.0 { 1.0 } else { 0.0 };
        let way = |used: f64| Way { carried_kbps: used, utilisation: used.min(1.0), ..Way::default() };
        let lost = Way { lost: 0.05, ..Way::default() };
        Ok(Measured {
            seen: Experience {
                inside: true,
                mos: 4.3,
                concealment: if self.lossy { 0.05 } else { beyond(down) },
                spoken: Some(beyond(up)),
                missing: Some(beyond(down)),
                unseen: Some(beyond(up)),
            },
            down: if self.lossy { lost } else { way(down) },
            up: if self.lossy { lost } else { way(up) },
            digest: format!("{rates:?} {load:?} {seed}"),
            simulated: Duration::from_secs(12),
        })
    }
}

fn subject(down_kbps: u32, up_kbps: u32, demand: Load) -> Subject {
    let mut building = presets::find("adsl2plus-16-1").unwrap();
    (building.link.down.rate_kbps, building.link.up.rate_kbps) = (down_kbps, up_kbps);
    Subject { name: "made-up".to_owned(), building, demand }
}

/// A report of two made-up lines, of which one carries what is asked.
pub(crate) fn report() -> PlanReport {
    let made_up = MadeUp { down_each: 700, up_each: 90, lossy: false };
    let mut subjects = [subject(90_000, 9_000, DEMAND), subject(6_000, 600, DEMAND)];
    for (subject, name) in subjects.iter_mut().zip(["wide", "narrow"]) {
        name.clone_into(&mut subject.name);
    }
    let seeds = NonZero::new(2).unwrap();
    let answers = plan(&subjects, seeds, NonZero::<usize>::MIN, &made_up, |_| {}).unwrap();
    PlanReport::new(&subjects, seeds, &answers, None)
}

fn answer(made_up: &MadeUp, subject: &Subject) -> Answer {
    let (seeds, jobs) = (NonZero::new(3).unwrap(), NonZero::<usize>::MIN);
    plan(std::slice::from_ref(subject), seeds, jobs, made_up, |_| {}).unwrap().answers.remove(0)
}

const DEMAND: Load = Load { quality: Quality::Discussion, desks: 12, rooms: 1 };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_wider_line_never_carries_fewer_people(
        down in 100_u32..100_000, up in 100_u32..100_000, more_down in 0_u32..50_000, more_up in 0_u32..50_000,
        down_each in 1_u32..3_000, up_each in 1_u32..3_000
    ) {
        let made_up = MadeUp { down_each, up_each, lossy: false };
        let narrow = answer(&made_up, &subject(down, up, DEMAND));
        let wide = answer(&made_up, &subject(down + more_down, up + more_up, DEMAND));
        for (narrow, wide) in narrow.capacities.iter().zip(&wide.capacities) {
            prop_assert!(narrow.desks <= wide.desks, "{narrow:?} {wide:?}");
        }
        // And what is true of the made-up line is what is answered.
        for capacity in &narrow.capacities {
            let fits = |rate: u32, each: u32| rate / (each * (1 + capacity.quality as u32));
            let ups = if capacity.quality.speaks() { fits(up, up_each) } else { u32::MAX };
            let most = fits(down, down_each).min(ups).min(Load::desks_max(capacity.quality));
            prop_assert_eq!(capacity.desks, most, "{:?}", capacity);
        }
    }

    #[test]
    fn more_desks_never_need_less_and_the_answer_is_the_smallest_of_the_ladder(
        down in 100_u32..20_000, up in 100_u32..20_000, desks in 1_u32..39,
        down_each in 1_u32..3_000, up_each in 1_u32..3_000
    ) {
        let made_up = MadeUp { down_each, up_each, lossy: false };
        let of = |desks| {
            let asked = subject(down, up, Load::of_desks(Quality::Discussion, desks));
            answer(&made_up, &asked).upgrade.needed.unwrap()
        };
        let (fewer, more) = (of(desks), of(desks + 1));
        prop_assert!(fewer.down_kbps <= more.down_kbps && fewer.up_kbps <= more.up_kbps);
        let line = subject(down, up, DEMAND);
        let bench = Bench::new(&made_up, Line::of(&line.building), 1);
        let holds = |rates| bench.attempt(rates, Load::of_desks(Quality::Discussion, desks)).unwrap().holds;
        prop_assert!(holds(fewer));
        for (own, needed, lower) in [
            (down, fewer.down_kbps, with_down as fn(Rates, u32) -> Rates),
            (up, fewer.up_kbps, with_up),
        ] {
            if needed > own {
                let rung = below(needed).unwrap_or(own).max(own);
                prop_assert!(!holds(lower(fewer, rung)), "{fewer:?} holds with {rung}");
            }
        }
    }
}

fn with_down(rates: Rates, down_kbps: u32) -> Rates {
    Rates { down_kbps, ..rates }
}

fn with_up(rates: Rates, up_kbps: u32) -> Rates {
    Rates { up_kbps, ..rates }
}

#[test]
fn what_gives_way_is_the_direction_that_is_used_up() {
    let narrow_down = MadeUp { down_each: 1_000, up_each: 1, lossy: false };
    let narrow_up = MadeUp { down_each: 1, up_each: 1_000, lossy: false };
    let free = MadeUp { down_each: 1, up_each: 1, lossy: false };
    let first = |made_up| answer(made_up, &subject(10_000, 10_000, DEMAND)).capacities[0];
    let (down, up, free) = (first(&narrow_down), first(&narrow_up), first(&free));
    assert_eq!((down.desks, down.bottleneck, down.fault), (10, Bottleneck::Down, Some(Fault::Hears)));
    assert_eq!((up.desks, up.bottleneck, up.fault), (10, Bottleneck::Up, Some(Fault::Speaks)));
    assert_eq!((free.desks, free.bottleneck, free.fault), (48, Bottleneck::ConferenceFull, None));
}

#[test]
fn a_line_that_loses_too_much_carries_nobody_and_no_rate_helps() {
    let lossy = MadeUp { down_each: 1, up_each: 1, lossy: true };
    let answer = answer(&lossy, &subject(10_000, 10_000, DEMAND));
    assert!(answer.capacities.iter().all(|capacity| capacity.desks == 0), "{:?}", answer.capacities);
    assert!(answer.capacities.iter().all(|capacity| capacity.bottleneck == Bottleneck::Loss));
    assert_eq!(answer.upgrade.needed, None);
}

#[test]
fn the_number_of_threads_does_not_show_in_the_answer_and_another_demand_does() {
    let made_up = MadeUp { down_each: 700, up_each: 90, lossy: false };
    let subjects = [subject(6_000, 600, DEMAND), subject(16_000, 1_000, DEMAND), subject(900, 900, DEMAND)];
    let of = |subjects: &[Subject], jobs| {
        plan(subjects, NonZero::new(2).unwrap(), NonZero::new(jobs).unwrap(), &made_up, |_| {}).unwrap()
    };
    let alone = of(&subjects, 1);
    for jobs in [2, 3, 16] {
        assert_eq!(of(&subjects, jobs), alone);
    }
    let other = subject(6_000, 600, Load::of_desks(Quality::Camera, 3));
    assert_ne!(of(&[other], 1).digest, of(&subjects[..1], 1).digest);
}

#[test]
fn a_failing_run_is_the_harness_failing() {
    struct Broken;
    impl Prober for Broken {
        fn probe(&self, _: &Line, load: Load, seed: u64) -> Result<Measured, HarnessError> {
            Err(HarnessError::Run {
                scenario: format!("{}", load.quality),
                seed,
                reason: "broke off".to_owned(),
            })
        }
    }
    for jobs in [1, 4] {
        let subjects = [subject(6_000, 600, DEMAND)];
        let end = plan(&subjects, NonZero::<u32>::MIN, NonZero::new(jobs).unwrap(), &Broken, |_| {});
        assert!(end.unwrap_err().to_string().contains("replay audio@1"));
    }
}
