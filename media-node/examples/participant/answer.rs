//! Owns whose tracks come under which SSRCs, as the media node's answers have it.

use std::collections::BTreeMap;

use media_core::{MediaKind, ParticipantId};

/// Somebody's track.
pub(crate) type Source = (ParticipantId, MediaKind);

/// Reads `a=msid:pN pN-KIND` and the `a=ssrc` lines of each section.
pub(crate) fn sources_of(answer: &str) -> BTreeMap<u32, Source> {
    let mut sources = BTreeMap::new();
    for section in answer.split("\nm=").skip(1) {
        let mut lines = section.lines().map(str::trim_end);
        let Some(source) = lines.clone().find_map(|line| source_of(line.strip_prefix("a=msid:")?)) else {
            continue;
        };
        let ssrcs =
            lines.by_ref().filter_map(|line| line.strip_prefix("a=ssrc:")?.split(' ').next()?.parse().ok());
        sources.extend(ssrcs.map(|ssrc| (ssrc, source)));
    }
    sources
}

fn source_of(msid: &str) -> Option<Source> {
    let (participant, kind) = msid.split_once(' ')?.1.strip_prefix('p')?.split_once('-')?;
    let kind = MediaKind::ALL.into_iter().find(|known| name_of(*known) == kind)?;
    Some((ParticipantId(participant.parse().ok()?), kind))
}

/// As it stands in answers, and in what is reported.
pub(crate) const fn name_of(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Audio => "audio",
        MediaKind::Camera => "camera",
        MediaKind::Screen => "screen",
    }
}
