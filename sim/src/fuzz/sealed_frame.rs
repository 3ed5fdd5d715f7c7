//! Owns the target of sealed frames: an opener gets authentic, changed, spliced and invented frames in any order.
//! Only what a sender sealed may open, with the metadata it was sealed with, once, and within the replay window. A
//! model of the window, kept as a set of everything opened, says when.

use std::collections::BTreeSet;

use media_core::{
    DropReason,
    e2ee::{BaseKey, CipherSuite, KeyId, KeySource, Opened, Opener, Sealer},
    limits::REPLAY_WINDOW,
};

use super::{Verdict, input::Input, require};

/// Senders whose key the opener can get. One id is short enough to stand in the header's first byte.
const SENDERS: [KeyId; 3] = [KeyId(3), KeyId(0xabcd), KeyId(u64::MAX)];
/// The suites a script chooses from, by its first byte. The one with tags of 32 bits is absent: a search of some hours
/// forges a frame of it, which would be no fault of the opener.
const SUITES: [CipherSuite; 4] = [
    CipherSuite::Aes128GcmSha256,
    CipherSuite::Aes256GcmSha512,
    CipherSuite::Aes128CtrHmacSha256_80,
    CipherSuite::Aes128CtrHmacSha256_64,
];
/// Steps of one script.
const STEPS_MAX: usize = 200;
/// Frames sealed in one script: two windows.
const FRAMES_MAX: usize = 2_200;

/// The opener that is examined, or one that is broken on purpose.
type Open = fn(&mut Opener<Keys>, &[u8], &[u8], &mut Vec<u8>) -> Result<Opened, DropReason>;

pub(super) fn examine(bytes: &[u8]) -> Verdict {
    examine_opener(Opener::open, bytes)
}

struct Keys;

fn key_of(sender: KeyId) -> Option<BaseKey> {
    let index = SENDERS.iter().position(|known| *known == sender)?;
    BaseKey::from_bytes(&[index as u8 + 1; 16]).ok()
}

impl KeySource for Keys {
    fn base_key(&mut self, sender: KeyId) -> Option<BaseKey> {
        key_of(sender)
    }
}

/// A frame as its sender sealed it.
#[derive(Clone)]
struct Frame {
    sender: usize,
    counter: u64,
    sealed: Vec<u8>,
    metadata: Vec<u8>,
    plaintext: Vec<u8>,
}

/// What the model knows of a sender.
#[derive(Default)]
struct Heard {
    opened: BTreeSet<u64>,
    retired: bool,
}

struct Trial {
    open: Open,
    opener: Opener<Keys>,
    sealers: Vec<Sealer>,
    frames: Vec<Frame>,
    heard: [Heard; SENDERS.len()],
}

fn examine_opener(open: Open, bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    let suite = SUITES[input.below(SUITES.len())];
    let sealers = SENDERS.iter().filter_map(|id| Some(Sealer::new(suite, *id, &key_of(*id)?))).collect();
    let opener = Opener::new(suite, Keys);
    let mut trial = Trial { open, opener, sealers, frames: Vec::new(), heard: Default::default() };
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        trial.step(&mut input)?;
    }
    Ok(())
}

impl Trial {
    fn step(&mut self, input: &mut Input<'_>) -> Verdict {
        match input.below(8) {
            0 => self.seal(input.below(SENDERS.len()), input.run(), 1),
            1 => self.seal(input.below(SENDERS.len()), input.run(), usize::from(input.number()) % 1_100),
            2 | 3 => {
                let Some(frame) = self.frame(input) else { return Ok(()) };
                self.deliver_authentic(&frame)
            }
            4 => {
                let Some(mut frame) = self.frame(input) else { return Ok(()) };
                let at = usize::from(input.number()) % frame.sealed.len();
                frame.sealed[at] ^= input.byte().max(1);
                self.deliver(&frame.sealed, &frame.metadata)
            }
            5 => {
                let (Some(frame), Some(other)) = (self.frame(input), self.frame(input)) else {
                    return Ok(());
                };
                let cut = usize::from(input.number()) % (frame.sealed.len() + 1);
                let rest = other.sealed.get(cut..).unwrap_or_default();
                let metadata = if input.flag() { &frame.metadata } else { &other.metadata };
                self.deliver(&[&frame.sealed[..cut], rest].concat(), metadata)
            }
            6 => self.deliver(input.run(), input.run()),
            _ => {
                let sender = input.below(SENDERS.len());
                self.opener.retire(SENDERS[sender]);
                self.heard[sender].retired = true;
                Ok(())
            }
        }
    }

    fn frame(&self, input: &mut Input<'_>) -> Option<Frame> {
        let at = usize::from(input.number()) % self.frames.len().max(1);
        self.frames.get(at).cloned()
    }

    fn seal(&mut self, sender: usize, plaintext: &[u8], count: usize) -> Verdict {
        for _ in 0..count.min(FRAMES_MAX - self.frames.len()) {
            let metadata = plaintext.first_chunk::<3>().map_or(Vec::new(), |head| head.to_vec());
            let key = &mut self.sealers[sender];
            let counter = key.frames();
            let mut sealed = Vec::new();
            key.seal(plaintext, &metadata, &mut sealed).map_err(|error| error.to_string())?;
            let plaintext = plaintext.to_vec();
            self.frames.push(Frame { sender, counter, sealed, metadata, plaintext });
        }
        Ok(())
    }

    /// Bytes that are somebody's frame, with its metadata, have to be taken as that; all others must not open.
    fn deliver(&mut self, sealed: &[u8], metadata: &[u8]) -> Verdict {
        let same = |frame: &&Frame| frame.sealed == sealed && frame.metadata == metadata;
        if let Some(frame) = self.frames.iter().find(same).cloned() {
            return self.deliver_authentic(&frame);
        }
        let mut out = Vec::new();
        let outcome = (self.open)(&mut self.opener, sealed, metadata, &mut out);
        require(outcome.is_err() && out.is_empty(), || {
            format!("{sealed:x?} with {metadata:x?} was sealed by nobody and opens as {outcome:?}")
        })
    }

    fn deliver_authentic(&mut self, frame: &Frame) -> Verdict {
        let heard = &mut self.heard[frame.sender];
        let newest = heard.opened.last().copied().unwrap_or(0);
        let expected = if heard.retired {
            Err(DropReason::NoKey)
        } else if newest.saturating_sub(frame.counter) > REPLAY_WINDOW {
            Err(DropReason::BeyondReplayWindow)
        } else if heard.opened.contains(&frame.counter) {
            Err(DropReason::Replayed)
        } else {
            Ok(Opened { sender: SENDERS[frame.sender], counter: frame.counter })
        };
        let mut out = Vec::new();
        let outcome = (self.open)(&mut self.opener, &frame.sealed, &frame.metadata, &mut out);
        require(outcome == expected, || {
            format!("frame {} of {}: {outcome:?}, not {expected:?}", frame.counter, SENDERS[frame.sender])
        })?;
        if outcome.is_ok() {
            heard.opened.insert(frame.counter);
        }
        let clear: &[u8] = if outcome.is_ok() { &frame.plaintext } else { &[] };
        require(out == clear, || format!("frame {} gave {out:x?}", frame.counter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two frames of the second sender; one delivered twice, then one changed.
    const SCRIPT: &[u8] = &[0, 0, 1, 2, 9, 9, 0, 1, 2, 8, 8, 2, 0, 0, 2, 0, 0, 4, 0, 1, 0, 12, 7];

    #[test]
    fn the_real_opener_passes() {
        assert_eq!(examine(SCRIPT), Ok(()));
    }

    #[test]
    fn an_opener_that_forgets_what_it_opened_is_found() {
        let forgetful: Open = |opener, sealed, metadata, out| {
            let _ = opener;
            Opener::new(CipherSuite::default(), Keys).open(sealed, metadata, out)
        };
        assert!(examine_opener(forgetful, SCRIPT).is_err());
    }

    #[test]
    fn an_opener_that_takes_anything_is_found() {
        let gullible: Open = |opener, sealed, metadata, out| {
            let opened = opener.open(sealed, metadata, out);
            if opened == Err(DropReason::BadTag) {
                Ok(Opened { sender: SENDERS[1], counter: 1 })
            } else {
                opened
            }
        };
        assert!(examine_opener(gullible, SCRIPT).is_err());
    }

    #[test]
    fn an_opener_that_leaves_what_is_not_authentic_is_found() {
        let leaky: Open = |opener, sealed, metadata, out| {
            let opened = opener.open(sealed, metadata, out);
            out.push(0);
            opened
        };
        assert!(examine_opener(leaky, SCRIPT).is_err());
    }
}
