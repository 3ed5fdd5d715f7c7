//! What estimating a path costs: feedback of 20 packets is taken. The floor reads it and smooths the arrivals' deltas, which is
//! the least that an estimate from delays can be.

use std::{cell::RefCell, hint::black_box, process::ExitCode, rc::Rc};

use benches::{
    fixed::{self, Path},
    small::{self, Group, prepared},
    tally::Work,
};
use media_core::rtp::rtcp::{self, Feedback};

/// Reads the deltas and smooths them.
fn smoothed(packet: &[u8]) -> f64 {
    let mut smoothed = 0.0;
    let read = rtcp::read(packet, |feedback| {
        if let Feedback::TransportFeedback(feedback) = feedback {
            for delta in feedback.packets().filter_map(|(_, delta)| delta) {
                smoothed += (f64::from(delta) - smoothed) / 16.0;
            }
        }
    });
    assert!(read.is_ok(), "it is sound");
    smoothed
}

fn main() -> ExitCode {
    let (one, other) = (Rc::new(RefCell::new(Path::default())), RefCell::new(Path::default()));
    let prepare = Rc::clone(&one);
    assert_eq!(fixed::read_twcc(&other.borrow_mut().send()), usize::from(fixed::FEEDBACK_PACKETS));
    small::run(
        "estimate",
        vec![Group {
            work: Work::of("estimate/feedback"),
            has_statistics: true,
            batch: 100,
            contenders: vec![
                prepared(
                    "floor",
                    None,
                    move || other.borrow_mut().send(),
                    |packet| black_box(smoothed(&packet)),
                ),
                prepared(
                    "engine",
                    None,
                    move || prepare.borrow_mut().send(),
                    move |packet| black_box(one.borrow_mut().hear(&packet)),
                ),
            ],
        }],
    )
}
