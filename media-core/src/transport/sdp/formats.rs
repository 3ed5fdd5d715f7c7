//! Owns which payload types are agreed on: reading a section's formats, and a peer's numbers for the codecs of the session. Of
//! several profiles of one codec the first is taken that everybody can decode.

use sdp_types::{Fmtp, Media, RtpMap};

use super::refusal::SdpRefusal;
use crate::{Codec, MediaKind};

/// Every codec, in the order of its number.
pub(super) const CODECS: [Codec; 4] = [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264];
/// Payload types have seven bits.
pub(super) const PAYLOAD_TYPES: usize = 128;
/// Feedback that is agreed on when it is offered. NACK and requests for key frames are of use with pictures only.
const FEEDBACK: [&str; 4] = ["transport-cc", "ccm fir", "nack", "nack pli"];

/// What one payload type means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Media(Codec),
    /// Retransmissions of another payload type (RFC 4588).
    Retransmission(u8),
    /// Redundant audio (RFC 2198) around another payload type.
    Redundant(u8),
}

/// A format of a section that the session knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) payload_type: u8,
    pub(super) meaning: Meaning,
    /// Name, clock rate and channels, as offered.
    map: RtpMap,
    /// What goes into the answer.
    parameters: String,
    feedback: Vec<&'static str>,
}

impl Format {
    /// The lines of the answer: names and values of attributes.
    pub(super) fn answer(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        let number = self.payload_type;
        let map = std::iter::once(("rtpmap", self.map.to_string()));
        let parameters =
            (!self.parameters.is_empty()).then(|| ("fmtp", format!("{number} {}", self.parameters)));
        let feedback = self.feedback.iter().map(move |kind| ("rtcp-fb", format!("{number} {kind}")));
        map.chain(feedback).chain(parameters)
    }
}

/// The known formats of a section, in its order.
pub(super) fn of(media: &Media, is_video: bool) -> Vec<Format> {
    let mut maps = [const { None }; PAYLOAD_TYPES];
    for map in media.attributes_typed::<RtpMap>().flatten() {
        let place = usize::from(map.payload_type);
        maps.get_mut(place).into_iter().for_each(|slot| *slot = Some(map.clone()));
    }
    let mut parameters = [const { None }; PAYLOAD_TYPES];
    for line in media.attributes_typed::<Fmtp>().flatten() {
        let place = usize::from(line.fmt);
        parameters.get_mut(place).into_iter().for_each(|slot| *slot = Some(line.clone()));
    }
    let mut formats = Vec::new();
    for number in media.fmt.split(' ').filter_map(|number| number.parse::<u8>().ok()) {
        // Each number is read once.
        let place = usize::from(number);
        if looks_like_rtcp(number) || place >= PAYLOAD_TYPES {
            continue;
        }
        let Some(map) = maps[place].take() else { continue };
        let Some((meaning, parameters)) = meaning(&map, parameters[place].as_ref(), is_video) else {
            continue;
        };
        formats.push(Format { payload_type: number, meaning, map, parameters, feedback: Vec::new() });
    }
    read_feedback(media, is_video, &mut formats);
    formats
}

/// Payload types that an RTP packet cannot have beside RTCP (RFC 5761 section 4).
pub(super) fn looks_like_rtcp(number: u8) -> bool {
    (64..=95).contains(&number)
}

fn read_feedback(media: &Media, is_video: bool, formats: &mut [Format]) {
    let known = if is_video { &FEEDBACK[..] } else { &FEEDBACK[..1] };
    for line in media.get_attribute_values("rtcp-fb").flatten() {
        let Some((number, kind)) = line.split_once(' ') else { continue };
        let Some(kind) = known.iter().find(|known| **known == kind.trim_end()) else { continue };
        for format in &mut *formats {
            let meant = number == "*" || number.parse() == Ok(format.payload_type);
            if meant && matches!(format.meaning, Meaning::Media(_)) && !format.feedback.contains(kind) {
                format.feedback.push(kind);
            }
        }
    }
}

/// What a format means and the parameters of its answer; `None` when the session does not know it.
fn meaning(map: &RtpMap, parameters: Option<&Fmtp>, is_video: bool) -> Option<(Meaning, String)> {
    let value = |name: &str| {
        let of = parameters?
            .format_specific_params
            .iter()
            .find(|param| param.param.trim_start().eq_ignore_ascii_case(name))?;
        of.val.as_deref()
    };
    let kept = |names: &[&str]| {
        let pairs = names.iter().filter_map(|name| value(name).map(|value| format!("{name}={value}")));
        pairs.collect::<Vec<_>>().join(";")
    };
    let name = map.encoding_name.to_ascii_lowercase();
    match (name.as_str(), map.clock_rate, is_video) {
        ("opus", 48_000, false) => Some((Meaning::Media(Codec::Opus), kept(&["minptime", "useinbandfec"]))),
        ("red", 48_000, false) => {
            // RFC 2198 section 5: the payload types of the blocks, with slashes between them.
            let blocks = &parameters?.format_specific_params.first()?.param;
            let inner = blocks.split('/').next()?.parse().ok()?;
            let same = blocks.split('/').all(|block| block.parse() == Ok(inner));
            same.then(|| (Meaning::Redundant(inner), blocks.clone()))
        }
        ("vp8", 90_000, true) => Some((Meaning::Media(Codec::Vp8), String::new())),
        ("vp9", 90_000, true) => {
            let decodable = value("profile-id").is_none_or(|profile| profile == "0");
            decodable.then(|| (Meaning::Media(Codec::Vp9), kept(&["profile-id"])))
        }
        ("h264", 90_000, true) => {
            // Baseline, which is what is meant without a word, and several packets for a frame (RFC 6184 section 8.1).
            let profile =
                value("profile-level-id").is_none_or(|id| id.to_ascii_lowercase().starts_with("42"));
            let decodable = profile && value("packetization-mode") == Some("1");
            let names = ["level-asymmetry-allowed", "packetization-mode", "profile-level-id"];
            decodable.then(|| (Meaning::Media(Codec::H264), kept(&names)))
        }
        ("rtx", 90_000, true) => {
            let repaired = value("apt")?.parse().ok()?;
            Some((Meaning::Retransmission(repaired), kept(&["apt"])))
        }
        _ => None,
    }
}

/// A peer's numbers for all its sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PayloadTypes {
    meanings: Vec<(u8, Meaning)>,
    media: [Option<u8>; CODECS.len()],
    retransmissions: [Option<u8>; CODECS.len()],
    redundant: Option<u8>,
    /// A bit for each number.
    offered: u128,
}

impl PayloadTypes {
    /// Takes in what one section offers.
    ///
    /// # Errors
    /// [`SdpRefusal::PayloadTypeConflict`] when a known number means something else in another section.
    pub(super) fn add(&mut self, media: &Media, formats: &[Format]) -> Result<(), SdpRefusal> {
        for number in media.fmt.split(' ').filter_map(|number| number.parse::<u8>().ok()) {
            self.offered |= 1_u128.checked_shl(u32::from(number)).unwrap_or(0);
        }
        for format in formats {
            match self.meanings.iter().find(|(number, _)| *number == format.payload_type) {
                Some((_, meaning)) if *meaning != format.meaning => {
                    return Err(SdpRefusal::PayloadTypeConflict);
                }
                Some(_) => {}
                None => self.meanings.push((format.payload_type, format.meaning)),
            }
            if let Meaning::Media(codec) = format.meaning {
                self.media[codec as usize].get_or_insert(format.payload_type);
            }
        }
        for format in formats {
            match format.meaning {
                Meaning::Retransmission(of) => {
                    if let Some(codec) = self.codec_of(of) {
                        self.retransmissions[codec as usize].get_or_insert(format.payload_type);
                    }
                }
                Meaning::Redundant(of) if self.codec_of(of) == Some(Codec::Opus) => {
                    self.redundant.get_or_insert(format.payload_type);
                }
                Meaning::Redundant(_) | Meaning::Media(_) => {}
            }
        }
        Ok(())
    }

    fn codec_of(&self, number: u8) -> Option<Codec> {
        CODECS.into_iter().find(|codec| self.media[*codec as usize] == Some(number))
    }

    /// Whether a format is one of those that were chosen, and of which codec.
    pub(super) fn chosen(&self, format: &Format) -> Option<Codec> {
        let number = Some(format.payload_type);
        let redundant = (self.redundant == number).then_some(Codec::Opus);
        let of = |codec: &Codec| {
            self.media[*codec as usize] == number || self.retransmissions[*codec as usize] == number
        };
        redundant.or_else(|| CODECS.into_iter().find(of))
    }

    /// Whether a section offers a codec by its chosen number.
    pub(super) fn has(&self, formats: &[Format], codec: Codec) -> bool {
        let number = self.media[codec as usize];
        formats.iter().any(|format| Some(format.payload_type) == number)
    }

    /// The codec in which a section sends: the first one, for pictures if possible the first that can be sent again.
    pub(super) fn preferred(&self, formats: &[Format], kind: MediaKind) -> Option<Codec> {
        let offered = |codec: &Codec| codec.fits(kind);
        let order = formats.iter().filter_map(|format| self.codec_of(format.payload_type)).filter(offered);
        let mut repaired = order.clone().filter(|codec| self.retransmissions[*codec as usize].is_some());
        repaired.next().or_else(|| order.clone().next())
    }

    /// The peer's numbers of a codec and of its retransmissions.
    pub(super) const fn of(&self, codec: Codec) -> (Option<u8>, Option<u8>) {
        (self.media[codec as usize], self.retransmissions[codec as usize])
    }

    /// The peer's number of redundant audio.
    pub(super) const fn redundant(&self) -> Option<u8> {
        self.redundant
    }

    /// Whether the peer has a number for anything at all.
    pub(super) const fn is_offered(&self, number: u8) -> bool {
        self.offered >> (number & 0x7f) & 1 != 0
    }
}
