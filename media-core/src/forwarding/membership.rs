//! Owns the forwarder's control side: who is in, what they may send, publish and watch.

use super::{
    Forwarder, ForwardingOutput, Member, MemberIndex, Room, Speakers, Subscription, SubscriptionIndex, Track,
    TrackIndex, downlink::Downlink, member::PublishedSsrc, subscription::SubscriptionIds,
};
use crate::{
    DropReason,
    ids::{ConferenceId, ParticipantId, PeerId, Ssrc},
    media::{MediaKind, Permissions},
    signalling::{Refusal, TrackOffer},
    time::Timestamp,
};

impl Forwarder {
    /// Somebody is in: from here on their media may flow, within `permissions`, and they hear the others.
    pub fn on_entered(
        &mut self,
        now: Timestamp,
        conference: ConferenceId,
        participant: ParticipantId,
        peer: PeerId,
        permissions: Permissions,
    ) {
        let lot = u64::from(self.random_u32());
        let member = MemberIndex(self.members.insert(Member {
            participant,
            peer,
            conference,
            permissions,
            connected: true,
            published: Vec::new(),
            tracks: Vec::new(),
            subscriptions: Vec::new(),
            watched: Vec::new(),
            downlink: Downlink::new(now, self.downlink, lot),
        }));
        self.by_peer.insert(peer, member);
        self.by_participant.insert(participant, member);
        let places = self.speakers;
        let room = self.rooms.entry(conference).or_insert_with(|| Room {
            members: Vec::new(),
            speakers: Speakers::new(places),
            microphones: 0,
        });
        let others = room.members.clone();
        room.members.push(member);
        let tracks: Vec<TrackIndex> =
            others.iter().flat_map(|other| self.members[other.0].tracks.iter().copied()).collect();
        for track in tracks {
            self.subscribe(member, track);
        }
    }

    /// Whether packets reach a peer from here on: a transport has to connect first, and may close. While they do not, nothing
    /// is forwarded to it, nothing waits for it, and what its path carried is forgotten.
    pub fn set_connected(&mut self, now: Timestamp, peer: PeerId, connected: bool) {
        let Some(index) = self.by_peer.get(&peer).copied() else { return };
        let lot = u64::from(self.random_u32());
        let member = &mut self.members[index.0];
        if let Some(scheduled) = member.downlink.scheduled {
            self.path_timers.remove(&(scheduled, index));
        }
        member.downlink = Downlink::new(now, self.downlink, lot);
        member.connected = connected;
        for (_, subscription) in &member.subscriptions {
            self.subscriptions[subscription.0].on_forgotten();
        }
        if connected {
            self.allocate(now, index);
            self.reschedule_path(now, index);
        }
    }

    /// Somebody is out: nothing from or to them any more.
    pub fn on_left(&mut self, now: Timestamp, participant: ParticipantId) {
        let Some(index) = self.by_participant.remove(&participant) else { return };
        for track in self.members[index.0].tracks.clone() {
            self.unpublish(track);
        }
        let subscriptions: Vec<SubscriptionIndex> =
            self.members[index.0].subscriptions.iter().map(|(_, subscription)| *subscription).collect();
        for subscription in subscriptions {
            let track = self.close_subscription(subscription);
            self.tracks[track.0].subscriptions.retain(|other| *other != subscription);
            self.update_demand(now, track);
        }
        let member = self.members.remove(index.0);
        if let Some(scheduled) = member.downlink.scheduled {
            self.path_timers.remove(&(scheduled, index));
        }
        self.by_peer.remove(&member.peer);
        if let Some(room) = self.rooms.get_mut(&member.conference) {
            room.members.retain(|other| *other != index);
            if room.members.is_empty() {
                self.rooms.remove(&member.conference);
            }
        }
    }

    /// What somebody may send, from the next packet on.
    pub fn set_permissions(&mut self, now: Timestamp, participant: ParticipantId, permissions: Permissions) {
        let Some(index) = self.by_participant.get(&participant) else { return };
        let member = &mut self.members[index.0];
        let before = std::mem::replace(&mut member.permissions, permissions);
        let conference = member.conference;
        for index in member.tracks.clone() {
            let track = &mut self.tracks[index.0];
            track.is_permitted = permissions.allows(track.kind);
            if let Some(room) = self.rooms.get_mut(&conference).filter(|_| !track.kind.is_video()) {
                room.microphones -= usize::from(before.allows(track.kind));
                room.microphones += usize::from(track.is_permitted);
            }
            if !before.allows(track.kind) || permissions.allows(track.kind) {
                if !before.allows(track.kind) && track.kind.is_video() {
                    self.give_out_anew(now, index);
                }
                continue;
            }
            track.bar();
            while track.held.pop_front().is_some() {
                track.dropped.count(DropReason::NotPermitted);
            }
            // Who may not speak must not keep a place among the loudest.
            if let Some(room) = self.rooms.get_mut(&conference) {
                room.speakers.on_silenced(index);
            }
            self.reschedule_all(index);
        }
    }

    /// A picture may be sent that was not before: it takes its share of what its viewers' paths carry.
    fn give_out_anew(&mut self, now: Timestamp, track: TrackIndex) {
        let encodings = self.tracks[track.0].encodings.iter_mut();
        // Nobody could expect anything of them before.
        encodings.filter_map(|encoding| encoding.wanted_since.as_mut()).for_each(|since| *since = now);
        for subscription in self.tracks[track.0].subscriptions.clone() {
            let member = self.subscriptions[subscription.0].member;
            self.allocate(now, member);
            self.reschedule_path(now, member);
        }
    }

    /// Somebody says what they send. Tracks that stay as they were are not touched.
    pub fn on_published(&mut self, participant: ParticipantId, offers: &[TrackOffer]) {
        let Some(index) = self.by_participant.get(&participant).copied() else { return };
        let before = self.members[index.0].tracks.clone();
        for track in &before {
            if !offers.iter().any(|offer| self.tracks[track.0].is(offer)) {
                self.unpublish(*track);
            }
        }
        for offer in offers {
            let member = &self.members[index.0];
            if !member.tracks.iter().any(|track| self.tracks[track.0].is(offer)) {
                self.publish(index, offer);
            }
        }
    }

    /// Somebody chooses what to see.
    ///
    /// # Errors
    /// [`Refusal::NoSuchTrack`] when `source` does not publish that kind, or it is the subscriber's own;
    /// [`Refusal::TooManyRequests`] beyond [`WATCHES_PER_SUBSCRIPTION`](crate::limits::WATCHES_PER_SUBSCRIPTION).
    pub fn watch(
        &mut self,
        now: Timestamp,
        subscriber: ParticipantId,
        source: ParticipantId,
        kind: MediaKind,
        layer: Option<u8>,
    ) -> Result<(), Refusal> {
        let subscription = self.subscription_to(subscriber, source, kind).ok_or(Refusal::NoSuchTrack)?;
        let held = &mut self.subscriptions[subscription.0];
        held.watch(now, layer)?;
        let (track, member, ssrc) = (held.track, held.member, held.ssrc);
        if kind.is_video() {
            self.members[member.0].set_watched(ssrc, subscription, layer.is_some());
        }
        self.allocate(now, member);
        self.reschedule_path(now, member);
        self.update_demand(now, track);
        let subscription = &mut self.subscriptions[subscription.0];
        let Some(target) = subscription.target(&self.tracks[track.0]) else { return Ok(()) };
        if subscription.awaits(&self.tracks[track.0], target) && subscription.may_ask(now) {
            self.tracks[track.0].encodings[usize::from(target)].key_frames.want();
            self.request_key_frame(now, track, target);
            self.reschedule(track, target);
        }
        Ok(())
    }

    fn subscription_to(
        &self,
        subscriber: ParticipantId,
        source: ParticipantId,
        kind: MediaKind,
    ) -> Option<SubscriptionIndex> {
        let source = &self.members[self.by_participant.get(&source)?.0];
        let track = source.tracks.iter().find(|track| self.tracks[track.0].kind == kind)?;
        let subscriptions = &self.tracks[track.0].subscriptions;
        subscriptions.iter().copied().find(|held| self.subscriptions[held.0].subscriber == subscriber)
    }

    fn publish(&mut self, index: MemberIndex, offer: &TrackOffer) {
        let member = &mut self.members[index.0];
        let permitted = member.permissions.allows(offer.kind);
        let track = Track::new(member.conference, member.participant, member.peer, permitted, offer);
        let track = TrackIndex(self.tracks.insert(track));
        member.tracks.push(track);
        for (encoding, ssrcs) in offer.encodings.iter().enumerate() {
            for (ssrc, retransmissions) in [(ssrcs.ssrc, false), (ssrcs.rtx_ssrc, true)] {
                let encoding = encoding as u8;
                member.published.push(PublishedSsrc { ssrc, track, encoding, retransmissions });
            }
        }
        let Some(room) = self.rooms.get_mut(&member.conference) else { return };
        room.microphones += usize::from(permitted && !offer.kind.is_video());
        for other in room.members.clone() {
            if other != index {
                self.subscribe(other, track);
            }
        }
    }

    fn unpublish(&mut self, index: TrackIndex) {
        for subscription in self.tracks[index.0].subscriptions.clone() {
            let peer = self.subscriptions[subscription.0].peer;
            self.close_subscription(subscription);
            let track = &self.tracks[index.0];
            let (participant, kind) = (track.owner, track.kind);
            self.out.push_back(ForwardingOutput::TrackRemoved { peer, participant, kind });
        }
        let track = self.tracks.remove(index.0);
        for (encoding, scheduled) in track.encodings.iter().map(|encoding| encoding.scheduled).enumerate() {
            if let Some(at) = scheduled {
                self.timers.remove(&(at, index, encoding as u8));
            }
        }
        if let Some(room) = self.rooms.get_mut(&track.conference) {
            room.speakers.on_silenced(index);
            room.microphones -= usize::from(track.is_permitted && !track.kind.is_video());
        }
        if let Some(owner) = self.by_peer.get(&track.peer) {
            let member = &mut self.members[owner.0];
            member.tracks.retain(|other| *other != index);
            member.published.retain(|published| published.track != index);
        }
        self.out.push_back(ForwardingOutput::TrackClosed(Box::new(track.report())));
    }

    fn subscribe(&mut self, member: MemberIndex, track: TrackIndex) {
        let ids = SubscriptionIds {
            ssrc: self.fresh_ssrc(member),
            rtx_ssrc: self.fresh_ssrc(member),
            first_sequence: self.random_u32() as u16,
        };
        let (participant, peer) = (self.members[member.0].participant, self.members[member.0].peer);
        let subscription = Subscription::new((member, participant, peer), track, &self.tracks[track.0], ids);
        let info = subscription.info(&self.tracks[track.0]);
        let index = SubscriptionIndex(self.subscriptions.insert(subscription));
        self.members[member.0].add_subscription(ids.ssrc, index);
        self.tracks[track.0].subscriptions.push(index);
        self.out.push_back(ForwardingOutput::TrackAdded { peer, track: info });
    }

    /// Takes a subscription out of the books, except the track's list, and gives its last account.
    fn close_subscription(&mut self, index: SubscriptionIndex) -> TrackIndex {
        let member = self.subscriptions[index.0].member;
        self.members[member.0].downlink.forget(index);
        self.subscriptions[index.0].on_forgotten();
        let subscription = self.subscriptions.remove(index.0);
        let report = subscription.report(&self.tracks[subscription.track.0]);
        self.out.push_back(ForwardingOutput::SubscriptionClosed(Box::new(report)));
        self.members[subscription.member.0].remove_subscription(index);
        subscription.track
    }

    /// Tells the publisher when other encodings are watched than before.
    pub(super) fn update_demand(&mut self, now: Timestamp, index: TrackIndex) {
        let track = &self.tracks[index.0];
        if !track.kind.is_video() {
            return;
        }
        let subscriptions = track.subscriptions.iter().map(|held| &self.subscriptions[held.0]);
        let demand = subscriptions.fold(0, |bits, held| bits | held.demand(track));
        let (before, peer, kind) = (track.demand, track.peer, track.kind);
        if demand == before {
            return;
        }
        let track = &mut self.tracks[index.0];
        track.demand = demand;
        for (encoding, state) in track.encodings.iter_mut().enumerate() {
            if demand & !before & 1 << encoding != 0 {
                // An encoding that wakes up starts with a key frame by itself.
                state.key_frames.on_woken(now);
                state.wanted_since = Some(now);
                // What it sent before it rested says nothing, however short the rest was.
                state.rates.restart();
            } else if before & !demand & 1 << encoding != 0 {
                state.rest();
                state.wanted_since = None;
            }
        }
        self.out.push_back(ForwardingOutput::Demand { peer, kind, encodings: demand });
        self.reschedule_all(index);
    }

    /// An SSRC that this subscriber does not know yet, and that is not the server's own.
    fn fresh_ssrc(&mut self, member: MemberIndex) -> Ssrc {
        loop {
            let ssrc = Ssrc(self.random_u32());
            let known = |held: &(Ssrc, SubscriptionIndex)| {
                held.0 == ssrc || self.subscriptions[held.1.0].rtx_ssrc == ssrc
            };
            if ssrc > super::SERVER_SSRC && !self.members[member.0].subscriptions.iter().any(known) {
                return ssrc;
            }
        }
    }
}
