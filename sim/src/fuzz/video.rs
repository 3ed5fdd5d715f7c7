//! Owns the target of the video assembler: packets in any order, with holes, repetitions and contradictory descriptors.
//! Frames come out whole, in the order of their packets, and no packet comes out twice.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use media_core::{Timestamp, limits::REORDER_PACKETS_MAX};

use super::{Verdict, input::Input, require};
use crate::endpoint::assembler::{AssembledFrame, Assembler, FrameDiffs, VideoPacket};

/// Steps of one script.
const STEPS_MAX: usize = 600;
/// Numbers that are requested at once, at most: those that one packet may overtake.
const REQUESTS_MAX: usize = REORDER_PACKETS_MAX as usize;
/// Frames that wait to be polled, as the assembler bounds them.
const FRAMES_MAX: usize = 256;

/// What is done with a frame before it is judged.
type Pass = fn(AssembledFrame) -> AssembledFrame;

pub(super) fn examine(bytes: &[u8]) -> Verdict {
    examine_frames(|frame| frame, bytes)
}

struct Trial {
    assembler: Assembler,
    pass: Pass,
    now: Timestamp,
    /// The payloads that were inserted, by their numbers.
    sent: BTreeMap<u64, Vec<u8>>,
    /// Where the next frame may begin, at the earliest.
    next: u64,
}

fn examine_frames(pass: Pass, bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    let mut trial = Trial {
        assembler: Assembler::new(),
        pass,
        now: Timestamp::from_millis(1),
        sent: BTreeMap::new(),
        next: 0,
    };
    let mut newest = 1_u64 << 20;
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        match input.below(16) {
            0 => trial.pass_time(Duration::from_millis(u64::from(input.byte())))?,
            1 => trial.pass_time(Duration::from_millis(u64::from(input.number()) * 100))?,
            2 => trial.assembler.set_rtt(Duration::from_millis(u64::from(input.number()))),
            3 => {
                newest += u64::from(input.number());
                trial.insert(newest, &mut input)?;
            }
            4 | 5 => {
                let back = u64::from(input.byte());
                trial.insert(newest - back, &mut input)?;
            }
            _ => {
                newest += 1 + u64::from(input.byte() >> 6);
                trial.insert(newest, &mut input)?;
            }
        }
    }
    Ok(())
}

impl Trial {
    fn insert(&mut self, sequence: u64, input: &mut Input<'_>) -> Verdict {
        let flags = input.byte();
        let number = u16::from(input.byte());
        let diffs: Vec<u16> = (0..flags >> 6).map(|_| u16::from(input.byte()) + 1).collect();
        // By its number alone, so that a repeated packet is the same; each eighth is padding.
        let payload = if sequence % 8 == 5 { Vec::new() } else { sequence.to_be_bytes().to_vec() };
        self.sent.insert(sequence, payload.clone());
        self.assembler.insert(
            self.now,
            VideoPacket {
                sequence,
                timestamp: 3_000 * u32::from(number),
                start: flags & 1 != 0,
                end: flags & 2 != 0,
                frame_number: number,
                spatial: flags >> 3 & 1,
                temporal: flags >> 4 & 1,
                key: flags & 4 != 0,
                diffs: FrameDiffs::new(&diffs).ok_or("more differences than a packet has")?,
                payload: Bytes::from(payload),
            },
        );
        self.drain()
    }

    /// Time goes by, with the assembler's timeouts at their own times.
    fn pass_time(&mut self, time: Duration) -> Verdict {
        let end = self.now + time;
        for _ in 0..4 * REQUESTS_MAX {
            let Some(at) = self.assembler.poll_timeout().filter(|at| *at <= end) else { break };
            self.now = self.now.max(at);
            self.assembler.handle_timeout(self.now);
            self.drain()?;
            require(self.assembler.poll_timeout().is_none_or(|next| next > self.now), || {
                format!("at {} the next timeout is at {:?}", self.now, self.assembler.poll_timeout())
            })?;
        }
        self.now = end;
        Ok(())
    }

    fn drain(&mut self) -> Verdict {
        let mut frames = 0;
        while let Some(frame) = self.assembler.poll_frame() {
            frames += 1;
            self.judge(&(self.pass)(frame))?;
        }
        require(frames <= FRAMES_MAX, || format!("{frames} frames at once"))?;
        let requests = self.assembler.nacks(self.now);
        let _ = self.assembler.wants_key_frame(self.now);
        require(requests.len() <= REQUESTS_MAX, || format!("{} requests at once", requests.len()))
    }

    fn judge(&mut self, frame: &AssembledFrame) -> Verdict {
        let first = frame.first_sequence;
        require(first >= self.next, || format!("a frame from {first} on after {}", self.next))?;
        let mut rest = &frame.payload[..];
        let mut sequence = first;
        while !rest.is_empty() {
            let packet =
                self.sent.get(&sequence).ok_or_else(|| format!("packet {sequence} was never sent"))?;
            rest = rest.strip_prefix(&packet[..]).ok_or_else(|| {
                format!("what follows in the frame from {first} on is not packet {sequence}")
            })?;
            sequence += 1;
        }
        require(sequence > first, || format!("the frame from {first} on is empty"))?;
        self.next = sequence;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key frame of two packets, and one that refers to it.
    const SCRIPT: &[u8] = &[9, 0, 5, 1, 9, 0, 6, 1, 9, 0, 0x43, 2, 0];

    #[test]
    fn the_real_assembler_passes() {
        assert_eq!(examine(SCRIPT), Ok(()));
    }

    #[test]
    fn a_frame_with_a_packet_of_another_is_found() {
        let mixed: Pass = |mut frame| {
            frame.payload.extend_from_slice(&[0; 8]);
            frame
        };
        assert!(examine_frames(mixed, SCRIPT).is_err());
    }

    #[test]
    fn a_frame_that_comes_out_again_is_found() {
        let again: Pass = |mut frame| {
            frame.first_sequence = 1 << 20 | 1;
            frame.payload.clear();
            frame.payload.extend_from_slice(&(1_u64 << 20 | 1).to_be_bytes());
            frame
        };
        assert!(examine_frames(again, SCRIPT).is_err());
    }
}
