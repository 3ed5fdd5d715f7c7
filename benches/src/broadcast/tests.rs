//! Claims about the conference that benches measure, and what forwarding takes of memory in it.

use allocation_counter::AllocationInfo;

use super::*;

#[test]
fn everybody_is_sent_everything_and_says_so_ten_times_a_second() {
    for load in Load::ALL {
        let mut broadcast = Broadcast::new(load, 5, &mut NoBytes);
        let begun = broadcast.now;
        let spent = broadcast.forward(600, &mut NoBytes);
        assert_eq!(spent.copies, 5 * 600, "{load:?}");
        let seconds = broadcast.now.saturating_since(begun).as_secs_f64();
        assert!((spent.feedbacks as f64 / (50.0 * seconds) - 1.0).abs() < 0.02, "{load:?}: {spent:?}");
        assert!(spent.media > Duration::ZERO && spent.feedback > Duration::ZERO);
    }
}

/// Counts what is allocated.
#[derive(Debug, Default)]
struct Allocations {
    media: u64,
    timers: u64,
    feedback: u64,
    copies: u64,
}

impl Meter for Allocations {
    fn measure(&mut self, cause: Cause, work: impl FnOnce()) {
        let AllocationInfo { count_total, .. } = allocation_counter::measure(work);
        match cause {
            Cause::Media => self.media += count_total,
            Cause::Timer => self.timers += count_total,
            Cause::Feedback => self.feedback += count_total,
        }
    }

    fn on_copies(&mut self, copies: u64) {
        self.copies += copies;
    }
}

/// Of `packets`, each to 49.
fn allocations(load: Load, packets: u64, mut host: impl Host) -> Allocations {
    let mut broadcast = Broadcast::new(load, 49, &mut host);
    broadcast.forward(5_000, &mut host);
    let mut allocations = Allocations::default();
    broadcast.forward_measured(packets, &mut host, &mut allocations);
    assert_eq!(allocations.copies, packets * 49);
    allocations
}

/// Time goes by here and feedback comes, so timers move, and the ordered set in which they stand takes a node now and then.
fn assert_copies_take_no_memory(load: Load, host: impl Host) {
    let packets = 2_000;
    let allocations = allocations(load, packets, host);
    // The first handle to bytes that were a vector makes the count of handles. That is the host's memory.
    let others = allocations.media.checked_sub(packets).expect("the counter counts handles");
    assert!(others * 1_000 <= allocations.copies, "{load:?}: {allocations:?}");
    assert!(allocations.feedback * 1_000 <= allocations.copies, "{load:?}: {allocations:?}");
}

#[test]
fn copies_without_bytes_and_feedback_take_no_memory() {
    for load in Load::ALL {
        assert_copies_take_no_memory(load, NoBytes);
    }
}

#[test]
fn protected_copies_take_no_memory() {
    for load in Load::ALL {
        assert_copies_take_no_memory(load, Protecting::new(49));
    }
}

#[test]
fn a_script_has_everybody_served_and_heard() {
    for load in Load::ALL {
        let media = Script::media(load, 49, 20);
        assert_eq!(media.inputs(), 20);
        assert!(media.play().outputs() >= 20 * 49, "{load:?}");
        let feedback = Script::feedback(load, 49, 12);
        assert_eq!(feedback.inputs(), 49, "{load:?}: everybody speaks");
        assert_eq!(feedback.play().inputs(), 0);
    }
}
