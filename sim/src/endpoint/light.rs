//! Owns a participant whose media are metadata, for rehearsals of tens of thousands: session, publishers, uplink, feedback,
//! play-out, assembler and meters are those of every participant. What is left away is what nobody but the ends of a
//! conversation could tell: the bytes of frames, and with them their encryption, of which only the size remains.

mod messages;
mod packet;
mod receiving;
mod sending;

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use media_core::{
    Ssrc, Timestamp,
    congestion::ArrivalLog,
    limits::NACK_ENTRIES_MAX,
    rtp::{PROBE_SSRC, rtcp},
    secret::Token,
    signalling::{ClientInfo, Encryption, EndpointKind, Invitation, LinkToken, Mode, Refusal, Request},
};
use rand_chacha::ChaCha8Rng;

use super::{
    compounds::Compounds,
    entry::{Door, Entry},
    layout::{Layout, Picture},
    publisher::Publisher,
    scouts::Scouts,
    session::{Phase, Session},
};
use crate::{
    packet::{Datagram, IP_UDP_BYTES, NodeIndex},
    quality::{AudioMeter, VideoMeter},
    record::{AudioReport, VideoReport},
    recording::Recording,
    scenario::{Layer, PersonIndex},
    seed::Seed,
    trace::Channel as Wire,
};
use receiving::{LightTrack, Remains};
use sending::LightSender;

pub use packet::{Earlier, FramePart, INSIDE_BYTES, Inside, LightPacket};

/// Pause between two rounds of sender reports.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Who takes part.
#[derive(Clone, Debug)]
pub struct LightPerson {
    /// Number in the whole rehearsal.
    pub person: PersonIndex,
    /// The media node that holds the conference.
    pub node: NodeIndex,
    /// Proves a licence.
    pub credential: Option<Token>,
    /// A desk or a room.
    pub endpoint: EndpointKind,
    /// The recording that the microphone plays, if there is one.
    pub microphone: Option<&'static Recording>,
    /// The recording that the camera plays, if there is one.
    pub camera: Option<&'static Recording>,
    /// When they speak; all the time if absent.
    pub speaks: Option<Vec<(Timestamp, Timestamp)>>,
    /// How large a picture is asked for, if any.
    pub watch: Option<Layer>,
    /// Cameras on screen, at most.
    pub tiles: usize,
    /// From when on somebody speaks all the time, but for pauses.
    pub talk_from: Timestamp,
}

/// What a participant experienced.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LightRecord {
    /// What they heard; absent when nobody spoke to them.
    pub audio: Option<AudioReport>,
    /// What they saw; absent when they watched nothing.
    pub video: Option<VideoReport>,
    /// When they opened the link, or asked to start.
    pub opened_at: Option<Timestamp>,
    /// From then to being in.
    pub entered_after: Option<Duration>,
    /// From then to the first sound.
    pub heard_after: Option<Duration>,
    /// Longest time in which no speech came from anybody, from [`LightPerson::talk_from`] to the end. A play-out that gets nothing
    /// cannot tell silence from sound that was kept from it.
    pub longest_silence: Duration,
    /// The last refusal of a start or a join.
    pub refused: Option<Refusal>,
    /// For each connection that broke: when, and when they were back in.
    pub returns: Vec<(Timestamp, Option<Timestamp>)>,
    /// Bytes of media that came, IP and UDP headers included.
    pub received_bytes: u64,
    /// Bytes that went, IP and UDP headers included, signalling included.
    pub sent_bytes: u64,
}

/// A participant, or a room full of them.
pub struct LightEndpoint {
    person: LightPerson,
    rng: ChaCha8Rng,
    session: Session,
    layout: Layout,
    incoming: Vec<LightTrack>,
    arrivals: ArrivalLog,
    /// Who sends nothing needs none.
    sender: Option<Box<LightSender>>,
    next_report: Timestamp,
    /// When speech came last, or the time began in which it should.
    speech_at: Timestamp,
    heard: AudioMeter,
    seen: Vec<VideoMeter>,
    record: LightRecord,
    out: VecDeque<Datagram>,
    invitation: Option<Invitation>,
}

impl LightEndpoint {
    /// Somebody outside any conference.
    pub fn new(person: LightPerson, seed: Seed) -> Self {
        let (index, talk_from) = (person.person, person.talk_from);
        let client = ClientInfo { endpoint: person.endpoint, encryption: Some(Encryption::DEFAULT) };
        let session = Session::new(
            format!("p{}", index.0),
            (client, person.credential.clone()),
            Entry::new(seed.stream_at("rejoin", index.0 as u64)),
            Scouts::new(index, 1),
        );
        Self {
            session: session.at(person.node),
            layout: Layout::new(person.watch, person.tiles),
            rng: seed.stream_at("endpoint", index.0 as u64),
            person,
            incoming: Vec::new(),
            arrivals: ArrivalLog::default(),
            sender: None,
            next_report: Timestamp::FAR_FUTURE,
            speech_at: talk_from,
            heard: AudioMeter::default(),
            seen: Vec::new(),
            record: LightRecord::default(),
            out: VecDeque::new(),
            invitation: None,
        }
    }

    /// Starts a conference of one's own.
    pub fn start(&mut self, now: Timestamp, mode: Mode) {
        self.open(now, Door::Start { mode, lobby: false });
    }

    /// Opens a link.
    pub fn join(&mut self, now: Timestamp, link: &LinkToken) {
        self.open(now, Door::Link(link.clone()));
    }

    fn open(&mut self, now: Timestamp, door: Door) {
        self.record.opened_at.get_or_insert(now);
        self.session.open(now, door);
        self.flush_channel(now);
    }

    /// A media packet from the server. The time by which [`LightEndpoint::handle_timeout`] is to be called because of it.
    pub fn handle_media(
        &mut self,
        now: Timestamp,
        packet: &LightPacket,
        earlier: &[Earlier],
    ) -> Option<Timestamp> {
        let wire_bytes = u32::from(packet.bytes) + IP_UDP_BYTES;
        self.record.received_bytes += u64::from(wire_bytes);
        if !matches!(self.session.phase, Phase::In(_)) {
            return None;
        }
        self.arrivals.on_packet(now, packet.transport, wire_bytes);
        let feedback = self.arrivals.poll_timeout();
        if packet.ssrc == PROBE_SSRC {
            return feedback;
        }
        let Some(track) = self.incoming.iter_mut().find(|track| track.has(packet.ssrc)) else {
            return feedback;
        };
        track.handle_packet(now, packet, earlier);
        let repairs = track.poll_timeout();
        if packet.inside.voice && !packet.part.video {
            self.note_speech(now);
        }
        if self.record.heard_after.is_none() && !packet.part.video {
            // Play-out is at most a step ahead of what was looked at last.
            self.note_first_sound(now);
        }
        [feedback, repairs].into_iter().flatten().min()
    }

    /// A segment of signalling, or RTCP, from the server.
    pub fn handle_datagram(&mut self, now: Timestamp, datagram: &Datagram) {
        let ours = self.session.channel.as_mut().filter(|(peer, _)| *peer == datagram.peer);
        let Some((_, channel)) = ours else { return };
        match datagram.channel {
            Wire::Signalling => {
                channel.handle_segment(now, &datagram.bytes);
                self.drain_messages(now);
            }
            Wire::Media => self.on_rtcp(now, &datagram.bytes),
        }
        self.flush_channel(now);
    }

    /// The time that [`LightEndpoint::poll_timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if let Some((_, channel)) = &mut self.session.channel
            && channel.poll_timeout().is_some_and(|at| at <= now)
        {
            channel.handle_timeout(now);
            self.drain_messages(now);
        }
        // Whoever gives up is out; there is nobody to tell.
        let _ = self.session.handle_timeout(now);
        self.send_arrivals(now);
        self.advance_sending(now);
        for track in &mut self.incoming {
            if track.poll_timeout().is_some_and(|at| at <= now) {
                track.handle_timeout(now);
            }
        }
        self.ask_for_repairs(now);
        if self.next_report <= now {
            self.report(now);
            self.next_report = now + REPORT_INTERVAL;
        }
        self.flush_channel(now);
    }

    /// When [`LightEndpoint::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let channel = self.session.channel.as_ref().and_then(|(_, channel)| channel.poll_timeout());
        let tracks = self.incoming.iter().filter_map(LightTrack::poll_timeout).min();
        let inside = matches!(self.session.phase, Phase::In(_));
        let feedback = self.arrivals.poll_timeout().filter(|_| inside);
        let sending = self.sender.as_ref().and_then(|sender| sender.poll_timeout());
        let report = (self.next_report < Timestamp::FAR_FUTURE).then_some(self.next_report);
        let timeouts = [channel, self.session.poll_timeout(), tracks, feedback, sending, report];
        timeouts.into_iter().flatten().min()
    }

    /// The next datagram for the network.
    pub fn poll_datagram(&mut self) -> Option<Datagram> {
        let datagram = self.out.pop_front()?;
        self.record.sent_bytes += u64::from(datagram.wire_bytes());
        Some(datagram)
    }

    /// The link of a conference that was started, once.
    pub fn poll_invitation(&mut self) -> Option<Invitation> {
        self.invitation.take()
    }

    /// Whether packets that come in order are no reason to do anything before feedback is due: nothing is missing or waited for.
    pub fn is_calm(&self) -> bool {
        self.is_in() && self.arrivals.is_prompt() && self.incoming.iter().all(LightTrack::is_calm)
    }

    /// Their number.
    pub fn person(&self) -> PersonIndex {
        self.person.person
    }

    /// Whether it is in.
    pub fn is_in(&self) -> bool {
        matches!(self.session.phase, Phase::In(_))
    }

    /// The run is over: what became of it.
    pub fn finish(mut self, now: Timestamp) -> LightRecord {
        self.note_speech(now);
        self.keep_all(now);
        self.record.audio = AudioMeter::report([&self.heard]);
        self.record.video = VideoMeter::report(&self.seen, now);
        self.record
    }

    fn note_speech(&mut self, now: Timestamp) {
        let silence = now.saturating_since(self.speech_at);
        self.record.longest_silence = self.record.longest_silence.max(silence);
        self.speech_at = self.speech_at.max(now);
    }

    fn note_first_sound(&mut self, now: Timestamp) {
        if let Some(opened) = self.record.opened_at
            && self.incoming.iter().any(LightTrack::has_played)
        {
            self.record.heard_after = Some(now.saturating_since(opened));
        }
    }

    fn keep_all(&mut self, now: Timestamp) {
        for track in std::mem::take(&mut self.incoming) {
            self.keep(track, now);
        }
    }

    fn keep(&mut self, track: LightTrack, now: Timestamp) {
        match track.finish(now) {
            Remains::Nothing => {}
            Remains::Heard(meter) => self.heard.merge(&meter),
            Remains::Seen(meter) => self.seen.push(*meter),
        }
    }

    /// Brings what is asked for in line with what the viewer wants, and tells the meters what to expect.
    fn update_watching(&mut self, now: Timestamp) {
        let Some(own) = self.session.participant() else { return };
        let tracks: Vec<Picture> = self
            .incoming
            .iter()
            .filter(|track| track.info.kind.is_video() && track.info.participant != own)
            .map(|track| (track.info.participant, track.info.kind))
            .collect();
        for ((source, kind), layer) in self.layout.poll_changes(&tracks, &self.session.roster) {
            self.session.request(now, Request::Watch { source, kind, layer });
        }
        for track in self.incoming.iter_mut().filter(|track| track.info.kind.is_video()) {
            let picture = (track.info.participant, track.info.kind);
            let source = self.session.roster.get(&track.info.participant);
            let flows = source.is_some_and(|member| member.permissions.allows(track.info.kind));
            track.set_wanted(now, self.layout.is_wanted(picture) && flows);
        }
    }

    fn on_rtcp(&mut self, now: Timestamp, bytes: &Bytes) {
        let (mut nacks, mut key_frames) = (Vec::new(), Vec::new());
        let sender = &mut self.sender;
        // What cannot be read was damaged on the way.
        let _ = rtcp::read(bytes, |feedback| match feedback {
            rtcp::Feedback::Nack { media, sequence } => nacks.push((media, sequence)),
            rtcp::Feedback::PictureLoss { media } | rtcp::Feedback::FullIntraRequest { media } => {
                key_frames.push(media);
            }
            rtcp::Feedback::TransportFeedback(arrivals) => {
                if let Some(sender) = sender {
                    sender.on_feedback(now, &arrivals);
                }
            }
            rtcp::Feedback::SenderReport { .. }
            | rtcp::Feedback::ReceiverReport { .. }
            | rtcp::Feedback::Remb { .. }
            | rtcp::Feedback::Goodbye { .. } => {}
        });
        if let Some(sender) = sender {
            sender.on_asked(now, &nacks, &key_frames);
        }
        self.advance_sending(now);
    }

    fn ask_for_repairs(&mut self, now: Timestamp) {
        let mut compounds = Compounds::default();
        let own = self.own_ssrc();
        for track in self.incoming.iter_mut().filter(|track| track.poll_timeout().is_some()) {
            let (missing, key_frame) = track.poll_feedback(now);
            let media = track.info.ssrc;
            for missing in missing.chunks(NACK_ENTRIES_MAX) {
                compounds.add(|out| {
                    rtcp::write_nack(own, media, missing, out);
                });
            }
            if key_frame {
                compounds.add(|out| rtcp::write_pli(own, media, out));
            }
        }
        for datagram in compounds.finish() {
            self.send_feedback(now, datagram);
        }
    }

    /// Tells the server what arrived and when.
    fn send_arrivals(&mut self, now: Timestamp) {
        if !self.is_in() {
            return;
        }
        let own = self.own_ssrc();
        let media = self.incoming.first().map_or(Ssrc(0), |track| track.info.ssrc);
        loop {
            let mut feedback = Vec::new();
            if !self.arrivals.write_feedback(now, own, media, &mut feedback) {
                return;
            }
            self.send_feedback(now, Bytes::from(feedback));
        }
    }

    fn send_media(&mut self, bytes: Bytes) {
        let Some((peer, _)) = self.session.channel.as_ref() else { return };
        self.out.push_back(Datagram { peer: *peer, channel: Wire::Media, bytes });
    }

    /// The SSRC by which this client goes in feedback.
    fn own_ssrc(&self) -> Ssrc {
        self.sender.as_ref().and_then(|sender| sender.own_ssrc()).unwrap_or(Ssrc(2))
    }

    /// Hands the channel's segments to the network.
    fn flush_channel(&mut self, now: Timestamp) {
        let Some((peer, channel)) = &mut self.session.channel else { return };
        while let Some(segment) = channel.poll_segment(now) {
            let bytes = Bytes::from(segment);
            self.out.push_back(Datagram { peer: *peer, channel: Wire::Signalling, bytes });
        }
    }
}
