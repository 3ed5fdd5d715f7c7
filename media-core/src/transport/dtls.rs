//! Owns the handshake that gives a connection its SRTP keys: DTLS 1.2 (RFC 6347) as the passive side, the peer's certificate
//! held against the fingerprint of its offer (RFC 8122), and the keys exported (RFC 5764). After it DTLS only says goodbye.

use std::{sync::Arc, time::Instant};

use dimpl::{
    Config, Dtls, DtlsCertificate, Output,
    crypto::{Buf, CryptoProvider},
};
use thiserror::Error;
use zeroize::Zeroize;

use super::{
    sdp::Fingerprint,
    srtp::{MasterKey, SrtpProfile, SrtpReceiver, SrtpSender},
};
use crate::{
    DropReason,
    limits::{DATAGRAM_BYTES_MAX, HANDSHAKE_FIRST_RETRY, HANDSHAKE_LASTS, HANDSHAKE_RETRIES},
    time::Timestamp,
};

/// Bytes of IPv4 and UDP headers that a network may take from a datagram's room.
const HEADROOM: usize = 48;

/// The media node's certificate and its private key, both in DER: what an ECDSA P-256 key pair and a self-signed certificate
/// are in WebRTC (RFC 8827 section 6.5).
#[derive(Clone)]
pub struct Certificate {
    /// X.509.
    pub certificate: Vec<u8>,
    /// PKCS #8.
    pub private_key: Vec<u8>,
}

impl Drop for Certificate {
    fn drop(&mut self) {
        self.private_key.zeroize();
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate(..)")
    }
}

/// DTLS cannot be done with what the caller gave.
#[derive(Debug, Error)]
#[error("no DTLS with this cryptography: {0}")]
pub struct DtlsConfigError(String);

/// What all connections' handshakes have in common.
pub(super) struct DtlsContext {
    config: Arc<Config>,
    certificate: Certificate,
    fingerprint: Fingerprint,
    hash: &'static dyn dimpl::crypto::HashProvider,
    /// The caller's name for [`Timestamp::ZERO`] in the crate's clock.
    anchor: Instant,
}

impl DtlsContext {
    /// With a certificate, and a crypto provider that brings all of the handshake's randomness with it.
    pub(super) fn new(
        certificate: Certificate,
        provider: CryptoProvider,
        anchor: Instant,
    ) -> Result<Self, DtlsConfigError> {
        let hash = provider.hash_provider;
        // Without a cookie: who gets here has shown by ICE that it receives what is sent to its address.
        let config = Config::builder()
            .with_crypto_provider(provider)
            .use_server_cookie(false)
            .mtu(DATAGRAM_BYTES_MAX - HEADROOM)
            .flight_start_rto(HANDSHAKE_FIRST_RETRY)
            .flight_retries(HANDSHAKE_RETRIES)
            .handshake_timeout(HANDSHAKE_LASTS)
            .build()
            .map_err(|error| DtlsConfigError(error.to_string()))?;
        let fingerprint = fingerprint(hash, &certificate.certificate);
        Ok(Self { config: Arc::new(config), certificate, fingerprint, hash, anchor })
    }

    /// Of the media node's certificate.
    pub(super) const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    fn instant(&self, now: Timestamp) -> Instant {
        self.anchor + now.saturating_since(Timestamp::ZERO)
    }

    fn timestamp(&self, at: Instant) -> Timestamp {
        Timestamp::ZERO + at.saturating_duration_since(self.anchor)
    }
}

pub(super) fn fingerprint(hash: &dyn dimpl::crypto::HashProvider, certificate: &[u8]) -> Fingerprint {
    let mut context = hash.create_hash(dimpl::HashAlgorithm::SHA256);
    context.update(certificate);
    let mut digest = Buf::new();
    context.clone_and_finalize(&mut digest);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&digest);
    Fingerprint::new(bytes)
}

/// What protects a connection's packets, in both directions.
pub(super) struct Keys {
    pub(super) sender: SrtpSender,
    pub(super) receiver: SrtpReceiver,
}

/// One connection's handshake.
pub(super) struct Handshake {
    dtls: Dtls,
    expected: Fingerprint,
    /// The peer's certificate is the one of its offer.
    is_peers: bool,
    keys: Option<Keys>,
    next: Timestamp,
    buffer: Vec<u8>,
}

impl Handshake {
    /// Waits for the peer, whose certificate has this fingerprint, to begin.
    pub(super) fn new(now: Timestamp, context: &DtlsContext, expected: Fingerprint) -> Self {
        let certificate = DtlsCertificate {
            certificate: context.certificate.certificate.clone(),
            private_key: context.certificate.private_key.clone(),
        };
        let dtls = Dtls::new_12(Arc::clone(&context.config), certificate, context.instant(now));
        Self {
            dtls,
            expected,
            is_peers: false,
            keys: None,
            next: Timestamp::FAR_FUTURE,
            buffer: vec![0; DATAGRAM_BYTES_MAX],
        }
    }

    /// When [`Handshake::handle_timeout`] has something to do.
    pub(super) const fn poll_timeout(&self) -> Timestamp {
        self.next
    }

    /// The keys, once, when the handshake is over.
    pub(super) fn take_keys(&mut self) -> Option<Keys> {
        self.keys.take().filter(|_| self.is_peers)
    }

    /// A record from the peer. What it is answered with is left in `out`.
    ///
    /// # Errors
    /// [`DropReason`] when the connection is over: the handshake has failed, or the peer has said goodbye.
    pub(super) fn handle_record(
        &mut self,
        now: Timestamp,
        context: &DtlsContext,
        record: &[u8],
        out: &mut Vec<Vec<u8>>,
    ) -> Result<(), DropReason> {
        self.dtls.handle_timeout(context.instant(now)).map_err(|_| DropReason::HandshakeFailed)?;
        self.dtls.handle_packet(record).map_err(|_| DropReason::HandshakeFailed)?;
        self.drain(context, out)
    }

    /// The time that [`Handshake::poll_timeout`] named has come.
    ///
    /// # Errors
    /// As [`Handshake::handle_record`].
    pub(super) fn handle_timeout(
        &mut self,
        now: Timestamp,
        context: &DtlsContext,
        out: &mut Vec<Vec<u8>>,
    ) -> Result<(), DropReason> {
        self.next = Timestamp::FAR_FUTURE;
        self.dtls.handle_timeout(context.instant(now)).map_err(|_| DropReason::HandshakeFailed)?;
        self.drain(context, out)
    }

    fn drain(&mut self, context: &DtlsContext, out: &mut Vec<Vec<u8>>) -> Result<(), DropReason> {
        loop {
            match self.dtls.poll_output(&mut self.buffer) {
                Output::Packet(packet) => out.push(packet.to_vec()),
                Output::BufferTooSmall { needed } => self.buffer.resize(needed, 0),
                Output::Timeout(at) => {
                    self.next = context.timestamp(at);
                    return Ok(());
                }
                Output::PeerCert(certificate) => {
                    self.is_peers = fingerprint(context.hash, certificate) == self.expected;
                    if !self.is_peers {
                        return Err(DropReason::WrongCertificate);
                    }
                }
                Output::KeyingMaterial(material, profile) => {
                    self.keys = keys(&material, profile);
                }
                Output::CloseNotify => return Err(DropReason::PeerClosed),
                // WebRTC's only data over DTLS are data channels, which no answer accepts.
                Output::Connected | Output::ApplicationData(_) | _ => {}
            }
        }
    }
}

/// The exported secret (RFC 5764 section 4.2): the client's key, the server's, the client's salt, the server's.
fn keys(material: &[u8], profile: dimpl::SrtpProfile) -> Option<Keys> {
    let profile = match profile {
        dimpl::SrtpProfile::AEAD_AES_128_GCM => SrtpProfile::AeadAes128Gcm,
        dimpl::SrtpProfile::AEAD_AES_256_GCM => SrtpProfile::AeadAes256Gcm,
        dimpl::SrtpProfile::AES128_CM_SHA1_80 => SrtpProfile::Aes128CmHmacSha1_80,
        _ => return None,
    };
    let (client, rest) = material.split_at_checked(profile.key_bytes())?;
    let (server, rest) = rest.split_at_checked(profile.key_bytes())?;
    let (client_salt, server_salt) = rest.split_at_checked(profile.salt_bytes())?;
    Some(Keys {
        sender: SrtpSender::new(&MasterKey::new(profile, server, server_salt).ok()?),
        receiver: SrtpReceiver::new(&MasterKey::new(profile, client, client_salt).ok()?),
    })
}
