//! Owns where SSRCs stand in the packets of an RTCP compound, and changing them in place.

use crate::{Ssrc, limits::RTCP_PACKETS_MAX};

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const GOODBYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;
/// Format of a request for a key frame (RFC 5104 section 4.3.1), whose entries stand behind a media SSRC of 0.
const FULL_INTRA_FORMAT: u8 = 4;
/// Bytes of a report block, and of an entry of a request for key frames.
const BLOCK_BYTES: usize = 24;
const REQUEST_BYTES: usize = 8;

/// Asks for another SSRC in the place of whoever sends a report or feedback, or ends.
pub(super) fn for_each_sender(compound: &mut [u8], other: impl Fn(Ssrc) -> Option<Ssrc>) {
    for_each_packet(compound, |packet| match packet[1] {
        SENDER_REPORT | RECEIVER_REPORT | TRANSPORT_FEEDBACK | PAYLOAD_FEEDBACK => replace(packet, 4, &other),
        GOODBYE => (0..count(packet)).for_each(|place| replace(packet, 4 + 4 * place, &other)),
        _ => {}
    });
}

/// Asks for another SSRC in the place of what a report or feedback is about.
pub(super) fn for_each_subject(compound: &mut [u8], other: impl Fn(Ssrc) -> Option<Ssrc>) {
    for_each_packet(compound, |packet| match packet[1] {
        SENDER_REPORT => {
            (0..count(packet)).for_each(|place| replace(packet, 28 + BLOCK_BYTES * place, &other));
        }
        RECEIVER_REPORT => {
            (0..count(packet)).for_each(|place| replace(packet, 8 + BLOCK_BYTES * place, &other));
        }
        PAYLOAD_FEEDBACK if count(packet) == usize::from(FULL_INTRA_FORMAT) => {
            (12..packet.len()).step_by(REQUEST_BYTES).for_each(|at| replace(packet, at, &other));
        }
        TRANSPORT_FEEDBACK | PAYLOAD_FEEDBACK => replace(packet, 8, &other),
        _ => {}
    });
}

/// The field that counts blocks, or names the format of feedback.
fn count(packet: &[u8]) -> usize {
    usize::from(packet[0] & 0x1f)
}

/// Nothing happens beyond the packet's end.
fn replace(packet: &mut [u8], at: usize, other: &impl Fn(Ssrc) -> Option<Ssrc>) {
    let Some(word) = packet.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<4>()) else { return };
    if let Some(ssrc) = other(Ssrc(u32::from_be_bytes(*word))) {
        *word = ssrc.0.to_be_bytes();
    }
}

fn for_each_packet(mut compound: &mut [u8], mut visit: impl FnMut(&mut [u8])) {
    for _ in 0..RTCP_PACKETS_MAX {
        let [first, _, high, low, ..] = compound else { return };
        let length = 4 * (usize::from(u16::from_be_bytes([*high, *low])) + 1);
        if *first >> 6 != 2 || length > compound.len() {
            return;
        }
        let (packet, rest) = compound.split_at_mut(length);
        visit(packet);
        compound = rest;
    }
}
