//! Owns one media section of an offer, as far as the session has a use for it.

use sdp_types::{Direction, Media};

use super::{
    extensions::{self, Extension},
    formats::{self, Format},
    refusal::SdpRefusal,
};
use crate::rtp::{StreamId, ext};

/// The transports by which DTLS-SRTP with feedback goes; the first token is of no meaning (RFC 8829 section 5.1.2).
const SECURE: [&str; 4] = ["UDP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF", "RTP/SAVPF"];

/// What a section carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Medium {
    Audio,
    Video,
    Other,
}

/// A section of an offer.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) media: &'a Media,
    pub(super) mid: StreamId,
    pub(super) medium: Medium,
    /// From the peer's point of view. Nothing, when it is refused.
    pub(super) direction: Direction,
    pub(super) formats: Vec<Format>,
    pub(super) extensions: Vec<Extension>,
    /// Why it is refused, if it is; a section that the peer has ended has no reason.
    pub(super) refused: Option<SdpRefusal>,
    /// Has no part in the answer.
    pub(super) rejected: bool,
}

impl<'a> Section<'a> {
    /// Reads a section that stands among the ones that share a transport, or does not.
    ///
    /// # Errors
    /// [`SdpRefusal::NoMid`].
    pub(super) fn read(media: &'a Media, default: Direction, is_bundled: bool) -> Result<Self, SdpRefusal> {
        let mid = media.get_first_attribute_value("mid").flatten().unwrap_or_default();
        let mid = StreamId::new(mid.as_bytes()).filter(is_token).ok_or(SdpRefusal::NoMid)?;
        let medium = match media.media.as_str() {
            "audio" => Medium::Audio,
            "video" => Medium::Video,
            _ => Medium::Other,
        };
        let mut section = Self {
            media,
            mid,
            medium,
            direction: direction_of(media, default),
            formats: Vec::new(),
            extensions: Vec::new(),
            refused: None,
            rejected: false,
        };
        if section.has_ended() {
            section.rejected = true;
            section.direction = Direction::Inactive;
        } else if medium == Medium::Other {
            section.reject(SdpRefusal::NotMedia);
        } else if !SECURE.contains(&media.proto.as_str()) {
            section.reject(SdpRefusal::NotSecure);
        } else if !is_bundled {
            section.reject(SdpRefusal::NoBundle);
        } else {
            section.formats = formats::of(media, medium == Medium::Video);
            section.extensions = extensions::of(media);
        }
        Ok(section)
    }

    /// A port of 0 means the end of a section, unless it only says that the transport is another one's (RFC 9143 section 6).
    pub(super) fn has_ended(&self) -> bool {
        self.media.port == 0 && !self.media.has_attribute("bundle-only")
    }

    /// Gives it no part in the answer.
    pub(super) fn reject(&mut self, reason: SdpRefusal) {
        self.direction = Direction::Inactive;
        self.rejected = true;
        self.refused = Some(reason);
    }

    /// Takes nothing of what the peer wants to send. A section that could not receive either has no use then.
    pub(super) fn refuse_sending(&mut self, reason: SdpRefusal) {
        if self.direction.has_recv() {
            self.direction = Direction::RecvOnly;
            self.refused = Some(reason);
        } else {
            self.reject(reason);
        }
    }

    /// Whether the peer says by which frames a picture can be decoded.
    pub(super) fn sends_descriptors(&self) -> bool {
        let mut extensions = self.extensions.iter();
        extensions.any(|extension| extension.session == ext::DEPENDENCY_DESCRIPTOR && extension.is_sent())
    }

    /// Whether packets have what tells one stream from the other, if SSRCs do not.
    pub(super) fn names_streams(&self, by_rid: bool) -> bool {
        let mut wanted = [Some(ext::MID), by_rid.then_some(ext::RID)].into_iter().flatten();
        wanted
            .all(|id| self.extensions.iter().any(|extension| extension.session == id && extension.is_sent()))
    }

    /// Whether the pictures are those of a screen (RFC 4796 section 5).
    pub(super) fn is_slides(&self) -> bool {
        self.media
            .get_first_attribute_value("content")
            .flatten()
            .is_some_and(|content| content.split(',').any(|kind| kind.trim().eq_ignore_ascii_case("slides")))
    }
}

fn direction_of(media: &Media, default: Direction) -> Direction {
    let mut directions = media.attributes.iter().filter_map(|attribute| attribute.attribute.parse().ok());
    directions.next().unwrap_or(default)
}

/// RFC 8866 section 9: letters, digits and some signs, none of which ends a line or a field.
fn is_token(id: &StreamId) -> bool {
    let signs = b"!#$%&'*+-.^_`{|}~";
    id.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || signs.contains(byte))
}

/// The identifier as text: it is made of ASCII.
pub(super) fn text(id: &StreamId) -> &str {
    std::str::from_utf8(id.as_bytes()).unwrap_or_default()
}
