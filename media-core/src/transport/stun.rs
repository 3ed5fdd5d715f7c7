//! Owns the only STUN exchange that an ICE-lite agent takes part in: binding requests, and the answers to them (RFC 8489,
//! RFC 8445 section 7.3). What they mean for a connection is [`super::ice`]'s.

use core::net::SocketAddr;

use stun_types::{
    attribute::{AttributeStaticType, AttributeType, Username, XorMappedAddress},
    message::{
        BINDING, IntegrityAlgorithm, IntegrityKey, Message, MessageClass, MessageWrite as _,
        MessageWriteExt as _, MessageWriteVec, ShortTermCredentials,
    },
};

use crate::DropReason;

/// The controlling agent chooses this path (RFC 8445 section 16.1).
const USE_CANDIDATE: AttributeType = AttributeType::new(0x0025);

/// A binding request as it came in; nobody has vouched for it yet.
pub(super) struct BindingRequest<'a> {
    message: Message<'a>,
    /// The receiver's half of the user name, then the sender's (RFC 8445 section 7.2.2).
    pub(super) username: (&'a [u8], &'a [u8]),
}

/// What authenticates requests to, and answers from, one side of a connection.
pub(super) struct StunKey(IntegrityKey);

impl StunKey {
    pub(super) fn new(password: &str) -> Self {
        Self(ShortTermCredentials::new(password.to_owned()).make_key())
    }
}

impl<'a> BindingRequest<'a> {
    /// Reads a datagram. Costs no cryptography.
    ///
    /// # Errors
    /// [`DropReason::Malformed`] when it is no STUN message, [`DropReason::NotABindingRequest`] when it is another one, or
    /// does not say between whom it is.
    pub(super) fn read(datagram: &'a [u8]) -> Result<Self, DropReason> {
        let message = Message::from_bytes(datagram).map_err(|_| DropReason::Malformed)?;
        if message.class() != MessageClass::Request || !message.has_method(BINDING) {
            return Err(DropReason::NotABindingRequest);
        }
        let username = username(datagram).ok_or(DropReason::NotABindingRequest)?;
        Ok(Self { message, username })
    }

    /// Whether somebody who knows the password sent it.
    pub(super) fn is_from_holder_of(&self, key: &StunKey) -> bool {
        self.message.validate_integrity_with_key(&key.0).is_ok()
    }

    /// Whether the controlling agent chooses the path on which it came.
    pub(super) fn nominates(&self) -> bool {
        self.message.has_attribute(USE_CANDIDATE)
    }

    /// The answer: where the request came from.
    ///
    /// # Panics
    /// Never: what an answer is made of fits a STUN message.
    pub(super) fn success(&self, from: SocketAddr, key: &StunKey) -> Vec<u8> {
        let mut answer = Message::builder_success(&self.message, MessageWriteVec::with_capacity(80));
        let mapped = XorMappedAddress::new(from, self.message.transaction_id());
        answer.add_attribute(&mapped).expect("an address fits");
        let sealed = answer.add_message_integrity_with_key(&key.0, IntegrityAlgorithm::Sha1);
        sealed.expect("a tag fits");
        answer.add_fingerprint().expect("a checksum fits");
        answer.finish()
    }
}

/// The two halves of the user name.
fn username(datagram: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut attributes = datagram.get(20..)?;
    // The crate gives values in buffers of its own; a request from anybody shall not cost one.
    while let [t0, t1, l0, l1, rest @ ..] = attributes {
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        let value = rest.get(..length)?;
        if u16::from_be_bytes([*t0, *t1]) == Username::TYPE.value() {
            let colon = value.iter().position(|byte| *byte == b':')?;
            return Some((&value[..colon], &value[colon + 1..]));
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

/// A request as an agent makes it, for tests.
#[cfg(test)]
pub(super) fn request(username: &str, password: &str, nominates: bool, transaction: u8) -> Vec<u8> {
    use stun_types::{attribute::RawAttribute, message::MessageType};
    let kind = MessageType::from_class_method(MessageClass::Request, BINDING);
    let id = [transaction; 12].iter().fold(0_u128, |id, byte| id << 8 | u128::from(*byte));
    let mut request = Message::builder(kind, id.into(), MessageWriteVec::new());
    request.add_attribute(&Username::new(username).expect("short")).expect("fits");
    if nominates {
        request.add_attribute(&RawAttribute::new(USE_CANDIDATE, &[])).expect("fits");
    }
    let key = ShortTermCredentials::new(password.to_owned()).make_key();
    request.add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1).expect("fits");
    request.add_fingerprint().expect("fits");
    request.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 7], 4_000))
    }

    #[test]
    fn a_request_says_between_whom_it_is_and_whether_it_nominates() {
        for nominates in [false, true] {
            let datagram = request("server:client", "secret of the server", nominates, 1);
            let request = BindingRequest::read(&datagram).expect("is one");
            assert_eq!(request.username, (&b"server"[..], &b"client"[..]));
            assert_eq!(request.nominates(), nominates);
        }
    }

    #[test]
    fn only_who_knows_the_password_is_believed() {
        let datagram = request("server:client", "secret of the server", false, 1);
        let request = BindingRequest::read(&datagram).expect("is one");
        assert!(request.is_from_holder_of(&StunKey::new("secret of the server")));
        assert!(!request.is_from_holder_of(&StunKey::new("secret of somebody")));
    }

    #[test]
    fn a_changed_bit_makes_a_request_nobodys() {
        let datagram = request("server:client", "secret of the server", false, 1);
        let key = StunKey::new("secret of the server");
        // Not authenticated: the checksum behind the tag, and the length that it gives the message (RFC 8489 sections 14.5 and 14.7).
        let authenticated = (0..(datagram.len() - 8) * 8).filter(|bit| !(16..32).contains(bit));
        for bit in authenticated {
            let mut changed = datagram.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let believed =
                BindingRequest::read(&changed).is_ok_and(|request| request.is_from_holder_of(&key));
            assert!(!believed, "bit {bit}");
        }
    }

    #[test]
    fn the_answer_tells_the_address_and_is_authenticated() {
        let datagram = request("server:client", "secret of the server", false, 9);
        let key = StunKey::new("secret of the server");
        let answer = BindingRequest::read(&datagram).expect("is one").success(from(), &key);
        let answer = Message::from_bytes(&answer).expect("is STUN");
        assert_eq!(answer.class(), MessageClass::Success);
        assert!(answer.validate_integrity_with_key(&key.0).is_ok());
        let mapped: XorMappedAddress = answer.attribute().expect("is there");
        assert_eq!(mapped.addr(answer.transaction_id()), from());
    }

    #[test]
    fn answers_and_indications_are_not_requests() {
        let datagram = request("server:client", "secret", false, 1);
        let key = StunKey::new("secret");
        let answer = BindingRequest::read(&datagram).expect("is one").success(from(), &key);
        assert_eq!(BindingRequest::read(&answer).err(), Some(DropReason::NotABindingRequest));
        assert_eq!(BindingRequest::read(&[0; 20]).err(), Some(DropReason::Malformed));
        assert_eq!(BindingRequest::read(&[]).err(), Some(DropReason::Malformed));
    }
}
