//! Owns an observer on the media node's wire, who sees what a person with a network analyser would: datagrams in and
//! out, their clear headers, and (beside the lock of TLS) who asked for what. It knows nothing of the engine: checks
//! compare its records with what the engine and the clients say.

mod addresses;
mod clear;
mod frames;

use core::net::IpAddr;
use std::collections::BTreeMap;

use bytes::Bytes;
use media_core::{
    Codec, PeerId, Ssrc, Timestamp,
    limits::DATAGRAM_BYTES_MAX,
    rtp::{
        PROBE_SSRC, Protocol, RtpView, demux,
        red::{RED_PAYLOAD_TYPE, RedView},
        rtcp,
    },
    signalling::{ClientMessage, Request, ServerMessage, TrackOffer},
};
use memchr::memmem::Finder;
use xxhash_rust::xxh3::xxh3_64;

use crate::{endpoint::Marker, node::BACKBONE_DELAY, packet::Datagram, trace::Channel};

pub use addresses::{SeenAddresses, addresses_in};
pub use clear::ClearFields;
pub use frames::SeenFrame;

/// Payload types of retransmissions start with the original sequence number.
pub(crate) const RTX_PAYLOAD_TYPES: [u8; 4] = [112, 97, 99, 103];

/// An RTP packet as it passed the observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenRtp {
    /// When.
    pub at: Timestamp,
    /// Whose connection.
    pub peer: PeerId,
    /// On this SSRC.
    pub ssrc: Ssrc,
    /// Sequence number.
    pub sequence: u16,
    /// RTP time.
    pub timestamp: u32,
    /// Payload type.
    pub payload_type: u8,
    /// Whether it is a retransmission.
    pub again: bool,
    /// Audio level in -dBov; 127 where there is none.
    pub level: u8,
    /// Bytes of payload.
    pub payload_len: u16,
    /// Hash of the payload (without the original number of a retransmission): the same ciphertext in and out.
    pub payload: u64,
}

/// A request of a client, as it reached the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub peer: PeerId,
    /// Its number.
    pub request: u32,
    /// What was asked.
    pub body: Request,
}

/// A message of the server, as it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenMessage {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub peer: PeerId,
    /// What was said.
    pub body: ServerMessage,
}

/// A key-frame request from the server to a publisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenKeyFrameRequest {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub peer: PeerId,
    /// Of which stream.
    pub media: Ssrc,
}

/// A packet that one side asked the other to send again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenNack {
    /// When.
    pub at: Timestamp,
    /// Asked by this peer, or of this peer.
    pub peer: PeerId,
    /// Whether the server asks.
    pub by_server: bool,
    /// Of which stream.
    pub media: Ssrc,
    /// Which number.
    pub sequence: u16,
}

/// Counts over all datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WireCounters {
    /// Datagrams in and out.
    pub datagrams: u64,
    /// Bytes of UDP payload that were searched for the marker.
    pub bytes_searched: u64,
    /// Datagrams in which the marker was found (E2E-003).
    pub marker_found: u64,
    /// The largest UDP payload that is not beyond [`DATAGRAM_BYTES_MAX`].
    pub largest: usize,
    /// Datagrams of the server beyond [`DATAGRAM_BYTES_MAX`].
    pub oversized: u64,
    /// Packets of nothing but padding, by which both sides probe paths. They are no media.
    pub probes: u64,
    /// Datagrams to the server.
    pub inbound: u64,
    /// Datagrams from the server.
    pub outbound: u64,
    /// Those of them that were under way when the run ended: no access link was offered them.
    pub outbound_under_way: u64,
}

/// Everything the observer wrote down, in the order of time.
#[derive(Clone, Default)]
pub struct Tap {
    /// RTP to the server.
    pub ingress: Vec<SeenRtp>,
    /// Frames that came to the server along with later ones (RFC 2198), each as the packet that it would have been.
    pub redundant: Vec<SeenRtp>,
    /// RTP from the server.
    pub egress: Vec<SeenRtp>,
    /// First packets of video frames from the server, as they are sent the first time.
    pub frames: Vec<SeenFrame>,
    /// Requests to the server.
    pub requests: Vec<SeenRequest>,
    /// Messages from the server.
    pub messages: Vec<SeenMessage>,
    /// Connections that came to their end at the server, by whomever's wish.
    pub closed: Vec<(Timestamp, PeerId)>,
    /// Key-frame requests from the server.
    pub key_frame_requests: Vec<SeenKeyFrameRequest>,
    /// Packets that were asked for again, by either side.
    pub nacks: Vec<SeenNack>,
    /// What an observer reads without a key, by who sent it; `None` is the server.
    pub clear: BTreeMap<Option<PeerId>, ClearFields>,
    /// Media bytes (UDP payload) in, by time and peer: RTP and RTCP.
    pub media_in: Vec<(Timestamp, PeerId, u32)>,
    /// Datagrams to the server beyond [`DATAGRAM_BYTES_MAX`], by whose they are.
    pub oversized_in: BTreeMap<PeerId, u64>,
    /// What came while nobody was there to take it: when, whose connection, and on which channel.
    pub lost: Vec<(Timestamp, PeerId, Channel)>,
    /// Whose addresses are whose, and who was told of which.
    pub addresses: SeenAddresses,
    /// Counts.
    pub counters: WireCounters,
}

/// Searches and writes down.
pub struct Observer {
    finder: Finder<'static>,
    end: Timestamp,
    readers: frames::Readers,
    /// What was seen.
    pub tap: Tap,
}

impl Observer {
    /// An observer who looks for `marker`, until `end`.
    pub fn new(marker: &Marker, end: Timestamp) -> Self {
        Self {
            finder: Finder::new(marker).into_owned(),
            end,
            readers: frames::Readers::default(),
            tap: Tap::default(),
        }
    }

    /// A datagram to the server.
    pub fn on_ingress(&mut self, at: Timestamp, datagram: &Datagram) {
        if self.search(datagram) {
            *self.tap.oversized_in.entry(datagram.peer).or_default() += 1;
        }
        self.tap.counters.inbound += 1;
        if datagram.channel == Channel::Media {
            self.tap.media_in.push((at, datagram.peer, datagram.bytes.len() as u32));
            self.tap.on_media(at, datagram, true);
        }
    }

    /// A datagram to a server that is down.
    pub fn on_lost(&mut self, at: Timestamp, datagram: &Datagram) {
        self.search(datagram);
        self.tap.lost.push((at, datagram.peer, datagram.channel));
    }

    /// A datagram from the server.
    pub fn on_egress(&mut self, at: Timestamp, datagram: &Datagram) {
        self.tap.counters.oversized += u64::from(self.search(datagram));
        self.tap.counters.outbound += 1;
        self.tap.counters.outbound_under_way += u64::from(at + BACKBONE_DELAY >= self.end);
        if datagram.channel == Channel::Media {
            self.on_media_egress(at, datagram);
        }
    }

    fn on_media_egress(&mut self, at: Timestamp, datagram: &Datagram) {
        self.tap.on_media(at, datagram, false);
        if demux(&datagram.bytes) == Protocol::Rtp {
            self.tap.frames.extend(self.readers.on_egress(at, datagram));
        }
    }

    /// A datagram to the server in which media are protected: nobody reads more of it than where it comes from.
    pub fn on_protected_ingress(&mut self, at: Timestamp, datagram: &Datagram) {
        if self.search(datagram) {
            *self.tap.oversized_in.entry(datagram.peer).or_default() += 1;
        }
        self.tap.counters.inbound += 1;
        self.tap.media_in.push((at, datagram.peer, datagram.bytes.len() as u32));
    }

    /// From where a connection's datagrams come.
    pub fn on_address(&mut self, peer: PeerId, from: IpAddr) {
        self.tap.addresses.learn(peer, from);
    }

    /// What was in it, as the server reads it.
    pub fn on_opened(&mut self, at: Timestamp, peer: PeerId, packet: &Bytes) {
        let datagram = Datagram { peer, channel: Channel::Media, bytes: packet.clone() };
        self.tap.counters.marker_found += u64::from(self.finder.find(packet).is_some());
        self.tap.on_media(at, &datagram, true);
    }

    /// A datagram from the server in which media are protected.
    pub fn on_protected_egress(&mut self, at: Timestamp, datagram: &Datagram) {
        self.tap.addresses.on_protected(datagram.peer, &datagram.bytes);
        self.tap.counters.oversized += u64::from(self.search(datagram));
        self.tap.counters.outbound += 1;
        self.tap.counters.outbound_under_way += u64::from(at + BACKBONE_DELAY >= self.end);
    }

    /// What is in it, as the server writes it.
    pub fn on_closing(&mut self, at: Timestamp, peer: PeerId, packet: &[u8]) {
        let datagram = Datagram { peer, channel: Channel::Media, bytes: Bytes::copy_from_slice(packet) };
        self.tap.counters.marker_found += u64::from(self.finder.find(packet).is_some());
        if demux(packet) == Protocol::Rtcp {
            self.tap.addresses.on_rtcp(peer, packet);
        }
        self.on_media_egress(at, &datagram);
    }

    /// An offer was answered: it stands for the list of tracks that was read out of it.
    pub fn on_agreed(&mut self, at: Timestamp, peer: PeerId, request: u32, tracks: &[TrackOffer]) {
        let body = Request::Publish { tracks: tracks.to_vec() };
        self.tap.requests.push(SeenRequest { at, peer, request, body });
    }

    /// A request that reached the server.
    pub fn on_request(&mut self, at: Timestamp, peer: PeerId, message: &[u8]) {
        let Ok(ClientMessage { request, body }) = ClientMessage::decode(message) else { return };
        if let Request::Negotiate { offer } = &body {
            self.tap.addresses.on_offer(peer, offer);
        } else {
            self.tap.requests.push(SeenRequest { at, peer, request, body });
        }
    }

    /// A message that leaves the server.
    pub fn on_message(&mut self, at: Timestamp, peer: PeerId, message: &[u8]) {
        if let Ok(body) = ServerMessage::decode(message) {
            self.tap.messages.push(SeenMessage { at, peer, body });
        }
    }

    /// A connection came to its end at the server.
    pub fn on_closed(&mut self, at: Timestamp, peer: PeerId) {
        self.tap.closed.push((at, peer));
    }

    /// Looks for the marker. Says whether the datagram is too large.
    fn search(&mut self, datagram: &Datagram) -> bool {
        let counters = &mut self.tap.counters;
        counters.datagrams += 1;
        counters.bytes_searched += datagram.bytes.len() as u64;
        counters.marker_found += u64::from(self.finder.find(&datagram.bytes).is_some());
        let oversized = datagram.bytes.len() > DATAGRAM_BYTES_MAX;
        if !oversized {
            counters.largest = counters.largest.max(datagram.bytes.len());
        }
        oversized
    }
}

impl Tap {
    fn on_media(&mut self, at: Timestamp, datagram: &Datagram, inbound: bool) {
        match demux(&datagram.bytes) {
            Protocol::Rtp => self.on_rtp(at, datagram, inbound),
            Protocol::Rtcp => self.on_rtcp(at, datagram, inbound),
            Protocol::Other => {}
        }
    }

    fn on_rtp(&mut self, at: Timestamp, datagram: &Datagram, inbound: bool) {
        let Ok(view) = RtpView::parse(&datagram.bytes) else { return };
        // What a peer's probes are filled with is its affair; the server's own are nothing but padding.
        if view.ssrc() == PROBE_SSRC && (inbound || view.payload_len() == 0) {
            self.counters.probes += 1;
            return;
        }
        self.clear.entry(inbound.then_some(datagram.peer)).or_default().on_rtp(&datagram.bytes, &view);
        let seen = seen_rtp(at, datagram.peer, &view);
        if inbound {
            self.redundant.extend(seen.iter().flat_map(|seen| seen_redundant(seen, &view)));
            self.ingress.extend(seen);
        } else {
            self.egress.extend(seen);
        }
    }

    fn on_rtcp(&mut self, at: Timestamp, datagram: &Datagram, inbound: bool) {
        let peer = datagram.peer;
        self.clear.entry(inbound.then_some(peer)).or_default().on_rtcp(&datagram.bytes);
        let (requests, nacks) = (&mut self.key_frame_requests, &mut self.nacks);
        #[expect(clippy::wildcard_enum_match_arm, reason = "only what asks for something is written down")]
        let read = rtcp::read(&datagram.bytes, |feedback| match feedback {
            rtcp::Feedback::PictureLoss { media } if !inbound => {
                requests.push(SeenKeyFrameRequest { at, peer, media });
            }
            rtcp::Feedback::Nack { media, sequence } => {
                nacks.push(SeenNack { at, peer, by_server: !inbound, media, sequence });
            }
            _ => {}
        });
        debug_assert!(inbound || read.is_ok(), "the server writes valid RTCP");
    }
}

fn seen_rtp(at: Timestamp, peer: PeerId, view: &RtpView<'_>) -> Option<SeenRtp> {
    let again = RTX_PAYLOAD_TYPES.contains(&view.payload_type());
    let payload = match view.payload_type() {
        _ if again => view.retransmitted().ok()?.1,
        RED_PAYLOAD_TYPE => RedView::parse(view.payload(), Codec::Opus.payload_type())
            .map_or(view.payload(), |red| red.primary()),
        _ => view.payload(),
    };
    Some(SeenRtp {
        at,
        peer,
        ssrc: view.ssrc(),
        sequence: view.sequence(),
        timestamp: view.timestamp(),
        payload_type: view.payload_type(),
        again,
        level: view.audio_level().map_or(127, |level| level.level),
        payload_len: payload.len() as u16,
        payload: xxh3_64(payload),
    })
}

/// The frames that a redundant packet carries beside its own.
fn seen_redundant(seen: &SeenRtp, view: &RtpView<'_>) -> Vec<SeenRtp> {
    if view.payload_type() != RED_PAYLOAD_TYPE {
        return Vec::new();
    }
    let Ok(red) = RedView::parse(view.payload(), Codec::Opus.payload_type()) else { return Vec::new() };
    let frames = red.redundant(view.sequence(), view.timestamp()).map(|frame| SeenRtp {
        sequence: frame.sequence,
        timestamp: frame.timestamp,
        payload_len: frame.payload.len() as u16,
        payload: xxh3_64(frame.payload),
        ..*seen
    });
    frames.collect()
}
