//! Owns a host that treats people's lines badly: it takes no notice of what they carry, prefers some media or some people,
//! and lets all pay for the weakest.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use media_core::{
    MediaKind, ParticipantId, PeerId, Ssrc, Timestamp,
    rtp::{
        Protocol, RtpHeader, RtpView, demux,
        ext::DEPENDENCY_DESCRIPTOR,
        rtcp::{self, Feedback},
    },
    signalling::{ClientMessage, Request, TrackInfo},
};

use crate::{sabotage::Sabotage, tap::RTX_PAYLOAD_TYPES};

/// Pause between the changes of [`Sabotage::RestlessViewers`].
const RESTLESS: Duration = Duration::from_secs(2);
/// So many packets that are asked for again are many.
const MANY_MISSED: u64 = 20;
/// What [`Sabotage::Ballast`] adds to each packet of sound, and of which size.
const BALLAST_PACKETS: usize = 4;
const BALLAST_BYTES: usize = 1_100;
/// Stream and payload type of ballast; nothing else has them.
const BALLAST_SSRC: Ssrc = Ssrc(3);
const BALLAST_PAYLOAD_TYPE: u8 = 126;
/// The server's own SSRC in feedback.
const SERVER: Ssrc = Ssrc(1);

/// What the host remembers of lines.
#[derive(Default)]
pub(super) struct Lines {
    screens: BTreeSet<(PeerId, Ssrc)>,
    /// Who gets pictures.
    viewers: BTreeSet<PeerId>,
    /// Which layer everybody asked for.
    watched: BTreeMap<(PeerId, ParticipantId, MediaKind), u8>,
    restless_at: Option<Timestamp>,
    /// Whether the layer that is asked for in somebody's name is the smallest.
    small: bool,
    missed: u64,
    packets: u64,
    /// Packets of each voice.
    sounds: BTreeMap<(PeerId, Ssrc), u64>,
}

impl Lines {
    pub(super) fn on_track(&mut self, peer: PeerId, track: &TrackInfo) {
        if track.kind == MediaKind::Screen {
            self.screens.extend([(peer, track.ssrc), (peer, track.rtx_ssrc)]);
        }
    }

    pub(super) fn on_request(&mut self, now: Timestamp, peer: PeerId, body: &Request) {
        if let Request::Watch { source, kind, layer } = body {
            let picture = (peer, *source, *kind);
            match layer {
                Some(layer) => drop(self.watched.insert(picture, *layer)),
                None => drop(self.watched.remove(&picture)),
            }
            self.restless_at.get_or_insert(now + RESTLESS);
        }
    }

    /// A client's packet: what the engine gets in its place.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only some of what is said matters here")]
    pub(super) fn on_media(&mut self, sabotage: Sabotage, bytes: Bytes) -> Bytes {
        if demux(&bytes) != Protocol::Rtcp {
            return bytes;
        }
        let mut arrivals = false;
        // What is malformed says nothing.
        let _ = rtcp::read(&bytes, |feedback| match feedback {
            Feedback::TransportFeedback(_) => arrivals = true,
            Feedback::Nack { .. } => self.missed += 1,
            _ => {}
        });
        if !arrivals || sabotage != Sabotage::DeafServer {
            return bytes;
        }
        let mut nothing = Vec::new();
        rtcp::write_receiver_report(SERVER, &[], &mut nothing);
        Bytes::from(nothing)
    }

    /// Whether a packet from the engine is kept from its receiver.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other sabotages withhold nothing here")]
    pub(super) fn withholds(&mut self, sabotage: Sabotage, peer: PeerId, bytes: &[u8]) -> bool {
        let Ok(view) = RtpView::parse(bytes) else { return false };
        let repeats = RTX_PAYLOAD_TYPES.contains(&view.payload_type());
        let picture = repeats || view.extension(DEPENDENCY_DESCRIPTOR).is_some();
        let sound = view.audio_level().is_some();
        if picture {
            self.viewers.insert(peer);
        }
        self.packets += 1;
        let packets = self.packets;
        let one_in = |share: u64| packets.is_multiple_of(share);
        match sabotage {
            Sabotage::AudioLast => sound && self.viewers.contains(&peer) && self.is_last(peer, view.ssrc()),
            Sabotage::Blindfold => picture,
            Sabotage::Favourites => picture && peer.0.is_multiple_of(2),
            Sabotage::SlowestSets => picture && self.missed >= MANY_MISSED && one_in(3),
            Sabotage::ScreensLast => self.screens.contains(&(peer, view.ssrc())) && one_in(5),
            _ => false,
        }
    }

    /// Whether a packet of sound is one of the last five of twenty: more in a row than the packets after them repair.
    fn is_last(&mut self, peer: PeerId, ssrc: Ssrc) -> bool {
        let count = self.sounds.entry((peer, ssrc)).or_default();
        *count += 1;
        *count % 20 >= 15
    }

    pub(super) fn poll_timeout(&self, sabotage: Option<Sabotage>) -> Timestamp {
        let restless = self.restless_at.filter(|_| sabotage == Some(Sabotage::RestlessViewers));
        restless.unwrap_or(Timestamp::FAR_FUTURE)
    }

    /// What is asked for in the names of viewers.
    pub(super) fn restless(&mut self, now: Timestamp, sabotage: Option<Sabotage>) -> Vec<(PeerId, Vec<u8>)> {
        if self.poll_timeout(sabotage) > now {
            return Vec::new();
        }
        self.restless_at = Some(now + RESTLESS);
        self.small = !self.small;
        let asked = self.watched.iter().map(|((peer, source, kind), layer)| {
            let layer = Some(if self.small { 0 } else { *layer });
            let body = Request::Watch { source: *source, kind: *kind, layer };
            (*peer, ClientMessage { request: u32::MAX, body }.encode())
        });
        asked.collect()
    }
}

/// What goes along with a packet of sound.
pub(super) fn ballast(sabotage: Sabotage, bytes: &[u8]) -> Vec<Vec<u8>> {
    let sound = || RtpView::parse(bytes).is_ok_and(|view| view.audio_level().is_some());
    if sabotage != Sabotage::Ballast || !sound() {
        return Vec::new();
    }
    let header = RtpHeader {
        ssrc: BALLAST_SSRC,
        sequence: 0,
        timestamp: 0,
        payload_type: BALLAST_PAYLOAD_TYPE,
        marker: false,
        extensions: &[],
    };
    let mut packet = Vec::with_capacity(BALLAST_BYTES + 12);
    header.write(&[0; BALLAST_BYTES], &mut packet);
    vec![packet; BALLAST_PACKETS]
}
