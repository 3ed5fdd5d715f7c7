//! Holds negotiation to what it promises.

mod any;
mod encodings;
mod recorded;
mod refusals;
mod rounds;

use core::net::SocketAddr;

use super::{Agreement, Fingerprint, IceCredentials, LocalDescription, Negotiation, SdpRefusal};
use crate::{Codec, MediaKind, ParticipantId, Ssrc, signalling::TrackInfo};

fn local() -> LocalDescription {
    LocalDescription {
        ice: IceCredentials { ufrag: "node".to_owned(), pwd: "passwordpasswordpassword".to_owned() },
        fingerprint: Fingerprint::new([0xab; 32]),
        candidates: vec![
            "198.51.100.1:3478".parse::<SocketAddr>().unwrap(),
            "[2001:db8::1]:3478".parse::<SocketAddr>().unwrap(),
        ],
        session: 7,
    }
}

fn track(participant: u32, kind: MediaKind) -> TrackInfo {
    let codec = if kind.is_video() { Codec::Vp8 } else { Codec::Opus };
    let ssrc = 100_000 + 10 * participant + 2 * kind.index() as u32;
    TrackInfo {
        participant: ParticipantId(participant),
        kind,
        codec,
        layers: 1,
        ssrc: Ssrc(ssrc),
        rtx_ssrc: Ssrc(ssrc + 1),
    }
}

/// Microphone, camera and screen of one participant.
fn everything(participant: u32) -> Vec<TrackInfo> {
    MediaKind::ALL.into_iter().map(|kind| track(participant, kind)).collect()
}

/// Answers with SSRCs from 500 on.
fn answer(negotiation: &mut Negotiation, offer: &str, tracks: &[TrackInfo]) -> Result<Agreement, SdpRefusal> {
    let mut next = 499;
    let mut fresh = || {
        next += 1;
        Ssrc(next)
    };
    negotiation.answer(offer, tracks, &mut fresh)
}
