//! Owns what of each picture reaches a participant: their wishes as demands, their path's budget, and the rungs that
//! [`allocate`] gives them.

use super::{
    Forwarder, MemberIndex, SubscriptionIndex, TrackIndex,
    climber::{Rung, Shortage, TEMPORAL_ALL},
    downlink::Pictures,
    rates::TEMPORAL_LAYERS,
    track::Track,
};
use crate::{
    congestion::allocation::{Allocation, Demand, Importance, RUNGS_MAX, Rungs, allocate_into},
    media::MediaKind,
    time::Timestamp,
};

/// Pictures of cameras cost about what their encoders aim at; slides much less, except when they change.
const CAMERA_FLOOR_PERCENT: u64 = 80;
const SCREEN_FLOOR_PERCENT: u64 = 25;

/// What a picture gets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grant {
    pub(super) rung: Option<Rung>,
    /// Why, if that is less than before.
    pub(super) shortage: Shortage,
}

/// A picture that somebody watches and its publisher may send.
#[derive(Debug)]
struct Watched {
    subscription: SubscriptionIndex,
    track: TrackIndex,
    rungs: [Rung; RUNGS_MAX],
}

/// Memory for one division, used again for the next.
#[derive(Debug, Default)]
pub(super) struct Division {
    watched: Vec<Watched>,
    demands: Vec<Demand>,
    given: Allocation,
}

impl Forwarder {
    /// Gives out what the path of a member carries.
    pub(super) fn allocate(&mut self, now: Timestamp, index: MemberIndex) {
        let mut division = std::mem::take(&mut self.division);
        let Division { watched, demands, given } = &mut division;
        watched.clear();
        demands.clear();
        let (mut wants_any, mut is_settling) = (false, false);
        for at in 0..self.members[index.0].watched.len() {
            let subscription = self.members[index.0].watched[at].1;
            let held = &self.subscriptions[subscription.0];
            let track = held.track;
            let Some(wanted) = held.wanted(&self.tracks[track.0]) else { continue };
            wants_any = true;
            if !self.tracks[track.0].is_permitted {
                // What is not sent costs nothing. Once it may be sent, everything is given out anew.
                let all = Rung { encoding: wanted, temporal: TEMPORAL_ALL };
                self.grant(
                    now,
                    (subscription, track),
                    Grant { rung: Some(all), shortage: Shortage::Elsewhere },
                );
                continue;
            }
            let (rungs, costs) = ladder(now, &mut self.tracks[track.0], wanted);
            let held = &self.subscriptions[subscription.0];
            let current = held.grant.rung().map(|current| {
                rungs[..costs.len()].iter().rposition(|rung| *rung <= current).unwrap_or_default()
            });
            is_settling |= held.grant.is_settling(now);
            demands.push(Demand {
                importance: self.importance(index, track, wanted),
                rungs: costs,
                current,
                may_climb: held.grant.may_climb(now),
            });
            watched.push(Watched { subscription, track, rungs });
        }
        let hears = self.may_hear_somebody(index);
        let downlink = &mut self.members[index.0].downlink;
        downlink.on_allocated(now, wants_any);
        let most: u64 = demands.iter().filter_map(|demand| demand.rungs.last()).sum();
        let held = demands.iter().filter_map(|demand| demand.rungs.get(demand.current?)).sum::<u64>();
        let budget = downlink.picture_budget(now, hears, held);
        let shortage = if budget.believed_bps >= held { Shortage::Elsewhere } else { Shortage::Path };
        allocate_into(demands, budget, given);
        let costs = demands.iter().zip(&given.rungs).filter_map(|(demand, rung)| demand.rungs.get((*rung)?));
        // One step after the other.
        is_settling |= demands.iter().zip(&given.rungs).any(|(demand, rung)| *rung > demand.current);
        let next = given.next_bps.filter(|_| !is_settling);
        downlink.set_demand(now, hears, Pictures { most, held: costs.sum(), next });
        for (watched, rung) in watched.iter().zip(&given.rungs) {
            let rung = rung.and_then(|rung| watched.rungs.get(rung).copied());
            self.grant(now, (watched.subscription, watched.track), Grant { rung, shortage });
        }
        self.division = division;
    }

    /// Allocates for everybody whose time has come.
    pub(super) fn allocate_if_due(&mut self, now: Timestamp, index: MemberIndex) {
        if self.members[index.0].downlink.tick.is_some_and(|at| at <= now) {
            self.allocate(now, index);
        }
    }

    fn grant(&mut self, now: Timestamp, picture: (SubscriptionIndex, TrackIndex), grant: Grant) {
        let (subscription, track) = picture;
        let available = match grant.rung {
            Some(rung) if self.tracks[track.0].is_permitted => {
                available(now, &self.tracks[track.0], rung.encoding)
            }
            Some(rung) => rung.encoding,
            None => 0,
        };
        let held = &mut self.subscriptions[subscription.0];
        let before = held.demand(&self.tracks[track.0]);
        held.set_grant(now, grant, available);
        if held.demand(&self.tracks[track.0]) != before {
            self.update_demand(now, track);
        }
    }

    /// Whether anybody but a member may be heard.
    fn may_hear_somebody(&self, index: MemberIndex) -> bool {
        let member = &self.members[index.0];
        let own = member.tracks.iter().map(|track| &self.tracks[track.0]);
        let own = own.filter(|track| track.is_permitted && !track.kind.is_video()).count();
        self.rooms.get(&member.conference).is_some_and(|room| room.microphones > own)
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
/// all of them. Layers of an encoding that was not sent yet are taken to have the shares that they have in another.
fn ladder(now: Timestamp, track: &mut Track, wanted: u8) -> ([Rung; RUNGS_MAX], Rungs) {
    let floor_percent =
        if track.kind == MediaKind::Screen { SCREEN_FLOOR_PERCENT } else { CAMERA_FLOOR_PERCENT };
    let known = track.encodings.iter_mut().find_map(|state| state.rates.shares(now)).unwrap_or_default();
    let mut rungs = [Rung { encoding: 0, temporal: 0 }; RUNGS_MAX];
    let mut costs = Rungs::default();
    for encoding in 0..=wanted {
        let state = &mut track.encodings[usize::from(encoding)];
        let cost = state.cost(now, TEMPORAL_LAYERS - 1, floor_percent);
        let shares = state.rates.shares(now).unwrap_or(known);
        let layers = (0..).zip(shares.iter().map(|percent| cost * percent / 100));
        for (temporal, cost) in layers.chain([(TEMPORAL_ALL, cost)]) {
            rungs[costs.len()] = Rung { encoding, temporal };
            // Measured at different times, a rung may seem to cost less than the one below it.
            costs.push(costs.last().map_or(cost, |below| cost.max(*below)));
        }
    }
    (rungs, costs)
}

/// The highest encoding up to `granted` that its publisher sends; the smallest while none of them comes.
fn available(now: Timestamp, track: &Track, granted: u8) -> u8 {
    let sent = |encoding: &u8| !track.encodings[usize::from(*encoding)].is_silent(now);
    (0..=granted).rev().find(sent).unwrap_or(0)
}
