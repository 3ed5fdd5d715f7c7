//! Owns what travels in the simulated network: datagrams with the connection they belong to. A connection stands for
//! the pair of addresses that a transport would authenticate; a client that connects anew has a new one.

use bytes::Bytes;
use media_core::PeerId;

use crate::{scenario::PersonIndex, trace::Channel};

/// Bytes of IPv4 and UDP headers in front of every payload, as the link has to carry them.
pub const IP_UDP_BYTES: u32 = 28;

/// Low bits of a peer id that name the person.
pub(crate) const PERSON_BITS: u32 = 18;
/// The bits above them number the person's connections.
const CONNECTION_BITS: u32 = 12;

/// Number of a media node, by which it is addressed: the first is 0.
pub type NodeIndex = u32;

/// Media nodes in one scenario, at most.
pub const NODES_MAX: NodeIndex = 1 << (32 - PERSON_BITS - CONNECTION_BITS);

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

/// The connection number `connection` of a person, to a media node.
///
/// # Panics
/// When the scenario has more than 260,000 people, a person more than 4,000 connections, or there are more than
/// [`NODES_MAX`] nodes.
pub fn peer_of(person: PersonIndex, connection: u32, node: NodeIndex) -> PeerId {
    assert!(
        person.0 < 1 << PERSON_BITS && connection < 1 << CONNECTION_BITS && node < NODES_MAX,
        "peer ids have 18 + 12 + 2 bits"
    );
    PeerId((node << CONNECTION_BITS | connection) << PERSON_BITS | person.0 as u32)
}

/// Which of a person's connections it is, from 0.
pub const fn connection_of(peer: PeerId) -> u32 {
    peer.0 >> PERSON_BITS & ((1 << CONNECTION_BITS) - 1)
}

/// To which media node it goes.
pub const fn node_of(peer: PeerId) -> NodeIndex {
    peer.0 >> (PERSON_BITS + CONNECTION_BITS)
}

/// Whose connection it is.
pub const fn person_of(peer: PeerId) -> PersonIndex {
    PersonIndex((peer.0 & ((1 << PERSON_BITS) - 1)) as usize)
}
