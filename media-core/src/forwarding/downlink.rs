//! Owns what the server knows of the path to one participant and back: the estimate of what the downlink carries, what waits to
//! leave at that pace, and what came up and when. Nobody's path is in anybody else's.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use super::{ForwardedRtp, ForwardingOutput, SERVER_SSRC, SubscriptionIndex, rates::LayerRates};
use crate::{
    congestion::{
        ArrivalLog, BURST_SHORT, BitrateBounds, CongestionController, Pacer, WIRE_OVERHEAD_BYTES,
        allocation::{Budget, CLIMB_MARGIN_PERCENT},
    },
    ids::{PeerId, Ssrc},
    limits::{AUDIO_RESERVE_BPS, PACED_BACKLOG_MAX, REDUNDANCY_LOSS},
    rtp::{PROBE_PAYLOAD_TYPE, PROBE_SSRC, RtpHeader, ext::TRANSPORT_SEQUENCE, rtcp::TransportFeedback},
    time::Timestamp,
};

/// Pause between two looks at who gets what, when no feedback comes that would bring one about.
const TICK: Duration = Duration::from_millis(500);
/// Part of the estimate that is given out, in percent. The rest is for what nobody plans: repairs and reports.
const USABLE_PERCENT: u64 = 95;
/// For how long an estimate may be a little too low for what is sent before something is taken away, if the queue is short.
const PATIENCE: Duration = Duration::from_millis(500);
const SLIGHT_PERCENT: u64 = 70;
const QUEUE_SHORT: Duration = Duration::from_millis(60);
/// The pace of pictures in percent of the estimate.
const PACE_PERCENT: u64 = 150;

/// What of a picture may leave at once, as time at the pace, on a path that is ample: about a frame, as senders send it, so that it is
/// there sooner, and the kernel takes its packets together. libwebrtc lets 40 ms out (`PacingController::kDefaultBurstInterval`).
const BURST_FREE: Duration = Duration::from_millis(30);

/// A packet on its way out.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) subscription: SubscriptionIndex,
    pub(super) packet: ForwardedRtp,
}

/// What pictures cost, in bits per second on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pictures {
    /// All that is wanted.
    pub(super) most: u64,
    /// What is sent.
    pub(super) held: u64,
    /// With the next step, if one may be made.
    pub(super) next: Option<u64>,
}

/// The path to one participant. What each copy of a packet needs stands together: before the controller, which begins with it.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Downlink {
    /// When layers are to be given out again.
    pub(super) tick: Option<Timestamp>,
    /// When the forwarder's timer for this path fires.
    pub(super) scheduled: Option<Timestamp>,
    /// Before this nothing is due but what waits for its pace, unless `is_due_sooner`.
    others_due: Option<Timestamp>,
    /// What was asked for again goes before everything that waits.
    repairs: VecDeque<Waiting>,
    /// Counts the RTP packets sent to this peer.
    transport_sequence: u16,
    probe_sequence: u16,
    /// The path loses so much that frames of sound are sent with later ones once more.
    loses: bool,
    /// Something was sent, so that the controller's timer may be due sooner than it was.
    is_due_sooner: bool,
    pacer: Pacer<Waiting>,
    /// What sound has cost lately.
    audio: LayerRates,
    controller: CongestionController,
    /// Since when the estimate has been a little too low for what is sent.
    short_since: Option<Timestamp>,
    /// What the participant itself sends.
    arrivals: ArrivalLog,
}

impl Downlink {
    pub(super) fn new(now: Timestamp, bounds: BitrateBounds, lot: u64) -> Self {
        let mut downlink = Self {
            controller: CongestionController::new(now, bounds),
            pacer: Pacer::default(),
            repairs: VecDeque::new(),
            transport_sequence: 0,
            probe_sequence: 0,
            arrivals: ArrivalLog::default(),
            loses: false,
            audio: LayerRates::default(),
            short_since: None,
            is_due_sooner: false,
            tick: None,
            scheduled: None,
            others_due: None,
        };
        downlink.controller.set_lot(lot);
        downlink.set_pace();
        downlink
    }

    /// An RTP packet of the participant has come, whatever becomes of it.
    pub(super) fn on_arrival(&mut self, now: Timestamp, transport_sequence: Option<u16>, bytes: usize) {
        if let Some(sequence) = transport_sequence {
            self.arrivals.on_packet(now, sequence, bytes as u32 + WIRE_OVERHEAD_BYTES);
            self.others_due = self.others_due.into_iter().chain(self.arrivals.poll_timeout()).min();
        }
    }

    /// Appends what is due of the feedback on what the participant sends. It is about all its streams; `media` is one of them.
    pub(super) fn poll_feedback(&mut self, now: Timestamp, media: Ssrc) -> Option<Bytes> {
        let mut packet = Vec::new();
        let written = self.arrivals.write_feedback(now, SERVER_SSRC, media, &mut packet);
        written.then(|| Bytes::from(packet))
    }

    /// The participant says what came of that which was sent.
    pub(super) fn on_feedback(&mut self, now: Timestamp, feedback: &TransportFeedback<'_>) {
        self.controller.on_feedback(now, feedback);
        let enough = if self.loses { REDUNDANCY_LOSS.0 } else { REDUNDANCY_LOSS.1 };
        self.loses = self.controller.loss() > enough;
        self.set_pace();
        self.tick = Some(now);
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        if self.controller.poll_timeout().is_some_and(|at| at <= now) {
            let before = self.controller.estimate_bps();
            self.controller.handle_timeout(now);
            self.set_pace();
            if self.controller.estimate_bps() != before {
                self.tick = Some(now);
            }
        }
    }

    /// When [`Downlink::handle_timeout`] has something to do, or there is something to poll.
    pub(super) fn poll_timeout(&mut self) -> Option<Timestamp> {
        self.is_due_sooner = false;
        let others = [self.controller.poll_timeout(), self.arrivals.poll_timeout(), self.tick];
        self.others_due = others.into_iter().flatten().min();
        self.others_due.into_iter().chain(self.pacer.poll_timeout()).min()
    }

    /// Whether there is nothing to do but to let out what waits for its pace.
    pub(super) fn is_only_paced(&self, now: Timestamp) -> bool {
        !self.is_due_sooner && self.others_due.is_none_or(|at| at > now)
    }

    /// The same, as far as it may be sooner because something was sent or waits: what each copy of a packet has to ask.
    pub(super) fn poll_sooner(&mut self) -> Option<Timestamp> {
        if self.is_due_sooner { self.poll_timeout() } else { self.pacer.poll_timeout() }
    }

    /// As [`Downlink::poll_timeout`], or sooner: without asking anew what was not touched.
    pub(super) fn poll_timeout_kept(&mut self) -> Option<Timestamp> {
        if self.is_due_sooner {
            return self.poll_timeout();
        }
        self.others_due.into_iter().chain(self.pacer.poll_timeout()).min()
    }

    /// Layers were given out at `now`; the next time comes by itself while anything is `watched`.
    pub(super) fn on_allocated(&mut self, now: Timestamp, watched: bool) {
        self.tick = watched.then_some(now + TICK);
    }

    /// What pictures may cost, in bits per second on the wire; `hears` says whether anybody else may be heard. Sound
    /// comes first, and what waits already has been promised. What is sent now costs `held_bps`.
    pub(super) fn picture_budget(&mut self, now: Timestamp, hears: bool, held_bps: u64) -> Budget {
        // A slide or a key frame may wait for a while; what waits longer is more than the path carries.
        let late = self.pacer.backlog().saturating_sub(PACED_BACKLOG_MAX / 2);
        let promised = self.pace() * late.as_millis() as u64 / 1_000;
        let taken = self.audio_need(now, hears) + promised;
        let usable = |bps: u64| (bps * USABLE_PERCENT / 100).saturating_sub(taken);
        let estimate = self.controller.estimate_bps();
        let proven = self.controller.proven_bps().unwrap_or(estimate);
        let believed_bps = self.with_patience(now, usable(estimate), held_bps);
        Budget { believed_bps, proven_bps: usable(proven) }
    }

    /// A short queue brings the estimate down until it has drained: that is no reason to take away what is sent, unless it
    /// lasts.
    fn with_patience(&mut self, now: Timestamp, usable: u64, held_bps: u64) -> u64 {
        let is_slight = usable * 100 >= held_bps * SLIGHT_PERCENT && self.controller.queue() < QUEUE_SHORT;
        if usable >= held_bps || !is_slight {
            self.short_since = None;
            return usable;
        }
        let since = *self.short_since.get_or_insert(now);
        if now.saturating_since(since) < PATIENCE { held_bps } else { usable }
    }

    /// Says how much there would be to send if the path carried everything: nothing is probed beyond that; what is sent; and what
    /// pictures would cost with the next step.
    pub(super) fn set_demand(&mut self, now: Timestamp, hears: bool, pictures: Pictures) {
        let audio = self.audio_need(now, hears);
        let on_the_path = |pictures: u64| (audio + pictures) * 100 / USABLE_PERCENT + 1;
        // A picture climbs only where there is more room than it needs.
        self.controller.set_demand(on_the_path(pictures.most * (100 + CLIMB_MARGIN_PERCENT) / 100));
        self.controller.set_steps(now, on_the_path(pictures.held), pictures.next.map(on_the_path));
        self.set_pace();
    }

    /// How fast pictures leave: half as fast again as the estimate, so that viewers on one line, who get the same large frame at
    /// the same time, do not fill its queue; in a search, as fast as that.
    fn pace(&self) -> u64 {
        let (estimate, pace) = (self.controller.estimate_bps(), self.controller.pacing_bps());
        pace.min(estimate * PACE_PERCENT / 100).max(self.controller.search_bps().unwrap_or_default())
    }

    fn set_pace(&mut self) {
        self.pacer.set_burst(if self.controller.is_ample() { BURST_FREE } else { BURST_SHORT });
        self.pacer.set_rate(self.pace());
    }

    fn audio_need(&mut self, now: Timestamp, hears: bool) -> u64 {
        self.audio.bps(now, 0).unwrap_or_default().max(u64::from(hears) * AUDIO_RESERVE_BPS)
    }

    /// Whether sound needs redundancy.
    pub(super) fn loses(&self) -> bool {
        self.loses
    }

    /// So much waits that more pictures would only come later.
    pub(super) fn is_crowded(&self) -> bool {
        self.pacer.backlog() > PACED_BACKLOG_MAX
    }

    /// Sends a packet of a picture, as soon as the pace allows: gives it back with its number if that is now.
    pub(super) fn pass(
        &mut self,
        now: Timestamp,
        subscription: SubscriptionIndex,
        mut packet: ForwardedRtp,
    ) -> Option<ForwardedRtp> {
        let bytes = packet.wire_bytes();
        if self.repairs.is_empty() && self.pacer.passes(now, bytes) {
            self.number(now, bytes, &mut packet);
            return Some(packet);
        }
        self.pacer.push(bytes, Waiting { subscription, packet });
        None
    }

    /// Sends a packet again.
    pub(super) fn push_repair(&mut self, subscription: SubscriptionIndex, packet: ForwardedRtp) {
        self.repairs.push_back(Waiting { subscription, packet });
    }

    /// The next packet of a picture that may leave.
    pub(super) fn poll(&mut self, now: Timestamp) -> Option<Waiting> {
        if let Some(mut repair) = self.repairs.pop_front() {
            let bytes = repair.packet.wire_bytes();
            self.pacer.charge(now, bytes);
            self.number(now, bytes, &mut repair.packet);
            return Some(repair);
        }
        let mut waiting = self.pacer.poll(now)?;
        let bytes = waiting.packet.wire_bytes();
        self.number(now, bytes, &mut waiting.packet);
        Some(waiting)
    }

    /// A packet of sound leaves at once.
    pub(super) fn send_now(&mut self, now: Timestamp, mut packet: ForwardedRtp) -> ForwardedRtp {
        let bytes = packet.wire_bytes();
        self.pacer.charge(now, bytes);
        self.audio.on_packet(now, 0, bytes);
        self.number(now, bytes, &mut packet);
        packet
    }

    /// Padding that is due, on its way to `peer`.
    pub(super) fn poll_padding(&mut self, now: Timestamp, peer: PeerId) -> Option<ForwardingOutput> {
        let padding = self.controller.poll_padding(now)?;
        let transport_sequence = self.transport_sequence;
        self.transport_sequence = transport_sequence.wrapping_add(1);
        self.probe_sequence = self.probe_sequence.wrapping_add(1);
        let header = RtpHeader {
            ssrc: PROBE_SSRC,
            sequence: self.probe_sequence,
            timestamp: 0,
            payload_type: PROBE_PAYLOAD_TYPE,
            marker: false,
            extensions: &[(TRANSPORT_SEQUENCE, &transport_sequence.to_be_bytes())],
        };
        let mut packet = Vec::with_capacity(header.len() + 255);
        let bytes = usize::from(padding).saturating_sub(header.len()).clamp(1, 255) as u8;
        header.write_padding(bytes, &mut packet);
        let bytes = packet.len() as u32 + WIRE_OVERHEAD_BYTES;
        self.is_due_sooner |= self.controller.on_sent(now, transport_sequence, bytes);
        Some(ForwardingOutput::Probe { peer, packet: Bytes::from(packet) })
    }

    /// Takes out what waits of a subscription that is gone.
    pub(super) fn forget(&mut self, subscription: SubscriptionIndex) {
        self.pacer.retain(|waiting| waiting.subscription != subscription);
        self.repairs.retain(|waiting| waiting.subscription != subscription);
    }

    fn number(&mut self, now: Timestamp, bytes: u32, packet: &mut ForwardedRtp) {
        packet.transport_sequence = self.transport_sequence;
        self.transport_sequence = self.transport_sequence.wrapping_add(1);
        self.is_due_sooner |= self.controller.on_sent(now, packet.transport_sequence, bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::Downlink;

    #[test]
    fn what_each_copy_needs_lies_in_front_of_the_controller() {
        assert!(offset_of!(Downlink, controller) <= 3 * 64 + 32, "{}", offset_of!(Downlink, controller));
    }
}
