//! Owns what the others in the conference send to the endpoint, and what the fuzzed server makes of it: frames sealed
//! with the conference's key, with any contents, cut into packets, numbered, damaged, repeated.

use media_core::{
    ParticipantId, Ssrc, Timestamp,
    e2ee::FrameMetadata,
    rtp::{
        AudioLevel, DependencyDescriptor, DependencyStructure, RtpHeader,
        ext::{AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR},
        rtcp,
    },
    signalling::{ClientMessage, Request, ServerMessage, TrackInfo},
};

use super::{super::input::Input, MARKER, PEOPLE, group::Group};

/// Tracks of which packets can come.
const TRACKS_MAX: usize = 16;

/// A track that the endpoint was told of, as its sender numbers it.
struct Stream {
    info: TrackInfo,
    sequence: u16,
    timestamp: u32,
    frame: u16,
    structure: DependencyStructure,
    last: Vec<u8>,
}

/// Everybody who sends.
#[derive(Default)]
pub(super) struct Senders {
    /// As whom the endpoint came in last.
    endpoint: Option<(ParticipantId, String)>,
    /// The honest people, once the endpoint wants to be in their group.
    pub(super) group: Option<Group>,
    /// Frames that were sealed in groups before.
    sealed_before: u64,
    streams: Vec<Stream>,
    /// What the endpoint publishes.
    published: Vec<Ssrc>,
}

impl Senders {
    /// Frames sealed under keys of a group so far.
    pub(super) fn sealed(&self) -> u64 {
        self.sealed_before + self.group.as_ref().map_or(0, Group::sealed)
    }

    /// The server has said something, true or not, that the endpoint can read.
    pub(super) fn on_said(&mut self, now: Timestamp, message: &ServerMessage) {
        let ServerMessage::Entered { participant, roster, .. } = message else { return };
        let shown = roster.iter().rev().find(|member| member.participant == *participant);
        let endpoint = (*participant, shown.map(|member| member.name.clone()).unwrap_or_default());
        self.endpoint = Some(endpoint.clone());
        match &mut self.group {
            // The number is that of somebody else: they all meet anew.
            Some(group) if group.has(*participant) => {
                self.sealed_before += group.sealed();
                self.group = None;
            }
            Some(group) => group.on_endpoint_entered(now, endpoint),
            None => {}
        }
    }

    pub(super) fn on_track_added(&mut self, info: &TrackInfo) {
        if self.streams.len() == TRACKS_MAX {
            self.streams.remove(0);
        }
        self.streams.push(Stream {
            info: info.clone(),
            sequence: 65_530,
            timestamp: u32::MAX - 20_000,
            frame: 65_533,
            structure: DependencyStructure::simulcast_l1t2(320, 180),
            last: Vec::new(),
        });
    }

    pub(super) fn on_request(&mut self, now: Timestamp, said: &ClientMessage) {
        if let Request::Publish { tracks } = &said.body {
            let encodings = tracks.iter().flat_map(|track| &track.encodings);
            self.published = encodings.map(|encoding| encoding.ssrc).collect();
        }
        if let (Request::OfferKeyPackage { .. }, None, Some(endpoint)) =
            (&said.body, &self.group, &self.endpoint)
        {
            self.group = Some(Group::around(endpoint.clone()));
        }
        if let Some(group) = &mut self.group {
            group.on_request(now, said);
        }
    }

    /// The packets of a frame of one track.
    pub(super) fn packets(&mut self, input: &mut Input<'_>) -> Vec<Vec<u8>> {
        let at = input.below(self.streams.len());
        let Some(stream) = self.streams.get_mut(at) else { return Vec::new() };
        let choice = input.byte();
        stream.advance(input);
        if choice >> 6 == 3 && !stream.last.is_empty() {
            return vec![stream.repaired(input)];
        }
        let sender = if choice & 32 == 0 { stream.info.participant.0 } else { u32::from(input.byte()) };
        let template = choice % 3;
        let metadata = FrameMetadata {
            kind: stream.info.kind,
            codec: stream.info.codec,
            spatial_layer: 0,
            temporal_layer: if stream.info.kind.is_video() { template / 2 } else { 0 },
            key_frame: stream.info.kind.is_video() && template == 0,
            frame_number: if stream.info.kind.is_video() { stream.frame } else { 0 },
        };
        let Some(group) = &mut self.group else { return Vec::new() };
        let sealed = group.seal(sender % PEOPLE, &plaintext(input), &metadata.to_bytes());
        let Some(sealed) = sealed else { return Vec::new() };
        let parts = 1 + usize::from(choice >> 3 & 3);
        let mut packets = stream.cut(template, &sealed, parts);
        damage(&mut packets, input);
        if let Some(last) = packets.last() {
            stream.last.clone_from(last);
        }
        packets
    }

    /// RTCP of the server: what it asks of the endpoint's own streams, and what else a compound can say.
    pub(super) fn feedback(&self, input: &mut Input<'_>) -> Vec<u8> {
        let mut compound = Vec::new();
        let media = input.pick(&self.published).copied().unwrap_or(Ssrc(100));
        match input.below(5) {
            0 | 1 => {
                let first = input.number();
                let lost: Vec<u16> = (0..=u16::from(input.byte())).map(|n| first.wrapping_add(n)).collect();
                rtcp::write_nack(Ssrc(1), media, &lost, &mut compound);
            }
            2 => rtcp::write_pli(Ssrc(1), media, &mut compound),
            3 => rtcp::write_sender_report(media, u64::from(input.long()) << 20, 1, 1, 1, &mut compound),
            _ => rtcp::write_fir(Ssrc(1), media, input.byte(), &mut compound),
        }
        compound
    }
}

/// A frame's content: mostly with the marker and a time of capture, as nobody but a member can write it.
fn plaintext(input: &mut Input<'_>) -> Vec<u8> {
    let choice = input.byte();
    let mut clear = Vec::new();
    if choice < 200 {
        clear.extend_from_slice(&MARKER);
        let captured = match choice % 4 {
            0 => u64::from(input.byte()) * 10_000_000,
            1 => u64::MAX - u64::from(input.byte()),
            2 => u64::from(input.long()) << 20,
            _ => Timestamp::from_millis(600).as_nanos(),
        };
        clear.extend_from_slice(&captured.to_be_bytes());
    }
    clear.resize(clear.len() + usize::from(choice % 64), 0x11);
    clear
}

/// Bytes are changed, packets left out, repeated or exchanged.
fn damage(packets: &mut Vec<Vec<u8>>, input: &mut Input<'_>) {
    let choice = input.byte();
    let at = usize::from(choice) % packets.len().max(1);
    match choice >> 5 {
        6 => {
            packets.remove(at);
        }
        7 => {
            let packet = &mut packets[at];
            let place = usize::from(input.number()) % packet.len();
            packet[place] ^= input.byte();
        }
        5 => packets.reverse(),
        4 => {
            let again = packets[at].clone();
            packets.push(again);
        }
        _ => {}
    }
}

impl Stream {
    fn advance(&mut self, input: &mut Input<'_>) {
        let (numbers, ticks) = match input.byte() {
            0..=179 => (0, 960),
            small @ 180..=239 => (u16::from(small - 180), 960 * u32::from(small - 179)),
            240..=247 => (input.number(), 960),
            _ => (0, input.long()),
        };
        self.sequence = self.sequence.wrapping_add(numbers);
        self.timestamp = self.timestamp.wrapping_add(ticks);
        self.frame = self.frame.wrapping_add(1);
    }

    fn cut(&mut self, template: u8, sealed: &[u8], parts: usize) -> Vec<Vec<u8>> {
        let each = sealed.len().div_ceil(parts).max(1);
        let chunks: Vec<&[u8]> = sealed.chunks(each).collect();
        let last = chunks.len().saturating_sub(1);
        let packets = chunks.into_iter().enumerate().map(|(part, payload)| {
            self.sequence = self.sequence.wrapping_add(1);
            let mut data = Vec::new();
            let id = if self.info.kind.is_video() {
                let (start, end) = (part == 0, part == last);
                let structure = &self.structure;
                if let Some(descriptor) =
                    DependencyDescriptor::of_template(structure, template, self.frame, start, end)
                {
                    descriptor.write(structure, template == 0 && start, &mut data);
                }
                DEPENDENCY_DESCRIPTOR
            } else {
                data.extend(AudioLevel { level: 20, voice: true }.bytes());
                AUDIO_LEVEL
            };
            let mut packet = Vec::new();
            self.header(self.info.ssrc, &[(id, &data)]).write(payload, &mut packet);
            packet
        });
        packets.collect()
    }

    /// The last packet again, as a retransmission of this or another number.
    fn repaired(&mut self, input: &mut Input<'_>) -> Vec<u8> {
        let original = self.sequence.wrapping_sub(u16::from(input.byte()));
        let Ok(view) = media_core::rtp::RtpView::parse(&self.last) else { return self.last.clone() };
        let extensions: Vec<(u8, &[u8])> = view.extensions().collect();
        let mut packet = Vec::new();
        let header = self.header(self.info.rtx_ssrc, &extensions);
        header.write_retransmission(original, view.payload(), &mut packet);
        packet
    }

    fn header<'a>(&self, ssrc: Ssrc, extensions: &'a [(u8, &'a [u8])]) -> RtpHeader<'a> {
        RtpHeader {
            ssrc,
            sequence: self.sequence,
            timestamp: self.timestamp,
            payload_type: self.info.codec.payload_type(),
            marker: true,
            extensions,
        }
    }
}
