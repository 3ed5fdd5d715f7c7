//! Owns the feedback with which a hostile client lies: repairs and key frames that it does not need, arrivals and
//! clocks that never were. All of it is well-formed RTCP; what is not is in [`super::noise`].

use bytes::Bytes;
use media_core::{Ssrc, rtp::rtcp, signalling::TrackInfo};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::{Knowledge, Misbehaviour};

/// Streams that are lied about at once: as many as fit into a datagram.
const STREAMS_MAX: usize = 8;
/// Packets that are asked for again of each.
const NACKED: u16 = 200;
/// Packets that one false arrival report speaks of.
const REPORTED: usize = 100;
/// The sender's SSRC in feedback: nobody reads it.
const SENDER: Ssrc = Ssrc(2);

/// What the client reports this time.
#[expect(clippy::wildcard_enum_match_arm, reason = "each file knows the misbehaviour that is its own")]
pub(super) fn write(
    how: Misbehaviour,
    count: u64,
    rng: &mut ChaCha8Rng,
    knowledge: &Knowledge,
) -> Vec<Bytes> {
    let mut packet = Vec::new();
    let streams = || knowledge.tracks.iter().take(STREAMS_MAX);
    let media = streams().next().map_or(Ssrc(rng.next_u32()), |(track, _)| track.ssrc);
    match how {
        Misbehaviour::NackFlood => {
            for (track, newest) in streams() {
                let newest = newest.unwrap_or_default();
                let everything: Vec<u16> = (0..NACKED).map(|back| newest.wrapping_sub(back)).collect();
                rtcp::write_nack(SENDER, track.ssrc, &everything, &mut packet);
            }
        }
        Misbehaviour::KeyFrameStorm => {
            let pictures =
                knowledge.tracks.iter().map(|(track, _)| track).filter(|track| track.kind.is_video());
            for track in pictures.take(STREAMS_MAX) {
                rtcp::write_pli(SENDER, track.ssrc, &mut packet);
                rtcp::write_fir(SENDER, track.ssrc, count as u8, &mut packet);
            }
        }
        Misbehaviour::FalseTwcc => {
            let arrival = [None, Some(0), Some(i16::MAX)][count as usize % 3];
            let (base, reference) = (rng.next_u32() as u16, (rng.next_u32() >> 9) as i32);
            rtcp::write_twcc(SENDER, media, base, reference, count as u8, &[arrival; REPORTED], &mut packet);
        }
        Misbehaviour::FalseRemb => {
            let claimed = [0, 1, 30_000, u64::MAX][count as usize % 4];
            let all: Vec<Ssrc> = streams().map(|(track, _)| track.ssrc).chain(own(knowledge)).collect();
            rtcp::write_remb(SENDER, claimed, &all, &mut packet);
        }
        Misbehaviour::FalseClock => {
            let others = streams().map(|(track, _): &(TrackInfo, _)| track.ssrc);
            for ssrc in others.chain(own(knowledge)).take(STREAMS_MAX) {
                let (ntp, rtp) = (rng.next_u64(), rng.next_u32());
                rtcp::write_sender_report(ssrc, ntp, rtp, rng.next_u32(), rng.next_u32(), &mut packet);
            }
        }
        _ => {}
    }
    if packet.is_empty() { Vec::new() } else { vec![Bytes::from(packet)] }
}

fn own(knowledge: &Knowledge) -> impl Iterator<Item = Ssrc> + '_ {
    knowledge.offers.iter().flat_map(|offer| &offer.encodings).map(|encoding| encoding.ssrc)
}
