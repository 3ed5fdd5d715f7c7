//! Claims about what is drawn.

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use proptest_state_machine::ReferenceStateMachine;
use sim::scenario::Scenario;

use super::{Planning, script};

#[test]
fn what_is_drawn_is_a_scenario_that_can_be_written_down_and_read() {
    let mut runner = TestRunner::deterministic();
    let strategy = Planning::sequential_strategy(3..=14);
    for _ in 0..200 {
        let (plan, moves, _) = strategy.new_tree(&mut runner).unwrap().current();
        let drawn = script("drawn", &plan.cast, &moves);
        let read = Scenario::from_toml("drawn.toml", &drawn.to_toml()).unwrap();
        assert_eq!(read, drawn);
    }
}
