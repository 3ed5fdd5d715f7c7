//! Owns writing the answer to an offer: the same sections in the same order, with what was agreed on.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use sdp_types::{Connection, Direction, Media, Origin, Session};

use super::{
    description::LocalDescription,
    encodings,
    formats::Format,
    negotiation::Place,
    offer::Offer,
    section::{Section, text},
};
use crate::{MediaKind, signalling::TrackInfo};

/// The port of a section that has no address of its own (RFC 8839 section 4.2.1).
const DISCARD_PORT: u16 = 9;

/// Everything that stands in an answer.
pub(super) struct Answer<'a> {
    pub(super) offer: &'a Offer<'a>,
    pub(super) places: &'a [Place],
    pub(super) tracks: &'a [TrackInfo],
    pub(super) local: &'a LocalDescription,
    pub(super) version: u64,
}

impl Answer<'_> {
    pub(super) fn write(&self) -> String {
        let unspecified = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let mut session =
            Session::new(Origin::with_ip_addr(self.local.session, self.version, unspecified), "-");
        let accepted = self.offer.sections.iter().filter(|section| !section.rejected);
        let bundle: Vec<&str> = accepted.map(|section| text(&section.mid)).collect();
        session.add_attribute_with_value("group", format!("BUNDLE {}", bundle.join(" ")));
        session.add_attribute_from_str("ice-lite");
        if self.offer.mixes_forms {
            session.add_attribute_from_str("extmap-allow-mixed");
        }
        let mut is_first = true;
        for (section, place) in self.offer.sections.iter().zip(self.places) {
            let media =
                if section.rejected { rejected(section) } else { self.accepted(section, place, is_first) };
            is_first &= section.rejected;
            session.add_media(media);
        }
        let mut bytes = Vec::new();
        session.write(&mut bytes).expect("a vector takes everything");
        String::from_utf8(bytes).expect("it is written from strings")
    }

    fn accepted(&self, section: &Section<'_>, place: &Place, is_first: bool) -> Media {
        let track = place.track.and_then(|(participant, kind)| {
            self.tracks.iter().find(|track| (track.participant, track.kind) == (participant, kind))
        });
        let formats = self.formats(section, place, track);
        let numbers: Vec<String> = formats.iter().map(|format| format.payload_type.to_string()).collect();
        let mut media = bare(section, numbers.join(" "));
        self.add_transport(&mut media, is_first);
        media.add_attribute_with_value("mid", text(&section.mid));
        for extension in &section.extensions {
            media.add_attribute_with_value("extmap", extension.answer());
        }
        media.add_attribute(direction(section.direction.has_send(), track.is_some()));
        if let Some(track) = track {
            let participant = track.participant;
            let name = kind_name(track.kind);
            media.add_attribute_with_value("msid", format!("p{participant} p{participant}-{name}"));
        }
        media.add_attribute_from_str("rtcp-mux");
        if section.media.has_attribute("rtcp-rsize") {
            media.add_attribute_from_str("rtcp-rsize");
        }
        for (name, value) in formats.iter().flat_map(|format| format.answer()) {
            media.add_attribute_with_value(name, value);
        }
        // Also where nothing is sent at the moment: Chromium drops for ever what the answer does not repeat.
        if section.refused.is_none() && encodings::of(section.media, MediaKind::Camera).is_ok() {
            add_encodings(section, &mut media);
        }
        if let Some(track) = track {
            self.add_streams(track, &mut media);
        }
        media
    }

    /// What the peer sends first, then what it receives; everything that is known where nothing flows at the moment.
    fn formats<'s>(
        &self,
        section: &'s Section<'_>,
        place: &Place,
        track: Option<&TrackInfo>,
    ) -> Vec<&'s Format> {
        let codecs = [place.codec, track.map(|track| track.codec)];
        let idle = codecs == [None, None];
        let known = section.formats.iter().filter_map(|format| {
            let codec = self.offer.payload_types.chosen(format)?;
            let rank = codecs.iter().position(|wanted| *wanted == Some(codec)).or(idle.then_some(0));
            rank.map(|rank| (rank, format))
        });
        let mut ranked: Vec<(usize, &Format)> = known.collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, format)| format).collect()
    }

    fn add_transport(&self, media: &mut Media, is_first: bool) {
        let local = self.local;
        let default = local.candidates.first().copied();
        let address = default.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |candidate| candidate.ip());
        media.add_connection(Connection::from_ip_addr(address));
        media.port = default.map_or(DISCARD_PORT, |candidate| candidate.port());
        if is_first {
            for (place, candidate) in local.candidates.iter().enumerate() {
                media.add_attribute_with_value("candidate", host_candidate(place, *candidate));
            }
            media.add_attribute_from_str("end-of-candidates");
        }
        media.add_attribute_with_value("ice-ufrag", &local.ice.ufrag);
        media.add_attribute_with_value("ice-pwd", &local.ice.pwd);
        media.add_attribute_with_value("ice-options", "ice2");
        media.add_attribute_with_value("fingerprint", format!("sha-256 {}", local.fingerprint));
        media.add_attribute_with_value("setup", "passive");
    }

    fn add_streams(&self, track: &TrackInfo, media: &mut Media) {
        let participant = track.participant;
        let (_, repairs) = self.offer.payload_types.of(track.codec);
        if repairs.is_some() {
            media.add_attribute_with_value("ssrc-group", format!("FID {} {}", track.ssrc, track.rtx_ssrc));
        }
        for ssrc in [Some(track.ssrc), repairs.map(|_| track.rtx_ssrc)].into_iter().flatten() {
            media.add_attribute_with_value("ssrc", format!("{ssrc} cname:p{participant}"));
        }
    }
}

/// A section that has no part in the session (RFC 3264 section 6). It has to name a format all the same.
fn rejected(section: &Section<'_>) -> Media {
    let format = section.media.fmt.split(' ').next().unwrap_or_default();
    let mut media = bare(section, format.to_owned());
    media.add_connection(Connection::from_ip_addr(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
    media.add_attribute_with_value("mid", text(&section.mid));
    media.add_attribute(Direction::Inactive);
    let mut maps = section.media.get_attribute_values("rtpmap").flatten();
    if let Some(map) = maps.find(|map| map.split(' ').next() == Some(format)) {
        media.add_attribute_with_value("rtpmap", map);
    }
    media
}

fn bare(section: &Section<'_>, fmt: String) -> Media {
    Media {
        media: section.media.media.clone(),
        port: 0,
        num_ports: None,
        proto: section.media.proto.clone(),
        fmt,
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

/// RFC 8839 section 5.1, with priorities after RFC 8445 section 5.1.2.
fn host_candidate(place: usize, address: SocketAddr) -> String {
    let preference =
        u32::from(u16::MAX) - u32::try_from(place).map_or(u32::from(u16::MAX), |place| place.min(65_535));
    let priority = 126 << 24 | preference << 8 | 255;
    format!("{} 1 udp {priority} {} {} typ host", place + 1, address.ip(), address.port())
}

fn direction(receives: bool, sends: bool) -> Direction {
    match (sends, receives) {
        (true, true) => Direction::SendRecv,
        (true, false) => Direction::SendOnly,
        (false, true) => Direction::RecvOnly,
        (false, false) => Direction::Inactive,
    }
}

fn add_encodings(section: &Section<'_>, media: &mut Media) {
    let (rids, is_simulcast) = encodings::names(section.media);
    for rid in &rids {
        media.add_attribute_with_value("rid", format!("{rid} recv"));
    }
    if is_simulcast {
        media.add_attribute_with_value("simulcast", format!("recv {}", rids.join(";")));
    }
}

const fn kind_name(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Audio => "audio",
        MediaKind::Camera => "camera",
        MediaKind::Screen => "screen",
    }
}
