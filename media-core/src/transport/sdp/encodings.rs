//! Owns which encodings a section sends: by RID (RFC 8851, RFC 8853), by SSRC (RFC 5576), or one without a word.

use sdp_types::Media;

use super::refusal::SdpRefusal;
use crate::{MediaKind, Ssrc, limits::ENCODINGS_MAX, rtp::StreamId};

/// What encoders aim at in kbit/s, from the smallest encoding to the largest: those of libwebrtc for 180, 360 and 720 lines.
const CAMERA_KBPS: [u32; ENCODINGS_MAX] = [150, 500, 1_500];
/// The same of a screen.
const SCREEN_KBPS: [u32; ENCODINGS_MAX] = [250, 500, 1_000];
/// Opus for speech.
const AUDIO_KBPS: u32 = 32;
/// The most that is believed of one encoding, in kbit/s.
const KBPS_MAX: u64 = 20_000;

/// One encoding as it is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    /// Its name, if it has one.
    pub(super) rid: Option<StreamId>,
    /// Announced, or to be learned from packets.
    pub(super) ssrc: Option<Ssrc>,
    /// Of its retransmissions.
    pub(super) rtx_ssrc: Option<Ssrc>,
    /// What its encoder aims at, in kbit/s.
    pub(super) target_kbps: u32,
}

/// The encodings of a section that sends, from the smallest to the largest.
///
/// # Errors
/// [`SdpRefusal::TooManyEncodings`], [`SdpRefusal::Malformed`].
pub(super) fn of(media: &Media, kind: MediaKind) -> Result<Vec<Encoding>, SdpRefusal> {
    let mut encodings = by_rid(media)?;
    if encodings.is_empty() {
        encodings = by_ssrc(media)?;
    }
    if encodings.is_empty() {
        encodings.push(Encoding { rid: None, ssrc: None, rtx_ssrc: None, target_kbps: 0 });
    }
    if encodings.len() > if kind.is_video() { ENCODINGS_MAX } else { 1 } {
        return Err(SdpRefusal::TooManyEncodings);
    }
    set_targets(media, kind, &mut encodings);
    Ok(encodings)
}

/// The names of the encodings in the offerer's order, as the answer has to repeat them, and whether they are simulcast.
pub(super) fn names(media: &Media) -> (Vec<&str>, bool) {
    let simulcast = simulcast(media);
    let is_simulcast = simulcast.is_some();
    let lines = media.get_attribute_values("rid").flatten();
    let declared = lines.filter_map(|line| {
        let mut words = line.splitn(3, ' ');
        words.next().filter(|_| words.next() == Some("send"))
    });
    (simulcast.unwrap_or_else(|| declared.collect()), is_simulcast)
}

fn simulcast(media: &Media) -> Option<Vec<&str>> {
    let line = media.get_first_attribute_value("simulcast").flatten()?;
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let list = std::iter::from_fn(|| Some((words.next()?, words.next()?))).find(|pair| pair.0 == "send")?.1;
    // Of alternatives the first; whether one pauses at the moment is of no interest (RFC 8853 section 5.1).
    Some(
        list.split(';')
            .filter_map(|stream| stream.split(',').next())
            .map(|rid| rid.trim_start_matches('~'))
            .collect(),
    )
}

/// What is said of a RID.
#[derive(Clone, Copy, Debug, Default)]
struct Restrictions {
    pixels: u64,
    bps: u64,
}

fn by_rid(media: &Media) -> Result<Vec<Encoding>, SdpRefusal> {
    let mut declared: Vec<(&str, Restrictions)> = Vec::new();
    for line in media.get_attribute_values("rid").flatten() {
        let mut words = line.splitn(3, ' ');
        let (Some(rid), Some("send")) = (words.next(), words.next()) else { continue };
        if declared.iter().any(|(known, _)| *known == rid) {
            return Err(SdpRefusal::Malformed);
        }
        if declared.len() == ENCODINGS_MAX {
            return Err(SdpRefusal::TooManyEncodings);
        }
        declared.push((rid, restrictions(words.next().unwrap_or_default())));
    }
    let order = simulcast(media).unwrap_or_else(|| declared.iter().map(|(rid, _)| *rid).collect());
    let mut encodings = Vec::new();
    for rid in order {
        let (_, limits) = declared.iter().find(|(known, _)| *known == rid).ok_or(SdpRefusal::Malformed)?;
        let named = rid.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let rid = StreamId::new(rid.as_bytes()).filter(|_| named).ok_or(SdpRefusal::Malformed)?;
        if encodings.iter().any(|(_, known): &(_, Encoding)| known.rid == Some(rid)) {
            return Err(SdpRefusal::Malformed);
        }
        let target_kbps = kbps(limits.bps / 1_000);
        encodings.push((*limits, Encoding { rid: Some(rid), ssrc: None, rtx_ssrc: None, target_kbps }));
    }
    // Browsers list encodings as the page gave them, which is from the smallest on unless something is said. The sort is stable.
    if encodings.iter().all(|(limits, _)| limits.pixels > 0) {
        encodings.sort_by_key(|(limits, _)| limits.pixels);
    } else if encodings.iter().all(|(limits, _)| limits.bps > 0) {
        encodings.sort_by_key(|(limits, _)| limits.bps);
    }
    Ok(encodings.into_iter().map(|(_, encoding)| encoding).collect())
}

/// Reads `key=value;key=value` (RFC 8851 section 5).
fn restrictions(text: &str) -> Restrictions {
    let mut said = Restrictions::default();
    let (mut width, mut height) = (0, 0);
    for pair in text.split(';') {
        let Some((key, value)) = pair.trim().split_once('=') else { continue };
        let value = value.parse::<u32>().unwrap_or(0);
        match key {
            "max-width" => width = value,
            "max-height" => height = value,
            "max-fs" => said.pixels = u64::from(value),
            "max-br" => said.bps = u64::from(value),
            _ => {}
        }
    }
    if width > 0 || height > 0 {
        said.pixels = u64::from(width.max(1)) * u64::from(height.max(1));
    }
    said
}

fn by_ssrc(media: &Media) -> Result<Vec<Encoding>, SdpRefusal> {
    let mut simulcast: Vec<Ssrc> = Vec::new();
    let mut pairs: Vec<(Ssrc, Ssrc)> = Vec::new();
    for line in media.get_attribute_values("ssrc-group").flatten() {
        let mut words = line.split(' ');
        let kind = words.next().unwrap_or_default();
        let ssrcs = words.take(2 * ENCODINGS_MAX).map(ssrc).collect::<Result<Vec<_>, _>>()?;
        match (kind, ssrcs.as_slice()) {
            ("SIM", all) if simulcast.is_empty() => simulcast = all.to_vec(),
            ("FID", [media, repair]) if pairs.len() < 2 * ENCODINGS_MAX => pairs.push((*media, *repair)),
            _ => {}
        }
    }
    if simulcast.len() > ENCODINGS_MAX {
        return Err(SdpRefusal::TooManyEncodings);
    }
    if simulcast.is_empty() {
        // Without a group, the first is the media, and others repair it or are of no use.
        let mut lines = media.get_attribute_values("ssrc").flatten();
        let first = lines.next().and_then(|line| line.split(' ').next());
        simulcast.extend(first.map(ssrc).transpose()?);
    }
    let repair = |media: Ssrc| pairs.iter().find(|(of, _)| *of == media).map(|(_, repair)| *repair);
    let of = |ssrc: Ssrc| Encoding { rid: None, ssrc: Some(ssrc), rtx_ssrc: repair(ssrc), target_kbps: 0 };
    Ok(simulcast.into_iter().map(of).collect())
}

fn ssrc(word: &str) -> Result<Ssrc, SdpRefusal> {
    word.parse().map(Ssrc).map_err(|_| SdpRefusal::Malformed)
}

/// What nothing was said about gets its share of what was said about the section, or what is usual.
fn set_targets(media: &Media, kind: MediaKind, encodings: &mut [Encoding]) {
    let usual: &[u32] = match kind {
        MediaKind::Audio => &[AUDIO_KBPS],
        MediaKind::Camera => &CAMERA_KBPS,
        MediaKind::Screen => &SCREEN_KBPS,
    };
    // Fewer encodings are the largest ones.
    let usual = &usual[usual.len().saturating_sub(encodings.len())..];
    let sum: u64 = usual.iter().map(|kbps| u64::from(*kbps)).sum();
    let section = section_kbps(media);
    for (encoding, usual) in encodings.iter_mut().zip(usual).filter(|(encoding, _)| encoding.target_kbps == 0)
    {
        encoding.target_kbps =
            section.map_or(*usual, |limit| kbps(limit * u64::from(*usual) / sum).clamp(1, *usual));
    }
}

/// What the section may take in kbit/s (RFC 8866 section 5.8, RFC 3890).
fn section_kbps(media: &Media) -> Option<u64> {
    let said = media.bandwidths.iter().filter_map(|line| match line.bwtype.as_str() {
        "AS" => Some(line.bandwidth),
        "TIAS" => Some(line.bandwidth / 1_000),
        _ => None,
    });
    said.map(|kbps| kbps.min(KBPS_MAX)).min()
}

fn kbps(value: u64) -> u32 {
    value.min(KBPS_MAX) as u32
}
