//! Owns the floor of rehearsing a city packet by packet: what nobody who does that can do without, by hand. Each copy of a packet is
//! an event on its way to its person's line and another one on that line, both go through one queue that is ordered by time, and
//! at the end a line of memory of that person is changed. What a packet is, who gets it, what it meets and what anybody
//! makes of it is not there.

use std::{cmp::Reverse, collections::BinaryHeap, hint::black_box, time::Duration};

use benches::paired::time;

/// Packets that a presenter sends in a second: 50 of sound, and a picture of 30 frames with four packets each.
const PACKETS_PER_S: u64 = 170;
/// From the media node to a line, in microseconds.
const BACKBONE_US: u64 = 5_000;
/// On a line, in microseconds, at least; who sits where decides about as much again.
const LINE_US: u64 = 5_000;

/// What of a person is changed when a packet comes: a line of the caches.
#[repr(align(64))]
#[derive(Clone, Copy, Default)]
struct Person {
    packets: u64,
    last_us: u64,
}

/// Due when, for whom, and whether that is the end of the way.
type Event = Reverse<(u64, u32, bool)>;

/// Conferences in which one sends to everybody else.
pub(super) struct Floor {
    people: Vec<Person>,
    conferences: u64,
    each: u64,
    queue: BinaryHeap<Event>,
    now_us: u64,
}

impl Floor {
    pub(super) fn new(conferences: u32, each: u32) -> Self {
        Self {
            people: vec![Person::default(); (conferences * each) as usize],
            conferences: u64::from(conferences),
            each: u64::from(each),
            queue: BinaryHeap::new(),
            now_us: 0,
        }
    }

    /// Lets at least so many copies come to those whom they are for. How long that took, and how many they were.
    pub(super) fn run(&mut self, copies: u64) -> (Duration, u64) {
        let mut arrived = 0;
        let took = time(|| {
            while arrived < copies {
                arrived += self.turn();
            }
        });
        black_box(&self.people);
        (took, arrived)
    }

    /// The packets of one instant, one of each conference, and everything that is due until the next.
    fn turn(&mut self) -> u64 {
        for conference in 0..self.conferences {
            let host = conference * self.each;
            // Conferences do not send at the same instant.
            let at = self.now_us + conference * 1_000_000 / PACKETS_PER_S / self.conferences;
            for person in host + 1..host + self.each {
                self.queue.push(Reverse((at + BACKBONE_US, person as u32, false)));
            }
        }
        self.now_us += 1_000_000 / PACKETS_PER_S;
        let mut arrived = 0;
        while let Some(Reverse((at, person, is_there))) = self.queue.peek().copied()
            && at <= self.now_us
        {
            self.queue.pop();
            if is_there {
                let person = &mut self.people[person as usize];
                person.packets += 1;
                person.last_us = at;
                arrived += 1;
            } else {
                // Everybody's line is another one.
                let line = LINE_US + u64::from(person.wrapping_mul(0x9E37_79B9) >> 20);
                self.queue.push(Reverse((at + line, person, true)));
            }
        }
        arrived
    }
}
