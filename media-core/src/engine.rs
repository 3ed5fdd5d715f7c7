//! Owns the one place where conference rules and forwarding meet: inputs in, outputs out, in an order that callers can
//! rely on. A change of rules reaches the forwarding before its acknowledgement leaves (PRES-002).

mod event;

use std::collections::VecDeque;

use bytes::Bytes;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use thiserror::Error;

use crate::{
    DropReason,
    conference::{ConferenceConfig, ConfigError, ControlState, Directory, Effect, ResumeError, Statistics},
    congestion::BitrateBounds,
    forwarding::{ForwardedRtp, Forwarder, ForwardingOutput, SubscriptionReport, TrackReport},
    ids::PeerId,
    limits,
    rtp::{Protocol, demux},
    signalling::{ClientMessage, ServerMessage, TrackInfo, TrackOffer},
    time::Timestamp,
};

pub use event::Event;

/// What an engine is built from.
#[derive(Clone)]
pub struct EngineConfig {
    /// Licences, term, limits and licence holders.
    pub conference: ConferenceConfig,
    /// How many of the loudest microphones are forwarded (FWD-005), 1 or more.
    pub speakers: usize,
    /// Between what the estimate of each subscriber's path stays.
    pub downlink: BitrateBounds,
    /// All of the engine's randomness: link tokens, SSRCs. From the operating system in a server, from the scenario's
    /// seed in a rehearsal.
    pub seed: [u8; 32],
}

/// What comes in.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// A whole signalling message from a peer's reliable channel.
    Signal {
        /// Whose.
        peer: PeerId,
        /// JSON of [`ClientMessage`].
        message: &'a [u8],
    },
    /// An RTP or RTCP packet from a peer, hop-by-hop protection already removed.
    Datagram {
        /// Whose; known by the transport, never read from the packet.
        peer: PeerId,
        /// The UDP payload.
        datagram: Bytes,
    },
    /// An RTP packet from a peer that was parsed at the edge: everything in front of the ciphertext, and how much ciphertext
    /// there is. The engine treats it as the whole packet; what it gives out has lengths in the place of payloads.
    Front {
        /// Whose.
        peer: PeerId,
        /// The header, with the original number of a retransmission (RFC 4588).
        front: Bytes,
        /// Bytes of ciphertext that follow.
        absent: u16,
    },
    /// An offer ([`Output::Offered`]) was read and can be served.
    Answered {
        /// Whose.
        peer: PeerId,
        /// The request with the offer.
        request: u32,
        /// What the peer publishes from now on.
        tracks: Vec<TrackOffer>,
        /// SDP.
        answer: String,
    },
    /// An offer cannot be served.
    OfferRefused {
        /// Whose.
        peer: PeerId,
        /// The request with the offer.
        request: u32,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A peer's way for media is there, or is not: as long as it is not, nothing is forwarded to it. It counts as there until
    /// somebody says otherwise.
    Connection {
        /// Whose.
        peer: PeerId,
        /// Whether packets reach it.
        open: bool,
    },
    /// A peer's connection is gone.
    Disconnected {
        /// Whose.
        peer: PeerId,
    },
    /// The time that [`Output::Timeout`] named has come.
    Timeout,
}

/// What goes out.
#[derive(Clone, Debug)]
pub enum Output {
    /// Something to send.
    Transmit(Transmit),
    /// Something has happened.
    Event(Event),
    /// Somebody who is in a conference offers a WebRTC connection: the caller reads the offer, knowing what the peer can
    /// receive ([`Engine::tracks_for`]), and comes back with [`Input::Answered`] or [`Input::OfferRefused`].
    Offered {
        /// Who.
        peer: PeerId,
        /// The request to answer.
        request: u32,
        /// SDP.
        offer: String,
    },
    /// Nothing more until this time, or until input: the last output of every drain.
    Timeout(Timestamp, TimeoutReason),
}

/// Something to send to one peer.
#[derive(Clone, Debug)]
pub struct Transmit {
    /// To whom.
    pub peer: PeerId,
    /// What.
    pub packet: Outgoing,
}

/// The kinds of things that are sent.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// On the reliable channel: JSON of [`ServerMessage`]. Who is told the same as somebody else shares the bytes.
    Signal(Bytes),
    /// Media; [`ForwardedRtp::write`] makes the bytes.
    Rtp(ForwardedRtp),
    /// Feedback and reports.
    Rtcp(Bytes),
    /// An RTP packet that is nothing but padding and probes the path ([`crate::rtp::PROBE_SSRC`]).
    Probe(Bytes),
}

/// What the engine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutReason {
    /// Nothing: input only.
    Idle,
    /// An empty conference may have to end.
    Conference,
    /// A repair or a key frame may have to be asked for.
    Forwarding,
}

/// The caller's own faults. A peer cannot cause any.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ApiError {
    /// Time went back.
    #[error("input at {now} after input at {before}: time must not go back")]
    TimeWentBack {
        /// The time of this input.
        now: Timestamp,
        /// The latest time before.
        before: Timestamp,
    },
    /// Outputs were not polled.
    #[error("{0} outputs wait to be polled; poll until `Output::Timeout` after every input")]
    OutputsNotPolled(usize),
}

/// Conference server without clock, entropy or socket.
pub struct Engine {
    now: Timestamp,
    directory: Directory,
    forwarder: Forwarder,
    out: VecDeque<Output>,
}

impl Engine {
    /// An engine without conferences.
    ///
    /// # Errors
    /// [`ConfigError`] says what is wrong with the configuration.
    pub fn new(config: EngineConfig) -> Result<Self, ConfigError> {
        let mut root = ChaCha20Rng::from_seed(config.seed);
        Ok(Self {
            now: Timestamp::ZERO,
            directory: Directory::new(config.conference, ChaCha20Rng::from_rng(&mut root))?,
            forwarder: Forwarder::new(
                config.speakers.max(1),
                config.downlink,
                ChaCha20Rng::from_rng(&mut root),
            ),
            out: VecDeque::new(),
        })
    }

    /// An engine that carries on after a crash at `crashed_at`, from the control state that a durable store held then.
    /// Connections, media and whatever was under way are lost: everybody counts as vanished at `crashed_at`, and comes
    /// back through a new connection. The seed has to be another than any before, or secrets would be made twice.
    ///
    /// # Errors
    /// [`ResumeError`] says why state and configuration do not fit each other.
    pub fn resume(
        config: EngineConfig,
        state: ControlState,
        crashed_at: Timestamp,
    ) -> Result<Self, ResumeError> {
        let mut root = ChaCha20Rng::from_seed(config.seed);
        let rng = ChaCha20Rng::from_rng(&mut root);
        Ok(Self {
            now: crashed_at,
            directory: Directory::resume(config.conference, rng, state, crashed_at)?,
            forwarder: Forwarder::new(
                config.speakers.max(1),
                config.downlink,
                ChaCha20Rng::from_rng(&mut root),
            ),
            out: VecDeque::new(),
        })
    }

    /// What a durable store has to hold at this moment for [`Engine::resume`].
    pub fn control_state(&self) -> ControlState {
        self.directory.control_state()
    }

    /// Takes an input.
    ///
    /// # Errors
    /// [`ApiError`] when the caller breaks the contract; never because of what a peer sent.
    pub fn handle_input(&mut self, now: Timestamp, input: Input<'_>) -> Result<(), ApiError> {
        if now < self.now {
            return Err(ApiError::TimeWentBack { now, before: self.now });
        }
        let waiting = self.out.len() + self.forwarder.outputs_waiting();
        if waiting > limits::OUTPUTS_MAX {
            return Err(ApiError::OutputsNotPolled(waiting));
        }
        self.now = now;
        match input {
            Input::Signal { peer, message } => match ClientMessage::decode(message) {
                Ok(message) => self.directory.handle_request(now, peer, message),
                Err(reason) => self.event(Event::Dropped { peer, reason }),
            },
            Input::Datagram { peer, datagram } => match demux(&datagram) {
                Protocol::Rtp => self.forwarder.handle_rtp(now, peer, &datagram, 0),
                Protocol::Rtcp => self.forwarder.handle_rtcp(now, peer, &datagram),
                Protocol::Other => {
                    self.event(Event::Dropped { peer, reason: DropReason::UnknownProtocol });
                }
            },
            Input::Front { peer, front, absent } => self.forwarder.handle_rtp(now, peer, &front, absent),
            Input::Answered { peer, request, tracks, answer } => {
                self.directory.on_answered(peer, request, tracks, answer);
            }
            Input::OfferRefused { peer, request, reason } => {
                let refused = ServerMessage::OfferRefused { request, reason: reason.to_owned() };
                self.send(peer, refused.encode().into());
            }
            Input::Connection { peer, open } => self.forwarder.set_connected(now, peer, open),
            Input::Disconnected { peer } => self.directory.handle_disconnect(now, peer),
            Input::Timeout => {}
        }
        // Also after other input, which may come when a timeout is due: none that is announced lies in the past. The
        // input comes first, because it may bring what would be asked for.
        self.directory.handle_timeout(now);
        self.forwarder.handle_timeout(now);
        let mut encoder = Encoder::default();
        while let Some(effect) = self.directory.poll_effect() {
            self.on_effect(effect, &mut encoder);
        }
        Ok(())
    }

    /// The next output. To be called until it says [`Output::Timeout`].
    pub fn poll_output(&mut self) -> Output {
        if let Some(output) = self.out.pop_front() {
            return output;
        }
        if let Some(output) = self.forwarder.poll_output() {
            return forwarded(output);
        }
        let conference = self.directory.poll_timeout().map(|at| (at, TimeoutReason::Conference));
        let forwarding = self.forwarder.poll_timeout().map(|at| (at, TimeoutReason::Forwarding));
        let next = [conference, forwarding].into_iter().flatten().min_by_key(|(at, _)| *at);
        let (at, reason) = next.unwrap_or((Timestamp::FAR_FUTURE, TimeoutReason::Idle));
        Output::Timeout(at, reason)
    }

    /// The accounts of everything that is published and subscribed at the moment (FWD-007).
    pub fn reports(&self) -> (Vec<TrackReport>, Vec<SubscriptionReport>) {
        self.forwarder.reports()
    }

    /// What a peer can receive at the moment; nothing for strangers.
    pub fn tracks_for(&self, peer: PeerId) -> Vec<TrackInfo> {
        self.forwarder.tracks_for(peer)
    }

    /// How much goes on.
    pub fn statistics(&self) -> Statistics {
        self.directory.statistics()
    }

    fn on_effect(&mut self, effect: Effect, encoder: &mut Encoder) {
        match effect {
            Effect::Send { peer, message } => self.send(peer, encoder.encode(message)),
            Effect::ConferenceStarted { conference } => self.event(Event::ConferenceStarted(conference)),
            Effect::ConferenceEnded { conference } => self.event(Event::ConferenceEnded(conference)),
            Effect::Entered { conference, participant, peer, permissions } => {
                self.forwarder.on_entered(self.now, conference, participant, peer, permissions);
                self.event(Event::Entered { conference, participant, peer });
                self.event(Event::PermissionsChanged { participant, permissions });
            }
            Effect::Left { conference, participant, peer } => {
                self.forwarder.on_left(self.now, participant);
                self.event(Event::Left { conference, participant, peer });
            }
            Effect::PermissionsChanged { participant, permissions } => {
                self.forwarder.set_permissions(self.now, participant, permissions);
                self.event(Event::PermissionsChanged { participant, permissions });
            }
            Effect::Published { participant, tracks } => self.forwarder.on_published(participant, &tracks),
            Effect::Offered { peer, request, offer } => {
                self.out.push_back(Output::Offered { peer, request, offer });
            }
            Effect::Watch { subscriber, request, source, kind, layer } => {
                let Some(peer) = self.forwarder.peer_of(subscriber) else { return };
                let watched = self.forwarder.watch(self.now, subscriber, source, kind, layer);
                let answer = match watched {
                    Ok(()) => ServerMessage::Done { request },
                    Err(reason) => {
                        self.event(Event::Refused { peer, reason });
                        ServerMessage::Refused { request, reason }
                    }
                };
                self.send(peer, answer.encode().into());
            }
            Effect::Refused { peer, reason, .. } => self.event(Event::Refused { peer, reason }),
        }
    }

    fn send(&mut self, peer: PeerId, message: Bytes) {
        self.out.push_back(Output::Transmit(Transmit { peer, packet: Outgoing::Signal(message) }));
    }

    fn event(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }
}

/// Encodes what many are told one after the other once: a commit may be as long as a message can be, and everybody in a
/// conference of a thousand gets it.
#[derive(Default)]
struct Encoder {
    last: Option<(ServerMessage, Bytes)>,
}

impl Encoder {
    fn encode(&mut self, message: ServerMessage) -> Bytes {
        if let Some((last, bytes)) = &self.last
            && *last == message
        {
            return bytes.clone();
        }
        let bytes = Bytes::from(message.encode());
        self.last = Some((message, bytes.clone()));
        bytes
    }
}

fn forwarded(output: ForwardingOutput) -> Output {
    let signal = |peer, message: &ServerMessage| {
        Output::Transmit(Transmit { peer, packet: Outgoing::Signal(message.encode().into()) })
    };
    match output {
        ForwardingOutput::Rtp { peer, packet } => {
            Output::Transmit(Transmit { peer, packet: Outgoing::Rtp(packet) })
        }
        ForwardingOutput::Rtcp { peer, packet } => {
            Output::Transmit(Transmit { peer, packet: Outgoing::Rtcp(packet) })
        }
        ForwardingOutput::Probe { peer, packet } => {
            Output::Transmit(Transmit { peer, packet: Outgoing::Probe(packet) })
        }
        ForwardingOutput::TrackAdded { peer, track } => signal(peer, &ServerMessage::TrackAdded { track }),
        ForwardingOutput::TrackRemoved { peer, participant, kind } => {
            signal(peer, &ServerMessage::TrackRemoved { participant, kind })
        }
        ForwardingOutput::Demand { peer, kind, encodings } => {
            signal(peer, &ServerMessage::Demand { kind, encodings })
        }
        ForwardingOutput::KeyFrameRequested { participant, kind, encoding } => {
            Output::Event(Event::KeyFrameRequested { participant, kind, encoding })
        }
        ForwardingOutput::LayerSwitched { subscriber, source, kind, encoding } => {
            Output::Event(Event::LayerSwitched { subscriber, source, kind, encoding })
        }
        ForwardingOutput::Dropped { peer, reason } => Output::Event(Event::Dropped { peer, reason }),
        ForwardingOutput::TrackClosed(report) => Output::Event(Event::TrackClosed(report)),
        ForwardingOutput::SubscriptionClosed(report) => Output::Event(Event::SubscriptionClosed(report)),
    }
}
