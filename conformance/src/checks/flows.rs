//! Owns what follows from the observer's record alone: who was where and when, which stream carried what, and which
//! packet reached whom. Packets in and out are joined by their ciphertext, which the server cannot change; nothing
//! here asks the engine.

use std::collections::BTreeMap;

use media_core::{
    ConferenceId, MediaKind, ParticipantId, PeerId, Ssrc, Timestamp,
    signalling::{Request, ServerMessage},
};
use sim::{packet::person_of, run::Run, tap::SeenRtp};

/// One person's time in a conference, from the message that let them in to the first sign that they are out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stay {
    pub(crate) peer: PeerId,
    pub(crate) conference: ConferenceId,
    pub(crate) participant: ParticipantId,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

/// A stream that a client announced with its tracks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Published {
    pub(crate) kind: MediaKind,
    from: Timestamp,
    until: Timestamp,
}

/// A stream that the server announced to a subscriber.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Announced {
    pub(crate) source: ParticipantId,
    pub(crate) kind: MediaKind,
    pub(crate) ssrc: Ssrc,
    pub(crate) rtx_ssrc: Ssrc,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

/// The observer's record, joined.
pub(crate) struct Flows<'a> {
    pub(crate) run: &'a Run,
    /// In the order in which they began.
    pub(crate) stays: Vec<Stay>,
    /// What the server announced to each connection, in the order of time.
    pub(crate) announced: BTreeMap<PeerId, Vec<Announced>>,
    published: BTreeMap<(PeerId, Ssrc), Published>,
    /// First arrival of each ciphertext, by its hash; on a stream that its sender announced, if it came on one.
    origins: BTreeMap<u64, &'a SeenRtp>,
    /// Further first arrivals of the same ciphertext: on other streams, announced by their senders.
    others: BTreeMap<u64, Vec<&'a SeenRtp>>,
    /// Who got which ciphertext, sorted.
    reached: Vec<(u64, PeerId)>,
}

impl<'a> Flows<'a> {
    /// Joins the record of a run.
    pub(crate) fn new(run: &'a Run) -> Self {
        let tap = &run.server.tap;
        let published = published(run);
        let own = |packet: &&SeenRtp| published.contains_key(&(packet.peer, packet.ssrc));
        let mut origins = BTreeMap::new();
        // What came under a foreign SSRC and then again under the sender's own is the sender's own.
        let redundant = tap.redundant.iter().filter(own).chain(&tap.redundant);
        for packet in tap.ingress.iter().filter(own).chain(&tap.ingress).chain(redundant) {
            origins.entry(packet.payload).or_insert(packet);
        }
        let mut others: BTreeMap<u64, Vec<&SeenRtp>> = BTreeMap::new();
        for packet in tap.ingress.iter().filter(own) {
            let first: &SeenRtp = origins[&packet.payload];
            if (first.peer, first.ssrc) != (packet.peer, packet.ssrc) {
                others.entry(packet.payload).or_default().push(packet);
            }
        }
        let mut reached: Vec<_> = tap.egress.iter().map(|packet| (packet.payload, packet.peer)).collect();
        reached.sort_unstable();
        reached.dedup();
        Self { run, stays: stays(run), announced: announced(run), published, origins, others, reached }
    }

    /// The name of whoever is behind a connection.
    pub(crate) fn name(&self, peer: PeerId) -> &'a str {
        &self.run.scenario.person(person_of(peer)).name
    }

    /// The stay during which something passed on a connection.
    pub(crate) fn stay_at(&self, peer: PeerId, at: Timestamp) -> Option<&Stay> {
        self.stays.iter().rev().find(|stay| stay.peer == peer && stay.from <= at && at <= stay.until)
    }

    /// The stay of a participant.
    pub(crate) fn stay_of(&self, participant: ParticipantId) -> Option<&Stay> {
        self.stays.iter().find(|stay| stay.participant == participant)
    }

    /// Everybody else who was in a participant's conference from `from` to `until` without a break.
    pub(crate) fn company(
        &self,
        of: &Stay,
        from: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = &Stay> {
        let (conference, peer) = (of.conference, of.peer);
        self.stays.iter().filter(move |stay| {
            stay.conference == conference && stay.peer != peer && stay.from <= from && stay.until >= until
        })
    }

    /// What a packet to the server carries, if its sender has announced the stream.
    pub(crate) fn kind_of(&self, packet: &SeenRtp) -> Option<MediaKind> {
        let published = self.published.get(&(packet.peer, packet.ssrc))?;
        (published.from <= packet.at && packet.at <= published.until).then_some(published.kind)
    }

    /// What a stream that its sender announced at any time carries.
    pub(crate) fn kind_of_stream(&self, peer: PeerId, ssrc: Ssrc) -> Option<MediaKind> {
        self.published.get(&(peer, ssrc)).map(|published| published.kind)
    }

    /// Where a ciphertext came from: its first arrival at the server on a stream of the sender's own, else at all.
    pub(crate) fn origin(&self, payload: u64) -> Option<&'a SeenRtp> {
        self.origins.get(&payload).copied()
    }

    /// Where a packet from the server came from. A hostile client can send the ciphertext of others: of several who sent
    /// it on streams of their own, or on several streams, it is the one whose stream the server announced to the receiver.
    pub(super) fn origin_of(&self, packet: &SeenRtp) -> Option<&'a SeenRtp> {
        let origin = self.origin(packet.payload);
        let Some(others) = self.others.get(&packet.payload) else { return origin };
        let theirs = |announced: &&Announced| [announced.ssrc, announced.rtx_ssrc].contains(&packet.ssrc);
        let announced = self.announced.get(&packet.peer).and_then(|streams| streams.iter().find(theirs));
        let Some(announced) = announced else { return origin };
        let sends = |sent: &&SeenRtp| {
            self.stay_at(sent.peer, sent.at).is_some_and(|stay| stay.participant == announced.source)
                && self.kind_of_stream(sent.peer, sent.ssrc) == Some(announced.kind)
        };
        origin.into_iter().chain(others.iter().copied()).find(sends).or(origin)
    }

    /// Whether a ciphertext was sent to a connection.
    pub(crate) fn reached(&self, payload: u64, peer: PeerId) -> bool {
        self.reached.binary_search(&(payload, peer)).is_ok()
    }

    /// Somebody to whom a ciphertext was sent.
    pub(crate) fn reached_anyone(&self, payload: u64) -> Option<PeerId> {
        let first = self.reached.partition_point(|(sent, _)| *sent < payload);
        self.reached.get(first).filter(|(sent, _)| *sent == payload).map(|(_, peer)| *peer)
    }

    /// The stream under which the server announced `ssrc` (not of retransmissions) to a connection.
    pub(crate) fn announced_as(&self, peer: PeerId, ssrc: Ssrc) -> Option<&Announced> {
        self.announced.get(&peer)?.iter().find(|announced| announced.ssrc == ssrc)
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only some of the messages begin or end a stay")]
fn stays(run: &Run) -> Vec<Stay> {
    let tap = &run.server.tap;
    let mut stays: Vec<Stay> = Vec::new();
    let mut ends: Vec<(Timestamp, Option<PeerId>, Option<ParticipantId>)> = Vec::new();
    for message in &tap.messages {
        match &message.body {
            ServerMessage::Entered { conference, participant, .. } => stays.push(Stay {
                peer: message.peer,
                conference: *conference,
                participant: *participant,
                from: message.at,
                until: Timestamp::FAR_FUTURE,
            }),
            ServerMessage::Out { .. } => ends.push((message.at, Some(message.peer), None)),
            ServerMessage::MemberLeft { participant } => ends.push((message.at, None, Some(*participant))),
            _ => {}
        }
    }
    let leaving = tap.requests.iter().filter(|request| matches!(request.body, Request::Leave));
    ends.extend(leaving.map(|request| (request.at, Some(request.peer), None)));
    // A crash ends everybody's.
    ends.extend(run.scenario.crashes.iter().map(|crash| (crash.at, None, None)));
    for (at, peer, participant) in ends {
        for stay in &mut stays {
            let everybodys = peer.is_none() && participant.is_none();
            let theirs = everybodys || peer == Some(stay.peer) || participant == Some(stay.participant);
            if theirs && at >= stay.from {
                stay.until = stay.until.min(at);
            }
        }
    }
    stays
}

fn published(run: &Run) -> BTreeMap<(PeerId, Ssrc), Published> {
    let mut published: BTreeMap<(PeerId, Ssrc), Published> = BTreeMap::new();
    for request in &run.server.tap.requests {
        let Request::Publish { tracks } = &request.body else { continue };
        let streams: Vec<(Ssrc, MediaKind)> = tracks
            .iter()
            .flat_map(|track| {
                track.encodings.iter().flat_map(|e| [(e.ssrc, track.kind), (e.rtx_ssrc, track.kind)])
            })
            .collect();
        for ((_, ssrc), stream) in
            published.range_mut((request.peer, Ssrc(0))..=(request.peer, Ssrc(u32::MAX)))
        {
            if !streams.iter().any(|(kept, _)| kept == ssrc) {
                stream.until = stream.until.min(request.at);
            }
        }
        for (ssrc, kind) in streams {
            let stream = Published { kind, from: request.at, until: Timestamp::FAR_FUTURE };
            published.entry((request.peer, ssrc)).or_insert(stream);
        }
    }
    published
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only two of the messages speak of streams")]
fn announced(run: &Run) -> BTreeMap<PeerId, Vec<Announced>> {
    let mut announced: BTreeMap<PeerId, Vec<Announced>> = BTreeMap::new();
    for message in &run.server.tap.messages {
        let streams = announced.entry(message.peer).or_default();
        match &message.body {
            ServerMessage::TrackAdded { track } => {
                let from = message.at;
                let until = Timestamp::FAR_FUTURE;
                let (source, kind, ssrc, rtx_ssrc) =
                    (track.participant, track.kind, track.ssrc, track.rtx_ssrc);
                streams.push(Announced { source, kind, ssrc, rtx_ssrc, from, until });
            }
            ServerMessage::TrackRemoved { participant, kind } => {
                for stream in streams.iter_mut().filter(|s| s.source == *participant && s.kind == *kind) {
                    stream.until = stream.until.min(message.at);
                }
            }
            _ => {}
        }
    }
    announced
}
