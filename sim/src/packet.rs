//! Owns what travels in the simulated network: datagrams with the connection they belong to. A connection stands for
//! the pair of addresses that a transport would authenticate; a client that connects anew has a new one.

use bytes::Bytes;
use media_core::PeerId;

use crate::{scenario::PersonIndex, trace::Channel};

/// Bytes of IPv4 and UDP headers in front of every payload, as the link has to carry them.
pub const IP_UDP_BYTES: u32 = 28;

/// Low bits of a peer id that name the person.
const PERSON_BITS: u32 = 20;

/// A UDP datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Whose connection, and which of them.
    pub peer: PeerId,
    /// Signalling or media.
    pub channel: Channel,
    /// The UDP payload.
    pub bytes: Bytes,
}

impl Datagram {
    /// Bytes on the access link.
    pub fn wire_bytes(&self) -> u32 {
        self.bytes.len() as u32 + IP_UDP_BYTES
    }
}

/// The connection number `connection` of a person.
///
/// # Panics
/// When the scenario has more than a million people or a person more than 4,000 connections.
pub fn peer_of(person: PersonIndex, connection: u32) -> PeerId {
    assert!(
        person.0 < 1 << PERSON_BITS && connection < 1 << (32 - PERSON_BITS),
        "peer ids have 20 + 12 bits"
    );
    PeerId(connection << PERSON_BITS | person.0 as u32)
}

/// Which of a person's connections it is, from 0.
pub const fn connection_of(peer: PeerId) -> u32 {
    peer.0 >> PERSON_BITS
}

/// Whose connection it is.
pub const fn person_of(peer: PeerId) -> PersonIndex {
    PersonIndex((peer.0 & ((1 << PERSON_BITS) - 1)) as usize)
}
