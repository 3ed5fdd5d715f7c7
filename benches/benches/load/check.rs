//! Owns connectivity checks as the controlling client makes them, and its answers to those of the server (RFC 8445 section 7).

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use stun_types::{
    attribute::{AttributeType, RawAttribute, Username, XorMappedAddress},
    message::{
        BINDING, IntegrityAlgorithm, Message, MessageClass, MessageType, MessageWrite as _,
        MessageWriteExt as _, MessageWriteVec, ShortTermCredentials,
    },
};

use crate::service::{Local, Remote};

const PRIORITY: AttributeType = AttributeType::new(0x0024);
const USE_CANDIDATE: AttributeType = AttributeType::new(0x0025);
const ICE_CONTROLLING: AttributeType = AttributeType::new(0x802a);
/// Of a host candidate (RFC 8445 section 5.1.2.1).
const PRIORITY_OF_HOST: u32 = 2_130_706_431;

/// A check that nominates its path.
pub(crate) fn request(local: &Local, remote: &Remote) -> Vec<u8> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let transaction = u128::from(NUMBER.fetch_add(1, Ordering::Relaxed));
    let kind = MessageType::from_class_method(MessageClass::Request, BINDING);
    let mut request = Message::builder(kind, transaction.into(), MessageWriteVec::new());
    let username = format!("{}:{}", remote.ufrag, local.ufrag);
    request.add_attribute(&Username::new(&username).expect("short")).expect("it fits");
    request.add_attribute(&RawAttribute::new(PRIORITY, &PRIORITY_OF_HOST.to_be_bytes())).expect("it fits");
    request.add_attribute(&RawAttribute::new(ICE_CONTROLLING, &7_u64.to_be_bytes())).expect("it fits");
    request.add_attribute(&RawAttribute::new(USE_CANDIDATE, &[])).expect("it fits");
    let key = ShortTermCredentials::new(remote.password.clone()).make_key();
    request.add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1).expect("it fits");
    request.add_fingerprint().expect("it fits");
    request.finish()
}

/// The answer to a check of the server's; none if it is another message.
pub(crate) fn answer(local: &Local, datagram: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
    let message = Message::from_bytes(datagram).ok()?;
    if message.class() != MessageClass::Request || !message.has_method(BINDING) {
        return None;
    }
    let mut answer = Message::builder_success(&message, MessageWriteVec::new());
    answer.add_attribute(&XorMappedAddress::new(from, message.transaction_id())).ok()?;
    let key = ShortTermCredentials::new(local.password.clone()).make_key();
    answer.add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1).ok()?;
    answer.add_fingerprint().ok()?;
    Some(answer.finish())
}
