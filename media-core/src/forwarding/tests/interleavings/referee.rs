//! Owns what must be true of every output, worked out from what arrived at the server alone. How the forwarder comes
//! to its decisions is not known here.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ConferenceId, MediaKind, ParticipantId, PeerId, Permissions, Ssrc,
    forwarding::{ForwardedRtp, ForwardingOutput},
    signalling::TrackInfo,
};

/// How much was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) packets: usize,
    pub(super) repairs: usize,
    /// Runs of packets with constant offsets.
    pub(super) stretches: usize,
    /// Numbers left free for what the server did not get.
    pub(super) reserved: usize,
}

/// A packet as its publisher numbered it.
type Origin = (Ssrc, u16);

struct Presence {
    hall: ConferenceId,
    permissions: Permissions,
    transport_next: Option<u16>,
    arrived: BTreeSet<Origin>,
}

/// One subscriber's view of one track.
struct View {
    track: TrackInfo,
    watched: bool,
    /// What was sent under each number, counted from the first, with its timestamp.
    sent: BTreeMap<i64, (Origin, u32)>,
    /// Numbers that were left out, and for what.
    reserved: BTreeMap<i64, Origin>,
    first: u16,
    newest: i64,
    repairs_next: Option<u16>,
    /// Outgoing timestamp of each frame.
    frames: BTreeMap<(Ssrc, u32), u32>,
}

#[derive(Default)]
pub(super) struct Referee {
    present: BTreeMap<u32, Presence>,
    /// By subscriber and either of its SSRCs.
    views: BTreeMap<(u32, Ssrc), View>,
    gone: Vec<View>,
    seen: Seen,
}

impl Referee {
    pub(super) fn on_entered(&mut self, hall: ConferenceId, who: u32) {
        let presence =
            Presence { hall, permissions: Permissions::ALL, transport_next: None, arrived: BTreeSet::new() };
        self.present.insert(who, presence);
    }

    pub(super) fn on_left(&mut self, who: u32) {
        self.present.remove(&who);
        self.close(|subscriber, view| subscriber == who || view.track.participant == ParticipantId(who));
    }

    pub(super) fn on_permitted(&mut self, who: u32, permissions: Permissions) {
        self.present.get_mut(&who).expect("present").permissions = permissions;
    }

    pub(super) fn on_watched(&mut self, who: u32, source: ParticipantId, watched: bool) {
        for ((subscriber, _), view) in &mut self.views {
            let track = &view.track;
            if *subscriber == who && track.participant == source && track.kind == MediaKind::Camera {
                view.watched = watched;
            }
        }
    }

    pub(super) fn on_arrived(&mut self, who: u32, ssrc: Ssrc, sequence: u16) {
        self.present.get_mut(&who).expect("present").arrived.insert((ssrc, sequence));
    }

    /// The streams that somebody has received, with their newest numbers.
    pub(super) fn newest_numbers(&self, who: u32) -> Vec<(Ssrc, u16)> {
        let theirs =
            self.views.iter().filter(|((subscriber, _), view)| *subscriber == who && !view.sent.is_empty());
        theirs.map(|((_, ssrc), view)| (*ssrc, view.first.wrapping_add(view.newest as u16))).collect()
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen
    }

    pub(super) fn judge(&mut self, output: &ForwardingOutput) {
        match output {
            ForwardingOutput::TrackAdded { peer: PeerId(who), track } => self.on_track(*who, track),
            ForwardingOutput::TrackRemoved { peer, participant, kind } => self.close(|subscriber, view| {
                PeerId(subscriber) == *peer
                    && view.track.participant == *participant
                    && view.track.kind == *kind
            }),
            ForwardingOutput::Rtp { peer: PeerId(who), packet } => self.on_packet(*who, packet),
            ForwardingOutput::TrackClosed(report) => {
                assert!(report.balances(), "{report:?}");
                // Who publishes the same streams again begins with nothing.
                if let Some(sender) = self.present.get_mut(&report.source.0) {
                    sender.arrived.clear();
                }
            }
            ForwardingOutput::SubscriptionClosed(report) => assert!(report.balances(), "{report:?}"),
            ForwardingOutput::Demand { peer, .. }
            | ForwardingOutput::Rtcp { peer, .. }
            | ForwardingOutput::Probe { peer, .. } => {
                assert!(self.present.contains_key(&peer.0));
            }
            ForwardingOutput::KeyFrameRequested { participant, kind, .. } => {
                assert!(
                    self.present[&participant.0].permissions.allows(*kind),
                    "asked for what is not permitted"
                );
            }
            ForwardingOutput::LayerSwitched { .. } | ForwardingOutput::Dropped { .. } => {}
        }
    }

    /// Timestamps never go back in the order of the numbers, in any view that ever was.
    pub(super) fn assert_monotonic(&self) {
        for view in self.views.values().chain(&self.gone) {
            let timestamps: Vec<u32> = view.sent.values().map(|(_, timestamp)| *timestamp).collect();
            for pair in timestamps.windows(2) {
                assert!(pair[1].wrapping_sub(pair[0]) as i32 >= 0, "{pair:?}");
            }
        }
    }

    fn on_track(&mut self, who: u32, track: &TrackInfo) {
        assert_ne!(track.participant, ParticipantId(who), "nobody gets their own track");
        assert_eq!(self.present[&who].hall, self.present[&track.participant.0].hall);
        let view = View {
            watched: !track.kind.is_video(),
            track: track.clone(),
            sent: BTreeMap::new(),
            reserved: BTreeMap::new(),
            first: 0,
            newest: 0,
            repairs_next: None,
            frames: BTreeMap::new(),
        };
        assert!(self.views.insert((who, track.ssrc), view).is_none(), "an SSRC of one's own");
    }

    fn close(&mut self, closes: impl Fn(u32, &View) -> bool) {
        let keys: Vec<_> =
            self.views.iter().filter(|((who, _), view)| closes(*who, view)).map(|(key, _)| *key).collect();
        self.gone.extend(keys.iter().filter_map(|key| self.views.remove(key)));
    }

    fn on_packet(&mut self, who: u32, packet: &ForwardedRtp) {
        let receiver = self.present.get_mut(&who).expect("nothing is sent to who is not in");
        let expected = receiver.transport_next.unwrap_or(packet.transport_sequence);
        assert_eq!(packet.transport_sequence, expected);
        receiver.transport_next = Some(expected.wrapping_add(1));
        let hall = receiver.hall;
        if packet.original_sequence.is_some() {
            return self.on_repair(who, packet);
        }
        let view = self.views.get_mut(&(who, packet.ssrc)).expect("a stream that was announced");
        let sender = &self.present[&view.track.participant.0];
        assert_eq!(sender.hall, hall, "nothing crosses");
        assert!(sender.permissions.allows(view.track.kind), "nothing that is not permitted");
        assert!(view.watched, "nothing that is not watched");
        view.on_packet(packet, &sender.arrived, &mut self.seen);
    }

    fn on_repair(&mut self, who: u32, packet: &ForwardedRtp) {
        let mut views = self.views.iter_mut();
        let view = views
            .find(|((subscriber, _), view)| *subscriber == who && view.track.rtx_ssrc == packet.ssrc)
            .map(|(_, view)| view)
            .expect("a retransmission stream that was announced");
        let expected = view.repairs_next.unwrap_or(packet.sequence);
        assert_eq!(packet.sequence, expected);
        view.repairs_next = Some(expected.wrapping_add(1));
        let number = view.number(packet.original_sequence.expect("a retransmission has one"));
        let origin = (packet.source.meta.ssrc, packet.source.meta.sequence);
        assert_eq!(view.sent.get(&number), Some(&(origin, packet.timestamp)), "as it was sent before");
        self.seen.repairs += 1;
    }
}

impl View {
    fn number(&self, sequence: u16) -> i64 {
        let newest = self.first.wrapping_add(self.newest as u16);
        self.newest + i64::from(sequence.wrapping_sub(newest) as i16)
    }

    fn on_packet(&mut self, packet: &ForwardedRtp, arrived: &BTreeSet<Origin>, seen: &mut Seen) {
        let meta = &packet.source.meta;
        let origin = (meta.ssrc, meta.sequence);
        seen.packets += 1;
        let timestamp = *self.frames.entry((meta.ssrc, meta.timestamp)).or_insert(packet.timestamp);
        assert_eq!(timestamp, packet.timestamp, "one frame, one timestamp");
        if self.sent.is_empty() {
            self.first = packet.sequence;
            self.begin(packet, seen);
        } else {
            let number = self.number(packet.sequence);
            if number <= self.newest {
                assert_eq!(self.reserved.remove(&number), Some(origin), "a late packet has its own place");
                self.sent.insert(number, (origin, packet.timestamp));
                return;
            }
            let step = number - self.newest;
            let ((ssrc, sequence), _) = self.sent[&self.newest];
            let goes_on = ssrc == meta.ssrc && i64::from(meta.sequence.wrapping_sub(sequence)) == step;
            if !goes_on {
                assert_eq!(step, 1, "no gap where the source changes");
                self.begin(packet, seen);
            }
            for ahead in 1..step {
                let missing = (ssrc, sequence.wrapping_add(ahead as u16));
                assert!(!arrived.contains(&missing), "the server had {missing:?} and left it out");
                self.reserved.insert(self.newest + ahead, missing);
                seen.reserved += 1;
            }
            self.newest = number;
        }
        self.sent.insert(self.newest, (origin, packet.timestamp));
    }

    /// A stretch of a picture begins where a decoder can begin.
    fn begin(&mut self, packet: &ForwardedRtp, seen: &mut Seen) {
        seen.stretches += 1;
        if self.track.kind.is_video() {
            assert!(packet.source.meta.frame.is_some_and(|frame| frame.key && frame.start));
        }
    }
}
