//! Owns the other end of a connection: a client of one microphone, as far as the transport knows it.

use core::net::SocketAddr;
use std::{sync::Arc, time::Instant};

use dimpl::{Config, Dtls, DtlsCertificate, Output};

use super::super::{
    Certificate, Negotiated, Received, Transports,
    dtls::fingerprint,
    sdp::{Fingerprint, SdpRefusal},
    srtp::{MasterKey, SrtpProfile, SrtpReceiver, SrtpSender},
    stun::request,
};
use crate::{DropReason, PeerId, Timestamp};

/// Rounds after which a handshake that does not come to its end is given up.
const ROUNDS_MAX: u32 = 100;

/// The certificate of the media node and of its peers: whose it is does not matter here.
pub(super) fn certificate() -> Certificate {
    Certificate {
        certificate: include_bytes!("../../../../fixtures/webrtc/certificate.der").to_vec(),
        private_key: include_bytes!("../../../../fixtures/webrtc/private-key.der").to_vec(),
    }
}

/// A moment zero for the DTLS crate.
#[expect(clippy::disallowed_methods, reason = "nothing follows from how late it is")]
pub(super) fn anchor() -> Instant {
    Instant::now()
}

pub(super) struct Peer {
    pub(super) id: PeerId,
    pub(super) address: SocketAddr,
    /// Its own ICE user name; another one after each restart.
    pub(super) ufrag: String,
    fingerprint: Fingerprint,
    /// What the answer said: user name and password.
    pub(super) node: (String, String),
    dtls: Dtls,
    anchor: Instant,
    keys: Option<(SrtpSender, SrtpReceiver)>,
    checks: u8,
}

impl Peer {
    pub(super) fn new(id: PeerId, address: SocketAddr) -> Self {
        let provider = dimpl::crypto::rust_crypto::default_provider();
        let fingerprint = fingerprint(provider.hash_provider, &certificate().certificate);
        let config = Config::builder().with_crypto_provider(provider).build().expect("it has all of DTLS");
        let own = certificate();
        let own =
            DtlsCertificate { certificate: own.certificate.clone(), private_key: own.private_key.clone() };
        let anchor = anchor();
        let mut dtls = Dtls::new_12(Arc::new(config), own, anchor);
        dtls.set_active(true);
        let (ufrag, node) = ("peer".to_owned(), Default::default());
        Self { id, address, ufrag, fingerprint, node, dtls, anchor, keys: None, checks: 0 }
    }

    /// Its offer names a certificate that it does not have.
    pub(super) fn claims_another_certificate(&mut self) {
        self.fingerprint = Fingerprint::new([1; 32]);
    }

    fn offer(&self) -> String {
        let lines = [
            "v=0",
            "o=- 1 1 IN IP4 0.0.0.0",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0",
            "m=audio 9 UDP/TLS/RTP/SAVPF 111",
            "c=IN IP4 0.0.0.0",
            "a=mid:0",
            "a=sendonly",
            "a=rtcp-mux",
            "a=setup:actpass",
            "a=rtpmap:111 opus/48000/2",
            "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
            "a=ssrc:4000 cname:peer",
        ];
        let own = [
            format!("a=ice-ufrag:{}", self.ufrag),
            "a=ice-pwd:password of the peer!!!!".replace(' ', "+").replace('!', "/"),
            format!("a=fingerprint:sha-256 {}", self.fingerprint),
        ];
        lines.into_iter().map(ToOwned::to_owned).chain(own).map(|line| line + "\r\n").collect()
    }

    pub(super) fn negotiate(
        &mut self,
        now: Timestamp,
        transports: &mut Transports,
    ) -> Result<Negotiated, SdpRefusal> {
        let negotiated = transports.negotiate(now, self.id, &self.offer(), &[])?;
        let value = |name: &str| {
            let found = negotiated.answer.lines().find_map(|line| line.strip_prefix(name));
            found.expect("an answer has ICE credentials").to_owned()
        };
        self.node = (value("a=ice-ufrag:"), value("a=ice-pwd:"));
        Ok(negotiated)
    }

    /// Checks the path from where it is.
    pub(super) fn check(&mut self, now: Timestamp, transports: &mut Transports, nominates: bool) -> Received {
        self.checks += 1;
        let username = format!("{}:{}", self.node.0, self.ufrag);
        let check = request(&username, &self.node.1, nominates, self.checks);
        let received = transports.handle_datagram(now, self.address, check);
        if received == Received::Handled {
            let (to, peer, answer) = transports.poll_datagram().expect("a check is answered");
            assert_eq!((to, peer, answer[0]), (self.address, self.id, 1));
        }
        received
    }

    /// Checks the path and shakes hands.
    pub(super) fn connect(&mut self, now: Timestamp, transports: &mut Transports) {
        assert_eq!(self.check(now, transports, true), Received::Handled);
        self.shake_hands(now, transports, None);
        assert!(self.keys.is_some(), "the handshake is over");
    }

    /// Shakes hands until both sides have nothing more to say, or for ever repeat themselves. The datagram of this number is
    /// lost.
    pub(super) fn shake_hands(&mut self, from: Timestamp, transports: &mut Transports, lost: Option<u32>) {
        let mut count = 0;
        let mut arrives = || {
            count += 1;
            Some(count - 1) != lost
        };
        for round in 0..ROUNDS_MAX {
            let now = from + std::time::Duration::from_millis(100) * round;
            let instant = self.anchor + now.saturating_since(Timestamp::ZERO);
            self.dtls.handle_timeout(instant).expect("the peer's own timer");
            transports.handle_timeout(now);
            while let Some((to, _, record)) = transports.poll_datagram() {
                assert_eq!(to, self.address);
                if arrives() {
                    // What the media node says when it refuses ends the peer's handshake.
                    let _over = self.dtls.handle_packet(&record);
                }
            }
            for record in self.records() {
                if arrives() {
                    transports.handle_datagram(now, self.address, record);
                }
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the crate may add outputs; none of the others matters to a peer"
    )]
    fn records(&mut self) -> Vec<Vec<u8>> {
        let mut records = Vec::new();
        let mut buffer = vec![0; 2_000];
        loop {
            match self.dtls.poll_output(&mut buffer) {
                Output::Packet(packet) => records.push(packet.to_vec()),
                Output::Timeout(_) => return records,
                Output::KeyingMaterial(material, dimpl::SrtpProfile::AEAD_AES_256_GCM) => {
                    let profile = SrtpProfile::AeadAes256Gcm;
                    let (client, rest) = material.split_at(32);
                    let (server, rest) = rest.split_at(32);
                    let (client_salt, server_salt) = rest.split_at(12);
                    let own = MasterKey::new(profile, client, client_salt).expect("lengths are right");
                    let nodes = MasterKey::new(profile, server, server_salt).expect("lengths are right");
                    self.keys = Some((SrtpSender::new(&own), SrtpReceiver::new(&nodes)));
                }
                _ => {}
            }
        }
    }

    pub(super) fn protect(&mut self, packet: &[u8]) -> Vec<u8> {
        let mut out = packet.to_vec();
        let (sender, _) = self.keys.as_mut().expect("the handshake is over");
        sender.protect_rtp_in_place(0, &mut out).expect("the number is new");
        out
    }

    pub(super) fn open(&mut self, mut packet: Vec<u8>) -> Result<Vec<u8>, DropReason> {
        let (_, receiver) = self.keys.as_mut().expect("the handshake is over");
        receiver.unprotect_rtp(&mut packet).map(|()| packet)
    }

    /// Says goodbye.
    pub(super) fn close(&mut self, now: Timestamp, transports: &mut Transports) {
        self.dtls.close().expect("it is open");
        for record in self.records() {
            transports.handle_datagram(now, self.address, record);
        }
    }
}
