//! Owns the target of the signalling channel: two ends over a network that loses, repeats, reorders, damages and forges
//! segments as the input says. Messages come out as they went in, in order; after the network is good again all of them
//! arrive, unless an end gave up or a forger spoke. Buffers stay bounded whoever speaks.

use std::{collections::VecDeque, time::Duration};

use media_core::Timestamp;

use super::{Verdict, input::Input, require};
use crate::channel::{Channel, ChannelState, CloseReason, MESSAGE_BYTES_MAX, SEGMENT_BYTES_MAX, Stray};

/// Steps of one script.
const STEPS_MAX: usize = 400;
/// Segments on their way in one direction; beyond it the network loses them.
const FLIGHT_MAX: usize = 128;
/// Segments that an end sends at once, at most: a window of 64, and an acknowledgement.
const BURST_MAX: usize = 65;
/// Time in which everything arrives once the network is good: more than the longest retransmission timeout.
const HEALING: Duration = Duration::from_secs(90);
/// Steps in which that is simulated: 1 MiB in each direction is 2,000 segments with their acknowledgements.
const HEALING_STEPS_MAX: usize = 20_000;
/// Bytes in front of a segment's checksum, and with it.
const CHECKSUM: std::ops::Range<usize> = 4..8;

/// What is done with a message before it is compared with the one that was sent.
type Pass = fn(Vec<u8>) -> Vec<u8>;

pub(super) fn examine(bytes: &[u8]) -> Verdict {
    examine_messages(|message| message, bytes)
}

/// One end, with what it sent and what it has to receive.
struct End {
    channel: Channel,
    /// Segments on their way to the other end.
    flight: VecDeque<Vec<u8>>,
    sent: u32,
    received: u32,
}

struct Trial {
    pass: Pass,
    now: Timestamp,
    ends: [End; 2],
    /// Somebody else spoke: no promise about contents holds.
    forged: bool,
}

fn examine_messages(pass: Pass, bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    let now = Timestamp::from_millis(1);
    let end = |channel| End { channel, flight: VecDeque::new(), sent: 0, received: 0 };
    let ends = [end(Channel::connect(now)), end(Channel::accept(now))];
    let mut trial = Trial { pass, now, ends, forged: false };
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        trial.step(&mut input)?;
    }
    trial.heal()
}

impl Trial {
    fn step(&mut self, input: &mut Input<'_>) -> Verdict {
        let choice = input.byte();
        let from = usize::from(choice >> 7);
        match choice % 16 {
            0 => self.pass_time(Duration::from_millis(u64::from(input.byte())))?,
            1 => self.pass_time(Duration::from_millis(u64::from(input.number())))?,
            2 | 3 => self.send(from, usize::from(input.number())),
            4 => self.ends[from].channel.close(self.now),
            5 => {
                let at = input.below(self.ends[from].flight.len());
                self.ends[from].flight.remove(at);
            }
            6 => {
                let at = input.below(self.ends[from].flight.len());
                if let Some(segment) = self.ends[from].flight.get(at).cloned() {
                    self.deliver(from, &segment)?;
                }
            }
            7 => {
                let at = input.below(self.ends[from].flight.len());
                let Some(mut segment) = self.ends[from].flight.get(at).cloned() else { return Ok(()) };
                let place = usize::from(input.number()) % segment.len();
                segment[place] ^= input.byte().max(1);
                let before = self.ends[1 - from].channel.counters();
                self.deliver(from, &segment)?;
                let after = self.ends[1 - from].channel.counters();
                require(after.malformed == before.malformed + 1, || "damage went unnoticed".to_owned())?;
            }
            8 => {
                self.forged = true;
                let bytes = input.run();
                stray(bytes)?;
                self.deliver(from, bytes)?;
            }
            9 | 10 => {
                self.forged = true;
                let segment = forged(input);
                stray(&segment)?;
                self.deliver(from, &segment)?;
            }
            _ => {
                let at = input.below(self.ends[from].flight.len());
                if let Some(segment) = self.ends[from].flight.remove(at) {
                    self.deliver(from, &segment)?;
                }
            }
        }
        self.drain()
    }

    fn send(&mut self, from: usize, length: usize) {
        let end = &mut self.ends[from];
        let before = end.channel.counters().messages_sent;
        end.channel.send(self.now, message(end.sent, length));
        end.sent += (end.channel.counters().messages_sent - before) as u32;
    }

    fn deliver(&mut self, from: usize, segment: &[u8]) -> Verdict {
        self.ends[1 - from].channel.handle_segment(self.now, segment);
        self.drain()
    }

    fn pass_time(&mut self, time: Duration) -> Verdict {
        let end = self.now + time;
        self.now = end;
        for index in 0..2 {
            if self.ends[index].channel.poll_timeout().is_some_and(|at| at <= end) {
                self.ends[index].channel.handle_timeout(end);
            }
        }
        self.drain()
    }

    /// What follows from a call: segments leave, messages come out, and the next timeout lies ahead.
    fn drain(&mut self) -> Verdict {
        for index in 0..2 {
            self.drain_messages(index)?;
            let now = self.now;
            let end = &mut self.ends[index];
            let mut burst = 0;
            while let Some(segment) = end.channel.poll_segment(now) {
                burst += 1;
                require(segment.len() <= SEGMENT_BYTES_MAX, || {
                    format!("a segment of {} bytes", segment.len())
                })?;
                require(burst <= BURST_MAX, || format!("{burst} segments at once"))?;
                if end.flight.len() < FLIGHT_MAX {
                    end.flight.push_back(segment);
                }
            }
            let next = end.channel.poll_timeout();
            if next.is_some_and(|at| at <= now) {
                end.channel.handle_timeout(now);
                while let Some(segment) = end.channel.poll_segment(now) {
                    end.flight.push_back(segment);
                    require(end.flight.len() <= FLIGHT_MAX + BURST_MAX, || "a flood of segments".to_owned())?;
                }
                let next = end.channel.poll_timeout();
                require(next.is_none_or(|at| at > now), || format!("at {now} the timeout is {next:?}"))?;
            }
        }
        Ok(())
    }

    fn drain_messages(&mut self, index: usize) -> Verdict {
        while let Some(received) = self.ends[index].channel.poll_message() {
            require(received.len() <= MESSAGE_BYTES_MAX, || {
                format!("a message of {} bytes", received.len())
            })?;
            let received = (self.pass)(received);
            let number = self.ends[index].received;
            self.ends[index].received += 1;
            if self.forged {
                continue;
            }
            require(number < self.ends[1 - index].sent, || "a message that nobody sent".to_owned())?;
            require(received == message(number, received.len()), || {
                format!("message {number} came out as {:x?}", &received[..received.len().min(16)])
            })?;
        }
        Ok(())
    }

    /// The network is good again: within a minute everything arrives. Ends that live ask after one another for ever.
    fn heal(&mut self) -> Verdict {
        let until = self.now + HEALING;
        for _ in 0..HEALING_STEPS_MAX {
            if self.forged {
                return Ok(());
            }
            let mut moved = false;
            for from in 0..2 {
                if let Some(segment) = self.ends[from].flight.pop_front() {
                    self.deliver(from, &segment)?;
                    moved = true;
                }
            }
            let due = self.ends.iter().filter_map(|end| end.channel.poll_timeout()).min();
            match due {
                _ if moved => {}
                Some(at) if at < until => self.pass_time(at.saturating_since(self.now))?,
                Some(_) | None => return self.converged(),
            }
        }
        Err("the two ends never come to rest".to_owned())
    }

    fn converged(&self) -> Verdict {
        let gave_up = |end: &End| {
            matches!(
                end.channel.state(),
                ChannelState::Closed {
                    reason: CloseReason::TimedOut | CloseReason::SendBufferFull | CloseReason::Local
                }
            )
        };
        if self.forged || self.ends.iter().any(gave_up) {
            return Ok(());
        }
        for index in 0..2 {
            let (sent, received) = (self.ends[1 - index].sent, self.ends[index].received);
            let closed = matches!(self.ends[index].channel.state(), ChannelState::Closed { .. });
            require(sent == received || closed, || {
                format!("{received} of {sent} messages arrived, and nothing is under way")
            })?;
        }
        Ok(())
    }
}

/// A segment that belongs to no channel is answered by a reset at most, and a reset by nothing.
fn stray(bytes: &[u8]) -> Verdict {
    if let Stray::Reset(reset) = Channel::stray(bytes) {
        require(Channel::stray(&reset) == Stray::Ignored, || format!("a reset is answered: {reset:x?}"))?;
    }
    Ok(())
}

/// The message of this number, of at least its number's length.
fn message(number: u32, length: usize) -> Vec<u8> {
    number.to_be_bytes().into_iter().cycle().take(length.max(4)).collect()
}

/// A segment of the input's choice with a checksum that is right, as anybody can write one.
fn forged(input: &mut Input<'_>) -> Vec<u8> {
    let mut segment = vec![0xf5, 0x01, input.byte() & 3, 0, 0, 0, 0, 0];
    let near = |input: &mut Input<'_>| match input.byte() {
        255 => input.long(),
        small => u32::from(small),
    };
    segment.extend_from_slice(&near(input).to_be_bytes());
    segment.extend_from_slice(&near(input).to_be_bytes());
    segment.extend_from_slice(&u64::from(input.long()).to_be_bytes());
    segment.resize(32, 0);
    segment.extend_from_slice(input.run());
    // FNV-1a, as the channel's own.
    let covered = segment[..CHECKSUM.start].iter().chain(&segment[CHECKSUM.end..]);
    let sum = covered.fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    segment[CHECKSUM].copy_from_slice(&sum.to_be_bytes());
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two messages to the server, the first before the channel is open.
    const SCRIPT: &[u8] = &[2, 0, 9, 11, 0, 139, 0, 2, 8, 0];

    #[test]
    fn the_real_channel_passes() {
        assert_eq!(examine(SCRIPT), Ok(()));
        assert_eq!(examine(&[]), Ok(()));
    }

    #[test]
    fn a_channel_that_alters_messages_is_found() {
        let altering: Pass = |mut message| {
            message[0] ^= 1;
            message
        };
        assert!(examine_messages(altering, SCRIPT).is_err());
    }

    #[test]
    fn a_forged_segment_is_one_to_the_channel() {
        let mut channel = Channel::accept(Timestamp::ZERO);
        channel.handle_segment(Timestamp::ZERO, &forged(&mut Input::new(&[1, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3])));
        let counters = channel.counters();
        assert_eq!((counters.malformed, counters.segments_received), (0, 1));
    }
}
