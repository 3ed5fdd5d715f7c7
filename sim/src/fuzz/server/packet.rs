//! Owns the media packets of a script: mostly right, each in a few respects of the input's choice.

use media_core::{
    Ssrc,
    rtp::{
        AudioLevel, DependencyDescriptor, RtpHeader,
        ext::{AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR, TRANSPORT_SEQUENCE},
    },
};

use super::{
    super::input::Input,
    client::{Client, Stream},
    ledger::{Ledger, tag},
};

impl Client {
    /// The next packet of one of its own streams.
    pub(super) fn packet(&mut self, input: &mut Input<'_>) -> Vec<u8> {
        let choice = input.byte();
        let at = usize::from(choice & 7) % self.streams.len();
        let payload = self.payload(usize::from(choice >> 3) * 20);
        let stream = &mut self.streams[at];
        stream.advance(input);
        let extension = stream.extension(input);
        stream.write(stream.ssrc, stream.codec.payload_type(), stream.sequence, &extension, &payload)
    }

    /// A packet that is wrong in some respect: repeated, out of its order, another's, damaged, or repairing something.
    pub(super) fn other_packet(&mut self, input: &mut Input<'_>, ledger: &Ledger) -> Vec<u8> {
        let at = input.below(self.streams.len());
        let payload = self.payload(input.below(8) * 180);
        let stream = &mut self.streams[at];
        let (ssrc, payload_type) = (stream.ssrc, stream.codec.payload_type());
        match input.below(7) {
            0 | 1 => {
                let sequence = stream.sequence.wrapping_sub(input.number() % 700);
                let extension = stream.extension(input);
                stream.write(ssrc, payload_type, sequence, &extension, &payload)
            }
            2 => {
                let foreign = ledger.any_ssrc(input);
                let extension = stream.extension(input);
                stream.write(foreign, payload_type, stream.sequence, &extension, &payload)
            }
            3 => {
                let extension = (input.byte() % 16, input.run().to_vec());
                let payload_type = if input.flag() { payload_type } else { input.byte() };
                stream.sequence = stream.sequence.wrapping_add(1);
                stream.write(ssrc, payload_type, stream.sequence, &extension, &payload)
            }
            4 | 5 => {
                let original = stream.sequence.wrapping_sub(u16::from(input.byte()));
                let extension = stream.extension(input);
                stream.rtx_sequence = stream.rtx_sequence.wrapping_add(1);
                let payload = [&original.to_be_bytes()[..], &payload].concat();
                let (ssrc, rtx) = (stream.rtx_ssrc, stream.codec.rtx_payload_type());
                stream.write(ssrc, rtx, stream.rtx_sequence, &extension, &payload)
            }
            _ => {
                stream.advance(input);
                let extension = stream.extension(input);
                let mut packet = stream.write(ssrc, payload_type, stream.sequence, &extension, &payload);
                for _ in 0..=input.below(4) {
                    let place = usize::from(input.number()) % packet.len();
                    packet[place] ^= input.byte();
                }
                packet.truncate(usize::from(input.byte()) * 8 + 4);
                packet
            }
        }
    }

    /// Nothing, or bytes by which the ledger knows whose packet it is.
    fn payload(&mut self, length: usize) -> Vec<u8> {
        self.packets += 1;
        tag(self.peer, self.packets).into_iter().chain(std::iter::repeat(0xc1)).take(length).collect()
    }
}

impl Stream {
    /// The next number and time, in the order of sending or far from it.
    fn advance(&mut self, input: &mut Input<'_>) {
        let step = match input.byte() {
            0..=199 => 1,
            small @ 200..=249 => u16::from(small - 198),
            _ => input.number(),
        };
        self.sequence = self.sequence.wrapping_add(step);
        self.timestamp = self.timestamp.wrapping_add(960 * u32::from(step));
    }

    /// The extension that a stream of this kind needs.
    fn extension(&mut self, input: &mut Input<'_>) -> (u8, Vec<u8>) {
        let choice = input.byte();
        if !self.kind.is_video() {
            let level = AudioLevel { level: choice & 0x7f, voice: choice & 0x80 != 0 };
            return (AUDIO_LEVEL, level.bytes().to_vec());
        }
        let (key, start, end) = (choice.is_multiple_of(8), choice & 8 == 0, choice & 16 == 0);
        if start {
            self.frame = self.frame.wrapping_add(1 + u16::from(choice >> 6));
        }
        let template = if key { 0 } else { 1 + choice % 2 };
        let mut data = Vec::new();
        if let Some(descriptor) =
            DependencyDescriptor::of_template(&self.structure, template, self.frame, start, end)
        {
            descriptor.write(&self.structure, key && start, &mut data);
        }
        (DEPENDENCY_DESCRIPTOR, data)
    }

    fn write(
        &self,
        ssrc: Ssrc,
        payload_type: u8,
        sequence: u16,
        (id, data): &(u8, Vec<u8>),
        payload: &[u8],
    ) -> Vec<u8> {
        let both: [(u8, &[u8]); 2] = [(*id, data), (TRANSPORT_SEQUENCE, &[0, 1])];
        let extensions = if *id == 0 || data.len() > 255 { &both[1..] } else { &both[..] };
        let header =
            RtpHeader { ssrc, sequence, timestamp: self.timestamp, payload_type, marker: true, extensions };
        let mut packet = Vec::new();
        header.write(payload, &mut packet);
        packet
    }
}
