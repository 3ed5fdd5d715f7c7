//! Owns what of each picture reaches a participant: their wishes as demands, their path's budget, and the rungs that
//! [`allocate`] gives them.

use super::{
    Forwarder, MemberIndex, SubscriptionIndex, TrackIndex,
    climber::{Rung, TEMPORAL_ALL},
    rates::TEMPORAL_LAYERS,
    track::Track,
};
use crate::{
    congestion::allocation::{Demand, Importance, allocate},
    media::MediaKind,
    time::Timestamp,
};

/// Pictures of cameras cost about what their encoders aim at; slides much less, except when they change.
const CAMERA_FLOOR_PERCENT: u64 = 80;
const SCREEN_FLOOR_PERCENT: u64 = 25;

/// A picture that somebody watches and its publisher may send.
struct Watched {
    subscription: SubscriptionIndex,
    track: TrackIndex,
    rungs: Vec<Rung>,
}

impl Forwarder {
    /// Gives out what the path of a member carries.
    pub(super) fn allocate(&mut self, now: Timestamp, index: MemberIndex) {
        let (mut watched, mut demands) = (Vec::new(), Vec::new());
        let mut microphones = 0;
        let mut wants_any = false;
        for at in 0..self.members[index.0].subscriptions.len() {
            let subscription = self.members[index.0].subscriptions[at].1;
            let held = &self.subscriptions[subscription.0];
            let track = held.track;
            if !self.tracks[track.0].kind.is_video() {
                microphones += u64::from(self.may_be_sent(track));
                continue;
            }
            let Some(wanted) = held.wanted(&self.tracks[track.0]) else { continue };
            wants_any = true;
            if !self.may_be_sent(track) {
                // What is not sent costs nothing. Once it may be sent, everything is given out anew.
                let all = Rung { encoding: wanted, temporal: TEMPORAL_ALL };
                self.grant(now, (subscription, track), Some(all));
                continue;
            }
            let (rungs, costs) = ladder(now, &mut self.tracks[track.0], wanted);
            let held = &self.subscriptions[subscription.0];
            let current = held
                .grant
                .rung()
                .map(|current| rungs.iter().rposition(|rung| *rung <= current).unwrap_or_default());
            demands.push(Demand {
                importance: self.importance(index, track, wanted),
                rungs: costs,
                current,
                may_climb: held.grant.may_climb(now),
            });
            watched.push(Watched { subscription, track, rungs });
        }
        let microphones = microphones.min(self.speakers as u64);
        let downlink = &mut self.members[index.0].downlink;
        downlink.on_allocated(now, wants_any);
        let most: u64 = demands.iter().filter_map(|demand| demand.rungs.last()).sum();
        downlink.set_demand(now, microphones, most);
        let is_dark = demands.iter().all(|demand| demand.current.is_none());
        let given = allocate(&demands, downlink.picture_budget(now, microphones, is_dark));
        for (watched, rung) in watched.into_iter().zip(given) {
            let rung = rung.and_then(|rung| watched.rungs.get(rung).copied());
            self.grant(now, (watched.subscription, watched.track), rung);
        }
    }

    /// Allocates for everybody whose time has come.
    pub(super) fn allocate_if_due(&mut self, now: Timestamp, index: MemberIndex) {
        if self.members[index.0].downlink.tick.is_some_and(|at| at <= now) {
            self.allocate(now, index);
        }
    }

    fn grant(&mut self, now: Timestamp, picture: (SubscriptionIndex, TrackIndex), rung: Option<Rung>) {
        let (subscription, track) = picture;
        let available = match rung {
            Some(rung) if self.may_be_sent(track) => available(now, &self.tracks[track.0], rung.encoding),
            Some(rung) => rung.encoding,
            None => 0,
        };
        let held = &mut self.subscriptions[subscription.0];
        let before = held.demand(&self.tracks[track.0]);
        held.set_grant(now, rung, available);
        if held.demand(&self.tracks[track.0]) != before {
            self.update_demand(now, track);
        }
    }

    fn may_be_sent(&self, track: TrackIndex) -> bool {
        let track = &self.tracks[track.0];
        let owner = self.by_peer.get(&track.peer);
        owner.is_some_and(|owner| self.members[owner.0].permissions.allows(track.kind))
    }

    fn importance(&self, viewer: MemberIndex, track: TrackIndex, wanted: u8) -> Importance {
        let track = &self.tracks[track.0];
        let speaker = || {
            let room = self.rooms.get(&self.members[viewer.0].conference)?;
            Some(self.tracks.get(room.speakers.dominant()?.0)?.owner)
        };
        match track.kind {
            MediaKind::Screen => Importance::Screen,
            MediaKind::Camera | MediaKind::Audio if speaker() == Some(track.owner) => Importance::Speaker,
            MediaKind::Camera | MediaKind::Audio if wanted > 0 => Importance::Large,
            MediaKind::Camera | MediaKind::Audio => Importance::Small,
        }
    }
}

/// The ways in which a picture can be sent, with what each costs: of each encoding, from the smallest on, fewer frames and then
/// all of them. Of an encoding that is not sent, the base layer is taken to have the share that it has in the smallest one.
fn ladder(now: Timestamp, track: &mut Track, wanted: u8) -> (Vec<Rung>, Vec<u64>) {
    let floor_percent =
        if track.kind == MediaKind::Screen { SCREEN_FLOOR_PERCENT } else { CAMERA_FLOOR_PERCENT };
    let (mut rungs, mut costs): (Vec<Rung>, Vec<u64>) = (Vec::new(), Vec::new());
    let mut add = |rung, cost: u64| {
        // A rung that costs no more than the one below it takes its place.
        while costs.last().is_some_and(|below| *below >= cost) {
            costs.pop();
            rungs.pop();
        }
        rungs.push(rung);
        costs.push(cost);
    };
    let mut base_percent = None;
    for encoding in 0..=wanted {
        let state = &mut track.encodings[usize::from(encoding)];
        let cost = state.cost(now, TEMPORAL_LAYERS - 1, floor_percent);
        let (top, all) = (state.rates.top_layer(), state.rates.bps(now, TEMPORAL_LAYERS - 1));
        let measured = all.filter(|all| *all > 0 && top > 0 && state.wanted_since.is_some());
        for temporal in 0..if measured.is_some() { top } else { 0 } {
            let layers = state.rates.bps(now, temporal).unwrap_or_default();
            add(Rung { encoding, temporal: temporal as u8 }, layers);
        }
        if let (Some(all), Some(base)) = (measured, state.rates.bps(now, 0)) {
            base_percent.get_or_insert(base * 100 / all);
        } else if let Some(percent) = base_percent {
            add(Rung { encoding, temporal: 0 }, cost * percent / 100);
        }
        add(Rung { encoding, temporal: TEMPORAL_ALL }, cost);
    }
    (rungs, costs)
}

/// The highest encoding up to `granted` that its publisher sends; the smallest while none of them comes.
fn available(now: Timestamp, track: &Track, granted: u8) -> u8 {
    let sent = |encoding: &u8| !track.encodings[usize::from(*encoding)].is_silent(now);
    (0..=granted).rev().find(sent).unwrap_or(0)
}
