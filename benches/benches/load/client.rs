//! Owns one client's connection over a socket of its own: it checks the path, shakes hands, and then only counts what comes;
//! a few open everything, so that what is counted is known to be sound.

use std::{
    io,
    net::UdpSocket,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use aws_lc_rs::digest::{SHA256, digest};
use benches::broadcast::PAYLOAD_BYTE;
use dimpl::{Config, Dtls, DtlsCertificate, Output};
use media_core::{
    rtp::{RtpView, rtcp},
    transport::srtp::{MasterKey, SrtpProfile, SrtpReceiver, SrtpSender},
};
use quinn_udp::{UdpSockRef, UdpSocketState};

use crate::{
    check,
    floor::receive,
    service::{Local, Remote, own_address},
};

/// From check to check until the handshake is over, and then for consent (RFC 7675 section 5.1).
const CHECK_INTERVAL: Duration = Duration::from_millis(200);
const CONSENT_INTERVAL: Duration = Duration::from_secs(5);
/// How often DTLS looks whether something has to be repeated.
const DTLS_INTERVAL: Duration = Duration::from_millis(50);
/// More than any datagram here.
const DATAGRAM_BYTES: usize = 2_048;

/// What came to one client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// RTP packets that are as long as what is published.
    pub(crate) packets: u64,
    /// Of them those that were opened and had the payload that was sent.
    pub(crate) sound: u64,
}

pub(crate) struct Client {
    socket: UdpSocket,
    /// For datagrams that the kernel joined.
    state: Option<UdpSocketState>,
    local: Local,
    remote: Option<Remote>,
    dtls: Dtls,
    path_works: bool,
    next_check: Instant,
    next_dtls: Instant,
    keys: Option<(SrtpProfile, SrtpSender, SrtpReceiver)>,
    opens: bool,
    payload: usize,
    pub(crate) counts: Counts,
    /// Transport-wide numbers that no feedback speaks of yet, and when they came.
    pub(crate) arrivals: Vec<(u16, Instant)>,
    /// Asked for by the server.
    pub(crate) wants_key_frame: bool,
    /// The stream that comes, and its highest number.
    pub(crate) stream: Option<(u32, u32)>,
}

impl Client {
    /// Somebody whose packets have so many bytes of payload: whether they are all opened, and whether the kernel may hand over
    /// several at once, as they came (`UDP_GRO`).
    pub(crate) fn new(
        now: Instant,
        number: usize,
        payload: usize,
        (opens, joined): (bool, bool),
    ) -> io::Result<Self> {
        let socket = UdpSocket::bind((own_address()?, 0))?;
        socket.set_nonblocking(true)?;
        let state = joined.then(|| UdpSocketState::new(UdpSockRef::from(&socket))).transpose()?;
        let (config, certificate, fingerprint) = identity();
        let mut dtls = Dtls::new_12(Arc::clone(config), certificate.clone(), now);
        dtls.set_active(true);
        let local = Local {
            ufrag: format!("load{number:04}"),
            password: format!("a/password/of/the/load/{number:04}"),
            fingerprint: fingerprint.clone(),
        };
        Ok(Self {
            socket,
            state,
            local,
            remote: None,
            dtls,
            path_works: false,
            next_check: now,
            next_dtls: now,
            keys: None,
            opens,
            payload,
            counts: Counts::default(),
            arrivals: Vec::new(),
            wants_key_frame: false,
            stream: None,
        })
    }

    pub(crate) const fn local(&self) -> &Local {
        &self.local
    }

    /// The other side is known.
    pub(crate) fn begin(&mut self, remote: Remote) -> io::Result<()> {
        self.socket.connect(remote.address)?;
        self.remote = Some(remote);
        Ok(())
    }

    pub(crate) const fn is_connected(&self) -> bool {
        self.keys.is_some()
    }

    /// Does what is due and takes what has come.
    pub(crate) fn turn(&mut self, now: Instant, buffer: &mut [u8]) -> io::Result<()> {
        self.check_path(now)?;
        if self.path_works && self.keys.is_none() && self.next_dtls <= now {
            self.next_dtls = now + DTLS_INTERVAL;
            self.dtls.handle_timeout(now).map_err(io::Error::other)?;
            self.send_records()?;
        }
        while let Some((bytes, stride)) = receive(&self.socket, self.state.as_ref(), buffer)? {
            for datagram in buffer[..bytes].chunks(stride.max(1)) {
                self.on_datagram(now, datagram)?;
            }
        }
        Ok(())
    }

    fn check_path(&mut self, now: Instant) -> io::Result<()> {
        let Some(remote) = &self.remote else { return Ok(()) };
        if self.next_check <= now {
            self.next_check = now + if self.is_connected() { CONSENT_INTERVAL } else { CHECK_INTERVAL };
            self.send(&check::request(&self.local, remote))?;
        }
        Ok(())
    }

    /// Sends; what the kernel has no room for is lost, as on any path.
    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        match self.socket.send(datagram) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    fn on_datagram(&mut self, now: Instant, datagram: &[u8]) -> io::Result<()> {
        match datagram.first() {
            Some(0) => {
                if let Some(answer) = check::answer(&self.local, datagram, self.socket.peer_addr()?) {
                    self.send(&answer)?;
                }
            }
            Some(1) => self.path_works = true,
            Some(20..=63) => {
                self.dtls.handle_packet(datagram).map_err(io::Error::other)?;
                self.send_records()?;
            }
            Some(128..=191) if datagram.len() > 12 => self.on_media(now, datagram),
            _ => {}
        }
        Ok(())
    }

    fn on_media(&mut self, now: Instant, datagram: &[u8]) {
        let Some((profile, _, receiver)) = &mut self.keys else { return };
        // RFC 5761 section 4.
        if (64..96).contains(&(datagram[1] & 0x7f)) {
            if self.opens {
                let mut packet = datagram.to_vec();
                if receiver.unprotect_rtcp(&mut packet).is_ok() {
                    self.on_feedback(&packet);
                }
            }
            return;
        }
        let Ok(view) = RtpView::parse(datagram) else { return };
        if let Some(&[high, low]) = view.extension(media_core::rtp::ext::TRANSPORT_SEQUENCE) {
            self.arrivals.push((u16::from_be_bytes([high, low]), now));
        }
        if view.payload().len() < self.payload + profile.tag_bytes() {
            // Padding, which finds out what the path carries.
            return;
        }
        self.counts.packets += 1;
        let (ssrc, sequence) = (view.ssrc().0, view.sequence());
        let known = self.stream.filter(|(known, _)| *known == ssrc);
        let highest = known.map_or(u32::from(sequence), |(_, highest)| extended(highest, sequence));
        self.stream = Some((ssrc, highest));
        if self.opens {
            let mut packet = datagram.to_vec();
            if receiver.unprotect_rtp(&mut packet).is_ok()
                && RtpView::parse(&packet)
                    .is_ok_and(|view| view.payload().iter().all(|byte| *byte == PAYLOAD_BYTE))
            {
                self.counts.sound += 1;
            }
        }
    }

    fn on_feedback(&mut self, packet: &[u8]) {
        let wants_key_frame = &mut self.wants_key_frame;
        // What cannot be read asks for nothing.
        let _ = rtcp::read(packet, |feedback| {
            if let rtcp::Feedback::PictureLoss { .. } | rtcp::Feedback::FullIntraRequest { .. } = feedback {
                *wants_key_frame = true;
            }
        });
    }

    /// Sends RTP.
    pub(crate) fn send_rtp(&mut self, mut packet: Vec<u8>) -> io::Result<()> {
        let Some((_, sender, _)) = &mut self.keys else { return Ok(()) };
        sender
            .protect_rtp_in_place(0, &mut packet)
            .map_err(|error| io::Error::other(format!("{error:?}")))?;
        self.send(&packet)
    }

    /// Sends RTCP.
    pub(crate) fn send_rtcp(&mut self, packet: &[u8]) -> io::Result<()> {
        let Some((_, sender, _)) = &mut self.keys else { return Ok(()) };
        let mut out = Vec::with_capacity(packet.len() + 32);
        sender.protect_rtcp(packet, &mut out).map_err(|error| io::Error::other(format!("{error:?}")))?;
        self.send(&out)
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the crate may add outputs; none of the others matters here"
    )]
    fn send_records(&mut self) -> io::Result<()> {
        let mut buffer = [0; DATAGRAM_BYTES];
        let mut records = Vec::new();
        loop {
            match self.dtls.poll_output(&mut buffer) {
                Output::Packet(packet) => records.push(packet.to_vec()),
                Output::KeyingMaterial(material, profile) => self.keys = Some(keys(&material, profile)?),
                Output::Timeout(_) => break,
                _ => {}
            }
        }
        records.iter().try_for_each(|record| self.send(record))
    }
}

/// The highest number of a stream, with its cycles (RFC 3550 section 6.4.1), after a packet of this number.
fn extended(highest: u32, sequence: u16) -> u32 {
    let step = sequence.wrapping_sub(highest as u16);
    // What is half a cycle ahead is behind.
    if step < 0x8000 { highest.wrapping_add(u32::from(step)) } else { highest }
}

/// Keys as DTLS exports them: the client's, the server's, then their salts (RFC 5764 section 4.2).
fn keys(material: &[u8], profile: dimpl::SrtpProfile) -> io::Result<(SrtpProfile, SrtpSender, SrtpReceiver)> {
    let profile = match profile {
        dimpl::SrtpProfile::AEAD_AES_256_GCM => SrtpProfile::AeadAes256Gcm,
        dimpl::SrtpProfile::AEAD_AES_128_GCM => SrtpProfile::AeadAes128Gcm,
        dimpl::SrtpProfile::AES128_CM_SHA1_80 => SrtpProfile::Aes128CmHmacSha1_80,
        other => return Err(io::Error::other(format!("a profile of SRTP that the bench lacks: {other:?}"))),
    };
    let (clients, rest) = material.split_at(profile.key_bytes());
    let (servers, salts) = rest.split_at(profile.key_bytes());
    let (clients_salt, servers_salt) = salts.split_at(profile.salt_bytes());
    let key = |key, salt| MasterKey::new(profile, key, salt).map_err(io::Error::other);
    Ok((
        profile,
        SrtpSender::new(&key(clients, clients_salt)?),
        SrtpReceiver::new(&key(servers, servers_salt)?),
    ))
}

/// All clients have one certificate: a handshake costs the same, and making 500 keys is not what is measured.
fn identity() -> &'static (Arc<Config>, DtlsCertificate, String) {
    static IDENTITY: OnceLock<(Arc<Config>, DtlsCertificate, String)> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        let certificate = include_bytes!("../../../fixtures/webrtc/certificate.der").to_vec();
        let private_key = include_bytes!("../../../fixtures/webrtc/private-key.der").to_vec();
        let hash = digest(&SHA256, &certificate);
        let fingerprint: Vec<String> = hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        let provider = dimpl::crypto::aws_lc_rs::default_provider();
        let config = Config::builder().with_crypto_provider(provider).build().expect("it has all of DTLS");
        (Arc::new(config), DtlsCertificate { certificate, private_key }, fingerprint.join(":"))
    })
}
