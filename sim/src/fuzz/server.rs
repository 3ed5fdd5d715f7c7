//! Owns the target of the whole engine: several connections and two licences' worth of conferences under a script of
//! requests, packets, feedback, raw bytes, broken connections and passing time. After every input a [`ledger`] that
//! knows only what the engine put out says whether that was right.

mod client;
mod feedback;
mod ledger;
mod packet;
mod request;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use media_core::{
    PeerId, Timestamp,
    conference::ConferenceConfig,
    congestion::BitrateBounds,
    engine::{Engine, EngineConfig, Input as Given, Output},
    limits::DOWNLINK_DEFAULT,
    secret::Token,
};

use self::{
    client::Client,
    ledger::{Ledger, Occasion},
};
use super::{Verdict, input::Input, require};

/// Steps of one script.
const STEPS_MAX: usize = 400;
/// Connections that speak.
const CLIENTS: usize = 8;
/// Conferences that can run at once.
const LICENCES: u32 = 2;
/// People in one of them: few, so that full ones are common.
const PARTICIPANTS_MAX: u32 = 5;
/// Licence holders: more than licences, because licences float.
const HOLDERS: u8 = 3;

/// What is done to the outputs of one input before they are judged.
type Tamper = fn(&mut Vec<Output>);

pub(super) fn examine(bytes: &[u8]) -> Verdict {
    examine_outputs(|_| {}, bytes)
}

fn examine_outputs(tamper: Tamper, bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    let mut trial = Trial::new(tamper)?;
    if input.flag() {
        trial.furnish()?;
    }
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        trial.step(&mut input)?;
    }
    Ok(())
}

fn credential(holder: u8) -> Token {
    Token::from_bytes([holder + 1; 16])
}

fn config(life: u8) -> EngineConfig {
    let conference = ConferenceConfig {
        licences: LICENCES,
        participants_max: PARTICIPANTS_MAX,
        holders: (0..HOLDERS).map(credential).collect(),
        valid_until: Some(Timestamp::from_millis(3_600_000)),
        ..ConferenceConfig::default()
    };
    // Room at the start for what a short script sends, and feedback that can take it away.
    let downlink = BitrateBounds { start: 10_000_000, ..DOWNLINK_DEFAULT };
    EngineConfig { conference, speakers: 2, downlink, seed: [life; 32] }
}

struct Trial {
    engine: Engine,
    /// Crashes so far.
    lives: u8,
    tamper: Tamper,
    now: Timestamp,
    due: Timestamp,
    clients: Vec<Client>,
    next_peer: u32,
    ledger: Ledger,
}

impl Trial {
    fn new(tamper: Tamper) -> Result<Self, String> {
        Ok(Self {
            engine: Engine::new(config(0)).map_err(|error| error.to_string())?,
            lives: 0,
            tamper,
            now: Timestamp::from_millis(1),
            due: Timestamp::FAR_FUTURE,
            clients: (0..CLIENTS as u32).map(|slot| Client::new(PeerId(slot))).collect(),
            next_peer: CLIENTS as u32,
            ledger: Ledger::default(),
        })
    }

    /// Two conferences with people who send and watch, as a script would have to set them up.
    fn furnish(&mut self) -> Verdict {
        for (slot, message) in client::furniture() {
            let message = message(&self.ledger, &self.clients[slot]);
            self.signal(slot, &message)?;
        }
        Ok(())
    }

    fn step(&mut self, input: &mut Input<'_>) -> Verdict {
        let choice = input.byte();
        let slot = usize::from(choice >> 5);
        match choice % 32 {
            0..=9 => {
                let packet = self.clients[slot].packet(input);
                self.datagram(slot, packet)
            }
            10..=12 => {
                let packet = self.clients[slot].other_packet(input, &self.ledger);
                self.datagram(slot, packet)
            }
            13..=16 => {
                let packet = feedback::compound(input, &self.ledger, &self.clients[slot]);
                self.datagram(slot, packet)
            }
            17..=22 => {
                let message = request::message(input, &self.ledger, &mut self.clients[slot]);
                self.signal(slot, &message)
            }
            23 => self.signal(slot, input.run()),
            24 => self.datagram(slot, input.run().to_vec()),
            25 => self.reconnect(slot),
            26 => {
                let due = self.due;
                if due < Timestamp::FAR_FUTURE { self.pass_time_to(due) } else { Ok(()) }
            }
            27 if input.byte() < 16 => self.crash(),
            27 => self.pass_time(Duration::from_millis(u64::from(input.number()))),
            _ => self.pass_time(Duration::from_micros(500 * u64::from(input.byte()))),
        }
    }

    fn signal(&mut self, slot: usize, message: &[u8]) -> Verdict {
        let peer = self.clients[slot].peer;
        self.ledger.on_request(peer, message);
        self.give(Given::Signal { peer, message }, Occasion::Signal)
    }

    fn datagram(&mut self, slot: usize, packet: Vec<u8>) -> Verdict {
        let datagram = Bytes::from(packet);
        let occasion = Occasion::of_datagram(self.clients[slot].peer, &datagram);
        self.give(Given::Datagram { peer: self.clients[slot].peer, datagram }, occasion)
    }

    /// The engine crashes and carries on from what a durable store held; all connections are lost.
    fn crash(&mut self) -> Verdict {
        self.lives = self.lives.wrapping_add(1);
        let kept = serde_json::to_vec(&self.engine.control_state()).map_err(|error| error.to_string())?;
        let state = serde_json::from_slice(&kept).map_err(|error| error.to_string())?;
        self.engine =
            Engine::resume(config(self.lives), state, self.now).map_err(|error| error.to_string())?;
        self.ledger.on_crash();
        for slot in 0..CLIENTS {
            self.renew(slot);
        }
        self.give(Given::Timeout, Occasion::Timeout)
    }

    /// The connection breaks; its client comes back through another one.
    fn reconnect(&mut self, slot: usize) -> Verdict {
        let peer = self.clients[slot].peer;
        self.give(Given::Disconnected { peer }, Occasion::Signal)?;
        require(!self.ledger.is_inside(peer), || format!("{peer} is in without a connection"))?;
        self.renew(slot);
        Ok(())
    }

    fn renew(&mut self, slot: usize) {
        self.clients[slot] = Client::new(PeerId(self.next_peer));
        self.next_peer += 1;
    }

    fn pass_time(&mut self, time: Duration) -> Verdict {
        self.pass_time_to(self.now + time)
    }

    /// Like a host that calls in time when something is due, though not always at once.
    fn pass_time_to(&mut self, end: Timestamp) -> Verdict {
        for _ in 0..16 {
            if self.due > end {
                break;
            }
            self.now = self.now.max(self.due);
            self.give(Given::Timeout, Occasion::Timeout)?;
        }
        self.now = self.now.max(end);
        Ok(())
    }

    /// One input with everything that follows from it.
    fn give(&mut self, given: Given<'_>, occasion: Occasion) -> Verdict {
        let received = self.ledger.received(&self.engine);
        self.engine.handle_input(self.now, given).map_err(|error| format!("an error: {error}"))?;
        let mut outputs = Vec::new();
        loop {
            match self.engine.poll_output() {
                Output::Timeout(at, _) => {
                    require(at > self.now, || format!("at {} the next timeout is {at}", self.now))?;
                    self.due = at;
                    break;
                }
                output @ (Output::Transmit(_) | Output::Event(_) | Output::Offered { .. }) => {
                    outputs.push(output);
                }
            }
            require(outputs.len() <= occasion.outputs_max(), || {
                format!("more than {} outputs from one {occasion:?}", outputs.len() - 1)
            })?;
        }
        (self.tamper)(&mut outputs);
        self.ledger.settle(&outputs, occasion)?;
        self.ledger.audit(&self.engine, received, occasion)
    }
}
