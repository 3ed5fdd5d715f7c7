//! Owns reading a whole offer: its sections, and what they have in common.

use sdp_types::{Direction, Media, Session};

use super::{
    description::{IceCredentials, RemoteDescription},
    extensions::ExtensionIds,
    fingerprint::Fingerprint,
    formats::PayloadTypes,
    refusal::SdpRefusal,
    section::{Section, text},
};
use crate::limits::{SDP_BYTES_MAX, SDP_SECTIONS_MAX};

/// Reads the lines.
///
/// # Errors
/// [`SdpRefusal::TooLong`], [`SdpRefusal::TooManySections`], [`SdpRefusal::Malformed`].
pub(super) fn parse(text: &str) -> Result<Session, SdpRefusal> {
    if text.len() > SDP_BYTES_MAX {
        return Err(SdpRefusal::TooLong);
    }
    let session = Session::parse(text.as_bytes()).map_err(|_| SdpRefusal::Malformed)?;
    if session.medias.is_empty() {
        return Err(SdpRefusal::Malformed);
    }
    if session.medias.len() > SDP_SECTIONS_MAX {
        return Err(SdpRefusal::TooManySections);
    }
    Ok(session)
}

/// An offer.
#[derive(Debug)]
pub(super) struct Offer<'a> {
    pub(super) sections: Vec<Section<'a>>,
    pub(super) remote: RemoteDescription,
    pub(super) payload_types: PayloadTypes,
    pub(super) extension_ids: ExtensionIds,
    /// Header extensions of both forms may stand in one stream (RFC 8285 section 6).
    pub(super) mixes_forms: bool,
}

impl<'a> Offer<'a> {
    /// Reads what the lines say.
    ///
    /// # Errors
    /// Every reason that concerns the whole offer.
    pub(super) fn read(session: &'a Session) -> Result<Self, SdpRefusal> {
        if session.has_attribute("ice-lite") {
            return Err(SdpRefusal::IceLite);
        }
        let bundle = bundle_of(session)?;
        let default = session.attributes.iter().find_map(|attribute| attribute.attribute.parse().ok());
        let default: Direction = default.unwrap_or_default();
        let mut sections: Vec<Section<'_>> = Vec::with_capacity(session.medias.len());
        let mut mids = Vec::with_capacity(session.medias.len());
        for media in &session.medias {
            let mid = media.get_first_attribute_value("mid").flatten().unwrap_or_default();
            let section = Section::read(media, default, bundle.binary_search(&mid).is_ok())?;
            mids.push(section.mid);
            sections.push(section);
        }
        mids.sort_unstable();
        if mids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(SdpRefusal::DuplicateMid);
        }
        let mut payload_types = PayloadTypes::default();
        let mut extension_ids = ExtensionIds::default();
        for section in sections.iter().filter(|section| !section.rejected) {
            if !section.media.has_attribute("rtcp-mux") {
                return Err(SdpRefusal::NoRtcpMux);
            }
            payload_types.add(section.media, &section.formats)?;
            extension_ids.add(&section.extensions)?;
        }
        let remote = remote(session, tagged(session, &sections)?)?;
        let mixes_forms = session.has_attribute("extmap-allow-mixed")
            || sections.iter().any(|section| section.media.has_attribute("extmap-allow-mixed"));
        Ok(Self { sections, remote, payload_types, extension_ids, mixes_forms })
    }
}

/// The identifications of the sections that share a transport, sorted.
fn bundle_of(session: &Session) -> Result<Vec<&str>, SdpRefusal> {
    let mut groups = session.get_attribute_values("group").flatten();
    let bundle = groups.find_map(|group| group.strip_prefix("BUNDLE ")).ok_or(SdpRefusal::NoBundle)?;
    let mut mids: Vec<&str> = bundle.split(' ').collect();
    mids.sort_unstable();
    Ok(mids)
}

/// The section that speaks for the transport: the first that is named, and has not ended (RFC 9143 section 7.2).
fn tagged<'a>(session: &'a Session, sections: &[Section<'a>]) -> Result<&'a Media, SdpRefusal> {
    let mut groups = session.get_attribute_values("group").flatten();
    let bundle = groups.find_map(|group| group.strip_prefix("BUNDLE ")).unwrap_or_default();
    let mut named = bundle
        .split(' ')
        .take(SDP_SECTIONS_MAX)
        .filter_map(|mid| sections.iter().find(|section| !section.has_ended() && text(&section.mid) == mid));
    named.next().map(|section| section.media).ok_or(SdpRefusal::NoBundle)
}

fn remote(session: &Session, tagged: &Media) -> Result<RemoteDescription, SdpRefusal> {
    let value = |name: &'static str| {
        let own = tagged.attributes.iter().find(|attribute| attribute.attribute == name);
        let common = || session.attributes.iter().find(|attribute| attribute.attribute == name);
        own.or_else(common).and_then(|attribute| attribute.value.as_deref())
    };
    let ufrag = value("ice-ufrag").ok_or(SdpRefusal::NoIce)?;
    let ice = IceCredentials::read(ufrag, value("ice-pwd").ok_or(SdpRefusal::NoIce)?)?;
    let lines = tagged.attributes.iter().chain(&session.attributes);
    let mut prints = lines.filter(|attribute| attribute.attribute == "fingerprint").filter_map(|attribute| {
        let (hash, print) = attribute.value.as_deref()?.split_once(' ')?;
        hash.eq_ignore_ascii_case("sha-256").then_some(print)
    });
    let fingerprint: Fingerprint = prints.next().ok_or(SdpRefusal::NoFingerprint)?.trim().parse()?;
    match value("setup") {
        Some("actpass" | "active") => Ok(RemoteDescription { ice, fingerprint }),
        _ => Err(SdpRefusal::BadSetup),
    }
}
