//! Owns the harness in which the claims about forwarding are made: a forwarder, publishers that make real RTP packets,
//! and what their subscribers are sent.

#![expect(clippy::wildcard_enum_match_arm, reason = "a claim is about some of the outputs")]

mod accounts;
mod demand;
mod door;
mod footprint;
mod interleavings;
mod layers;
mod liars;
mod numbering;
mod redundancy;
mod repair;
mod speakers;
mod temporal;

use std::time::Duration;

use bytes::Bytes;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{ForwardedRtp, Forwarder, ForwardingOutput, SubscriptionReport, TrackReport};
use crate::{
    Codec, ConferenceId, DropReason, MediaKind, ParticipantId, PeerId, Permissions, Ssrc, Timestamp,
    congestion::BitrateBounds,
    rtp::{
        AudioLevel, DependencyDescriptor, DependencyStructure, RtpHeader, RtpView,
        ext::{AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR},
        rtcp,
    },
    signalling::{EncodingOffer, TrackOffer},
};

const HALL: ConferenceId = ConferenceId(1);
const OTHER_HALL: ConferenceId = ConferenceId(2);
const AUDIO: Permissions = Permissions { audio: true, video: false, screen: false };
const VIDEO: Permissions = Permissions { audio: false, video: true, screen: false };

/// One encoding as its publisher sends it: 48 kHz packets of 20 ms, or 90 kHz frames at 30 frames/s.
#[derive(Clone, Debug)]
struct Source {
    offer: EncodingOffer,
    codec: Codec,
    sequence: u16,
    timestamp: u32,
    frame: u16,
    structure: DependencyStructure,
}

impl Source {
    fn new(ssrc: u32, codec: Codec) -> Self {
        Self {
            offer: EncodingOffer { ssrc: Ssrc(ssrc), rtx_ssrc: Ssrc(ssrc + 1), target_kbps: 500 },
            codec,
            sequence: 1_000,
            timestamp: 50_000,
            frame: 0,
            structure: DependencyStructure::l1t1(320, 180),
        }
    }

    /// The packets of the next frame.
    fn frame(&mut self, key: bool, packets: usize) -> Vec<Bytes> {
        self.frame = self.frame.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(3_000);
        (1..=packets).map(|part| self.part(key, part == 1, part == packets)).collect()
    }

    fn part(&mut self, key: bool, start: bool, end: bool) -> Bytes {
        let template = u8::from(!key);
        let descriptor =
            DependencyDescriptor::of_template(&self.structure, template, self.frame, start, end).unwrap();
        let mut data = Vec::new();
        descriptor.write(&self.structure, key && start, &mut data);
        self.packet(end, &[(DEPENDENCY_DESCRIPTOR, &data)], b"ciphertext")
    }

    /// The next 20 ms of a microphone.
    fn sound(&mut self, level: u8) -> Bytes {
        self.timestamp = self.timestamp.wrapping_add(960);
        let level = AudioLevel { level, voice: level < 60 }.bytes();
        self.packet(false, &[(AUDIO_LEVEL, &level)], b"ciphertext")
    }

    fn packet(&mut self, marker: bool, extensions: &[(u8, &[u8])], payload: &[u8]) -> Bytes {
        let (sequence, timestamp) = (self.sequence, self.timestamp);
        self.sequence = sequence.wrapping_add(1);
        let (ssrc, payload_type) = (self.offer.ssrc, self.codec.payload_type());
        let mut packet = Vec::new();
        RtpHeader { ssrc, sequence, timestamp, payload_type, marker, extensions }.write(payload, &mut packet);
        packet.into()
    }

    /// The packet again, as RFC 4588 has it.
    fn again(&self, packet: &Bytes) -> Bytes {
        let view = RtpView::parse(packet).unwrap();
        let extensions: Vec<_> = view.extensions().collect();
        let header = RtpHeader {
            ssrc: self.offer.rtx_ssrc,
            sequence: view.sequence().wrapping_mul(3),
            timestamp: view.timestamp(),
            payload_type: self.codec.rtx_payload_type(),
            marker: view.marker(),
            extensions: &extensions,
        };
        let mut packet = Vec::new();
        header.write_retransmission(view.sequence(), view.payload(), &mut packet);
        packet.into()
    }

    /// A sender report: at `millis` of the publisher's clock RTP time was `rtp`.
    fn report(&self, millis: u64, rtp: u32) -> Vec<u8> {
        let mut packet = Vec::new();
        rtcp::write_sender_report(self.offer.ssrc, (millis << 32) / 1_000, rtp, 0, 0, &mut packet);
        packet
    }
}

fn offer(kind: MediaKind, sources: &[Source]) -> TrackOffer {
    let encodings = sources.iter().map(|source| source.offer).collect();
    TrackOffer { kind, codec: sources[0].codec, encodings }
}

fn microphone(ssrc: u32) -> Source {
    Source::new(ssrc, Codec::Opus)
}

fn camera(ssrc: u32, layers: u32) -> Vec<Source> {
    (0..layers).map(|layer| Source::new(ssrc + 10 * layer, Codec::Vp8)).collect()
}

/// Paths on which nothing waits.
const AMPLE: BitrateBounds =
    BitrateBounds { start: 1_000_000_000_000, min: 1_000_000_000_000, max: 1_000_000_000_000 };

/// A forwarder, and the time. Participant and peer have the same number.
struct Studio {
    forwarder: Forwarder,
    now: Timestamp,
}

impl Studio {
    fn new() -> Self {
        let forwarder = Forwarder::new(3, AMPLE, ChaCha20Rng::seed_from_u64(7));
        Self { forwarder, now: Timestamp::from_millis(1) }
    }

    /// With `count` people in one conference, numbered from 1.
    fn with(count: u32) -> Self {
        let mut studio = Self::new();
        for who in 1..=count {
            studio.enter(HALL, who);
        }
        studio
    }

    fn enter(&mut self, hall: ConferenceId, who: u32) -> Vec<ForwardingOutput> {
        self.forwarder.on_entered(self.now, hall, ParticipantId(who), PeerId(who), Permissions::ALL);
        self.drain()
    }

    fn leave(&mut self, who: u32) -> Vec<ForwardingOutput> {
        self.forwarder.on_left(self.now, ParticipantId(who));
        self.drain()
    }

    fn permit(&mut self, who: u32, permissions: Permissions) -> Vec<ForwardingOutput> {
        self.forwarder.set_permissions(self.now, ParticipantId(who), permissions);
        self.drain()
    }

    fn publish(&mut self, who: u32, offers: &[TrackOffer]) -> Vec<ForwardingOutput> {
        self.forwarder.on_published(ParticipantId(who), offers);
        self.drain()
    }

    /// A camera that somebody publishes and nobody watches yet.
    fn camera_of(&mut self, who: u32, layers: u32) -> Vec<Source> {
        let camera = camera(who * 1_000, layers);
        self.publish(who, &[offer(MediaKind::Camera, &camera)]);
        camera
    }

    fn microphone_of(&mut self, who: u32) -> Source {
        let microphone = microphone(who * 1_000 + 500);
        self.publish(who, &[offer(MediaKind::Audio, std::slice::from_ref(&microphone))]);
        microphone
    }

    fn watch(&mut self, who: u32, source: u32, layer: Option<u8>) -> Vec<ForwardingOutput> {
        let (subscriber, source) = (ParticipantId(who), ParticipantId(source));
        self.forwarder.watch(self.now, subscriber, source, MediaKind::Camera, layer).unwrap();
        self.drain()
    }

    fn send(&mut self, who: u32, packet: &Bytes) -> Vec<ForwardingOutput> {
        self.forwarder.handle_rtp(self.now, PeerId(who), packet, 0);
        self.drain()
    }

    fn send_all(&mut self, who: u32, packets: &[Bytes]) -> Vec<ForwardingOutput> {
        packets.iter().flat_map(|packet| self.send(who, packet)).collect()
    }

    fn feed_back(&mut self, who: u32, packet: &[u8]) -> Vec<ForwardingOutput> {
        self.forwarder.handle_rtcp(self.now, PeerId(who), packet);
        self.drain()
    }

    fn nack(&mut self, who: u32, media: Ssrc, sequences: &[u16]) -> Vec<ForwardingOutput> {
        let mut packet = Vec::new();
        rtcp::write_nack(Ssrc(who), media, sequences, &mut packet);
        self.feed_back(who, &packet)
    }

    fn pli(&mut self, who: u32, media: Ssrc) -> Vec<ForwardingOutput> {
        let mut packet = Vec::new();
        rtcp::write_pli(Ssrc(who), media, &mut packet);
        self.feed_back(who, &packet)
    }

    /// Lets time go by, with every timeout at its own time.
    fn pass(&mut self, millis: u64) -> Vec<ForwardingOutput> {
        let end = self.now + Duration::from_millis(millis);
        let mut outputs = Vec::new();
        while let Some(at) = self.forwarder.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.forwarder.handle_timeout(self.now);
            assert!(self.forwarder.poll_timeout().is_none_or(|next| next > self.now), "it would spin");
            outputs.extend(self.drain());
        }
        self.now = end;
        outputs
    }

    fn drain(&mut self) -> Vec<ForwardingOutput> {
        std::iter::from_fn(|| self.forwarder.poll_output()).collect()
    }

    /// The account of one view, which must balance like all others.
    fn view(&self, subscriber: u32, source: u32, kind: MediaKind) -> SubscriptionReport {
        self.assert_balanced();
        let (_, views) = self.forwarder.reports();
        let (subscriber, source) = (ParticipantId(subscriber), ParticipantId(source));
        let mut views = views.into_iter();
        views
            .find(|view| view.subscriber == subscriber && view.source == source && view.kind == kind)
            .expect("there is such a subscription")
    }

    fn track(&self, source: u32, kind: MediaKind) -> TrackReport {
        self.assert_balanced();
        let (tracks, _) = self.forwarder.reports();
        let mut tracks = tracks.into_iter();
        tracks.find(|track| track.source == ParticipantId(source) && track.kind == kind).expect("a track")
    }

    fn assert_balanced(&self) {
        let (tracks, views) = self.forwarder.reports();
        for track in &tracks {
            assert!(track.balances(), "{track:?}");
        }
        for view in &views {
            assert!(view.balances(), "{view:?}");
        }
    }
}

/// The RTP packets to one peer.
fn sent_to(outputs: &[ForwardingOutput], who: u32) -> Vec<&ForwardedRtp> {
    let rtp = outputs.iter().filter_map(|output| match output {
        ForwardingOutput::Rtp { peer, packet } if *peer == PeerId(who) => Some(packet),
        _ => None,
    });
    rtp.collect()
}

/// Why packets of one peer went no further.
fn drops_of(outputs: &[ForwardingOutput], who: u32) -> Vec<DropReason> {
    let drops = outputs.iter().filter_map(|output| match output {
        ForwardingOutput::Dropped { peer, reason } if *peer == PeerId(who) => Some(*reason),
        _ => None,
    });
    drops.collect()
}

/// What a publisher is asked to send again, as (stream, number).
fn asked_of(outputs: &[ForwardingOutput], who: u32) -> Vec<(Ssrc, u16)> {
    let mut asked = Vec::new();
    for output in outputs {
        if let ForwardingOutput::Rtcp { peer, packet } = output
            && *peer == PeerId(who)
        {
            rtcp::read(packet, |feedback| {
                if let rtcp::Feedback::Nack { media, sequence } = feedback {
                    asked.push((media, sequence));
                }
            })
            .unwrap();
        }
    }
    asked
}

/// The encodings of which key frames are asked for, by events; each comes with its picture loss indication.
fn key_frames_asked(outputs: &[ForwardingOutput]) -> Vec<u8> {
    let mut plis = 0;
    let mut asked = Vec::new();
    for output in outputs {
        match output {
            ForwardingOutput::KeyFrameRequested { encoding, .. } => asked.push(*encoding),
            ForwardingOutput::Rtcp { packet, .. } => rtcp::read(packet, |feedback| {
                plis += usize::from(matches!(feedback, rtcp::Feedback::PictureLoss { .. }));
            })
            .unwrap(),
            _ => {}
        }
    }
    assert_eq!(plis, asked.len());
    asked
}

/// Which encodings a publisher was told that somebody watches.
fn demands(outputs: &[ForwardingOutput]) -> Vec<u8> {
    let demands = outputs.iter().filter_map(|output| match output {
        ForwardingOutput::Demand { encodings, .. } => Some(*encodings),
        _ => None,
    });
    demands.collect()
}

/// The numbers of packets less the first one's.
fn steps(packets: &[&ForwardedRtp]) -> Vec<u16> {
    packets.iter().map(|packet| packet.sequence.wrapping_sub(packets[0].sequence)).collect()
}

/// Whether timestamps never go back in the order of the numbers.
fn is_monotonic(packets: &[&ForwardedRtp]) -> bool {
    let first = packets[0];
    let mut ordered: Vec<(u16, u32)> = packets
        .iter()
        .map(|packet| {
            (packet.sequence.wrapping_sub(first.sequence), packet.timestamp.wrapping_sub(first.timestamp))
        })
        .collect();
    ordered.sort_unstable();
    ordered.windows(2).all(|pair| pair[0].1 <= pair[1].1)
}
