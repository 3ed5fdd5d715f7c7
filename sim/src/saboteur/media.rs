//! Owns what a misbehaving host does to media on its way out.

use std::{collections::BTreeMap, time::Duration};

use media_core::{
    PeerId, Ssrc, Timestamp,
    rtp::{Protocol, RtpHeader, RtpView, demux},
};

use super::{Saboteur, lines};
use crate::{sabotage::Sabotage, tap::RTX_PAYLOAD_TYPES};

/// Level from which audio is speech for [`Sabotage::ClipOnsets`].
const SPEECH_LEVEL: u8 = 50;
/// Silence after which speech begins anew.
const PAUSE: Duration = Duration::from_millis(400);
/// How much of it is cut off.
const CLIPPED: Duration = Duration::from_millis(200);

/// Identifier of the extension that [`Sabotage::TalkativeHeader`] adds; nothing else has it.
const TALKATIVE_EXTENSION: u8 = 14;

/// What is remembered of outgoing streams.
#[derive(Default)]
pub(super) struct Streams {
    packets: u64,
    by_stream: BTreeMap<(PeerId, Ssrc), Stream>,
}

#[derive(Default)]
struct Stream {
    packets: u64,
    spoke: Option<Timestamp>,
    began: Timestamp,
}

impl Saboteur {
    /// A packet of the engine to a peer: what goes out in its place.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most sabotage leaves this packet alone")]
    pub(crate) fn on_outgoing_media(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        mut bytes: Vec<u8>,
    ) -> Vec<(PeerId, Vec<u8>)> {
        let Some(sabotage) = self.sabotage else { return vec![(peer, bytes)] };
        if demux(&bytes) != Protocol::Rtp {
            let times = if sabotage == Sabotage::KeyFrameStorm { 3 } else { 1 };
            return vec![(peer, bytes); times];
        }
        self.streams.packets += 1;
        let count = self.streams.packets;
        let vanishes = match sabotage {
            Sabotage::SilentDrop => count.is_multiple_of(47),
            Sabotage::ForkedGroup | Sabotage::StaleCodes => self.keeps_in_the_dark(peer),
            Sabotage::CameraRequired => !self.cameras.contains(&peer),
            Sabotage::ClipOnsets => self.streams.clips(now, peer, &bytes),
            Sabotage::NoRepair => {
                RtpView::parse(&bytes).is_ok_and(|view| RTX_PAYLOAD_TYPES.contains(&view.payload_type()))
            }
            Sabotage::AudioLast
            | Sabotage::Blindfold
            | Sabotage::Favourites
            | Sabotage::SlowestSets
            | Sabotage::ScreensLast => self.lines.withholds(sabotage, peer, &bytes),
            Sabotage::BelievesReports | Sabotage::JoinsDisturb => self.believer.withholds(now, sabotage),
            _ => false,
        };
        if vanishes {
            return Vec::new();
        }
        if sabotage == Sabotage::FlipBit
            && count.is_multiple_of(19)
            && let Some(last) = bytes.last_mut()
        {
            *last ^= 1;
        }
        if sabotage == Sabotage::RenumberWithGap {
            self.streams.skip_a_number(peer, &mut bytes);
        }
        if sabotage == Sabotage::TalkativeHeader
            && let Some(talkative) = with_name(&bytes)
        {
            bytes = talkative;
        }
        self.forgery.on_media(sabotage, peer, &mut bytes);
        let ballast = lines::ballast(sabotage, &bytes);
        let mut out = vec![(peer, bytes)];
        out.extend(ballast.into_iter().map(|bytes| (peer, bytes)));
        if let Some(copy) = self.copy_to(sabotage, peer) {
            let bytes = out[0].1.clone();
            out.push((copy, bytes));
        }
        out
    }

    /// Somebody who gets a copy and should not.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most sabotage copies nothing")]
    fn copy_to(&self, sabotage: Sabotage, peer: PeerId) -> Option<PeerId> {
        match sabotage {
            Sabotage::LeakyLobby => self.waiting.first().copied(),
            Sabotage::Leak => {
                let own = self.inside.get(&peer)?;
                self.inside.iter().find(|(_, other)| *other != own).map(|(other, _)| *other)
            }
            _ => None,
        }
    }
}

/// The packet with one more header extension, in which a name stands.
fn with_name(bytes: &[u8]) -> Option<Vec<u8>> {
    let view = RtpView::parse(bytes).ok()?;
    let mut extensions: Vec<(u8, &[u8])> = view.extensions().collect();
    extensions.push((TALKATIVE_EXTENSION, b"anna"));
    let header = RtpHeader {
        ssrc: view.ssrc(),
        sequence: view.sequence(),
        timestamp: view.timestamp(),
        payload_type: view.payload_type(),
        marker: view.marker(),
        extensions: &extensions,
    };
    let mut out = Vec::with_capacity(bytes.len() + 8);
    header.write(view.payload(), &mut out);
    Some(out)
}

impl Streams {
    fn skip_a_number(&mut self, peer: PeerId, bytes: &mut [u8]) {
        let Ok(view) = RtpView::parse(bytes) else { return };
        let (ssrc, sequence) = (view.ssrc(), view.sequence());
        let stream = self.by_stream.entry((peer, ssrc)).or_default();
        stream.packets += 1;
        if stream.packets >= 50 {
            bytes[2..4].copy_from_slice(&sequence.wrapping_add(1).to_be_bytes());
        }
    }

    fn clips(&mut self, now: Timestamp, peer: PeerId, bytes: &[u8]) -> bool {
        let Ok(view) = RtpView::parse(bytes) else { return false };
        let speaks = view.audio_level().is_some_and(|level| level.level <= SPEECH_LEVEL);
        let stream = self.by_stream.entry((peer, view.ssrc())).or_default();
        if !speaks {
            return false;
        }
        if stream.spoke.is_none_or(|spoke| now.saturating_since(spoke) >= PAUSE) {
            stream.began = now;
        }
        stream.spoke = Some(now);
        now.saturating_since(stream.began) < CLIPPED
    }
}
