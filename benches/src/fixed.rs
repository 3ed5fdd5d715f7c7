//! Owns inputs of fixed form for what is measured by itself: packets as they come in, a budget that is divided, a conference that
//! somebody joins.

use std::time::Duration;

use media_core::{
    Codec, MediaKind, ParticipantId, PeerId, Ssrc, Timestamp,
    congestion::{
        BitrateBounds, CongestionController,
        allocation::{Budget, Demand, Importance},
    },
    engine::Engine,
    limits::DOWNLINK_DEFAULT,
    rtp::{
        AudioLevel, RtpHeader, RtpView,
        ext::{AUDIO_LEVEL, MID, TRANSPORT_SEQUENCE},
        rtcp,
    },
    signalling::LinkToken,
};

use crate::signals;

/// Packets of which one feedback speaks.
pub const FEEDBACK_PACKETS: u16 = 20;
/// What a path carries that is measured.
const BOUNDS: BitrateBounds = BitrateBounds { start: 1_000_000, ..DOWNLINK_DEFAULT };

/// A packet of sound with three extensions: MID, transport-wide sequence number, audio level.
pub fn rtp_packet() -> Vec<u8> {
    let level = AudioLevel { level: 30, voice: true }.bytes();
    let header = RtpHeader {
        ssrc: Ssrc(10),
        sequence: 77,
        timestamp: 48_000,
        payload_type: Codec::Opus.payload_type(),
        marker: false,
        extensions: &[(MID, b"a"), (TRANSPORT_SEQUENCE, &[0, 7]), (AUDIO_LEVEL, &level)],
    };
    let mut packet = Vec::new();
    header.write(&[0xC1; 160], &mut packet);
    packet
}

/// What a server wants to know of it.
pub fn read_rtp(packet: &[u8]) -> Option<(Ssrc, u16, u16, AudioLevel)> {
    let view = RtpView::parse(packet).ok()?;
    Some((view.ssrc(), view.sequence(), view.transport_sequence()?, view.audio_level()?))
}

/// Feedback of packets that came 5 ms apart, from `base` on, the first of them at `at`.
pub fn twcc_packet(base: u16, at: Timestamp, count: u8) -> Vec<u8> {
    let tick = at.as_nanos() / 250_000;
    let first = (tick % 256) as i16;
    let statuses: Vec<_> =
        (0..FEEDBACK_PACKETS).map(|place| Some(if place == 0 { first } else { 20 })).collect();
    let mut packet = Vec::new();
    rtcp::write_twcc(Ssrc(2), Ssrc(2), base, (tick / 256) as i32, count, &statuses, &mut packet);
    packet
}

/// How many packets a feedback says have come.
pub fn read_twcc(packet: &[u8]) -> usize {
    let mut arrived = 0;
    let read = rtcp::read(packet, |feedback| {
        if let rtcp::Feedback::TransportFeedback(feedback) = feedback {
            arrived += feedback.packets().filter(|(_, delta)| delta.is_some()).count();
        }
    });
    debug_assert!(read.is_ok(), "it is sound");
    arrived
}

/// One path, on which a packet leaves each 5 ms and everything arrives 20 ms later.
pub struct Path {
    controller: CongestionController,
    now: Timestamp,
    number: u16,
    count: u8,
}

impl Default for Path {
    fn default() -> Self {
        let begun = Timestamp::from_millis(1);
        let mut controller = CongestionController::new(begun, BOUNDS);
        controller.set_demand(1_000_000);
        let mut path = Self { controller, now: begun, number: 0, count: 0 };
        for _ in 0..200 {
            let feedback = path.send();
            path.hear(&feedback);
        }
        path
    }
}

impl Path {
    /// Sends as many packets as one feedback speaks of, and gives that feedback.
    pub fn send(&mut self) -> Vec<u8> {
        let (base, at) = (self.number, self.now);
        for _ in 0..FEEDBACK_PACKETS {
            self.controller.on_sent(self.now, self.number, 600);
            self.number = self.number.wrapping_add(1);
            self.now = self.now + Duration::from_millis(5);
        }
        self.count = self.count.wrapping_add(1);
        twcc_packet(base, at + Duration::from_millis(20), self.count)
    }

    /// Takes the feedback. What the path is believed to carry then, in bits per second.
    pub fn hear(&mut self, feedback: &[u8]) -> u64 {
        let (controller, now) = (&mut self.controller, self.now);
        let read = rtcp::read(feedback, |feedback| {
            if let rtcp::Feedback::TransportFeedback(feedback) = feedback {
                controller.on_feedback(now, &feedback);
            }
        });
        debug_assert!(read.is_ok(), "it is sound");
        self.controller.estimate_bps()
    }
}

/// So many pictures: a screen, the speaker's camera, two large ones and small ones, each with twelve rungs; and a budget that
/// gives most of them more than their floor, and not everything.
pub fn pictures(count: usize) -> (Vec<Demand>, Budget) {
    let demand = |place: usize| Demand {
        importance: match place {
            0 => Importance::Screen,
            1 => Importance::Speaker,
            2 | 3 => Importance::Large,
            _ => Importance::Small,
        },
        rungs: (1..=12).map(|rung| 100_000 * rung).collect(),
        current: Some(place % 5),
        may_climb: place.is_multiple_of(2),
    };
    let bps = 450_000 * count as u64;
    ((0..count).map(demand).collect(), Budget { believed_bps: bps, proven_bps: bps })
}

/// A conference of so many, one of whom publishes sound and a picture; and the link to it.
pub fn conference(people: u32, room_for: u32) -> (Engine, LinkToken) {
    let mut engine = signals::engine(room_for, DOWNLINK_DEFAULT);
    let link = signals::start(&mut engine);
    for (kind, codec, ssrc) in
        [(MediaKind::Audio, Codec::Opus, Ssrc(10)), (MediaKind::Camera, Codec::Vp8, Ssrc(20))]
    {
        let publish = signals::publish(kind, codec, ssrc, 500);
        signals::ask(&mut engine, Timestamp::ZERO, signals::HOST, &publish);
    }
    for peer in 2..=people {
        come_in(&mut engine, &link, peer);
    }
    (engine, link)
}

/// Somebody joins and watches.
pub fn come_in(engine: &mut Engine, link: &LinkToken, peer: u32) {
    signals::ask(engine, Timestamp::ZERO, PeerId(peer), &signals::join(link));
    let watch = signals::watch(ParticipantId(1), MediaKind::Camera);
    signals::ask(engine, Timestamp::ZERO, PeerId(peer), &watch);
}

#[cfg(test)]
mod tests {
    use media_core::congestion::allocation::allocate;

    use super::*;

    #[test]
    fn what_is_read_is_what_was_written() {
        let level = AudioLevel { level: 30, voice: true };
        assert_eq!(read_rtp(&rtp_packet()), Some((Ssrc(10), 77, 7, level)));
        let feedback = twcc_packet(65_530, Timestamp::from_millis(12_345), 9);
        assert_eq!(read_twcc(&feedback), usize::from(FEEDBACK_PACKETS));
    }

    #[test]
    fn an_open_path_is_believed_to_carry_what_is_sent() {
        let mut path = Path::default();
        let feedback = path.send();
        assert!(path.hear(&feedback) >= 600 * 8 * 200);
    }

    #[test]
    fn some_pictures_get_more_than_the_floor_and_not_all_get_everything() {
        for count in [9, 25] {
            let (demands, budget) = pictures(count);
            let rungs = allocate(&demands, budget).rungs;
            let (least, most) = (rungs.iter().min(), rungs.iter().max());
            assert!(most > Some(&Some(1)) && least < Some(&Some(11)), "{rungs:?}");
        }
    }

    #[test]
    fn fifty_come_in() {
        let (mut engine, link) = conference(49, 50);
        come_in(&mut engine, &link, 50);
        assert_eq!(engine.statistics().present, 50);
    }
}
