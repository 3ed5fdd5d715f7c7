//! Owns hostile clients: in which ways a client can break the rules, as data, and what it does with each, sans-IO. It
//! knows what the client knows and what an insider could know, never the engine. Whether any of it may help is not
//! decided here: checks compare what the others experience with a run in which the client behaves.
//!
//! Deliberately absent: attacks on the transport below (TCP, TLS, SRTP), whose place the simulation only pays for, and
//! sheer load, which is a matter of the line in front of the server.

mod connections;
mod eavesdropper;
mod feedback;
mod misbehaviour;
mod noise;
mod requests;
mod streams;

use std::time::Duration;

use bytes::Bytes;
use media_core::{
    ParticipantId, Ssrc, Timestamp,
    e2ee::{BaseKey, mls::Membership},
    signalling::{LinkToken, Request, ServerMessage, TrackInfo, TrackOffer},
};
use rand_chacha::ChaCha8Rng;

use crate::{packet::Datagram, scenario::PersonIndex};
use connections::Connections;
use eavesdropper::Eavesdropper;
pub use eavesdropper::Overheard;
pub use misbehaviour::Misbehaviour;
use streams::Streams;
pub(crate) use streams::with_level;

/// Pause between two acts that do not follow from a packet: 50 a second, as often as a microphone sends.
const ACT_INTERVAL: Duration = Duration::from_millis(20);

/// Something that a hostile client does beside what its software would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Send this beside its media.
    Media(Bytes),
    /// Send these bytes as a signalling message.
    Message(Vec<u8>),
    /// Ask for this.
    Request(Request),
}

/// What a client knows of its conference.
pub(crate) struct Knowledge {
    /// As whom it is in.
    pub(crate) own: Option<ParticipantId>,
    /// Who else is in.
    pub(crate) others: Vec<ParticipantId>,
    /// What it receives, with the newest sequence number of each.
    pub(crate) tracks: Vec<(TrackInfo, Option<u16>)>,
    /// What it publishes when it behaves.
    pub(crate) offers: Vec<TrackOffer>,
}

/// A client's bad side. Without a [`Misbehaviour`] it does nothing.
pub(crate) struct Adversary {
    how: Option<Misbehaviour>,
    rng: ChaCha8Rng,
    next: Timestamp,
    acts: u64,
    link: Option<LinkToken>,
    streams: Streams,
    connections: Connections,
    eavesdropper: Eavesdropper,
}

impl Adversary {
    /// The bad side of a person. All it draws comes out of `rng`.
    pub(crate) fn new(person: PersonIndex, rng: ChaCha8Rng) -> Self {
        Self {
            how: None,
            rng,
            next: Timestamp::FAR_FUTURE,
            acts: 0,
            link: None,
            streams: Streams::default(),
            connections: Connections::new(person),
            eavesdropper: Eavesdropper::default(),
        }
    }

    /// From here on it breaks the rules in this way, and no other.
    pub(crate) fn begin(&mut self, now: Timestamp, how: Misbehaviour) {
        self.how = Some(how);
        self.acts = 0;
        self.connections.close(now);
        self.next = now;
    }

    /// From here on it behaves.
    pub(crate) fn end(&mut self, now: Timestamp) {
        self.how = None;
        self.connections.close(now);
        self.next = Timestamp::FAR_FUTURE;
    }

    /// Whether it breaks the rules in this way.
    pub(crate) fn is(&self, how: Misbehaviour) -> bool {
        self.how == Some(how)
    }

    /// By which link the client came.
    pub(crate) fn on_link(&mut self, link: &LinkToken) {
        self.link = Some(link.clone());
    }

    /// The client has come in.
    pub(crate) fn on_entered(&mut self) {
        self.eavesdropper.on_entered();
    }

    /// The client has a key of its group's epoch.
    pub(crate) fn on_key(&mut self, key: BaseKey) {
        if self.is(Misbehaviour::Eavesdrop) {
            self.eavesdropper.keep(key);
        }
    }

    /// The client is out of the conference and of its group.
    pub(crate) fn on_outside(&mut self, membership: Membership) {
        if self.is(Misbehaviour::Eavesdrop) {
            self.eavesdropper.on_outside(membership);
        }
    }

    /// A message that the client received.
    pub(crate) fn on_message(&mut self, now: Timestamp, message: &ServerMessage) {
        self.eavesdropper.on_message(now, message);
    }

    /// The run is over: what the client wrote down.
    pub(crate) fn finish(&mut self) -> Overheard {
        self.eavesdropper.finish()
    }

    /// A packet that the client received.
    pub(crate) fn on_received(&mut self, now: Timestamp, bytes: &Bytes) {
        if self.is(Misbehaviour::Eavesdrop) {
            self.eavesdropper.on_received(now, bytes);
        }
        if matches!(
            self.how,
            Some(Misbehaviour::ReplayOthers | Misbehaviour::SpliceFrames | Misbehaviour::PublishForeignSsrcs)
        ) {
            self.streams.on_received(bytes);
        }
    }

    /// A packet that the client is about to send: what goes out in its place. `victim` is a stream that it receives.
    pub(crate) fn on_sending(&mut self, bytes: Bytes, victim: Option<Ssrc>) -> Vec<Bytes> {
        self.streams.on_sending(self.how, &mut self.rng, bytes, victim)
    }

    /// Whether packets go out as they are.
    pub(crate) fn leaves_packets_alone(&self) -> bool {
        self.how.is_none() && !self.streams.renumbers()
    }

    /// When [`Adversary::handle_timeout`] has something to do.
    pub(crate) fn poll_timeout(&self) -> Option<Timestamp> {
        let act = (self.next < Timestamp::FAR_FUTURE).then_some(self.next);
        [act, self.connections.poll_timeout()].into_iter().flatten().min()
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, now: Timestamp, knowledge: &Knowledge) -> Vec<Act> {
        self.connections.handle_timeout(now);
        let Some(how) = self.how.filter(|_| self.next <= now) else { return Vec::new() };
        self.next = now + ACT_INTERVAL;
        self.acts += 1;
        self.connections.act(now, how, self.acts, self.link.as_ref(), &mut self.rng);
        if knowledge.own.is_none() {
            return Vec::new();
        }
        let mut acts = self.requests(how, knowledge);
        let mut packets = feedback::write(how, self.acts, &mut self.rng, knowledge);
        packets.extend(noise::write(how, &mut self.rng, self.streams.newest_sent()));
        packets.extend(self.streams.poll_stolen(how, knowledge));
        acts.extend(packets.into_iter().map(Act::Media));
        acts
    }

    /// Something for one of the connections that only the bad side has.
    pub(crate) fn handle_datagram(&mut self, now: Timestamp, datagram: &Datagram) {
        self.connections.handle_datagram(now, datagram);
    }

    /// Something from one of these connections.
    pub(crate) fn poll_datagram(&mut self, now: Timestamp) -> Option<Datagram> {
        self.connections.poll_datagram(now)
    }

    fn requests(&mut self, how: Misbehaviour, knowledge: &Knowledge) -> Vec<Act> {
        if how == Misbehaviour::MalformedSignalling {
            return vec![Act::Message(noise::message(self.acts, &mut self.rng))];
        }
        requests::of(how, self.acts, knowledge).into_iter().map(Act::Request).collect()
    }
}
