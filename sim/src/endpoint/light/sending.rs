//! Owns what a client whose media are metadata sends: its publishers, its uplink, and what is encoded for that.

use bytes::Bytes;
use media_core::{MediaKind, Ssrc, Timestamp, rtp::rtcp::TransportFeedback, signalling::Request};

use super::{
    super::{
        adaptation::{self, Adaptation, Candidate},
        compounds::Compounds,
        outgoing::Unnumbered,
        plaintext::{MARKER_BYTES, Marker},
        publisher::Sending,
        redundancy::Redundancy,
        uplink::{Uplink, Waiting},
    },
    LightEndpoint, Publisher, REPORT_INTERVAL,
};
use crate::recording::Recording;

/// There is no plaintext that it would mark.
const NO_MARKER: Marker = [0; MARKER_BYTES];

/// Everything that somebody needs who sends.
pub(super) struct LightSender {
    publishers: Vec<Publisher>,
    uplink: Uplink,
    adaptation: Adaptation,
    redundancy: Redundancy,
}

impl LightSender {
    pub(super) fn own_ssrc(&self) -> Option<Ssrc> {
        self.publishers.first()?.offer().encodings.first().map(|encoding| encoding.ssrc)
    }

    pub(super) fn on_feedback(&mut self, now: Timestamp, feedback: &TransportFeedback<'_>) {
        self.uplink.on_feedback(now, feedback);
    }

    /// Packets are asked for again, or key frames.
    pub(super) fn on_asked(&mut self, now: Timestamp, nacks: &[(Ssrc, u16)], key_frames: &[Ssrc]) {
        for (media, sequence) in nacks {
            let again = self.publishers.iter_mut().find_map(|publisher| publisher.on_nack(*media, *sequence));
            if let Some(packet) = again {
                self.uplink.push(now, Waiting::Repair(packet));
            }
        }
        for media in key_frames {
            for publisher in &mut self.publishers {
                publisher.on_key_frame_wanted(*media);
            }
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        let frames = self.publishers.iter().filter_map(Publisher::poll_timeout).min();
        let timeouts = [frames, self.uplink.poll_timeout(), self.adaptation.poll_timeout()];
        timeouts.into_iter().flatten().min()
    }

    /// Encodes what is asked for as far as the line carries it beside the audio.
    fn adapt(&mut self, now: Timestamp, may_send: impl Fn(MediaKind) -> bool) {
        let (mut audio_bps, mut candidates) = (0, Vec::<Candidate>::new());
        for publisher in self.publishers.iter().filter(|publisher| may_send(publisher.kind)) {
            candidates.extend(publisher.candidates());
            if !publisher.kind.is_video() {
                audio_bps += publisher.audio_bps(self.redundancy.depth());
            }
        }
        self.redundancy.on_loss(now, self.uplink.loss());
        self.uplink.set_demand(audio_bps + adaptation::room_for(&candidates));
        let budget_bps = self.uplink.estimate_bps().saturating_sub(audio_bps);
        self.adaptation.choose(now, &candidates, budget_bps);
        for publisher in &mut self.publishers {
            publisher.adapt(now, &self.adaptation);
        }
    }

    /// What leaves at this moment.
    fn poll(&mut self, now: Timestamp, may_send: impl Fn(MediaKind) -> bool, out: &mut Vec<Bytes>) {
        let mut sending = Sending {
            sealer: None,
            forges: false,
            epoch: 0,
            sabotage: None,
            silent: false,
            marker: &NO_MARKER,
            redundancy: self.redundancy.depth(),
            is_light: true,
        };
        let mut packets = Vec::new();
        for publisher in &mut self.publishers {
            while publisher.poll(now, may_send(publisher.kind), &mut sending, &mut packets) {}
        }
        for packet in packets {
            if packet.kind.is_video() {
                self.uplink.push(now, Waiting::Media(packet));
            } else {
                self.uplink.charge(now, &packet.bytes);
                self.leave(now, packet, out);
            }
        }
        for (kind, place) in self.uplink.give_up_stale(now).broken {
            for publisher in self.publishers.iter_mut().filter(|publisher| publisher.kind == kind) {
                publisher.on_given_up(place);
            }
        }
        while let Some(packet) = self.uplink.poll(now) {
            match packet {
                Waiting::Media(packet) => self.leave(now, packet, out),
                Waiting::Repair(mut bytes) => {
                    self.uplink.on_leaving(now, &mut bytes);
                    out.push(Bytes::from(bytes));
                }
            }
        }
        out.extend(self.uplink.poll_padding(now).into_iter().map(Bytes::from));
    }

    fn leave(&mut self, now: Timestamp, mut packet: Unnumbered, out: &mut Vec<Bytes>) {
        let Some(publisher) = self.publishers.iter_mut().find(|publisher| publisher.kind == packet.kind)
        else {
            return;
        };
        publisher.on_leaving(&mut packet);
        self.uplink.on_leaving(now, &mut packet.bytes);
        let bytes = Bytes::from(packet.bytes);
        publisher.on_left(packet.encoding, &bytes);
        out.push(bytes);
    }
}

impl LightEndpoint {
    /// Says which tracks this client sends.
    pub(super) fn publish(&mut self, now: Timestamp) {
        let devices = [(MediaKind::Audio, self.person.microphone), (MediaKind::Camera, self.person.camera)];
        let mut publishers = Vec::new();
        for (kind, recording) in devices {
            let Some(recording): Option<&'static Recording> = recording else { continue };
            let speaks = self.person.speaks.clone().filter(|_| kind == MediaKind::Audio);
            publishers.push(Publisher::new(recording, now, speaks, kind, &mut self.rng));
        }
        if publishers.is_empty() {
            return;
        }
        let tracks = publishers.iter().map(Publisher::offer).collect();
        self.session.request(now, Request::Publish { tracks });
        self.next_report = now + REPORT_INTERVAL;
        self.sender = Some(Box::new(LightSender {
            publishers,
            uplink: Uplink::new(now, 0),
            adaptation: Adaptation::default(),
            redundancy: Redundancy::default(),
        }));
    }

    pub(super) fn on_demand(&mut self, now: Timestamp, kind: MediaKind, encodings: u8) {
        let permissions = self.session.permissions();
        let Some(sender) = &mut self.sender else { return };
        for publisher in sender.publishers.iter_mut().filter(|publisher| publisher.kind == kind) {
            publisher.set_demand(encodings);
        }
        sender.adapt(now, |kind| permissions.allows(kind));
    }

    /// Sends what is due.
    pub(super) fn advance_sending(&mut self, now: Timestamp) {
        if !self.is_in() {
            return;
        }
        let permissions = self.session.permissions();
        let Some(sender) = &mut self.sender else { return };
        sender.uplink.handle_timeout(now);
        sender.adapt(now, |kind| permissions.allows(kind));
        let mut packets = Vec::new();
        sender.poll(now, |kind| permissions.allows(kind), &mut packets);
        for packet in packets {
            self.send_media(packet);
        }
    }

    /// Feedback leaves without waiting.
    pub(super) fn send_feedback(&mut self, now: Timestamp, bytes: Bytes) {
        if let Some(sender) = &mut self.sender {
            sender.uplink.charge(now, &bytes);
        }
        self.send_media(bytes);
    }

    /// Sender reports, and the round-trip time for whoever waits for repairs.
    pub(super) fn report(&mut self, now: Timestamp) {
        let rtt = self.session.channel.as_ref().and_then(|(_, channel)| channel.smoothed_rtt());
        if let Some(rtt) = rtt {
            for track in &mut self.incoming {
                track.set_rtt(rtt);
            }
        }
        let Some(sender) = &self.sender else { return };
        let mut compounds = Compounds::default();
        for publisher in &sender.publishers {
            compounds.add(|out| publisher.write_reports(now, 0, out));
        }
        for datagram in compounds.finish() {
            self.send_feedback(now, datagram);
        }
    }
}
