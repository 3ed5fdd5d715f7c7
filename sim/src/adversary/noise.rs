//! Owns what a hostile client sends that nobody can make sense of: random bytes, packets that contradict themselves,
//! and signalling of the wrong shape or size. All of it has to end as a counted drop or a named refusal.

use bytes::Bytes;
use media_core::{
    Ssrc,
    limits::{DATAGRAM_BYTES_MAX, SIGNAL_BYTES_MAX},
    rtp::{RtpHeader, ext::AUDIO_LEVEL, rtcp},
};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::Misbehaviour;

/// Bytes of a datagram of random bytes.
const GARBAGE_BYTES: usize = 200;
/// Places in a packet's head where a byte is overwritten.
const HEAD_BYTES: usize = 24;
/// JSON that is valid, or nearly so, and no request.
const SHAPES: &[&str] = &[
    "",
    "null",
    "[]",
    "{}",
    "42",
    "\"leave\"",
    "{\"request\":1}",
    "{\"request\":-1,\"body\":\"leave\"}",
    "{\"request\":4294967296,\"body\":\"leave\"}",
    "{\"request\":1e999,\"body\":\"leave\"}",
    "{\"request\":1,\"body\":\"dance\"}",
    "{\"request\":1,\"body\":\"leave\"} leave",
    "{\"request\":1,\"request\":2,\"body\":\"leave\"}",
    "{\"request\":1,\"body\":\"raise-hand\",\"as\":1}",
    "{\"request\":1,\"body\":{\"join\":{}}}",
    "{\"request\":1,\"body\":{\"remove\":{\"participant\":\"anna\"}}}",
    "{\"request\":1,\"body\":{\"remove\":{\"participant\":1},\"end\":null}}",
    "{\"request\":1,\"body\":{\"set-mode\":{\"mode\":\"monologue\"}}}",
    "{\"request\":1,\"body\":{\"publish\":{\"tracks\":{}}}}",
    "{\"request\":1,\"body\":{\"publish\":{\"tracks\":[{\"kind\":\"audio\",\"codec\":\"opus\"}]}}}",
    "{\"request\":1,\"body\":{\"watch\":{\"source\":0,\"kind\":\"camera\",\"layer\":256}}}",
    "{\"request\":1,\"body\":{\"join\":{\"link\":{\"conference\":1,\"token\":\"0x\"},\"credential\":null}}}",
    "{\"request\":1,\"body\":\"lea",
    "{\"request\":1,\"body\":\"leave\u{0}\"}",
];

/// The datagram of this time.
#[expect(clippy::wildcard_enum_match_arm, reason = "each file knows the misbehaviour that is its own")]
pub(super) fn write(how: Misbehaviour, rng: &mut ChaCha8Rng, newest: Option<&Bytes>) -> Option<Bytes> {
    let bytes = match how {
        Misbehaviour::Garbage => {
            let mut bytes = vec![0; GARBAGE_BYTES];
            rng.fill_bytes(&mut bytes);
            bytes
        }
        Misbehaviour::MalformedRtp => {
            let own = newest.map_or_else(|| sound(rng), |bytes| bytes.to_vec());
            damaged(own, rng, true)
        }
        Misbehaviour::MalformedRtcp => {
            let compound = compound(rng);
            damaged(compound, rng, false)
        }
        _ => return None,
    };
    Some(Bytes::from(bytes))
}

/// The signalling message of this time.
pub(super) fn message(count: u64, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let shape = SHAPES[count as usize % SHAPES.len()];
    match count % 5 {
        0 => shape.as_bytes().iter().map(|byte| byte ^ (rng.next_u32() & 0x80) as u8).collect(),
        // Deeper than any reader may follow, and longer than any message may be.
        1 if count.is_multiple_of(3) => [b'['; 4_000].to_vec(),
        2 if count % 25 == 7 => oversized(),
        _ => shape.as_bytes().to_vec(),
    }
}

/// A request that would be right if it were not too long.
fn oversized() -> Vec<u8> {
    let mut message = b"{\"request\":1,\"body\":\"raise-hand\"".to_vec();
    message.resize(SIGNAL_BYTES_MAX, b' ');
    message.push(b'}');
    message
}

/// A packet of audio such as any microphone sends.
fn sound(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let header = RtpHeader {
        ssrc: Ssrc(rng.next_u32()),
        sequence: rng.next_u32() as u16,
        timestamp: rng.next_u32(),
        payload_type: 111,
        marker: false,
        extensions: &[(AUDIO_LEVEL, &[30])],
    };
    let mut out = Vec::new();
    header.write(&[7; 60], &mut out);
    out
}

fn compound(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut out = Vec::new();
    let ssrc = Ssrc(rng.next_u32());
    rtcp::write_sender_report(ssrc, rng.next_u64(), 1, 1, 1, &mut out);
    rtcp::write_nack(ssrc, ssrc, &[1, 2, 90], &mut out);
    rtcp::write_twcc(ssrc, ssrc, 1, 1, 1, &[Some(1), None, Some(-3)], &mut out);
    rtcp::write_remb(ssrc, 1_000, &[ssrc], &mut out);
    rtcp::write_bye(&[ssrc], &mut out);
    out
}

/// The packet cut off, blown up, or with one byte of its head overwritten. The SSRC of a media packet stays, so that it
/// gets past the door.
fn damaged(mut packet: Vec<u8>, rng: &mut ChaCha8Rng, keeps_ssrc: bool) -> Vec<u8> {
    match rng.next_u32() % 4 {
        0 => packet.truncate(rng.next_u32() as usize % packet.len().max(1)),
        1 => packet.resize(DATAGRAM_BYTES_MAX + 1 + rng.next_u32() as usize % 100, 0xff),
        _ => {
            let at = rng.next_u32() as usize % HEAD_BYTES;
            if let Some(byte) = packet.get_mut(at).filter(|_| !(keeps_ssrc && (8..12).contains(&at))) {
                *byte = rng.next_u32() as u8;
            }
        }
    }
    packet
}

#[cfg(test)]
mod tests {
    use media_core::{limits, signalling::ClientMessage};
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn nothing_among_the_malformed_messages_is_a_request() {
        let mut rng = ChaCha8Rng::from_seed([3; 32]);
        let mut oversized = 0;
        for count in 0..1_000 {
            let message = message(count, &mut rng);
            oversized += u32::from(message.len() > limits::SIGNAL_BYTES_MAX);
            assert!(ClientMessage::decode(&message).is_err(), "{}", String::from_utf8_lossy(&message));
        }
        assert!(oversized > 5, "{oversized}");
    }
}
