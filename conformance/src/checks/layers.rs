//! Owns the reading of which encoding of a picture went to whom from when to when, by the ciphertext that passed the
//! observer. Temporal layers are absent: what a switch between them looks like is not on the wire of a whole stream.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use media_core::{MediaKind, ParticipantId, PeerId, Ssrc, Timestamp, signalling::Request};
use sim::run::Run;

use super::flows::Flows;

/// A stream in which nothing comes for so long has stopped: four pictures of the slowest recording.
const STOPPED: Duration = Duration::from_millis(400);

/// One picture on its way to one subscriber.
pub(super) struct Stream {
    pub(super) peer: PeerId,
    pub(super) source: ParticipantId,
    pub(super) kind: MediaKind,
    /// From when on which encoding was sent, 0 the smallest; `None`: nothing more.
    pub(super) steps: Vec<(Timestamp, Option<u8>)>,
    /// When a packet of it was last sent.
    last: Timestamp,
}

/// Packets of one encoding in a part of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packets {
    /// Sent to the subscriber, repairs not counted.
    pub(super) sent: u64,
    /// Come from the publisher.
    pub(super) came: u64,
}

impl Stream {
    /// The encoding that was being sent at a time.
    pub(super) fn encoding_at(&self, at: Timestamp) -> Option<u8> {
        self.since(at).and_then(|(_, encoding)| encoding)
    }

    /// The same, and since when.
    pub(super) fn since(&self, at: Timestamp) -> Option<(Timestamp, Option<u8>)> {
        self.steps.iter().take_while(|(from, _)| *from <= at).last().copied()
    }

    /// Of the smallest encoding: how many packets came in a part of the run, and how many were sent on in this stream.
    pub(super) fn packets(&self, flows: &Flows<'_>, window: &Range<Timestamp>) -> Packets {
        let encodings = encodings(flows.run);
        let is_smallest = |peer: PeerId, ssrc: Ssrc| {
            let of_source = flows.stay_of(self.source).is_some_and(|stay| stay.peer == peer);
            let of_kind = flows.kind_of_stream(peer, ssrc) == Some(self.kind);
            of_source && of_kind && encodings.get(&(peer, ssrc)) == Some(&0)
        };
        let tap = &flows.run.server.tap;
        let came = tap.ingress.iter().filter(|packet| window.contains(&packet.at) && !packet.again);
        let came = came.filter(|packet| is_smallest(packet.peer, packet.ssrc)).count() as u64;
        let sent = tap.egress.iter().filter(|packet| window.contains(&packet.at) && !packet.again);
        let sent = sent.filter(|packet| packet.peer == self.peer);
        let origins = sent.filter_map(|packet| flows.origin(packet.payload));
        let sent = origins.filter(|origin| is_smallest(origin.peer, origin.ssrc)).count() as u64;
        Packets { sent, came }
    }

    /// When another encoding began or nothing came any more, between two times.
    pub(super) fn switches(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        let steps = self.steps.windows(2).map(|pair| pair[1].0);
        steps.filter(move |at| from <= *at && *at < until)
    }
}

/// All pictures that were sent to anybody.
pub(super) fn streams(flows: &Flows<'_>) -> Vec<Stream> {
    let encodings = encodings(flows.run);
    let mut streams: BTreeMap<(PeerId, Ssrc), Stream> = BTreeMap::new();
    for packet in flows.run.server.tap.egress.iter().filter(|packet| !packet.again) {
        let Some(announced) = flows.announced_as(packet.peer, packet.ssrc) else { continue };
        let Some(origin) = flows.origin(packet.payload).filter(|_| announced.kind.is_video()) else {
            continue;
        };
        let Some(encoding) = encodings.get(&(origin.peer, origin.ssrc)).copied() else { continue };
        let stream = streams.entry((packet.peer, packet.ssrc)).or_insert_with(|| Stream {
            peer: packet.peer,
            source: announced.source,
            kind: announced.kind,
            steps: Vec::new(),
            last: packet.at,
        });
        if packet.at.saturating_since(stream.last) > STOPPED {
            stream.steps.push((stream.last + STOPPED, None));
        }
        stream.last = packet.at;
        if stream.steps.last().is_none_or(|(_, before)| *before != Some(encoding)) {
            stream.steps.push((packet.at, Some(encoding)));
        }
    }
    let end = flows.run.scenario.end();
    let mut streams: Vec<Stream> = streams.into_values().collect();
    for stream in streams.iter_mut().filter(|stream| stream.last + STOPPED < end) {
        stream.steps.push((stream.last + STOPPED, None));
    }
    streams
}

/// Which encoding of its track each published stream is.
fn encodings(run: &Run) -> BTreeMap<(PeerId, Ssrc), u8> {
    let mut encodings = BTreeMap::new();
    for request in &run.server.tap.requests {
        let Request::Publish { tracks } = &request.body else { continue };
        for track in tracks {
            for (index, encoding) in (0..).zip(&track.encodings) {
                encodings.insert((request.peer, encoding.ssrc), index);
            }
        }
    }
    encodings
}
