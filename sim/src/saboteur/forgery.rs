//! Owns what a hostile host does to encrypted frames on their way to listeners: it replays, holds back, splices and swaps
//! them, cuts them off, and says that they are somebody else's or of another layer (E2E-007). It has no key. Only
//! microphones are attacked, whose packets are whole frames, except where it is about layers.

use std::collections::{BTreeMap, VecDeque};

use media_core::{
    Codec, MediaKind, ParticipantId, PeerId, Ssrc,
    rtp::{RtpHeader, RtpView, ext::DEPENDENCY_DESCRIPTOR},
    signalling::ServerMessage,
};

use crate::sabotage::Sabotage;

/// Every so many packets of a stream one is forged.
const FORGED_EVERY: u64 = 10;
/// How far back a replayed frame lies.
const REPLAYED_BACK: usize = 6;
/// The packet of each stream that is held back.
const HELD_PACKET: u64 = 20;
/// After how many packets of the stream it is sent: beyond the replay window of a sender who has a camera, too.
const HELD_FOR: u64 = 700;

/// The bits of a dependency descriptor's first byte that name the template (A.8.1). In recorded streams template 0 is of
/// key frames, 1 of the base layer, those after it of the layers above.
const TEMPLATE_MASK: u8 = 0x3f;

/// What went to one listener on one stream.
#[derive(Default)]
struct Stream {
    packets: u64,
    payloads: VecDeque<Vec<u8>>,
    held: Option<Vec<u8>>,
}

/// What the host remembers, to forge with.
#[derive(Default)]
pub(super) struct Forgery {
    streams: BTreeMap<(PeerId, Ssrc), Stream>,
    participants: BTreeMap<PeerId, ParticipantId>,
}

impl Forgery {
    /// A message of the engine to a client: what the client gets in its place.
    pub(super) fn on_message(&mut self, sabotage: Sabotage, peer: PeerId, message: &mut ServerMessage) {
        if let ServerMessage::Entered { participant, .. } = message {
            self.participants.insert(peer, *participant);
        }
        let ServerMessage::TrackAdded { track } = message else { return };
        if sabotage == Sabotage::RelabelSender && track.kind == MediaKind::Audio {
            let own = self.participants.get(&peer).copied();
            let mut others = self.participants.values().copied();
            let other = others.find(|other| *other != track.participant && Some(*other) != own);
            track.participant = other.unwrap_or(track.participant);
        }
    }

    /// A media packet to a client, of which the payload may become another.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most sabotage leaves frames alone")]
    pub(super) fn on_media(&mut self, sabotage: Sabotage, peer: PeerId, bytes: &mut Vec<u8>) {
        let Ok(view) = RtpView::parse(bytes) else { return };
        if view.payload_type() != Codec::Opus.payload_type() {
            if let Some(relabelled) = relabelled(&view).filter(|_| sabotage == Sabotage::RelabelLayer) {
                *bytes = relabelled;
            }
            return;
        }
        let (ssrc, payload) = (view.ssrc(), view.payload().to_vec());
        let head = bytes.len() - payload.len();
        let of_others = self.streams.range((peer, Ssrc(0))..=(peer, Ssrc(u32::MAX)));
        let other =
            of_others.filter(|((_, other), _)| *other != ssrc).find_map(|(_, s)| s.payloads.back().cloned());
        let stream = self.streams.entry((peer, ssrc)).or_default();
        stream.packets += 1;
        let turn = stream.packets % FORGED_EVERY;
        let before = stream.payloads.iter().rev().nth(REPLAYED_BACK).cloned();
        let forged = match sabotage {
            Sabotage::SwapStreams if turn == 0 => other,
            Sabotage::ReplayFrames | Sabotage::PlayForged if turn == 0 => before,
            Sabotage::PlayForged if turn == FORGED_EVERY / 2 => other,
            Sabotage::TruncateFrames if turn == 0 => Some(payload[..payload.len() / 2].to_vec()),
            Sabotage::SpliceFrames if turn == 0 => {
                let tail = other.or(before);
                tail.map(|tail| [&payload[..payload.len() / 2], &tail[tail.len() / 2..]].concat())
            }
            Sabotage::HoldBackFrames if stream.packets == HELD_PACKET + HELD_FOR => stream.held.take(),
            _ => None,
        };
        if stream.packets == HELD_PACKET {
            stream.held = Some(payload.clone());
            if sabotage == Sabotage::HoldBackFrames {
                // Kept back: what goes out in its place opens for nobody.
                bytes.truncate(head);
                return;
            }
        }
        if stream.payloads.len() == 2 * REPLAYED_BACK {
            stream.payloads.pop_front();
        }
        stream.payloads.push_back(payload);
        if let Some(forged) = forged {
            bytes.truncate(head);
            bytes.extend_from_slice(&forged);
        }
    }
}

/// A packet of a picture with the template of another layer, if its frame's turn has come and it says no more than that: the
/// base layer's becomes the one above's, and that of those above the next one's below.
fn relabelled(view: &RtpView<'_>) -> Option<Vec<u8>> {
    let &[head, high, low] = view.extension(DEPENDENCY_DESCRIPTOR)? else { return None };
    let template = match head & TEMPLATE_MASK {
        2 => 1,
        1 | 3 | 4 => 2,
        _ => return None,
    };
    if !u16::from_be_bytes([high, low]).is_multiple_of(FORGED_EVERY as u16) {
        return None;
    }
    let descriptor = [head & !TEMPLATE_MASK | template, high, low];
    let changed = |(id, data)| if id == DEPENDENCY_DESCRIPTOR { (id, &descriptor[..]) } else { (id, data) };
    let extensions: Vec<(u8, &[u8])> = view.extensions().map(changed).collect();
    let header = RtpHeader {
        ssrc: view.ssrc(),
        sequence: view.sequence(),
        timestamp: view.timestamp(),
        payload_type: view.payload_type(),
        marker: view.marker(),
        extensions: &extensions,
    };
    let mut out = Vec::with_capacity(header.len() + view.payload().len());
    header.write(view.payload(), &mut out);
    Some(out)
}
