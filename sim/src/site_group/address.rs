//! Owns where somebody's client is attached, and where the media node believes it is. A client that goes over to another line
//! keeps its connections, as after an ICE restart (RFC 8445 section 9): the media node learns the new address from the first
//! packet that comes from there. Until then it sends to the old one, where nobody is.
//!
//! Signalling goes the same way. Its own transport would have to survive that, as QUIC does (RFC 9000 section 9); what was
//! lost it sends again.

use media_core::Timestamp;

use crate::node::BACKBONE_DELAY;

/// Where a client is, by the number of the building.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    building: usize,
    /// Where the media node sends to.
    believed: usize,
    /// From when on what comes from the media node was sent to `building`.
    known_from: Option<Timestamp>,
}

impl Address {
    /// A client that is where the media node will find it.
    pub(super) const fn new(building: usize) -> Self {
        Self { building, believed: building, known_from: None }
    }

    /// Where the client is.
    pub(super) const fn building(&self) -> usize {
        self.building
    }

    /// The client goes over to another building's line.
    pub(super) const fn move_to(&mut self, building: usize) {
        self.building = building;
        self.known_from = None;
    }

    /// A packet of this client has crossed the line of `building`: the media node has it after the backbone's delay, and what
    /// it sends from then on is here after another.
    pub(super) fn on_left(&mut self, now: Timestamp, building: usize) {
        if building == self.building && building != self.believed && self.known_from.is_none() {
            self.known_from = Some(now + BACKBONE_DELAY + BACKBONE_DELAY);
        }
    }

    /// To whose line something goes that comes from the media node now.
    pub(super) fn towards(&mut self, now: Timestamp) -> usize {
        if self.known_from.is_some_and(|from| from <= now) {
            self.believed = self.building;
            self.known_from = None;
        }
        self.believed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn what_comes_from_the_media_node_goes_to_the_old_address_until_it_has_heard_of_the_new_one() {
        let mut address = Address::new(3);
        address.move_to(5);
        assert_eq!((address.building(), address.towards(at(100))), (5, 3));
        address.on_left(at(110), 3);
        assert_eq!(address.towards(at(200)), 3);
        address.on_left(at(210), 5);
        assert_eq!((address.towards(at(213)), address.towards(at(214))), (3, 5));
    }

    #[test]
    fn who_moves_on_before_the_media_node_has_heard_is_still_sent_to_the_first_address() {
        let mut address = Address::new(0);
        address.move_to(1);
        address.on_left(at(10), 1);
        address.move_to(2);
        assert_eq!(address.towards(at(20)), 0);
        address.on_left(at(20), 1);
        assert_eq!(address.towards(at(30)), 0);
        address.on_left(at(30), 2);
        assert_eq!(address.towards(at(34)), 2);
    }
}
