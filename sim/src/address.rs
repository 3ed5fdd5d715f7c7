//! Owns the addresses that ICE deals with in a rehearsal: of the media node, of a client in its own network, and of a client as
//! the world sees it, behind its building's router. They are those of private networks and documentation (RFC 1918, RFC 5737).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use media_core::PeerId;

use crate::{
    packet::{connection_of, person_of},
    scenario::{PersonIndex, SiteIndex},
};

/// The media node's port for media.
const MEDIA_PORT: u16 = 3_478;
/// A client's port in its own network.
const CLIENT_PORT: u16 = 40_000;

/// Where clients reach the media node.
pub(crate) const fn of_media_node() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), MEDIA_PORT)
}

/// A client in its own network.
pub(crate) const fn of_client(person: PersonIndex) -> SocketAddr {
    let [_, _, high, low] = (person.0 as u32).to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 168, high, low)), CLIENT_PORT)
}

/// Whether somebody has this address outside, at whichever building.
pub(crate) const fn is_of(address: SocketAddr, person: PersonIndex) -> bool {
    let SocketAddr::V4(address) = address else { return false };
    let [_, high, mid, low] = (person.0 as u32).to_be_bytes();
    let [_, second, third, fourth] = address.ip().octets();
    second & 3 == high & 3 && third == mid && fourth == low
}

/// A connection as the media node sees it: the router of its building, which has a port for each connection. A person has one
/// address at each building, so that ports do not run out.
pub(crate) fn outside(peer: PeerId, site: SiteIndex) -> SocketAddr {
    let [_, high, mid, low] = (person_of(peer).0 as u32).to_be_bytes();
    let building = site.0 as u32 % 64;
    let address = Ipv4Addr::new(10, (building as u8) << 2 | high & 3, mid, low);
    SocketAddr::new(IpAddr::V4(address), 1_024 + connection_of(peer) as u16)
}
