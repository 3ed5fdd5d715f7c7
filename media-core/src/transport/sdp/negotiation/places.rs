//! Owns what each section is used for, over all offers of one peer: which of the peer's tracks it brings, and which track of
//! somebody else it takes away.

use sdp_types::Direction;

use super::super::{
    encodings::{self, Encoding},
    offer::Offer,
    refusal::SdpRefusal,
    section::{Medium, Section},
};
use crate::{Codec, MediaKind, ParticipantId, rtp::StreamId, signalling::TrackInfo};

/// What one section is used for.
#[derive(Clone, Debug)]
pub(in super::super) struct Place {
    mid: StreamId,
    medium: Medium,
    /// Another section may stand here in the next offer (RFC 8829 section 5.2.2).
    recyclable: bool,
    /// What the peer sends in it, or sent last.
    role: Option<MediaKind>,
    /// In which codec it sends at the moment.
    pub(in super::super) codec: Option<Codec>,
    /// Whose track the peer receives in it.
    pub(in super::super) track: Option<(ParticipantId, MediaKind)>,
}

/// The places that an offer's sections take, with what they were used for until now.
pub(super) fn follow(known: &[Place], offer: &Offer<'_>) -> Result<Vec<Place>, SdpRefusal> {
    if offer.sections.len() < known.len() {
        return Err(SdpRefusal::SectionsChanged);
    }
    let mut places = Vec::with_capacity(offer.sections.len());
    for (index, section) in offer.sections.iter().enumerate() {
        let earlier =
            known.get(index).filter(|place| place.mid == section.mid && place.medium == section.medium);
        let place = match (earlier, known.get(index)) {
            (Some(place), _) => Place { codec: None, ..place.clone() },
            (None, Some(place)) if !place.recyclable => return Err(SdpRefusal::SectionsChanged),
            (None, _) => Place {
                mid: section.mid,
                medium: section.medium,
                recyclable: false,
                role: None,
                codec: None,
                track: None,
            },
        };
        places.push(place);
    }
    Ok(places)
}

/// A track that the peer is going to send.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) mid: StreamId,
    pub(super) kind: MediaKind,
    pub(super) codec: Codec,
    pub(super) encodings: Vec<Encoding>,
}

/// Says which sections bring the microphone, the camera and the screen; the others bring nothing.
pub(super) fn assign_roles(
    places: &mut [Place],
    offer: &mut Offer<'_>,
) -> Result<Vec<Published>, SdpRefusal> {
    for index in 0..places.len() {
        if let Some(reason) = reason_against_sending(offer, index)? {
            offer.sections[index].refuse_sending(reason);
        }
    }
    let mut holders: [Option<usize>; MediaKind::ALL.len()] = [None; MediaKind::ALL.len()];
    let sends = |section: &Section<'_>| section.direction.has_send();
    for (index, place) in places.iter().enumerate().filter(|(index, _)| sends(&offer.sections[*index])) {
        if let Some(role) = place.role {
            holders[role.index()].get_or_insert(index);
        }
    }
    for index in 0..places.len() {
        let section = &mut offer.sections[index];
        if !sends(section) || holders.contains(&Some(index)) {
            continue;
        }
        let wanted: &[MediaKind] = match section.medium {
            Medium::Audio => &[MediaKind::Audio],
            Medium::Video if section.is_slides() => &[MediaKind::Screen],
            Medium::Video => &[MediaKind::Camera, MediaKind::Screen],
            Medium::Other => &[],
        };
        match wanted.iter().find(|kind| holders[kind.index()].is_none()) {
            Some(kind) => holders[kind.index()] = Some(index),
            None => section.ignore_sending(SdpRefusal::TooManyTracks),
        }
    }
    let mut published = Vec::new();
    for (kind, index) in MediaKind::ALL.into_iter().zip(holders) {
        let Some(index) = index else { continue };
        places.iter_mut().filter(|place| place.role == Some(kind)).for_each(|place| place.role = None);
        places[index].role = Some(kind);
        let section = &offer.sections[index];
        let Some(codec) = offer.payload_types.preferred(&section.formats, kind) else { continue };
        places[index].codec = Some(codec);
        let encodings = encodings::of(section.media, kind)?;
        published.push(Published { mid: section.mid, kind, codec, encodings });
    }
    Ok(published)
}

/// Why what a section sends is of no use, if it is.
fn reason_against_sending(offer: &Offer<'_>, index: usize) -> Result<Option<SdpRefusal>, SdpRefusal> {
    let section = &offer.sections[index];
    if !section.direction.has_send() {
        return Ok(None);
    }
    let kind = if section.medium == Medium::Audio { MediaKind::Audio } else { MediaKind::Camera };
    if offer.payload_types.preferred(&section.formats, kind).is_none() {
        return Ok(Some(SdpRefusal::NoCommonCodec));
    }
    if kind.is_video() && !section.sends_descriptors() {
        return Ok(Some(SdpRefusal::NoDependencyDescriptor));
    }
    match encodings::of(section.media, kind) {
        Ok(encodings) => {
            let told = |encoding: &Encoding| {
                encoding.ssrc.is_some() || section.names_streams(encoding.rid.is_some())
            };
            Ok((!encodings.iter().all(told)).then_some(SdpRefusal::UnnamedStreams))
        }
        Err(SdpRefusal::TooManyEncodings) => Ok(Some(SdpRefusal::TooManyEncodings)),
        Err(reason) => Err(reason),
    }
}

/// Says which sections take other people's tracks away. A track stays where it is for as long as it can. Returns how many
/// found no section.
pub(super) fn assign_tracks(places: &mut [Place], offer: &mut Offer<'_>, tracks: &[TrackInfo]) -> usize {
    let takes = |section: &Section<'_>, track: &TrackInfo| {
        let medium = if track.kind.is_video() { Medium::Video } else { Medium::Audio };
        section.direction.has_recv()
            && section.medium == medium
            && offer.payload_types.has(&section.formats, track.codec)
    };
    let mut found = vec![false; tracks.len()];
    for (place, section) in places.iter_mut().zip(&offer.sections) {
        let known = tracks.iter().position(|track| Some((track.participant, track.kind)) == place.track);
        let known = known.filter(|index| !found[*index] && takes(section, &tracks[*index]));
        place.track = known.map(|index| (tracks[index].participant, tracks[index].kind));
        if let Some(index) = known {
            found[index] = true;
        }
    }
    let mut unplaced = 0;
    for track in tracks.iter().zip(found).filter_map(|(track, found)| (!found).then_some(track)) {
        let mut free = places.iter_mut().zip(&offer.sections).filter(|(place, _)| place.track.is_none());
        match free.find(|(_, section)| takes(section, track)) {
            Some((place, _)) => place.track = Some((track.participant, track.kind)),
            None => unplaced += 1,
        }
    }
    for (place, section) in places.iter_mut().zip(&mut offer.sections) {
        let knows_any = section.formats.iter().any(|format| offer.payload_types.chosen(format).is_some());
        if !section.rejected && !knows_any {
            section.reject(SdpRefusal::NoCommonCodec);
        }
        place.recyclable = section.rejected;
    }
    unplaced
}

impl Section<'_> {
    /// Leaves the section as it is, but takes nothing of what the peer wants to send in it.
    fn ignore_sending(&mut self, reason: SdpRefusal) {
        let receives = self.direction.has_recv();
        self.direction = if receives { Direction::RecvOnly } else { Direction::Inactive };
        self.refused = Some(reason);
    }
}
