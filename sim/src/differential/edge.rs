//! Owns the comparison of media as bytes with media as metadata: one engine gets whole datagrams, the other what an edge
//! parses out of them, headers and lengths. A simulation of many people may then leave the bytes away.

use bytes::Bytes;
use media_core::{
    PeerId, Timestamp,
    engine::Input,
    rtp::{Protocol, RtpView, demux, red::RED_PAYLOAD_TYPE},
};

use super::{Comparison, Happening, drive, engine, happenings};
use crate::{run::Run, sabotage::Sabotage, tap::RTX_PAYLOAD_TYPES};

/// Under [`Sabotage::WrongLength`] the edge states a wrong length for one in so many datagrams.
const WRONG_EVERY: u64 = 40;

/// Feeds both engines, and compares every output. The run has to have kept its datagrams.
///
/// # Panics
/// When an engine refuses the calls of its host, which keep its contract.
pub fn compare_metadata(run: &Run) -> Comparison {
    let mut comparison = Comparison::default();
    let (mut whole, mut parsed) = (engine(run), engine(run));
    let mut timeout = Timestamp::FAR_FUTURE;
    for (at, peer, happening) in &happenings(run) {
        while timeout < *at {
            let now = timeout;
            let one = drive(&mut whole, now, Input::Timeout);
            let two = drive(&mut parsed, now, Input::Timeout);
            timeout = comparison.both(now, &one, &two);
        }
        let one = drive(&mut whole, *at, happening.input(*peer));
        let input = comparison.at_the_edge(run, *peer, happening);
        let two = drive(&mut parsed, *at, input);
        timeout = comparison.both(*at, &one, &two);
    }
    comparison
}

impl Comparison {
    fn both(&mut self, now: Timestamp, one: &super::Outputs, two: &super::Outputs) -> Timestamp {
        if one.1 != two.1 {
            self.differ(now, &format!("a timeout at {}, against {}", one.1, two.1));
        }
        self.compare(now, &one.0.iter().collect::<Vec<_>>(), &two.0.iter().collect::<Vec<_>>());
        one.1
    }

    /// What the second engine gets.
    fn at_the_edge<'a>(&mut self, run: &Run, peer: PeerId, happening: &'a Happening) -> Input<'a> {
        let Happening::Media(datagram) = happening else { return happening.input(peer) };
        self.datagrams += 1;
        let Some((front, absent)) = front_of(datagram) else { return happening.input(peer) };
        self.altered += 1;
        self.bytes_left_out += u64::from(absent);
        let wrong = run.sabotage == Some(Sabotage::WrongLength) && self.datagrams.is_multiple_of(WRONG_EVERY);
        Input::Front { peer, front, absent: absent.saturating_sub(u16::from(wrong)) }
    }
}

/// What stands in front of the ciphertext of an RTP packet, and how long that is. A padded packet stays whole: the length
/// of its padding stands in its last byte.
fn front_of(datagram: &Bytes) -> Option<(Bytes, u16)> {
    if demux(datagram) != Protocol::Rtp {
        return None;
    }
    let view = RtpView::parse(datagram).ok()?;
    let number = if RTX_PAYLOAD_TYPES.contains(&view.payload_type()) { 2 } else { 0 };
    let front = view.payload_offset() + number;
    // The blocks of redundant audio are told apart by what stands in the payload.
    let redundant = view.payload_type() == RED_PAYLOAD_TYPE;
    let padded = view.payload_offset() + view.payload_len() < datagram.len();
    (!padded && !redundant && front <= datagram.len())
        .then(|| (datagram.slice(..front), (datagram.len() - front) as u16))
}
