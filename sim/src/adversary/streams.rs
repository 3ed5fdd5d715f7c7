//! Owns what a hostile client does with media packets: forged SSRCs, replays, splices, false levels. Its own frames are
//! sealed before they come here; it has no key of anybody else.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use media_core::{
    Codec, Ssrc,
    rtp::{AudioLevel, Protocol, RtpHeader, RtpView, demux, ext::AUDIO_LEVEL},
};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::{Knowledge, Misbehaviour};

/// Packets that are kept for replays, of its own and of others each.
const KEPT: usize = 32;
/// What is sent again lies this many packets back.
const REPLAYED_BACK: usize = 8;
/// The loudest that RFC 6464 can say, with the flag of voice.
const LOUDEST: AudioLevel = AudioLevel { level: 0, voice: true };

/// Packets that passed a hostile client.
#[derive(Default)]
pub(super) struct Streams {
    sent: VecDeque<Bytes>,
    received: VecDeque<Bytes>,
    /// By how much the client's own numbers are ahead of its software's, because packets were put in between.
    ahead: BTreeMap<Ssrc, u16>,
    count: u64,
    stolen_sequence: u16,
}

impl Streams {
    pub(super) fn on_received(&mut self, bytes: &Bytes) {
        if demux(bytes) == Protocol::Rtp {
            keep(&mut self.received, bytes.clone());
        }
    }

    /// The newest RTP packet of its own.
    pub(super) fn newest_sent(&self) -> Option<&Bytes> {
        self.sent.back()
    }

    /// Whether packets were put in between, so that all later ones have other numbers.
    pub(super) fn renumbers(&self) -> bool {
        !self.ahead.is_empty()
    }

    pub(super) fn on_sending(
        &mut self,
        how: Option<Misbehaviour>,
        rng: &mut ChaCha8Rng,
        bytes: Bytes,
        victim: Option<Ssrc>,
    ) -> Vec<Bytes> {
        if demux(&bytes) != Protocol::Rtp {
            return vec![bytes];
        }
        let bytes = self.renumbered(bytes);
        keep(&mut self.sent, bytes.clone());
        self.count += 1;
        match how {
            Some(Misbehaviour::ForeignSsrc) => vec![forged(bytes, rng, victim)],
            Some(Misbehaviour::AlwaysLoudest | Misbehaviour::LoudestInSilence) => {
                vec![with_level(&bytes, LOUDEST)]
            }
            Some(Misbehaviour::ReplayOwn) => self.replay_own(bytes),
            Some(Misbehaviour::ReplayOthers) => self.replay_others(bytes),
            Some(Misbehaviour::SpliceFrames) => vec![self.spliced(bytes)],
            _ => vec![bytes],
        }
    }

    /// Media of others on the SSRCs that the client has published in their place.
    pub(super) fn poll_stolen(&mut self, how: Misbehaviour, knowledge: &Knowledge) -> Option<Bytes> {
        if how != Misbehaviour::PublishForeignSsrcs {
            return None;
        }
        let victim = knowledge.tracks.iter().find(|(track, _)| track.codec == Codec::Opus)?;
        let packet = self.received.iter().rev().find(|bytes| ssrc(bytes) == Some(victim.0.ssrc))?;
        self.stolen_sequence = self.stolen_sequence.wrapping_add(1);
        Some(patched(packet, victim.0.ssrc, self.stolen_sequence))
    }

    fn renumbered(&self, bytes: Bytes) -> Bytes {
        let Ok(view) = RtpView::parse(&bytes) else { return bytes };
        match self.ahead.get(&view.ssrc()) {
            Some(ahead) => patched(&bytes, view.ssrc(), view.sequence().wrapping_add(*ahead)),
            None => bytes,
        }
    }

    /// The packet, and every third time one from before: as it was, and as if it were new.
    fn replay_own(&mut self, bytes: Bytes) -> Vec<Bytes> {
        let Some(own) = ssrc(&bytes) else { return vec![bytes] };
        let mut out = vec![bytes];
        let before = self.sent.iter().rev().skip(REPLAYED_BACK).find(|kept| ssrc(kept) == Some(own)).cloned();
        if let Some(before) = before.filter(|_| self.count.is_multiple_of(3)) {
            let again = self.inserted(&out[0], &before);
            out.push(before);
            out.push(again);
        }
        out
    }

    /// The packet, and every third time one of somebody else's: as it came, and under the client's own header.
    fn replay_others(&mut self, bytes: Bytes) -> Vec<Bytes> {
        let foreign = self.received_like(&bytes).filter(|_| self.count.is_multiple_of(3));
        let Some(foreign) = foreign else { return vec![bytes] };
        let Some(relabelled) = with_payload(&bytes, payload(&foreign)) else { return vec![bytes] };
        let again = self.inserted(&bytes, &relabelled);
        vec![bytes, foreign, again]
    }

    /// Every third time the head of this packet's payload before the tail of another's.
    fn spliced(&self, bytes: Bytes) -> Bytes {
        if !self.count.is_multiple_of(3) {
            return bytes;
        }
        let own = self.sent.iter().rev().nth(REPLAYED_BACK).cloned();
        let Some(other) = self.received_like(&bytes).or(own) else { return bytes };
        let (head, tail) = (payload(&bytes), payload(&other));
        let joined = [&head[..head.len() / 2], &tail[tail.len() / 2..]].concat();
        with_payload(&bytes, &joined).unwrap_or(bytes)
    }

    /// The newest packet that was received of the same codec.
    fn received_like(&self, bytes: &Bytes) -> Option<Bytes> {
        let wanted = RtpView::parse(bytes).ok()?.payload_type();
        let fits = |kept: &&Bytes| RtpView::parse(kept).is_ok_and(|view| view.payload_type() == wanted);
        self.received.iter().rev().find(fits).cloned()
    }

    /// A packet put in behind `last`, with the next number; whatever follows moves up by one.
    fn inserted(&mut self, last: &Bytes, packet: &Bytes) -> Bytes {
        let (Ok(view), Some(own)) = (RtpView::parse(last), ssrc(last)) else { return packet.clone() };
        let ahead = self.ahead.entry(own).or_default();
        *ahead = ahead.wrapping_add(1);
        patched(packet, own, view.sequence().wrapping_add(1))
    }
}

fn keep(queue: &mut VecDeque<Bytes>, bytes: Bytes) {
    if queue.len() == KEPT {
        queue.pop_front();
    }
    queue.push_back(bytes);
}

fn ssrc(bytes: &Bytes) -> Option<Ssrc> {
    RtpView::parse(bytes).ok().map(|view| view.ssrc())
}

fn payload(bytes: &Bytes) -> &[u8] {
    RtpView::parse(bytes).map_or(&[], |view| view.payload())
}

fn patched(bytes: &Bytes, ssrc: Ssrc, sequence: u16) -> Bytes {
    let mut packet = bytes.to_vec();
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[8..12].copy_from_slice(&ssrc.0.to_be_bytes());
    Bytes::from(packet)
}

/// Every fourth packet speaks for another participant, as this client knows them.
fn forged(bytes: Bytes, rng: &mut ChaCha8Rng, victim: Option<Ssrc>) -> Bytes {
    let (Some(victim), Ok(view)) = (victim, RtpView::parse(&bytes)) else { return bytes };
    if rng.next_u32().is_multiple_of(4) { patched(&bytes, victim, view.sequence()) } else { bytes }
}

/// The packet with another audio level; the packet itself when it has none.
pub(crate) fn with_level(bytes: &Bytes, level: AudioLevel) -> Bytes {
    let Ok(view) = RtpView::parse(bytes) else { return bytes.clone() };
    if view.audio_level().is_none() {
        return bytes.clone();
    }
    let level = level.bytes();
    let elements = view.extensions();
    let changed = |(id, data)| if id == AUDIO_LEVEL { (id, &level[..]) } else { (id, data) };
    let extensions: Vec<(u8, &[u8])> = elements.map(changed).collect();
    written(&view, &extensions, view.payload())
}

fn with_payload(bytes: &Bytes, payload: &[u8]) -> Option<Bytes> {
    let view = RtpView::parse(bytes).ok()?;
    let extensions: Vec<(u8, &[u8])> = view.extensions().collect();
    Some(written(&view, &extensions, payload))
}

fn written(view: &RtpView<'_>, extensions: &[(u8, &[u8])], payload: &[u8]) -> Bytes {
    let header = RtpHeader {
        ssrc: view.ssrc(),
        sequence: view.sequence(),
        timestamp: view.timestamp(),
        payload_type: view.payload_type(),
        marker: view.marker(),
        extensions,
    };
    let mut out = Vec::with_capacity(header.len() + payload.len());
    header.write(payload, &mut out);
    Bytes::from(out)
}
