//! Owns which header extensions are agreed on: the names of those that the session knows, and a peer's identifiers for them.

use sdp_types::{Direction, ExtMap, Media};

use super::refusal::SdpRefusal;
use crate::rtp::ext;

/// Identifier in the session and name of every known extension.
const KNOWN: [(u8, &str); 6] = [
    (ext::AUDIO_LEVEL, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"),
    (ext::TRANSPORT_SEQUENCE, "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"),
    (ext::MID, "urn:ietf:params:rtp-hdrext:sdes:mid"),
    (ext::RID, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"),
    (ext::REPAIRED_RID, "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"),
    (
        ext::DEPENDENCY_DESCRIPTOR,
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    ),
];
/// The highest identifier that the one-byte form has (RFC 8285 section 4.2). Those above are not agreed on: the form of
/// a packet is not changed when it is translated.
const ID_MAX: u8 = 14;

/// One extension that a section offers and the session knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extension {
    /// Its identifier in the session.
    pub(super) session: u8,
    /// Its identifier at the peer.
    pub(super) peer: u8,
    direction: Option<Direction>,
}

impl Extension {
    /// Whether the peer sends it.
    pub(super) fn is_sent(self) -> bool {
        self.direction.unwrap_or_default().has_send()
    }

    /// The line of the answer.
    pub(super) fn answer(self) -> ExtMap {
        let (_, uri) = KNOWN.iter().find(|(id, _)| *id == self.session).unwrap_or(&KNOWN[0]);
        match self.direction {
            Some(direction) => ExtMap::with_direction(self.peer, direction.reverse(), uri),
            None => ExtMap::new(self.peer, uri),
        }
    }
}

/// The known extensions of a section. What cannot be read is no known extension.
pub(super) fn of(media: &Media) -> Vec<Extension> {
    let offered = media.attributes_typed::<ExtMap>().flatten();
    let mut known: Vec<Extension> = Vec::new();
    for line in offered.filter(|line| line.id <= ID_MAX && line.direction != Some(Direction::Inactive)) {
        let Some((session, _)) = KNOWN.iter().find(|(_, uri)| *uri == line.uri) else { continue };
        if !known.iter().any(|extension| extension.session == *session) {
            known.push(Extension { session: *session, peer: line.id, direction: line.direction });
        }
    }
    known
}

/// A peer's identifiers for all its sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ExtensionIds(Vec<(u8, u8)>);

impl ExtensionIds {
    /// Takes in what one section offers.
    ///
    /// # Errors
    /// [`SdpRefusal::ExtensionConflict`] when another section has it otherwise.
    pub(super) fn add(&mut self, extensions: &[Extension]) -> Result<(), SdpRefusal> {
        for extension in extensions {
            let pair = (extension.session, extension.peer);
            if self.0.iter().any(|known| (known.0 == pair.0) != (known.1 == pair.1)) {
                return Err(SdpRefusal::ExtensionConflict);
            }
            if !self.0.contains(&pair) {
                self.0.push(pair);
            }
        }
        Ok(())
    }

    /// Identifiers in the session and at the peer.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (u8, u8)> + '_ {
        self.0.iter().copied()
    }

    /// Whether every known extension has the session's identifier.
    pub(super) fn are_the_sessions(&self) -> bool {
        self.0.len() == KNOWN.len() && self.0.iter().all(|(session, peer)| session == peer)
    }
}
