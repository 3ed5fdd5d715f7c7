//! Owns the honest part of the target of transports: a client that has offered, checks paths, shakes hands and protects packets
//! with the keys that come of it. What of it the network changes, repeats or forges is the script's affair.

use std::{sync::Arc, time::Instant};

use dimpl::{Config, Dtls, DtlsCertificate, Output};
use media_core::{
    Timestamp,
    transport::srtp::{MasterKey, SrtpProfile, SrtpSender},
};
use stun_types::{
    attribute::{AttributeType, RawAttribute, Username},
    message::{
        BINDING, IntegrityAlgorithm, Message, MessageClass, MessageType, MessageWrite as _,
        MessageWriteExt as _, MessageWriteVec, ShortTermCredentials,
    },
};

use super::{CERTIFICATE, PRIVATE_KEY};

/// The controlling agent chooses this path (RFC 8445 section 16.1).
const USE_CANDIDATE: AttributeType = AttributeType::new(0x0025);
/// Room for one record of a handshake.
const RECORD_BYTES: usize = 2_000;

/// One client.
pub(super) struct Client {
    /// Its own name in ICE, and what the answer said of the media node's: name and password.
    names: Option<(String, String, String)>,
    dtls: Dtls,
    anchor: Instant,
    keys: Option<SrtpSender>,
    checks: u128,
}

impl Client {
    pub(super) fn new(anchor: Instant) -> Self {
        let provider = dimpl::crypto::rust_crypto::default_provider();
        let config = Config::builder().with_crypto_provider(provider).build().expect("it has all of DTLS");
        let own = DtlsCertificate { certificate: CERTIFICATE.to_vec(), private_key: PRIVATE_KEY.to_vec() };
        let mut dtls = Dtls::new_12(Arc::new(config), own, anchor);
        dtls.set_active(true);
        Self { names: None, dtls, anchor, keys: None, checks: 0 }
    }

    /// Its offer was answered.
    pub(super) fn on_answer(&mut self, offer: &str, answer: &str) {
        let value = |text: &str, name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_end().to_owned())
        };
        let own = value(offer, "a=ice-ufrag:");
        let names = own.zip(value(answer, "a=ice-ufrag:")).zip(value(answer, "a=ice-pwd:"));
        self.names = names.map(|((own, name), password)| (own, name, password));
    }

    /// An authentic check of the path; none before an answer. With another password it is a guess.
    pub(super) fn check(&mut self, nominates: bool, guess: Option<&str>) -> Option<Vec<u8>> {
        let (own, name, password) = self.names.as_ref()?;
        self.checks += 1;
        let kind = MessageType::from_class_method(MessageClass::Request, BINDING);
        let mut request = Message::builder(kind, self.checks.into(), MessageWriteVec::new());
        request.add_attribute(&Username::new(&format!("{name}:{own}")).ok()?).ok()?;
        if nominates {
            request.add_attribute(&RawAttribute::new(USE_CANDIDATE, &[])).ok()?;
        }
        let key = ShortTermCredentials::new(guess.unwrap_or(password).to_owned()).make_key();
        request.add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1).ok()?;
        request.add_fingerprint().ok()?;
        Some(request.finish())
    }

    /// A record has come from the media node.
    pub(super) fn on_record(&mut self, record: &[u8]) {
        // What the node says when it refuses ends the handshake.
        let _over = self.dtls.handle_packet(record);
    }

    /// Says goodbye, if the handshake is over.
    pub(super) fn close(&mut self) {
        // Before that there is nothing to close.
        let _too_early = self.dtls.close();
    }

    #[cfg(test)]
    pub(super) fn is_connected(&self) -> bool {
        self.keys.is_some()
    }

    /// The records that it has to send.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "nothing else matters to a client without data channels"
    )]
    pub(super) fn records(&mut self, now: Timestamp) -> Vec<Vec<u8>> {
        let instant = self.anchor + now.saturating_since(Timestamp::ZERO);
        let mut records = Vec::new();
        if self.dtls.handle_timeout(instant).is_err() {
            return records;
        }
        let mut buffer = vec![0; RECORD_BYTES];
        loop {
            match self.dtls.poll_output(&mut buffer) {
                Output::Packet(record) => records.push(record.to_vec()),
                Output::KeyingMaterial(material, dimpl::SrtpProfile::AEAD_AES_256_GCM) => {
                    self.keys = sender(&material);
                }
                Output::Timeout(_) | Output::BufferTooSmall { .. } => return records,
                _ => {}
            }
        }
    }

    /// A packet with its protection, if there are keys and its number was not used.
    pub(super) fn protect(&mut self, mut packet: Vec<u8>) -> Option<Vec<u8>> {
        self.keys.as_mut()?.protect_rtp_in_place(0, &mut packet).ok()?;
        Some(packet)
    }
}

/// The exported secret (RFC 5764 section 4.2) begins with the client's key; its salt stands behind both keys.
fn sender(material: &[u8]) -> Option<SrtpSender> {
    let profile = SrtpProfile::AeadAes256Gcm;
    let (keys, salts) = material.split_at_checked(2 * profile.key_bytes())?;
    let key = keys.get(..profile.key_bytes())?;
    Some(SrtpSender::new(&MasterKey::new(profile, key, salts.get(..profile.salt_bytes())?).ok()?))
}
