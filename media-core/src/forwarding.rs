//! Owns who gets which packet: permissions at the door, the choice of layers and loudest microphones, rewriting,
//! repair and key-frame requests. It works on [`crate::rtp::PacketMeta`]; payloads are ciphertext that it passes on by
//! handle. It has no key and cannot name one: the decrypting module is not imported here (E2E-002).

mod climber;
mod downlink;
mod feedback;
mod front;
mod grants;
mod key_frames;
mod member;
mod membership;
mod missing;
mod output;
mod packets;
mod rates;
mod redundancy;
mod repair;
mod report;
mod retransmissions;
mod rewrite;
mod speakers;
mod subscription;
mod track;
mod voice;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use slab::Slab;

pub use output::{ForwardedRtp, ForwardingOutput};
pub use repair::SourcePacket;
pub use report::{SubscriptionReport, TrackReport};

use crate::{
    DropReason,
    congestion::BitrateBounds,
    ids::{ConferenceId, ParticipantId, PeerId, Ssrc},
    rtp::rtcp,
    signalling::TrackInfo,
    time::Timestamp,
};
use downlink::Waiting;
use grants::Division;
use member::Member;
use speakers::Speakers;
use subscription::Subscription;
use track::Track;

/// The SSRC under which the server itself speaks in RTCP.
const SERVER_SSRC: Ssrc = Ssrc(1);

/// Timers of paths fire at most once in this time.
const TIMER_STEP: Duration = Duration::from_micros(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct TrackIndex(usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SubscriptionIndex(usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct MemberIndex(usize);

/// The media side of one conference.
#[derive(Debug)]
struct Room {
    members: Vec<MemberIndex>,
    speakers: Speakers,
    /// Published microphones that may be heard.
    microphones: usize,
}

/// Forwards the media of any number of conferences, which share nothing.
#[derive(Debug)]
pub struct Forwarder {
    speakers: usize,
    downlink: BitrateBounds,
    rng: ChaCha20Rng,
    rooms: BTreeMap<ConferenceId, Room>,
    members: Slab<Member>,
    by_peer: BTreeMap<PeerId, MemberIndex>,
    by_participant: BTreeMap<ParticipantId, MemberIndex>,
    tracks: Slab<Track>,
    subscriptions: Slab<Subscription>,
    timers: BTreeSet<(Timestamp, TrackIndex, u8)>,
    path_timers: BTreeSet<(Timestamp, MemberIndex)>,
    out: VecDeque<ForwardingOutput>,
    division: Division,
}

impl Forwarder {
    /// A forwarder that passes on the `speakers` loudest microphones of each conference, over paths whose estimates stay between
    /// the bounds of `downlink`. SSRCs and first sequence
    /// numbers come out of `rng`.
    pub fn new(speakers: usize, downlink: BitrateBounds, rng: ChaCha20Rng) -> Self {
        Self {
            speakers,
            downlink,
            rng,
            rooms: BTreeMap::new(),
            members: Slab::new(),
            by_peer: BTreeMap::new(),
            by_participant: BTreeMap::new(),
            tracks: Slab::new(),
            subscriptions: Slab::new(),
            timers: BTreeSet::new(),
            path_timers: BTreeSet::new(),
            out: VecDeque::new(),
            division: Division::default(),
        }
    }

    /// The next output, in order.
    pub fn poll_output(&mut self) -> Option<ForwardingOutput> {
        self.out.pop_front()
    }

    /// How many outputs wait to be polled.
    pub fn outputs_waiting(&self) -> usize {
        self.out.len()
    }

    /// When [`Forwarder::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let tracks = self.timers.first().map(|(at, ..)| *at);
        let paths = self.path_timers.first().map(|(at, _)| *at);
        tracks.into_iter().chain(paths).min()
    }

    /// Sends the requests to publishers that are due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        while let Some((at, track, encoding)) = self.timers.first().copied() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            self.tracks[track.0].encodings[usize::from(encoding)].scheduled = None;
            self.request_repairs(now, track, encoding);
            self.request_key_frame(now, track, encoding);
            self.reschedule(track, encoding);
        }
        while let Some((_, member)) = self.path_timers.first().copied().filter(|(at, _)| *at <= now) {
            self.path_timers.pop_first();
            self.on_path_timer(now, member);
        }
    }

    fn on_path_timer(&mut self, now: Timestamp, index: MemberIndex) {
        let member = &mut self.members[index.0];
        member.downlink.scheduled = None;
        if !member.downlink.is_only_paced(now) {
            member.downlink.handle_timeout(now);
            return self.advance_path(now, index);
        }
        pump(now, member, &mut self.subscriptions, &mut self.out);
        schedule(now, member.downlink.poll_timeout_kept(), (member, index), &mut self.path_timers);
    }

    /// Lets out to a member, and tells them, whatever it is time for.
    fn advance_path(&mut self, now: Timestamp, index: MemberIndex) {
        self.allocate_if_due(now, index);
        let member = &mut self.members[index.0];
        let peer = member.peer;
        let media = member.published.first().map_or(SERVER_SSRC, |published| published.ssrc);
        while let Some(packet) = member.downlink.poll_feedback(now, media) {
            self.out.push_back(ForwardingOutput::Rtcp { peer, packet });
        }
        pump(now, member, &mut self.subscriptions, &mut self.out);
        while let Some(probe) = member.downlink.poll_padding(now, peer) {
            self.out.push_back(probe);
        }
        self.reschedule_path(now, index);
    }

    fn reschedule_path(&mut self, now: Timestamp, index: MemberIndex) {
        let member = &mut self.members[index.0];
        schedule(now, member.downlink.poll_timeout(), (member, index), &mut self.path_timers);
    }

    /// The accounts of everything that is published and subscribed at the moment.
    pub fn reports(&self) -> (Vec<TrackReport>, Vec<SubscriptionReport>) {
        let tracks = self.tracks.iter().map(|(_, track)| track.report()).collect();
        let subscriptions = self.subscriptions.iter();
        (tracks, subscriptions.map(|(_, held)| held.report(&self.tracks[held.track.0])).collect())
    }

    /// What a peer can receive at the moment, by whose it is; nothing for strangers.
    pub fn tracks_for(&self, peer: PeerId) -> Vec<TrackInfo> {
        let member = self.by_peer.get(&peer).map(|member| &self.members[member.0]);
        let held = member.into_iter().flat_map(|member| member.subscriptions.iter());
        let held = held.map(|(_, index)| &self.subscriptions[index.0]);
        let mut tracks: Vec<TrackInfo> = held.map(|held| held.info(&self.tracks[held.track.0])).collect();
        tracks.sort_by_key(|track| (track.participant, track.kind));
        tracks
    }

    /// Through which connection somebody takes part.
    pub fn peer_of(&self, participant: ParticipantId) -> Option<PeerId> {
        Some(self.members[self.by_participant.get(&participant)?.0].peer)
    }

    fn request_repairs(&mut self, now: Timestamp, track: TrackIndex, encoding: u8) {
        let track = &mut self.tracks[track.0];
        let encoding = &mut track.encodings[usize::from(encoding)];
        let sequences: Vec<u16> = encoding.missing.poll_nack(now).collect();
        if sequences.is_empty() {
            return;
        }
        let mut packet = Vec::new();
        rtcp::write_nack(SERVER_SSRC, encoding.offer.ssrc, &sequences, &mut packet);
        self.out.push_back(ForwardingOutput::Rtcp { peer: track.peer, packet: Bytes::from(packet) });
    }

    fn request_key_frame(&mut self, now: Timestamp, track: TrackIndex, index: u8) {
        let encoding = &mut self.tracks[track.0].encodings[usize::from(index)];
        if encoding.barred {
            // Who may not send is not asked; the first packet after that asks by itself.
            encoding.key_frames.on_served();
        }
        self.ask_for_key_frame(now, track, index);
    }

    /// Asks a publisher who sends at the moment, if it is time.
    fn ask_for_key_frame(&mut self, now: Timestamp, track: TrackIndex, index: u8) {
        let track = &mut self.tracks[track.0];
        let encoding = &mut track.encodings[usize::from(index)];
        if !encoding.key_frames.poll(now) {
            return;
        }
        let mut packet = Vec::new();
        rtcp::write_pli(SERVER_SSRC, encoding.offer.ssrc, &mut packet);
        let (participant, kind) = (track.owner, track.kind);
        self.out.push_back(ForwardingOutput::KeyFrameRequested { participant, kind, encoding: index });
        self.out.push_back(ForwardingOutput::Rtcp { peer: track.peer, packet: Bytes::from(packet) });
    }

    /// Brings the timer of an encoding in step with what it waits for.
    fn reschedule(&mut self, track: TrackIndex, index: u8) {
        let encoding = &mut self.tracks[track.0].encodings[usize::from(index)];
        let next = encoding.poll_timeout();
        if encoding.scheduled == next {
            return;
        }
        if let Some(before) = encoding.scheduled.take() {
            self.timers.remove(&(before, track, index));
        }
        if let Some(next) = next {
            encoding.scheduled = Some(next);
            self.timers.insert((next, track, index));
        }
    }

    fn reschedule_all(&mut self, track: TrackIndex) {
        for index in 0..self.tracks[track.0].encodings.len() {
            self.reschedule(track, index as u8);
        }
    }

    fn drop_from(&mut self, peer: PeerId, reason: DropReason) {
        self.out.push_back(ForwardingOutput::Dropped { peer, reason });
    }

    fn random_u32(&mut self) -> u32 {
        self.rng.next_u32()
    }
}

/// Brings the timer of a member's path forward to when it is needed `next`. A timer that fires too early does no harm. What was
/// due is done, so that the next time lies ahead.
fn schedule(
    now: Timestamp,
    next: Option<Timestamp>,
    (member, index): (&mut Member, MemberIndex),
    timers: &mut BTreeSet<(Timestamp, MemberIndex)>,
) {
    let Some(next) = next.filter(|_| member.connected) else { return };
    let downlink = &mut member.downlink;
    let next = next.max(now + TIMER_STEP);
    if downlink.scheduled.is_some_and(|scheduled| scheduled <= next) {
        return;
    }
    if let Some(before) = downlink.scheduled.replace(next) {
        timers.remove(&(before, index));
    }
    timers.insert((next, index));
}

/// Lets out what a member's path has room for.
fn pump(
    now: Timestamp,
    member: &mut Member,
    subscriptions: &mut Slab<Subscription>,
    out: &mut VecDeque<ForwardingOutput>,
) {
    while let Some(Waiting { subscription, packet }) = member.downlink.poll(now) {
        subscriptions[subscription.0].on_sent(packet.original_sequence.is_some());
        out.push_back(ForwardingOutput::Rtp { peer: member.peer, packet });
    }
}
