//! Owns what is done to frames on their way.

use std::rc::Rc;

use media_core::{ParticipantId, PeerId};
use rand_core::Rng;

use super::super::{census::Census, hall::Frame};

/// Makes something of a frame and of another one that was recorded, and says in whose track it comes.
pub(super) fn forge(
    rng: &mut impl Rng,
    (track, frame): (ParticipantId, &Rc<Frame>),
    other: &(ParticipantId, Rc<Frame>),
    to: PeerId,
    census: &mut Census,
) -> Vec<(ParticipantId, Rc<Frame>)> {
    let length = frame.sealed.len();
    let (mut sealed, mut metadata) = (frame.sealed.clone(), frame.metadata.clone());
    let what = match rng.next_u32() % 7 {
        0 => {
            (sealed, metadata) = (other.1.sealed.clone(), other.1.metadata.clone());
            "frame replayed"
        }
        1 => {
            let half = length.min(other.1.sealed.len()) / 2;
            sealed[half..].copy_from_slice(&other.1.sealed[other.1.sealed.len() - (length - half)..]);
            "frames spliced"
        }
        2 => {
            // Somebody's number: another sender's, the receiver's own, or nobody's.
            let whose = [other.0, ParticipantId(to.0), ParticipantId(u32::MAX)][rng.next_u32() as usize % 3];
            census.count("frame in another track");
            return vec![(whose, Rc::clone(frame))];
        }
        3 => {
            sealed.truncate(rng.next_u32() as usize % length);
            "frame truncated"
        }
        4 => {
            let at = rng.next_u32() as usize % metadata.len();
            metadata[at] ^= 1;
            "metadata relabelled"
        }
        5 => {
            let bit = rng.next_u32() as usize % (length * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            "bit flipped"
        }
        _ => {
            // The header of somebody's frame before the rest of another's: sealed with one's own key, signed as theirs.
            let header = 3.min(length);
            sealed[..header].copy_from_slice(&other.1.sealed[..header]);
            census.count("key id of another");
            return vec![(other.0, Rc::new(Frame { sealed, metadata }))];
        }
    };
    census.count(what);
    let track = if what == "frame replayed" { other.0 } else { track };
    vec![(track, Rc::new(Frame { sealed, metadata }))]
}
