//! Owns under which SSRCs the session knows a peer's encodings: the announced ones, and fresh ones in the place of those that
//! only packets will tell.

use super::{
    super::{dialect::Source, refusal::SdpRefusal},
    places::Published,
};
use crate::{
    Ssrc,
    signalling::{EncodingOffer, TrackOffer},
};

/// The tracks that a peer publishes, and the streams in which they come. What was known of a stream before stays so.
pub(super) fn of(
    published: Vec<Published>,
    known: &[Source],
    fresh_ssrc: &mut dyn FnMut() -> Ssrc,
) -> Result<(Vec<TrackOffer>, Vec<Source>), SdpRefusal> {
    let encodings = published.iter().flat_map(|track| &track.encodings);
    let mut taken: Vec<Ssrc> =
        encodings.flat_map(|encoding| [encoding.ssrc, encoding.rtx_ssrc]).flatten().collect();
    taken.sort_unstable();
    if taken.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(SdpRefusal::SsrcTwice);
    }
    let mut sources: Vec<Source> = Vec::new();
    let mut publish = Vec::new();
    for track in published {
        let mut offers = Vec::new();
        for encoding in track.encodings {
            let [ssrc, rtx_ssrc] =
                [(encoding.ssrc, false), (encoding.rtx_ssrc, true)].map(|(announced, repairs)| {
                    let source =
                        source((track.mid, encoding.rid, repairs), announced, known, &taken, fresh_ssrc);
                    taken.push(source.session);
                    sources.push(source);
                    source.session
                });
            offers.push(EncodingOffer { ssrc, rtx_ssrc, target_kbps: encoding.target_kbps });
        }
        publish.push(TrackOffer { kind: track.kind, codec: track.codec, encodings: offers });
    }
    Ok((publish, sources))
}

fn source(
    (mid, rid, repairs): (crate::rtp::StreamId, Option<crate::rtp::StreamId>, bool),
    announced: Option<Ssrc>,
    known: &[Source],
    taken: &[Ssrc],
    fresh_ssrc: &mut dyn FnMut() -> Ssrc,
) -> Source {
    if let Some(ssrc) = announced {
        return Source { mid, rid, repairs, peer: Some(ssrc), session: ssrc, announced: true };
    }
    let same = |source: &&Source| (source.mid, source.rid, source.repairs) == (mid, rid, repairs);
    let mut earlier = known.iter().filter(same).filter(|source| !source.announced);
    if let Some(earlier) = earlier.find(|source| !taken.contains(&source.session)) {
        return *earlier;
    }
    let mut session = fresh_ssrc();
    // What is taken is bounded, so this ends whatever numbers come.
    while taken.contains(&session) || session == crate::rtp::PROBE_SSRC {
        session = Ssrc(session.0.wrapping_add(1));
    }
    Source { mid, rid, repairs, peer: None, session, announced: false }
}
