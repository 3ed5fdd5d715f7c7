//! Owns under which SSRCs the session knows a peer's encodings: the announced ones, and fresh ones in the place of those that
//! only packets will tell.

use super::{
    super::{dialect::Source, refusal::SdpRefusal},
    places::Published,
};
use crate::{
    Ssrc,
    rtp::PROBE_SSRC,
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
                    // Sound is not sent again, so nothing comes under the SSRC that the session has for that.
                    let is_learned = announced.is_none() && (track.kind.is_video() || !repairs);
                    let (mid, rid) = (track.mid, encoding.rid);
                    let mut source =
                        Source { mid, rid, repairs, peer: announced, session: Ssrc(0), is_learned };
                    match announced {
                        Some(ssrc) => source.session = ssrc,
                        None => find_session(&mut source, known, &taken, fresh_ssrc),
                    }
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

/// The SSRC under which the session knows a stream that was not announced: the one from before, or a fresh one.
fn find_session(source: &mut Source, known: &[Source], taken: &[Ssrc], fresh_ssrc: &mut dyn FnMut() -> Ssrc) {
    let name = |source: &Source| (source.mid, source.rid, source.repairs, source.is_learned);
    let mut earlier = known.iter().filter(|earlier| name(earlier) == name(source));
    if let Some(earlier) = earlier.find(|earlier| !taken.contains(&earlier.session)) {
        (source.peer, source.session) = (earlier.peer.filter(|_| source.is_learned), earlier.session);
        return;
    }
    source.session = fresh_ssrc();
    // What is taken is bounded, so this ends whatever numbers come.
    while taken.contains(&source.session) || source.session == PROBE_SSRC {
        source.session = Ssrc(source.session.0.wrapping_add(1));
    }
}
