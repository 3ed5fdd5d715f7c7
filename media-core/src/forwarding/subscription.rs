//! Owns one subscriber's view of one track: which simulcast and temporal layers go through, under which numbers, and the
//! account. Simulcast layers are switched at the first packet of a key frame only, temporal layers where the dependency
//! descriptor allows it (FWD-002).

use super::{
    MemberIndex, TrackIndex,
    climber::{Climber, TEMPORAL_ALL},
    grants::Grant,
    report::SubscriptionReport,
    retransmissions::Retransmissions,
    rewrite::{Rewriter, Rewritten},
    track::Track,
};
use crate::{
    DropCounters, DropReason,
    allowance::Allowance,
    ids::{ParticipantId, PeerId, Ssrc},
    limits::{KEY_FRAMES_PER_SUBSCRIPTION, WATCHES_PER_SUBSCRIPTION},
    rtp::{FrameMeta, meta::PacketMeta},
    signalling::{Refusal, TrackInfo},
    time::Timestamp,
};

/// One subscriber's view of one track. What each packet needs stands first and together: the state of a conference has left the
/// caches when its next packet comes.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Subscription {
    rewriter: Rewriter,
    pub(super) member: MemberIndex,
    pub(super) ssrc: Ssrc,
    stretch: u32,
    forwarded: u64,
    /// Packets and repairs of it that wait for their time to leave.
    waiting: u32,
    waiting_again: u32,
    /// Highest layer the subscriber asked for; nothing while it does not watch.
    wanted: Option<u8>,
    /// The layer that goes through.
    current: Option<u8>,
    /// The highest temporal layer that goes through.
    temporal: u8,
    /// The highest encoding up to the granted one that its publisher sends.
    available: u8,
    /// Whether the key frame that it waits for was charged to it.
    asked: bool,
    pub(super) retransmissions: Retransmissions,
    /// What the subscriber's path carries of it.
    pub(super) grant: Climber,
    dropped: DropCounters,
    pub(super) subscriber: ParticipantId,
    pub(super) peer: PeerId,
    pub(super) track: TrackIndex,
    pub(super) rtx_ssrc: Ssrc,
    pub(super) rtx_sequence: u16,
    /// Changes of what it wants.
    watches: Allowance,
    /// Key frames that it asked for.
    key_frames: Allowance,
    offered_before: u64,
    retransmitted: u64,
    pub(super) refused: DropCounters,
}

/// Identity of a new subscription.
#[derive(Clone, Copy, Debug)]
pub(super) struct SubscriptionIds {
    pub(super) ssrc: Ssrc,
    pub(super) rtx_ssrc: Ssrc,
    pub(super) first_sequence: u16,
}

/// An admitted packet that a subscription decides on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offered<'a> {
    pub(super) encoding: u8,
    /// Extended sequence number.
    pub(super) sequence: u64,
    /// It is newer than all that were offered or kept back before.
    pub(super) ahead: bool,
    /// So much waits for this subscriber that it would come too late.
    pub(super) crowded: bool,
    pub(super) meta: &'a PacketMeta,
}

/// A packet that a subscription lets through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    pub(super) numbers: Rewritten,
    /// It is the first of a layer.
    pub(super) started: bool,
    /// It begins another layer than the one before.
    pub(super) switched: bool,
}

impl Subscription {
    pub(super) fn new(
        member: (MemberIndex, ParticipantId, PeerId),
        track_index: TrackIndex,
        track: &Track,
        ids: SubscriptionIds,
    ) -> Self {
        let (member, subscriber, peer) = member;
        Self {
            member,
            subscriber,
            peer,
            track: track_index,
            ssrc: ids.ssrc,
            rtx_ssrc: ids.rtx_ssrc,
            rtx_sequence: ids.first_sequence,
            // Audio needs no asking; of pictures everybody chooses what they can bear.
            wanted: (!track.kind.is_video()).then_some(0),
            grant: Climber::default(),
            available: 0,
            current: None,
            temporal: TEMPORAL_ALL,
            watches: Allowance::default(),
            key_frames: Allowance::default(),
            asked: false,
            stretch: track.stretch,
            rewriter: Rewriter::new(ids.first_sequence),
            retransmissions: Retransmissions::default(),
            offered_before: track.admitted,
            forwarded: 0,
            retransmitted: 0,
            waiting: 0,
            waiting_again: 0,
            dropped: DropCounters::default(),
            refused: DropCounters::default(),
        }
    }

    pub(super) fn info(&self, track: &Track) -> TrackInfo {
        TrackInfo {
            participant: track.owner,
            kind: track.kind,
            codec: track.codec,
            layers: track.encodings.len() as u8,
            ssrc: self.ssrc,
            rtx_ssrc: self.rtx_ssrc,
        }
    }

    /// What the subscriber asks for, unless it changes its mind too often.
    pub(super) fn watch(&mut self, now: Timestamp, layer: Option<u8>) -> Result<(), Refusal> {
        if layer == self.wanted {
            return Ok(());
        }
        if !self.watches.take(now, WATCHES_PER_SUBSCRIPTION) {
            return Err(Refusal::TooManyRequests);
        }
        self.wanted = layer;
        self.asked = false;
        self.grant.on_wish();
        if layer.is_none() {
            self.grant.clear();
            self.interrupt();
        }
        Ok(())
    }

    /// The highest layer that the subscriber asked for, as far as the track has it.
    pub(super) fn wanted(&self, track: &Track) -> Option<u8> {
        Some(self.wanted?.min(track.encodings.len() as u8 - 1))
    }

    /// What the subscriber's path carries from here on, and which encoding up to that its publisher sends.
    pub(super) fn set_grant(&mut self, now: Timestamp, grant: Grant, available: u8) {
        let Grant { rung, shortage } = grant;
        let before = (self.grant.rung(), self.available);
        self.grant.set(now, rung, shortage);
        self.available = available;
        if (rung, available) != before {
            // Nobody is charged for what the server chose.
            self.asked = true;
        }
        if rung.is_none() {
            self.interrupt();
        }
    }

    /// Whether it may ask for the key frame that it waits for. Charged once for each wait.
    pub(super) fn may_ask(&mut self, now: Timestamp) -> bool {
        self.asked = self.asked || self.ask_again(now);
        self.asked
    }

    /// Whether it may ask for one more key frame.
    pub(super) fn ask_again(&mut self, now: Timestamp) -> bool {
        self.key_frames.take(now, KEY_FRAMES_PER_SUBSCRIPTION)
    }

    /// What goes through next begins a new stretch.
    fn interrupt(&mut self) {
        self.current = None;
        self.rewriter.close();
    }

    /// The layer that the subscriber should see: what it asked for, as far as its path and the publisher's carry it.
    pub(super) fn target(&self, track: &Track) -> Option<u8> {
        let wanted = self.wanted(track)?;
        if !track.kind.is_video() {
            return Some(wanted);
        }
        Some(wanted.min(self.grant.rung()?.encoding).min(self.available))
    }

    /// The highest temporal layer that may go through. Behind a fall the base of the higher encoding must do until the lower
    /// one begins.
    fn temporal_target(&self, encoding: u8, target: u8) -> u8 {
        match self.grant.rung() {
            Some(rung) if encoding == target && encoding == rung.encoding => rung.temporal,
            Some(_) if encoding > target => 0,
            Some(_) | None => TEMPORAL_ALL,
        }
    }

    /// The layer whose key frame the subscriber needs when it cannot decode.
    pub(super) fn needed(&self, track: &Track) -> Option<u8> {
        self.current.or(self.target(track))
    }

    /// The layers that must come from the publisher, as bits: while a switch waits for its key frame, the old one too.
    pub(super) fn demand(&self, track: &Track) -> u8 {
        let granted = self.grant.rung().and_then(|rung| Some(rung.encoding.min(self.wanted(track)?)));
        let layers = [self.target(track), granted, self.current];
        layers.into_iter().flatten().fold(0, |bits, layer| bits | 1 << layer)
    }

    /// Whether the subscriber waits for a key frame of `encoding`.
    pub(super) fn awaits(&self, track: &Track, encoding: u8) -> bool {
        track.kind.is_video() && self.target(track) == Some(encoding) && self.current != Some(encoding)
    }

    /// Decides on an admitted packet. Every call ends in the account.
    pub(super) fn offer(
        &mut self,
        now: Timestamp,
        track: &Track,
        packet: Offered<'_>,
    ) -> Result<Passed, DropReason> {
        let decision = self.decide(now, track, packet);
        match decision {
            Ok(_) => {
                self.waiting += 1;
                self.retransmissions.on_forwarded();
            }
            Err(reason) => self.dropped.count(reason),
        }
        decision
    }

    /// An admitted packet that its subscriber cannot be sent at the moment.
    pub(super) fn miss(&mut self) {
        self.interrupt();
        self.dropped.count(DropReason::NotConnected);
    }

    fn decide(&mut self, now: Timestamp, track: &Track, packet: Offered<'_>) -> Result<Passed, DropReason> {
        let Offered { encoding, sequence, ahead, crowded, meta } = packet;
        if self.wanted.is_none() {
            return Err(DropReason::NotWatched);
        }
        let target = self.target(track).ok_or(DropReason::Congested)?;
        if self.stretch != track.stretch {
            self.stretch = track.stretch;
            self.interrupt();
        }
        if crowded && track.kind.is_video() && meta.frame.is_some_and(|frame| frame.start) {
            self.interrupt();
            return Err(DropReason::Congested);
        }
        if self.current != Some(encoding) && encoding == target {
            let decodable =
                !track.kind.is_video() || meta.frame.is_some_and(|frame| frame.key && frame.start);
            if ahead && decodable {
                return Ok(self.switch(now, track, packet));
            }
        }
        if self.current == Some(encoding)
            && let Some(frame) = meta.frame
            && self.leaves_out(frame, ahead, self.temporal_target(encoding, target))
            && self.rewriter.skip(encoding, sequence)
        {
            return Err(DropReason::LayerNotSelected);
        }
        // The present layer, or a late packet of an earlier one whose place is reserved.
        match self.rewriter.place(now, encoding, sequence, meta.timestamp) {
            Some(numbers) => Ok(Passed { numbers, started: false, switched: false }),
            None if self.current == Some(encoding) || !track.kind.is_video() => Err(DropReason::TooOld),
            None if encoding == target => Err(DropReason::AwaitingKeyFrame),
            None => Err(DropReason::LayerNotSelected),
        }
    }

    /// Whether a packet belongs to a temporal layer that does not go through. More layers go through from a frame on that goes
    /// through itself and that the descriptor marks as a switching point; fewer from the next frame on.
    fn leaves_out(&mut self, frame: FrameMeta, ahead: bool, wanted: u8) -> bool {
        let switches_up = frame.temporal <= self.temporal && (frame.switch_up || frame.key);
        if ahead && frame.start && (wanted < self.temporal || switches_up) {
            self.temporal = wanted;
        }
        frame.temporal > self.temporal
    }

    fn switch(&mut self, now: Timestamp, track: &Track, packet: Offered<'_>) -> Passed {
        let Offered { encoding, sequence, meta, .. } = packet;
        let wanted = self.timestamp_after_switch(now, track, encoding, meta.timestamp);
        self.rewriter.start(encoding, sequence, meta.timestamp, wanted);
        let switched = self.current.is_some_and(|before| before != encoding);
        self.current = Some(encoding);
        self.temporal = self.temporal_target(encoding, encoding);
        self.asked = false;
        let numbers = self.rewriter.place(now, encoding, sequence, meta.timestamp);
        Passed { numbers: numbers.expect("a stretch places its own first packet"), started: true, switched }
    }

    /// The instant that the packet shows, on the time line that the subscriber knows. Sender reports say how the
    /// encodings' clocks relate; before they have come, the time that went by must do.
    fn timestamp_after_switch(&self, now: Timestamp, track: &Track, encoding: u8, timestamp: u32) -> u32 {
        let Some((before, offset)) = self.rewriter.timestamp_offset() else { return timestamp };
        if before == encoding {
            return timestamp.wrapping_add(offset);
        }
        let rate = u64::from(track.kind.clock_rate());
        let clock = |encoding: u8| track.encodings.get(usize::from(encoding)).and_then(|e| e.clock);
        if let (Some((old_ntp, old_rtp)), Some((new_ntp, new_rtp))) = (clock(before), clock(encoding)) {
            // Between the two reports, in whole ticks; the product of 32.32 fixed point and the rate needs 128 bits.
            let ticks = ((i128::from(new_ntp) - i128::from(old_ntp)) * i128::from(rate) + (1 << 31)) >> 32;
            let on_old = old_rtp.wrapping_add(ticks as u32).wrapping_add(timestamp.wrapping_sub(new_rtp));
            return on_old.wrapping_add(offset);
        }
        let (last, at) = self.rewriter.last_sent().unwrap_or((timestamp, now));
        let ticks = now.saturating_since(at).as_nanos() as u64 * rate / 1_000_000_000;
        last.wrapping_add(ticks as u32)
    }

    /// Whether a packet of the present stretch has a place in it.
    pub(super) fn was_sent(&self, sequence: u64) -> bool {
        self.rewriter.has_place(sequence)
    }

    /// The source packet behind an outgoing number.
    pub(super) fn find(&self, sequence: u16) -> Option<(u8, u64)> {
        self.rewriter.find(sequence)
    }

    /// Numbers under which a packet was sent before, for sending it again.
    pub(super) fn place_again(
        &mut self,
        now: Timestamp,
        encoding: u8,
        sequence: u64,
        timestamp: u32,
    ) -> Option<Rewritten> {
        self.waiting_again += 1;
        self.rtx_sequence = self.rtx_sequence.wrapping_add(1);
        self.rewriter.place(now, encoding, sequence, timestamp)
    }

    /// A packet leaves, for the first time or `again`.
    pub(super) fn on_sent(&mut self, again: bool) {
        if again {
            self.waiting_again -= 1;
            self.retransmitted += 1;
        } else {
            self.waiting -= 1;
            self.forwarded += 1;
        }
    }

    /// What waits will not leave any more.
    pub(super) fn on_forgotten(&mut self) {
        for _ in 0..std::mem::take(&mut self.waiting) {
            self.dropped.count(DropReason::NotWatched);
        }
        self.waiting_again = 0;
    }

    pub(super) fn report(&self, track: &Track) -> SubscriptionReport {
        SubscriptionReport {
            conference: track.conference,
            source: track.owner,
            subscriber: self.subscriber,
            kind: track.kind,
            offered: track.admitted - self.offered_before,
            forwarded: self.forwarded,
            waiting: u64::from(self.waiting),
            retransmitted: self.retransmitted,
            dropped: self.dropped.clone(),
            refused: self.refused.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::Subscription;

    #[test]
    fn what_each_packet_needs_lies_in_three_cache_lines() {
        let ends = [offset_of!(Subscription, retransmissions), offset_of!(Subscription, grant)];
        assert!(ends.iter().all(|end| *end < 3 * 64), "{ends:?}");
    }
}
