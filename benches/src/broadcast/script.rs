//! Owns inputs that are prepared, so that nothing but the engine's own work is done while they are handed in: what counts
//! instructions counts everything.

use std::hint::black_box;

use bytes::Bytes;
use media_core::{
    PeerId, Timestamp,
    engine::{Engine, Input, Output},
};

use super::{Broadcast, Load, NoBytes};
use crate::signals;

/// An engine in the midst of a conference, and what comes next.
pub struct Script {
    engine: Engine,
    timeout: Timestamp,
    inputs: Vec<(Timestamp, PeerId, Bytes)>,
    outputs: u64,
}

impl Script {
    /// So many packets of the publisher come.
    pub fn media(load: Load, subscribers: u32, packets: usize) -> Self {
        let mut broadcast = Broadcast::new(load, subscribers, &mut NoBytes);
        let packets = std::iter::repeat_with(|| broadcast.publisher.next_packet()).take(packets);
        let inputs = packets.map(|(at, packet)| (at, signals::HOST, Bytes::from(packet))).collect();
        Self::begin(broadcast, inputs)
    }

    /// Everybody says what came of the last `packets` of the publisher, which nobody has spoken of.
    pub fn feedback(load: Load, subscribers: u32, packets: usize) -> Self {
        let mut broadcast = Broadcast::new(load, subscribers, &mut NoBytes);
        for _ in 0..packets {
            let (at, packet) = broadcast.publisher.next_packet();
            broadcast.now = at;
            let input = Input::Datagram { peer: signals::HOST, datagram: Bytes::from(packet) };
            broadcast.input(input, &mut NoBytes);
            broadcast.note();
        }
        // The engine may have waited for them; that makes the round trip longer, and nothing else.
        let now = broadcast.now;
        let feedback = std::iter::repeat_with(|| broadcast.audience.feedback()).take(subscribers as usize);
        let inputs = feedback.flatten().map(|(peer, packet)| (now, peer, packet)).collect();
        Self::begin(broadcast, inputs)
    }

    fn begin(broadcast: Broadcast, inputs: Vec<(Timestamp, PeerId, Bytes)>) -> Self {
        Self { engine: broadcast.engine, timeout: broadcast.timeout, inputs, outputs: 0 }
    }

    /// Hands everything in, with the timers that are due between, and takes what follows. What is given back knows how many
    /// outputs that were.
    #[must_use]
    pub fn play(mut self) -> Self {
        for (at, peer, datagram) in std::mem::take(&mut self.inputs) {
            while self.timeout <= at {
                self.input(self.timeout, Input::Timeout);
            }
            self.input(at, Input::Datagram { peer, datagram });
        }
        self
    }

    /// How many inputs there are.
    pub fn inputs(&self) -> usize {
        self.inputs.len()
    }

    /// How many outputs there were.
    pub fn outputs(&self) -> u64 {
        self.outputs
    }

    fn input(&mut self, now: Timestamp, input: Input<'_>) {
        self.engine.handle_input(now, input).expect("time does not go back");
        loop {
            match black_box(self.engine.poll_output()) {
                Output::Timeout(at, _) => {
                    self.timeout = at;
                    return;
                }
                Output::Transmit(_) | Output::Event(_) | Output::Offered { .. } => self.outputs += 1,
            }
        }
    }
}
