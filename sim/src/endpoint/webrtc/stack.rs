//! Owns another implementation of WebRTC, `rtc`, as a participant's way to the media node: ICE, DTLS-SRTP and SDP, and of RTP
//! what a browser does by itself: feedback on what came, requests for what did not, repairs, reports. Packets go in and come
//! out in the numbers that the rest of the endpoint uses; on the wire they have those of its offer.

use std::{net::SocketAddr, time::Instant};

use bytes::{Bytes, BytesMut};
use media_core::{MediaKind, Ssrc, Timestamp, rtp::PROBE_SSRC, signalling::TrackOffer};
use rtc::{
    interceptor::{Registry, Slot},
    peer_connection::{
        RTCPeerConnection, RTCPeerConnectionBuilder,
        configuration::{
            RTCConfigurationBuilder,
            interceptor_registry::{configure_nack, configure_rtcp_reports, configure_twcc_receiver_only},
            setting_engine::SettingEngineBuilder,
        },
        event::RTCPeerConnectionEvent,
        message::{RTCMessage, TaggedRTCMessage},
        sdp::RTCSessionDescription,
        state::RTCPeerConnectionState,
        transport::{CandidateConfig, CandidateHostConfig, RTCIceCandidate},
    },
    rtp_transceiver::{
        RTCRtpSenderId, RTCRtpTransceiverDirection, RTCRtpTransceiverInit, rtp_sender::RtpCodecKind,
    },
    sansio::Protocol as _,
    shared::{
        TaggedBytesMut, TransportContext, TransportProtocol,
        marshal::{Marshal as _, MarshalSize as _, Unmarshal as _},
    },
};

use super::{
    hand_over::HandOver,
    numbers::{self, Numbers},
    repairs::NamedRepairs,
};

/// In front of `Slot::NackResponder`, which is 4,000, and behind the pacer's 3,000.
const NEARER_THAN_REPAIRS: usize = 3_500;

/// One `rtc` peer connection.
pub(super) struct Stack {
    connection: RTCPeerConnection,
    /// [`Timestamp::ZERO`] in its clock.
    anchor: Instant,
    local: SocketAddr,
    senders: Vec<Sender>,
    /// Sections that receive, of audio and of video.
    receiving: [usize; 2],
    numbers: Numbers,
    connected: bool,
}

struct Sender {
    kind: MediaKind,
    id: RTCRtpSenderId,
    /// Of its encodings, the smallest first.
    ssrcs: Vec<Ssrc>,
}

impl Stack {
    /// A connection from `local`, over which nothing flows yet.
    pub(super) fn new(now: Timestamp, anchor: Instant, local: SocketAddr) -> Self {
        let mut engine = numbers::media_engine();
        let registry = configure_nack(Registry::new(), &mut engine);
        let registry = configure_twcc_receiver_only(registry, &mut engine).expect("the extension is free");
        // Behind all others, which act on what comes in first.
        let registry = registry.with(Slot::Custom(usize::MAX), HandOver::default());
        // Nearer to the network than what sends again.
        let registry = registry.with(Slot::Custom(NEARER_THAN_REPAIRS), NamedRepairs::default());
        let settings = SettingEngineBuilder::new().build();
        let mut connection = RTCPeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_media_engine(engine)
            .with_setting_engine(settings)
            .with_interceptor_registry(configure_rtcp_reports(registry))
            .build(anchor + now.saturating_since(Timestamp::ZERO))
            .expect("the configuration is a possible one");
        let candidate = CandidateHostConfig {
            base_config: CandidateConfig {
                network: "udp".into(),
                address: local.ip().to_string(),
                port: local.port(),
                component: 1,
                ..CandidateConfig::default()
            },
            ..CandidateHostConfig::default()
        };
        let candidate = candidate.new_candidate_host().expect("an address");
        let candidate = RTCIceCandidate::from(&candidate).to_json().expect("a candidate has a form in JSON");
        connection.add_local_candidate(candidate).expect("the connection is new");
        Self {
            connection,
            anchor,
            local,
            senders: Vec::new(),
            receiving: [0; 2],
            numbers: Numbers::default(),
            connected: false,
        }
    }

    fn instant(&self, now: Timestamp) -> Instant {
        self.anchor + now.saturating_since(Timestamp::ZERO)
    }

    /// Whether media can flow.
    pub(super) const fn is_connected(&self) -> bool {
        self.connected
    }

    /// An offer to send these tracks, and to receive so many of audio and of video.
    pub(super) fn offer(&mut self, now: Timestamp, tracks: &[TrackOffer], receive: [usize; 2]) -> String {
        self.senders.retain(|sender| {
            let stays = tracks.iter().any(|track| track.kind == sender.kind);
            if !stays {
                // Fails only on a connection that is closed.
                drop(self.connection.remove_track(sender.id));
            }
            stays
        });
        for track in tracks {
            if self.senders.iter().any(|sender| sender.kind == track.kind) {
                continue;
            }
            let ssrcs = track.encodings.iter().map(|encoding| encoding.ssrc).collect();
            // In a section that sends simulcast `rtc` takes nothing in.
            let init = RTCRtpTransceiverInit {
                direction: RTCRtpTransceiverDirection::Sendonly,
                ..RTCRtpTransceiverInit::default()
            };
            let added = self.connection.add_transceiver_from_track(numbers::local_track(track), Some(init));
            let newest = self.connection.get_senders().last();
            if let (Ok(_), Some(id)) = (added, newest) {
                self.senders.push(Sender { kind: track.kind, id, ssrcs });
            }
        }
        for (place, kind) in [RtpCodecKind::Audio, RtpCodecKind::Video].into_iter().enumerate() {
            while self.receiving[place] < receive[place] {
                drop(self.connection.add_transceiver_from_kind(kind, None));
                self.receiving[place] += 1;
            }
        }
        let offer = self.connection.create_offer(None).expect("the connection is open");
        self.numbers.read_offer(&offer.sdp);
        let sdp = offer.sdp.clone();
        let set = self.connection.set_local_description(self.instant(now), offer);
        set.expect("its own offer is a good one");
        sdp
    }

    /// The answer to the last offer. A bad one changes nothing.
    pub(super) fn on_answer(&mut self, now: Timestamp, answer: &str) -> bool {
        let now = self.instant(now);
        RTCSessionDescription::answer(answer.to_owned())
            .and_then(|answer| self.connection.set_remote_description(now, answer))
            .is_ok()
    }

    /// A datagram from the media node, at `from`. What is of no use is dropped.
    pub(super) fn handle_datagram(&mut self, now: Timestamp, from: SocketAddr, datagram: &[u8]) {
        let message = TaggedBytesMut {
            now: self.instant(now),
            transport: TransportContext {
                local_addr: self.local,
                peer_addr: from,
                ecn: None,
                transport_protocol: TransportProtocol::UDP,
            },
            message: BytesMut::from(datagram),
        };
        drop(self.connection.handle_read(message));
        self.drain_events();
    }

    /// When [`Stack::handle_timeout`] has something to do.
    pub(super) fn poll_timeout(&mut self) -> Option<Timestamp> {
        let at = self.connection.poll_timeout()?;
        Some(Timestamp::ZERO + at.saturating_duration_since(self.anchor))
    }

    /// The time that [`Stack::poll_timeout`] named has come.
    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        drop(self.connection.handle_timeout(self.instant(now)));
        self.drain_events();
    }

    fn drain_events(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            if let RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) = event {
                self.connected = state == RTCPeerConnectionState::Connected;
            }
        }
    }

    /// The next offer has other credentials, and the peers find each other anew.
    pub(super) fn restart_ice(&mut self) {
        self.connection.restart_ice();
    }

    /// Sends an RTP packet of one of the tracks, or a probe.
    pub(super) fn send_rtp(&mut self, now: Timestamp, bytes: &Bytes) {
        let now = self.instant(now);
        let Ok(mut packet) = rtc::rtp::Packet::unmarshal(&mut bytes.clone()) else { return };
        let ssrc = Ssrc(packet.header.ssrc);
        if ssrc == PROBE_SSRC {
            return self.send_probe(now, packet, bytes.len());
        }
        let Some(sender) = self.senders.iter().find(|sender| sender.ssrcs.contains(&ssrc)) else { return };
        Numbers::outgoing(&mut packet);
        if sender.ssrcs.len() > 1
            && let Some(place) = sender.ssrcs.iter().position(|known| *known == ssrc)
        {
            self.numbers.name(&mut packet.header, sender.kind, place);
        }
        if let Some(mut sender) = self.connection.rtp_sender(sender.id) {
            drop(sender.write_rtp(now, packet));
        }
    }

    /// A packet of `bytes` in all. `rtc` pads packets to whole words and no further, so zeros take the place of padding.
    fn send_probe(&mut self, now: Instant, mut packet: rtc::rtp::Packet, bytes: usize) {
        Numbers::outgoing(&mut packet);
        packet.header.padding = false;
        packet.payload = vec![0; bytes.saturating_sub(packet.header.marshal_size())].into();
        let message = RTCMessage::RtpPacket(String::new(), packet);
        drop(self.connection.handle_write(TaggedRTCMessage { now, message }));
    }

    /// Sends a request for a key frame of a stream that comes in.
    pub(super) fn send_rtcp(&mut self, now: Timestamp, mut compound: Bytes) {
        let now = self.instant(now);
        let Ok(packets) = rtc::rtcp::packet::unmarshal(&mut compound) else { return };
        let is_request = |packet: &dyn rtc::rtcp::Packet| {
            packet
                .as_any()
                .is::<rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication>()
        };
        let requests: Vec<_> = packets.into_iter().filter(|packet| is_request(&**packet)).collect();
        let receiver = self.connection.get_receivers().next();
        if let Some(mut receiver) = receiver.and_then(|id| self.connection.rtp_receiver(id))
            && !requests.is_empty()
        {
            drop(receiver.write_rtcp(now, requests));
        }
    }

    /// The next datagram for the media node, and its address there.
    pub(super) fn poll_datagram(&mut self) -> Option<(SocketAddr, Bytes)> {
        let message = self.connection.poll_write()?;
        Some((message.transport.peer_addr, message.message.freeze()))
    }

    /// The next packet that came in, in the clear and in the endpoint's numbers. RTCP is only what is said of what was sent.
    pub(super) fn poll_packet(&mut self) -> Option<Bytes> {
        loop {
            match self.connection.poll_read()?.message {
                RTCMessage::RtpPacket(_, mut packet) => {
                    Numbers::incoming(&mut packet);
                    if let Ok(bytes) = packet.marshal() {
                        return Some(bytes.freeze());
                    }
                }
                RTCMessage::RtcpPacket(_, packets) => {
                    if let Ok(bytes) = rtc::rtcp::packet::marshal(&packets) {
                        return Some(bytes.freeze());
                    }
                }
                RTCMessage::DataChannelMessage(..) | _ => {}
            }
        }
    }
}
