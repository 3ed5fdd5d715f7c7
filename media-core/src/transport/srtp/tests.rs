//! Claims about SRTP: the vectors of the RFCs, agreement with `rtc-srtp`, and what no packet can do.

mod agreement;
mod allocations;
mod forwarded;
mod refusals;
mod vectors;

use super::*;

const SSRC: u32 = 0x5501_a0b2;

fn master(profile: SrtpProfile) -> MasterKey {
    let bytes: Vec<u8> = (1..=46).collect();
    let (key, salt) = bytes.split_at(32);
    MasterKey::new(profile, &key[..profile.key_bytes()], &salt[..profile.salt_bytes()]).unwrap()
}

fn pair(profile: SrtpProfile) -> (SrtpSender, SrtpReceiver) {
    (SrtpSender::new(&master(profile)), SrtpReceiver::new(&master(profile)))
}

/// A header with `sources` contributing sources and, if `extension` says so, an extension of that many words.
fn header(ssrc: u32, sequence: u16, sources: u8, extension: Option<u8>) -> Vec<u8> {
    let mut header = vec![0x80 | sources | if extension.is_some() { 0x10 } else { 0 }, 111];
    header.extend_from_slice(&sequence.to_be_bytes());
    header.extend_from_slice(&7_000_u32.to_be_bytes());
    header.extend_from_slice(&ssrc.to_be_bytes());
    header.extend((0..sources).flat_map(|source| [0, 0, 1, source]));
    if let Some(words) = extension {
        header.extend_from_slice(&[0xbe, 0xde, 0, words]);
        header.extend((0..words).flat_map(|word| [0x10, word, 0, 0]));
    }
    header
}

fn protected(sender: &mut SrtpSender, sequence: u16) -> Vec<u8> {
    let mut out = Vec::new();
    sender.protect_rtp(&header(SSRC, sequence, 0, None), b"ciphertext of a frame", &mut out).unwrap();
    out
}

/// A receiver report without blocks.
fn report(ssrc: u32) -> Vec<u8> {
    let mut report = vec![0x80, 201, 0, 1];
    report.extend_from_slice(&ssrc.to_be_bytes());
    report.extend_from_slice(&[0x81, 202, 0, 1, 1, 2, 3, 4]);
    report
}
