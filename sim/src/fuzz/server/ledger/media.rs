//! Owns the judgement of what the engine sends: to whom it may go, from whom it may come, and under which numbers.

use std::collections::BTreeSet;

use media_core::{
    MediaKind, ParticipantId, PeerId, Ssrc,
    forwarding::ForwardedRtp,
    limits::DATAGRAM_BYTES_MAX,
    rtp::{
        RtpView, SequenceUnwrapper,
        rtcp::{self, Feedback},
    },
    signalling::TrackInfo,
};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    super::super::{Verdict, input::Input, require},
    Ledger,
};

/// Bytes of a payload that say whose it is.
const TAG_BYTES: usize = 16;

/// A track as one subscriber was told of it.
#[derive(Debug)]
pub(super) struct View {
    source: ParticipantId,
    kind: MediaKind,
    rtx_ssrc: Ssrc,
    numbers: SequenceUnwrapper,
    sent: BTreeSet<u64>,
    rtx_numbers: SequenceUnwrapper,
    rtx_sent: BTreeSet<u64>,
}

impl Ledger {
    /// A stream that a connection was told of.
    pub(in super::super) fn stream_to(&self, peer: PeerId, input: &mut Input<'_>) -> Ssrc {
        let streams: Vec<Ssrc> =
            self.views.keys().filter(|(receiver, _)| *receiver == peer).map(|(_, ssrc)| *ssrc).collect();
        input.pick(&streams).copied().unwrap_or(Ssrc(1))
    }

    /// The newest number of a stream to a connection.
    pub(in super::super) fn newest_to(&self, peer: PeerId, ssrc: Ssrc) -> u16 {
        let view = self.views.get(&(peer, ssrc));
        view.and_then(|view| view.numbers.newest()).unwrap_or_default() as u16
    }

    pub(super) fn on_track_added(&mut self, peer: PeerId, track: &TrackInfo) -> Verdict {
        let receiver = self.inside.get(&peer).ok_or_else(|| format!("{peer} hears of a track outside"))?;
        let source = self.peer_of(track.participant).and_then(|source| self.inside.get(&source));
        let source = source.ok_or_else(|| format!("a track of {}, who is not in", track.participant))?;
        require(
            source.conference == receiver.conference && source.participant != receiver.participant,
            || format!("{peer} hears of a track of {} elsewhere", track.participant),
        )?;
        let view = View {
            source: track.participant,
            kind: track.kind,
            rtx_ssrc: track.rtx_ssrc,
            numbers: SequenceUnwrapper::new(),
            sent: BTreeSet::new(),
            rtx_numbers: SequenceUnwrapper::new(),
            rtx_sent: BTreeSet::new(),
        };
        let taken = self.views.iter().any(|((receiver, ssrc), view)| {
            *receiver == peer
                && [*ssrc, view.rtx_ssrc].iter().any(|old| [track.ssrc, track.rtx_ssrc].contains(old))
        });
        require(!taken && track.ssrc != track.rtx_ssrc, || format!("{peer} has {track:?} already"))?;
        self.views.insert((peer, track.ssrc), view);
        Ok(())
    }

    pub(super) fn on_track_removed(
        &mut self,
        peer: PeerId,
        participant: ParticipantId,
        kind: MediaKind,
    ) -> Verdict {
        let before = self.views.len();
        self.views
            .retain(|(receiver, _), view| (*receiver, view.source, view.kind) != (peer, participant, kind));
        require(before == self.views.len() + 1 || !self.is_inside(peer), || {
            format!("{peer} loses {} views of {participant}'s {kind:?}", before - self.views.len())
        })
    }

    pub(super) fn on_forwarded(&mut self, peer: PeerId, packet: &ForwardedRtp) -> Verdict {
        let told = || format!("{peer} gets {} {} of {:?}", packet.ssrc, packet.sequence, packet.source.meta);
        require(self.is_right(peer, packet).is_some_and(|right| right), || {
            format!("{}: not from somebody in their conference who may send it", told())
        })?;
        let presence = self.inside.get_mut(&peer).ok_or_else(told)?;
        let expected = presence.transport_next;
        presence.transport_next = expected.wrapping_add(1);
        require(packet.transport_sequence == expected, || {
            format!("{}: transport-wide number {}, not {expected}", told(), packet.transport_sequence)
        })?;
        let (media, view) = self.view_of(peer, packet.ssrc).ok_or_else(told)?;
        let fresh = if let Some(original) = packet.original_sequence {
            let known = view.numbers.peek(original).is_some_and(|number| view.sent.contains(&number));
            require(known, || format!("{}: repairs {original} of {media}, never sent", told()))?;
            let number = view.rtx_numbers.unwrap(packet.sequence);
            view.rtx_sent.insert(number)
        } else {
            let number = view.numbers.unwrap(packet.sequence);
            view.sent.insert(number)
        };
        require(fresh, || format!("{}: this number was used before", told()))?;
        survives_the_wire(packet)
    }

    /// Whether a packet comes from somebody in the receiver's conference who may send this kind at the moment. What
    /// was sent once may be sent again later.
    fn is_right(&self, peer: PeerId, packet: &ForwardedRtp) -> Option<bool> {
        let receiver = self.inside.get(&peer)?;
        let mut views = self.views.iter().filter(|((to, _), _)| *to == peer);
        let again = packet.original_sequence.is_some();
        let (_, view) =
            views.find(
                |((_, ssrc), view)| {
                    if again { view.rtx_ssrc == packet.ssrc } else { *ssrc == packet.ssrc }
                },
            )?;
        let source = self.peer_of(view.source)?;
        let sender = self.inside.get(&source)?;
        let permitted = again || sender.permissions.allows(view.kind);
        Some(
            sender.conference == receiver.conference
                && permitted
                && is_theirs(packet.source.payload(), source),
        )
    }

    fn view_of(&mut self, peer: PeerId, ssrc: Ssrc) -> Option<(Ssrc, &mut View)> {
        let mut views = self.views.iter_mut().filter(|((to, _), _)| *to == peer);
        let found = views.find(|((_, media), view)| *media == ssrc || view.rtx_ssrc == ssrc);
        found.map(|((_, media), view)| (*media, view))
    }

    /// The server asks publishers only for what is theirs.
    pub(super) fn on_rtcp(&mut self, peer: PeerId, packet: &[u8]) -> Verdict {
        require(packet.len() <= DATAGRAM_BYTES_MAX, || format!("{} bytes of RTCP", packet.len()))?;
        let mut asked = Vec::new();
        rtcp::read(packet, |feedback| {
            asked.extend(match feedback {
                Feedback::Nack { media, .. } | Feedback::PictureLoss { media } => Some(media),
                Feedback::SenderReport { .. }
                | Feedback::ReceiverReport { .. }
                | Feedback::FullIntraRequest { .. }
                | Feedback::TransportFeedback(_)
                | Feedback::Remb { .. }
                | Feedback::Goodbye { .. } => None,
            });
        })
        .map_err(|reason| format!("the server writes broken RTCP: {reason:?}"))?;
        let published = self.published.get(&peer).map_or(&[][..], |lists| &lists[..]);
        let foreign = asked.iter().find(|media| !published.iter().any(|list| list.contains(media)));
        require(foreign.is_none() || !self.is_inside(peer), || {
            format!("{peer} is asked for {foreign:?}, which is not theirs: {published:?}")
        })
    }
}

/// Whether a payload is not another sender's. Raw, damaged and short ones bear no sender.
fn is_theirs(payload: &[u8], sender: PeerId) -> bool {
    sender_of(payload).is_none_or(|found| found == sender)
}

/// The first bytes of a payload that a script makes: who sends it as which packet, under a hash that no raw and no
/// damaged payload has.
pub(in super::super) fn tag(sender: PeerId, packet: u32) -> [u8; TAG_BYTES] {
    let mut tag = [0; TAG_BYTES];
    tag[8..12].copy_from_slice(&sender.0.to_be_bytes());
    tag[12..].copy_from_slice(&packet.to_be_bytes());
    let hash = xxh3_64(&tag[8..]).to_be_bytes();
    tag[..8].copy_from_slice(&hash);
    tag
}

fn sender_of(payload: &[u8]) -> Option<PeerId> {
    let (head, _) = payload.split_first_chunk::<TAG_BYTES>()?;
    let number = |at: usize| head[at..at + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
    let sender = PeerId(number(8));
    (tag(sender, number(12)) == *head).then_some(sender)
}

fn survives_the_wire(packet: &ForwardedRtp) -> Verdict {
    let mut bytes = Vec::new();
    packet.write(&mut bytes);
    require(bytes.len() <= DATAGRAM_BYTES_MAX, || format!("{} bytes leave", bytes.len()))?;
    let view = RtpView::parse(&bytes).map_err(|reason| format!("what leaves is refused: {reason:?}"))?;
    let numbers = (view.ssrc(), view.sequence(), view.timestamp(), view.payload_type(), view.marker());
    let meant = (packet.ssrc, packet.sequence, packet.timestamp, packet.payload_type, packet.marker);
    require(numbers == meant, || format!("{numbers:?} leaves, not {meant:?}"))?;
    require(view.transport_sequence() == Some(packet.transport_sequence), || {
        "no transport-wide number".into()
    })?;
    let payload = match packet.original_sequence {
        Some(original) => {
            let again = view.retransmitted().map_err(|reason| format!("a repair is refused: {reason:?}"))?;
            require(again.0 == original, || "a repair of another packet".to_owned())?;
            again.1
        }
        None => view.payload(),
    };
    require(payload == packet.source.payload(), || "another payload leaves than came in".to_owned())
}
