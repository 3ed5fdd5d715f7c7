//! Owns what one person sends: sound, or a picture in one simulcast layer, packet by packet, each with its time.

use std::time::Duration;

use media_core::{
    Codec, MediaKind, Ssrc, Timestamp,
    rtp::{
        AudioLevel, DependencyDescriptor, DependencyStructure, RtpHeader,
        ext::{AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR, TRANSPORT_SEQUENCE},
    },
};

/// The stream that is published.
pub const SOURCE: Ssrc = Ssrc(10);
/// Of which every payload is made.
pub const PAYLOAD_BYTE: u8 = 0xC1;
/// From packet to packet of sound.
const AUDIO_INTERVAL: Duration = Duration::from_millis(20);
/// From frame to frame of a picture; in whole nanoseconds 30 frames a second.
const FRAME_INTERVAL: Duration = Duration::from_nanos(33_333_333);
/// Packets of one frame, and how far apart an uplink puts them: together about 1.1 Mbit/s.
const PACKETS_PER_FRAME: u64 = 4;
const PACKET_INTERVAL: Duration = Duration::from_millis(2);

/// What is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Frames of Opus with their encryption: 50 packets a second of 160 bytes of payload.
    Audio,
    /// 30 frames a second of four packets with 1,100 bytes of payload and a dependency descriptor.
    Video,
}

impl Load {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Audio, Self::Video];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
        }
    }

    /// Bytes of payload in each packet.
    pub const fn payload_bytes(self) -> usize {
        match self {
            Self::Audio => 160,
            Self::Video => 1_100,
        }
    }

    /// The kind of track.
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Audio => MediaKind::Audio,
            Self::Video => MediaKind::Camera,
        }
    }

    /// The codec that is said to be in it.
    pub const fn codec(self) -> Codec {
        match self {
            Self::Audio => Codec::Opus,
            Self::Video => Codec::Vp8,
        }
    }

    /// So many packets are sent at once, and how long it is to the next ones.
    pub const fn burst(self) -> (usize, Duration) {
        match self {
            Self::Audio => (1, AUDIO_INTERVAL),
            Self::Video => (PACKETS_PER_FRAME as usize, FRAME_INTERVAL),
        }
    }

    /// What its encoder aims at, in kbit/s.
    pub const fn target_kbps(self) -> u32 {
        match self {
            Self::Audio => 64,
            Self::Video => 1_056,
        }
    }
}

/// Makes the packets.
#[derive(Debug)]
pub struct Publisher {
    load: Load,
    begun: Timestamp,
    payload: Vec<u8>,
    /// Packets so far.
    packets: u64,
    structure: DependencyStructure,
    /// The next frame begins anew.
    wants_key: bool,
    is_key: bool,
}

impl Publisher {
    /// Who sends from `begun` on.
    pub fn new(load: Load, begun: Timestamp) -> Self {
        Self {
            load,
            begun,
            payload: vec![PAYLOAD_BYTE; load.payload_bytes()],
            packets: 0,
            structure: DependencyStructure::l1t1(640, 360),
            wants_key: true,
            is_key: false,
        }
    }

    /// The server asks for a key frame.
    pub fn on_key_frame_wanted(&mut self) {
        self.wants_key = true;
    }

    /// The next packet, and when it reaches the server.
    pub fn next_packet(&mut self) -> (Timestamp, Vec<u8>) {
        match self.load {
            Load::Audio => self.sound(),
            Load::Video => self.picture(),
        }
    }

    fn sound(&mut self) -> (Timestamp, Vec<u8>) {
        let number = self.packets;
        // It rises and falls and stops for breath: the server takes a level that stands still for a machine.
        let is_breath = number % 150 < 10;
        let level = if is_breath { 70 } else { 20 + (number * 7 % 25) as u8 };
        let level = AudioLevel { level, voice: !is_breath }.bytes();
        let at = self.begun + AUDIO_INTERVAL * number as u32;
        (at, self.packet(number as u32 * 960, true, (AUDIO_LEVEL, &level)))
    }

    fn picture(&mut self) -> (Timestamp, Vec<u8>) {
        let (frame, place) = (self.packets / PACKETS_PER_FRAME, self.packets % PACKETS_PER_FRAME);
        let (first, last) = (place == 0, place + 1 == PACKETS_PER_FRAME);
        if first {
            self.is_key = std::mem::take(&mut self.wants_key);
        }
        let template = u8::from(!self.is_key);
        let mut descriptor = Vec::new();
        DependencyDescriptor::of_template(&self.structure, template, frame as u16, first, last)
            .expect("the structure has two templates")
            .write(&self.structure, self.is_key && first, &mut descriptor);
        let at = self.begun + FRAME_INTERVAL * frame as u32 + PACKET_INTERVAL * place as u32;
        (at, self.packet((frame as u32).wrapping_mul(3_000), last, (DEPENDENCY_DESCRIPTOR, &descriptor)))
    }

    fn packet(&mut self, timestamp: u32, marker: bool, extension: (u8, &[u8])) -> Vec<u8> {
        let number = self.packets as u16;
        self.packets += 1;
        let header = RtpHeader {
            ssrc: SOURCE,
            sequence: number,
            timestamp,
            payload_type: self.load.codec().payload_type(),
            marker,
            extensions: &[(TRANSPORT_SEQUENCE, &number.to_be_bytes()), extension],
        };
        // A sealed packet needs room for its tag.
        let mut packet = Vec::with_capacity(header.len() + self.payload.len() + 16);
        header.write(&self.payload, &mut packet);
        packet
    }
}
