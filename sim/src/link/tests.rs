//! Holds a link against queueing theory, against the theory of its impairments, and against its own conservation.

mod aqm;
mod conservation;
mod impairments;
mod rfc8289;
mod theory;
mod timing;

use std::time::Duration;

use media_core::time::Timestamp;

use super::{Delivery, Link, LinkConfig};
use crate::seed::Seed;

const DELAY: Duration = Duration::from_millis(10);

fn link(config: LinkConfig) -> Link<u64> {
    Link::new(config, Seed::new(1).stream("link"))
}

/// Long after everything under test.
const END: Timestamp = Timestamp::from_millis(100_000_000);

/// Everything that arrives until `until`.
fn deliveries<T: Clone>(link: &mut Link<T>, until: Timestamp) -> Vec<Delivery<T>> {
    std::iter::from_fn(|| link.poll_delivery(until)).collect()
}

/// Offers `count` packets, numbered from 0, one in each `gap`, and gives back all that arrives.
fn offer_evenly(link: &mut Link<u64>, count: u64, gap: Duration, wire_bytes: u32) -> Vec<Delivery<u64>> {
    let mut arrived = Vec::new();
    let mut now = Timestamp::ZERO;
    for number in 0..count {
        link.offer(now, wire_bytes, number);
        arrived.extend(deliveries(link, now));
        now = now + gap;
    }
    arrived.extend(deliveries(link, END));
    arrived
}
