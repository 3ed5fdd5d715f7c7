//! Owns a host that believes what hostile clients say, and lets others pay for it.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use media_core::{
    PeerId, Ssrc, Timestamp,
    engine::{Outgoing, Transmit},
    rtp::{
        AudioLevel, Protocol, RtpView, demux,
        rtcp::{self, Feedback},
    },
    signalling::TrackOffer,
};

use crate::{adversary, sabotage::Sabotage};

/// From this level on somebody is believed to be the loudest.
const LOUD: u8 = 3;
/// How long a claim is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// For how long nobody gets media after somebody has come in.
const DISTURBED: Duration = Duration::from_millis(300);
/// The server's own SSRC in feedback.
const SERVER: Ssrc = Ssrc(1);

/// What the host has been told.
#[derive(Default)]
pub(super) struct Believer {
    pictures: BTreeMap<PeerId, Vec<Ssrc>>,
    loudest: Option<(PeerId, Timestamp)>,
    withholds_until: Timestamp,
    packets: u64,
}

impl Believer {
    pub(super) fn on_published(&mut self, peer: PeerId, tracks: &[TrackOffer]) {
        let pictures = tracks.iter().filter(|track| track.kind.is_video());
        let ssrcs = pictures.flat_map(|track| &track.encodings).map(|encoding| encoding.ssrc);
        self.pictures.insert(peer, ssrcs.collect());
    }

    pub(super) fn on_entered(&mut self, now: Timestamp, sabotage: Sabotage) {
        if sabotage == Sabotage::JoinsDisturb {
            self.withholds_until = now + DISTURBED;
        }
    }

    /// A client's packet: what the engine gets in its place.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most of what is said is not believed")]
    pub(super) fn on_media(
        &mut self,
        now: Timestamp,
        sabotage: Sabotage,
        peer: PeerId,
        bytes: Bytes,
        forged: &mut Vec<Transmit>,
    ) -> Bytes {
        let mut asks = false;
        let mut reports = false;
        match demux(&bytes) {
            Protocol::Rtp if sabotage == Sabotage::LiarsWin => return self.hear(now, peer, bytes),
            Protocol::Rtcp => {
                // What is malformed says nothing.
                let _ = rtcp::read(&bytes, |feedback| match feedback {
                    Feedback::PictureLoss { .. } | Feedback::FullIntraRequest { .. } => asks = true,
                    Feedback::TransportFeedback(_) | Feedback::Remb { .. } => reports = true,
                    _ => {}
                });
            }
            _ => {}
        }
        if asks && sabotage == Sabotage::EagerKeyFrames {
            for (publisher, ssrcs) in self.pictures.iter().filter(|(publisher, _)| **publisher != peer) {
                let mut packet = Vec::new();
                for ssrc in ssrcs {
                    rtcp::write_pli(SERVER, *ssrc, &mut packet);
                }
                let packet = Outgoing::Rtcp(Bytes::from(packet));
                forged.extend((!ssrcs.is_empty()).then_some(Transmit { peer: *publisher, packet }));
            }
        }
        if reports && sabotage == Sabotage::BelievesReports {
            self.withholds_until = now + BELIEVED;
        }
        bytes
    }

    /// Whether a packet from the engine is kept from its receiver.
    pub(super) fn withholds(&mut self, now: Timestamp, sabotage: Sabotage) -> bool {
        self.packets += 1;
        let share = if sabotage == Sabotage::JoinsDisturb { 1 } else { 3 };
        now < self.withholds_until && self.packets.is_multiple_of(share)
    }

    /// While one is the loudest, all others are silent.
    fn hear(&mut self, now: Timestamp, peer: PeerId, bytes: Bytes) -> Bytes {
        let level = RtpView::parse(&bytes).ok().and_then(|view| view.audio_level());
        let Some(level) = level else { return bytes };
        if level.level <= LOUD {
            self.loudest = Some((peer, now + BELIEVED));
        }
        match self.loudest {
            Some((loudest, until)) if loudest != peer && now < until => {
                adversary::with_level(&bytes, AudioLevel { level: 127, voice: false })
            }
            _ => bytes,
        }
    }
}
