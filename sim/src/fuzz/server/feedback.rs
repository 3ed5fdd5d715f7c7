//! Owns the RTCP of a script: true and false reports, requests and estimates about streams of one's own, of others, and
//! of nobody.

use media_core::{Ssrc, rtp::rtcp};

use super::{super::input::Input, client::Client, ledger::Ledger};

/// One to three packets.
pub(super) fn compound(input: &mut Input<'_>, ledger: &Ledger, client: &Client) -> Vec<u8> {
    let choice = input.byte();
    let mut compound = Vec::new();
    for _ in 0..=choice >> 6 & 1 {
        append(usize::from(choice & 15), input, ledger, client, &mut compound);
    }
    if choice >> 7 == 1 && input.flag() && !compound.is_empty() {
        let place = usize::from(input.number()) % compound.len();
        compound[place] = input.byte();
    }
    compound
}

fn append(choice: usize, input: &mut Input<'_>, ledger: &Ledger, client: &Client, out: &mut Vec<u8>) {
    let own = client.streams[input.below(client.streams.len())].ssrc;
    let media = if choice < 12 { ledger.stream_to(client.peer, input) } else { ledger.any_ssrc(input) };
    match choice {
        0..=5 | 12 => {
            let newest = ledger.newest_to(client.peer, media);
            let first = newest.wrapping_sub(u16::from(input.byte()));
            let lost: Vec<u16> =
                (0..=u16::from(input.byte())).map(|n| first.wrapping_add(n)).take(64).collect();
            rtcp::write_nack(own, media, &lost, out);
        }
        6 | 13 => rtcp::write_pli(own, media, out),
        7 => rtcp::write_fir(own, media, input.byte(), out),
        8 | 9 => {
            let ntp = u64::from(input.long()) << 32 | u64::from(input.long());
            rtcp::write_sender_report(own, ntp, input.long(), 1, 1, out);
        }
        10 => {
            let arrivals: Vec<Option<i16>> =
                input.run().iter().map(|byte| (byte & 1 == 0).then_some(i16::from(*byte))).collect();
            rtcp::write_twcc(own, media, input.number(), 7, 1, &arrivals, out);
        }
        11 => rtcp::write_remb(own, u64::from(input.long()) << input.below(32), &[media], out),
        14 => rtcp::write_bye(&[media, Ssrc(input.long())], out),
        _ => out.extend_from_slice(input.run()),
    }
}
