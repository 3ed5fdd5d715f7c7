//! Owns what travels between the hosts of the city, and its form in the batches that they exchange: media as metadata in records of
//! fixed size, everything else as bytes.

use bytes::{BufMut, Bytes};
use media_core::{PeerId, Ssrc, Timestamp, ids::ConferenceId, secret::Token, signalling::LinkToken};

use crate::{
    endpoint::light::{Earlier, FramePart, Inside, LightPacket},
    packet::{Datagram, IP_UDP_BYTES},
    trace::Channel,
};

const MEDIA: u8 = 0;
const RTCP: u8 = 1;
const SIGNALLING: u8 = 2;
const FRONT: u8 = 3;
const LINK: u8 = 4;

/// Something on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Load {
    /// Media from a node to a participant.
    Media {
        peer: PeerId,
        packet: LightPacket,
        /// Frames of sound that go along.
        earlier: Option<Box<[Earlier]>>,
    },
    /// Signalling, or RTCP.
    Datagram(Datagram),
    /// Media from a participant to a node: everything in front of the ciphertext, and how much of that follows.
    Front { peer: PeerId, front: Bytes, absent: u16 },
    /// A link, by mail.
    Link { conference: u32, link: LinkToken },
}

impl Load {
    /// Whose connection it is on; a mail is on none.
    pub(super) fn peer(&self) -> Option<PeerId> {
        match self {
            Self::Media { peer, .. } | Self::Front { peer, .. } => Some(*peer),
            Self::Datagram(datagram) => Some(datagram.peer),
            Self::Link { .. } => None,
        }
    }

    /// Bytes on an access link.
    pub(super) fn wire_bytes(&self) -> u32 {
        match self {
            Self::Media { packet, .. } => u32::from(packet.bytes) + IP_UDP_BYTES,
            Self::Datagram(datagram) => datagram.wire_bytes(),
            Self::Front { front, absent, .. } => front.len() as u32 + u32::from(*absent) + IP_UDP_BYTES,
            Self::Link { .. } => 0,
        }
    }

    /// Appends it to a batch, due at `at`.
    pub(super) fn write(&self, at: Timestamp, out: &mut Vec<u8>) {
        match self {
            Self::Media { peer, packet, earlier } => {
                write_media(at, *peer, packet, earlier.as_deref().unwrap_or_default(), out);
            }
            Self::Datagram(Datagram { peer, channel, bytes }) => {
                let tag = if *channel == Channel::Media { RTCP } else { SIGNALLING };
                head(tag, at, *peer, out);
                out.put_u16_le(bytes.len() as u16);
                out.extend_from_slice(bytes);
            }
            Self::Front { peer, front, absent } => {
                head(FRONT, at, *peer, out);
                out.put_u16_le(*absent);
                out.put_u16_le(front.len() as u16);
                out.extend_from_slice(front);
            }
            Self::Link { conference, link } => {
                head(LINK, at, PeerId(*conference), out);
                out.put_u32_le(link.conference.0);
                out.extend_from_slice(link.token.expose());
            }
        }
    }
}

fn head(tag: u8, at: Timestamp, peer: PeerId, out: &mut Vec<u8>) {
    out.put_u8(tag);
    out.put_u64_le(at.as_nanos());
    out.put_u32_le(peer.0);
}

/// Appends a media packet to a batch, due at `at`.
pub(super) fn write_media(
    at: Timestamp,
    peer: PeerId,
    packet: &LightPacket,
    earlier: &[Earlier],
    out: &mut Vec<u8>,
) {
    head(MEDIA, at, peer, out);
    out.put_u32_le(packet.ssrc.0);
    out.put_u32_le(packet.timestamp);
    for short in [packet.sequence, packet.transport, packet.bytes, packet.payload, packet.part.number] {
        out.put_u16_le(short);
    }
    let FramePart { video, start, end, key, spatial, temporal, .. } = packet.part;
    out.put_u8(bits([video, start, end, key]));
    out.put_u8(spatial << 4 | temporal);
    write_inside(packet.inside, out);
    out.put_u8(earlier.len() as u8);
    for Earlier { behind, timestamp, inside } in earlier {
        out.put_u16_le(*behind);
        out.put_u32_le(*timestamp);
        write_inside(*inside, out);
    }
}

fn bits(flags: [bool; 4]) -> u8 {
    flags.into_iter().enumerate().fold(0, |bits, (place, flag)| bits | u8::from(flag) << place)
}

fn write_inside(inside: Inside, out: &mut Vec<u8>) {
    out.extend_from_slice(&inside.bytes());
}

/// Reads a batch.
///
/// # Panics
/// When it is none: the hosts of a simulation write nothing else.
pub(super) fn read(batch: &[u8], mut on_load: impl FnMut(Timestamp, Load)) {
    let mut reader = Reader { rest: batch };
    while !reader.rest.is_empty() {
        let tag = reader.array::<1>()[0];
        let at = Timestamp::from_nanos(u64::from_le_bytes(reader.array()));
        let peer = PeerId(reader.u32());
        let load = match tag {
            MEDIA => reader.media(peer),
            FRONT => {
                let absent = reader.u16();
                let front = reader.bytes();
                Load::Front { peer, front, absent }
            }
            LINK => Load::Link {
                conference: peer.0,
                link: LinkToken {
                    conference: ConferenceId(reader.u32()),
                    token: Token::from_bytes(reader.array()),
                },
            },
            tag => {
                let channel = if tag == RTCP { Channel::Media } else { Channel::Signalling };
                Load::Datagram(Datagram { peer, channel, bytes: reader.bytes() })
            }
        };
        on_load(at, load);
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let (array, rest) = self.rest.split_first_chunk().expect("a batch ends with a whole record");
        self.rest = rest;
        *array
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn bytes(&mut self) -> Bytes {
        let length = usize::from(self.u16());
        let (bytes, rest) = self.rest.split_at(length);
        self.rest = rest;
        Bytes::copy_from_slice(bytes)
    }

    fn inside(&mut self) -> Inside {
        let bytes: [u8; crate::endpoint::light::INSIDE_BYTES] = self.array();
        Inside::read(&bytes).unwrap_or_default()
    }

    fn media(&mut self, peer: PeerId) -> Load {
        let (ssrc, timestamp) = (Ssrc(self.u32()), self.u32());
        let [sequence, transport, bytes, payload, number] = std::array::from_fn(|_| self.u16());
        let [flags, layers] = self.array();
        let has = |place: u8| flags & 1 << place != 0;
        let part = FramePart {
            video: has(0),
            start: has(1),
            end: has(2),
            key: has(3),
            number,
            spatial: layers >> 4,
            temporal: layers & 15,
        };
        let inside = self.inside();
        let packet = LightPacket { ssrc, timestamp, sequence, transport, bytes, payload, part, inside };
        let count = self.array::<1>()[0];
        let earlier = (count > 0).then(|| {
            (0..count)
                .map(|_| Earlier { behind: self.u16(), timestamp: self.u32(), inside: self.inside() })
                .collect()
        });
        Load::Media { peer, packet, earlier }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let inside = Inside { captured: Timestamp::from_nanos(77), voice: true, copy_before: false, diff: 2 };
        let part = FramePart {
            video: true,
            start: false,
            end: true,
            key: true,
            number: 65_535,
            spatial: 2,
            temporal: 1,
        };
        let packet = LightPacket {
            ssrc: Ssrc(9),
            timestamp: 8,
            sequence: 7,
            transport: 6,
            bytes: 1_200,
            payload: 1_100,
            part,
            inside,
        };
        let earlier = Earlier { behind: 1, timestamp: 5, inside };
        let peer = PeerId(3);
        let bytes = Bytes::from_static(b"abc");
        let written = [
            Load::Media { peer, packet, earlier: None },
            Load::Media { peer, packet, earlier: Some(Box::new([earlier, earlier])) },
            Load::Datagram(Datagram { peer, channel: Channel::Media, bytes: bytes.clone() }),
            Load::Datagram(Datagram { peer, channel: Channel::Signalling, bytes: bytes.clone() }),
            Load::Front { peer, front: bytes, absent: 12 },
            Load::Link {
                conference: 4,
                link: LinkToken { conference: ConferenceId(5), token: Token::from_bytes([6; 16]) },
            },
        ];
        let mut batch = Vec::new();
        for (place, load) in written.iter().enumerate() {
            load.write(Timestamp::from_nanos(place as u64), &mut batch);
        }
        let mut found = Vec::new();
        read(&batch, |at, load| found.push((at.as_nanos(), load)));
        assert_eq!(found, (0..).zip(written).collect::<Vec<_>>());
    }
}
