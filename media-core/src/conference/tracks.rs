//! Owns what makes a list of offered tracks valid. Whether the sender may send them at the moment is not asked here:
//! permissions hold for packets.

use crate::{
    limits,
    media::MediaKind,
    signalling::{Refusal, TrackOffer},
};

/// Checks a publisher's complete list. No track at all is valid (CAM-001).
pub(super) fn check_tracks(tracks: &[TrackOffer]) -> Result<(), Refusal> {
    let valid = tracks.len() <= limits::TRACKS_MAX
        && tracks.iter().all(is_valid)
        && MediaKind::ALL.iter().all(|kind| tracks.iter().filter(|track| track.kind == *kind).count() <= 1)
        && ssrcs_differ(tracks);
    if valid { Ok(()) } else { Err(Refusal::BadTracks) }
}

fn is_valid(track: &TrackOffer) -> bool {
    let encodings_max = if track.kind.is_video() { limits::ENCODINGS_MAX } else { 1 };
    track.codec.fits(track.kind) && (1..=encodings_max).contains(&track.encodings.len())
}

/// At most 18 SSRCs, by the limits that were checked before.
fn ssrcs_differ(tracks: &[TrackOffer]) -> bool {
    let encodings = tracks.iter().flat_map(|track| &track.encodings);
    let mut ssrcs: Vec<_> = encodings.flat_map(|encoding| [encoding.ssrc, encoding.rtx_ssrc]).collect();
    let count = ssrcs.len();
    ssrcs.sort_unstable();
    ssrcs.dedup();
    ssrcs.len() == count
}
