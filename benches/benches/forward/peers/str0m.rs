//! Owns one end of a connection of `str0m` 0.25 in its mode for RTP, with its estimation on.

use std::{net::SocketAddr, time::Instant};

use benches::broadcast::Load;
use str0m::{
    Candidate, Event, Input, Output, RtcConfig,
    bwe::Bitrate,
    media::{Direction, MediaKind, Mid},
    net::{Protocol, Receive},
    rtp::{ExtensionValues, RtpPacket, RtpWrite},
};

use super::room::End;

/// What an estimate begins with, as that of the engine does.
const START_KBPS: u64 = 3_000;

/// One end.
pub(in super::super) struct Str0m {
    rtc: str0m::Rtc,
    mid: Mid,
    local: SocketAddr,
    remote: SocketAddr,
    is_audio: bool,
}

impl Str0m {
    fn config(load: Load) -> RtcConfig {
        let config = RtcConfig::new().set_rtp_mode(true).clear_codecs();
        let config = config.enable_bwe(Some(Bitrate::kbps(START_KBPS)));
        match load {
            Load::Audio => config.enable_opus(true, false),
            Load::Video => config.enable_vp8(true),
        }
    }

    fn write(&mut self, now: Instant, packet: RtpWrite) {
        let mut direct = self.rtc.direct_api();
        direct.stream_tx_by_mid(self.mid, None).expect("the stream was negotiated").write_rtp(packet);
        // What is written leaves when time moves on, be it by nothing.
        self.on_timeout(now);
    }
}

impl End for Str0m {
    type Packet = RtpPacket;

    fn pair(load: Load, up: bool, [server_at, client_at]: [SocketAddr; 2], now: Instant) -> (Self, Self) {
        let mut server = Self::config(load).set_ice_lite(true).build(now);
        let mut client = Self::config(load).build(now);
        for (end, address) in [(&mut server, server_at), (&mut client, client_at)] {
            end.add_local_candidate(Candidate::host(address, "udp").expect("an address of a host"));
        }
        let kind = if load == Load::Audio { MediaKind::Audio } else { MediaKind::Video };
        let direction = if up { Direction::SendOnly } else { Direction::RecvOnly };
        let mut change = client.sdp_api();
        let mid = change.add_media(kind, direction, None, None, None);
        let (offer, pending) = change.apply().expect("there is a change");
        let answer = server.sdp_api().accept_offer(offer).expect("an offer of the same library");
        client.sdp_api().accept_answer(pending, answer).expect("an answer of the same library");
        let is_audio = load == Load::Audio;
        (
            Self { rtc: server, mid, local: server_at, remote: client_at, is_audio },
            Self { rtc: client, mid, local: client_at, remote: server_at, is_audio },
        )
    }

    fn is_connected(&self) -> bool {
        self.rtc.is_connected()
    }

    fn receive(&mut self, now: Instant, datagram: &[u8]) {
        let datagram = Receive::new(Protocol::Udp, self.remote, self.local, datagram);
        let input = Input::Receive(now, datagram.expect("a datagram of the same library"));
        self.rtc.handle_input(input).expect("the connection is alive");
    }

    fn on_timeout(&mut self, now: Instant) {
        self.rtc.handle_input(Input::Timeout(now)).expect("the connection is alive");
    }

    fn drain(&mut self, _: Instant, datagrams: &mut Vec<Vec<u8>>, packets: &mut Vec<RtpPacket>) -> Instant {
        loop {
            match self.rtc.poll_output().expect("the connection is alive") {
                Output::Timeout(at) => return at,
                Output::Transmit(transmit) => datagrams.push(transmit.contents.into()),
                Output::Event(Event::RtpPacket(packet)) => packets.push(packet),
                Output::Event(_) => {}
            }
        }
    }

    fn publish(&mut self, now: Instant, number: u64, timestamp: u32, payload: &[u8]) {
        let type_of = self.rtc.media(self.mid).and_then(|media| media.remote_pts().first().copied());
        let mut packet = RtpWrite::new(
            type_of.expect("a codec was negotiated"),
            number.into(),
            timestamp,
            now,
            payload.to_vec(),
        );
        if self.is_audio {
            let level =
                ExtensionValues { audio_level: Some(-30), voice_activity: Some(true), ..Default::default() };
            packet = packet.ext_vals(level);
        }
        self.write(now, packet);
    }

    fn forward(&mut self, now: Instant, packet: &RtpPacket) {
        let header = &packet.header;
        let written =
            RtpWrite::new(header.payload_type, packet.seq_no, header.timestamp, now, packet.payload.clone())
                .marker(header.marker)
                .ext_vals(header.ext_vals.clone())
                .nackable(!self.is_audio);
        self.write(now, written);
    }
}
