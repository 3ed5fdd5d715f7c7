//! Owns the target of translation: packets in both directions between the session and clients with other numbers. What is
//! taken has the session's numbers and its own content; what is given out stays the packet that it was.

use std::sync::LazyLock;

use media_core::{
    Codec, Ssrc,
    rtp::{PROBE_PAYLOAD_TYPE, PROBE_SSRC, RED_PAYLOAD_TYPE, RtpView, ext},
    transport::sdp::{Dialect, Fingerprint, IceCredentials, LocalDescription, Negotiation},
};

use super::{Verdict, input::Input, require};

/// Packets of one input.
const PACKETS_MAX: usize = 64;
/// Identifiers of header extensions that the session knows.
const KNOWN_IDS: [u8; 6] = [
    ext::AUDIO_LEVEL,
    ext::TRANSPORT_SEQUENCE,
    ext::MID,
    ext::RID,
    ext::REPAIRED_RID,
    ext::DEPENDENCY_DESCRIPTOR,
];

/// What was agreed on with clients of three kinds, and the SSRCs of each in the session.
static AGREED: LazyLock<Vec<(Dialect, Vec<Ssrc>)>> = LazyLock::new(|| {
    let offers = [
        include_str!("../../../fixtures/sdp/chromium-full.sdp"),
        include_str!("../../../fixtures/sdp/firefox-full.sdp"),
        include_str!("../../../fixtures/sdp/rtc.sdp"),
    ];
    offers.into_iter().map(agree).collect()
});

fn agree(offer: &str) -> (Dialect, Vec<Ssrc>) {
    let mut negotiation = Negotiation::new(LocalDescription {
        ice: IceCredentials { ufrag: "node".to_owned(), pwd: "passwordpasswordpassword".to_owned() },
        fingerprint: Fingerprint::new([7; 32]),
        candidates: Vec::new(),
        session: 1,
    });
    let mut fresh = (500..).map(Ssrc);
    let agreement = negotiation.answer(offer, &[], &mut || fresh.next().unwrap_or(Ssrc(0)));
    let publish = agreement.expect("recorded offers are served").publish;
    let encodings = publish.iter().flat_map(|track| &track.encodings);
    let ssrcs = encodings.flat_map(|encoding| [encoding.ssrc, encoding.rtx_ssrc]).chain([PROBE_SSRC]);
    (negotiation.dialect().clone(), ssrcs.collect())
}

pub(super) fn examine(bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    let which = input.below(AGREED.len());
    let (mut dialect, ssrcs) = AGREED[which].clone();
    for _ in 0..PACKETS_MAX {
        if input.is_empty() {
            break;
        }
        let way = input.below(4);
        let before = input.run();
        let mut after = before.to_vec();
        match way {
            0 => {
                let taken = dialect.incoming_rtp(&mut after);
                if taken.is_ok() {
                    judge_incoming(before, &after, &ssrcs)?;
                }
            }
            1 => {
                dialect.outgoing_rtp(&mut after);
                judge_outgoing(before, &after)?;
            }
            2 => dialect.incoming_rtcp(&mut after),
            _ => dialect.outgoing_rtcp(&mut after),
        }
    }
    Ok(())
}

fn judge_incoming(before: &[u8], after: &[u8], ssrcs: &[Ssrc]) -> Verdict {
    let views = RtpView::parse(before).and_then(|before| Ok((before, RtpView::parse(after)?)));
    let (before, after) = views.map_err(|reason| format!("a packet was taken that is none: {reason:?}"))?;
    let codecs = [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264];
    let types = codecs.into_iter().flat_map(|codec| [codec.payload_type(), codec.rtx_payload_type()]);
    let mut types = types.chain([RED_PAYLOAD_TYPE, PROBE_PAYLOAD_TYPE]);
    require(types.any(|known| known == after.payload_type()), || {
        format!("{} came in", after.payload_type())
    })?;
    require(ssrcs.contains(&after.ssrc()), || format!("{} came in", after.ssrc()))?;
    let mut ids = after.extensions().map(|(id, _)| id);
    require(ids.all(|id| KNOWN_IDS.contains(&id)), || format!("an extension came in: {after:?}"))?;
    let same_payload = before.payload() == after.payload() || after.payload_type() == RED_PAYLOAD_TYPE;
    stays_the_packet(&before, &after)?;
    require(same_payload, || format!("{before:?} became {after:?}"))
}

fn judge_outgoing(before: &[u8], after: &[u8]) -> Verdict {
    let (Ok(read), Ok(written)) = (RtpView::parse(before), RtpView::parse(after)) else {
        return require(before == after, || "what is no packet was changed".to_owned());
    };
    stays_the_packet(&read, &written)?;
    require(read.ssrc() == written.ssrc(), || format!("{read:?} became {written:?}"))
}

/// Everything but the numbers that are translated.
fn stays_the_packet(before: &RtpView<'_>, after: &RtpView<'_>) -> Verdict {
    let of = |view: &RtpView<'_>| {
        let numbers = (view.sequence(), view.timestamp(), view.marker());
        (numbers, view.payload_offset(), view.payload_len(), view.packet().len())
    };
    require(of(before) == of(after), || format!("{before:?} became {after:?}"))
}

#[cfg(test)]
mod tests {
    use media_core::rtp::RtpHeader;

    use super::*;

    fn packet(ssrc: u32, payload_type: u8, extensions: &[(u8, &[u8])], payload: &[u8]) -> Vec<u8> {
        let header = RtpHeader {
            ssrc: Ssrc(ssrc),
            sequence: 1,
            timestamp: 2,
            payload_type,
            marker: false,
            extensions,
        };
        let mut bytes = Vec::new();
        header.write(payload, &mut bytes);
        bytes
    }

    #[test]
    fn what_translation_could_do_wrong_is_noticed() {
        let before = packet(1_000, 111, &[(1, &[5])], b"voice");
        let ssrcs = [Ssrc(1_000)];
        assert_eq!(judge_incoming(&before, &before, &ssrcs), Ok(()));
        let wrong = [
            packet(1_000, 110, &[(1, &[5])], b"voice"),
            packet(1_001, 111, &[(1, &[5])], b"voice"),
            packet(1_000, 111, &[(2, &[5])], b"voice"),
            packet(1_000, 111, &[(1, &[5])], b"noise"),
            packet(1_000, 111, &[(1, &[5])], b"voices"),
            packet(1_000, 111, &[], b"voice"),
        ];
        for after in wrong {
            assert!(judge_incoming(&before, &after, &ssrcs).is_err(), "{after:02x?}");
        }
        assert_eq!(judge_outgoing(b"no packet", b"no packet"), Ok(()));
        assert!(judge_outgoing(b"no packet", b"another").is_err());
        assert!(judge_outgoing(&before, &packet(1, 111, &[(1, &[5])], b"voice")).is_err());
    }

    #[test]
    fn the_scripts_reach_learned_streams_and_redundant_audio() {
        let target = crate::fuzz::target("dialect").expect("the table names it");
        let mut taken = Vec::new();
        for (_, script) in target.corpus().iter().filter(|(name, _)| name.starts_with("seed-")) {
            let mut input = Input::new(script);
            let which = input.below(AGREED.len());
            let (mut dialect, _) = AGREED[which].clone();
            while !input.is_empty() {
                let (way, mut packet) = (input.below(4), input.run().to_vec());
                if way == 0 && dialect.incoming_rtp(&mut packet).is_ok() {
                    taken.extend(RtpView::parse(&packet).map(|view| (view.ssrc().0, view.payload_type())));
                }
            }
        }
        let chromium = [(501, 96), (502, 97), (1_987_924_713, RED_PAYLOAD_TYPE)];
        assert_eq!(taken, [&chromium[..], &[(1_054_063_597, 111), (503, 96)]].concat());
    }
}
