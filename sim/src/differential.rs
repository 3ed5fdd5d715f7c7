//! Owns feeding what reached the media node in a run into engines of the same seed once more, in other forms or other
//! company, and the comparison of every output: two ways that have to come to the same. What is compared with what is
//! said by the files below.

mod edge;
mod split;

use bytes::Bytes;
use media_core::{
    PeerId, Timestamp,
    engine::{Engine, Event, Input, Outgoing, Output},
    signalling::ClientMessage,
};
use xxhash_rust::xxh3::xxh3_64;

use crate::{media_node::engine_config, packet::person_of, run::Run, seed::Seed, trace::Channel};

pub use edge::compare_metadata;
pub use split::compare_split;

/// Differences that are told, at most.
const TOLD_MAX: usize = 20;

/// What came of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Datagrams of media that went in.
    pub datagrams: u64,
    /// Those of them that the second side got in another form, or did not get.
    pub altered: u64,
    /// Bytes of them that the second side never saw.
    pub bytes_left_out: u64,
    /// Outputs that were compared.
    pub outputs: u64,
    /// Packets of media that the first side gave out.
    pub packets_out: u64,
    /// Where the two sides differ, the first of them.
    pub differences: Vec<String>,
    /// How often.
    pub differences_total: u64,
}

/// Something that reached the engine of the run.
enum Happening {
    Media(Bytes),
    Request(Vec<u8>),
    Closed,
}

impl Happening {
    fn input(&self, peer: PeerId) -> Input<'_> {
        match self {
            Self::Media(datagram) => Input::Datagram { peer, datagram: datagram.clone() },
            Self::Request(message) => Input::Signal { peer, message },
            Self::Closed => Input::Disconnected { peer },
        }
    }
}

/// What an engine gave out after one input, and when it wants to be woken.
type Outputs = (Vec<Output>, Timestamp);

/// Everything that reached the engine, in the order of time. The run has to have kept its datagrams.
fn happenings(run: &Run) -> Vec<(Timestamp, PeerId, Happening)> {
    let media = run.server.capture.iter().flatten().filter(|captured| captured.inbound);
    let media = media.filter(|captured| captured.datagram.channel == Channel::Media);
    let media = media.map(|captured| {
        (captured.at, captured.datagram.peer, Happening::Media(captured.datagram.bytes.clone()))
    });
    let tap = &run.server.tap;
    let requests = tap.requests.iter().map(|seen| {
        let message = ClientMessage { request: seen.request, body: seen.body.clone() }.encode();
        (seen.at, seen.peer, Happening::Request(message))
    });
    let closed = tap.closed.iter().map(|(at, peer)| (*at, *peer, Happening::Closed));
    let mut all: Vec<_> = media.chain(requests).chain(closed).collect();
    // Ties as the media node breaks them, by person.
    all.sort_by_key(|(at, peer, _)| (*at, person_of(*peer)));
    all
}

/// An engine as the run's media node had one.
fn engine(run: &Run) -> Engine {
    let config = engine_config(&run.scenario, Seed::new(run.seed));
    Engine::new(config).expect("the scenario was validated")
}

fn drive(engine: &mut Engine, now: Timestamp, input: Input<'_>) -> Outputs {
    engine.handle_input(now, input).expect("time goes on, and outputs are polled");
    let mut outputs = Vec::new();
    loop {
        match engine.poll_output() {
            Output::Timeout(at, _) => return (outputs, at),
            output @ (Output::Transmit(_) | Output::Event(_) | Output::Offered { .. }) => {
                outputs.push(output);
            }
        }
    }
}

impl Comparison {
    /// Compares what both sides gave out at `now`.
    fn compare(&mut self, now: Timestamp, one: &[&Output], two: &[&Output]) {
        self.outputs += one.len() as u64;
        if one.len() != two.len() {
            self.differ(now, &format!("{} outputs, against {}", one.len(), two.len()));
        }
        for (one, two) in one.iter().zip(two) {
            self.packets_out += u64::from(is_media(one));
            let (one, two) = (told(one), told(two));
            if one != two {
                self.differ(now, &format!("{one}, against {two}"));
            }
        }
    }

    fn differ(&mut self, now: Timestamp, what: &str) {
        self.differences_total += 1;
        if self.differences.len() < TOLD_MAX {
            self.differences.push(format!("at {now}: {what}"));
        }
    }
}

fn is_media(output: &Output) -> bool {
    matches!(output, Output::Transmit(transmit) if matches!(transmit.packet, Outgoing::Rtp(_)))
}

/// An output in words: everything by which a peer or a host could tell two apart, and of a payload its length. Messages
/// hold tokens, so they are told by hash.
fn told(output: &Output) -> String {
    let transmit = match output {
        Output::Transmit(transmit) => transmit,
        Output::Event(event) => return format!("{event:?}"),
        Output::Offered { peer, request, offer } => {
            return format!("offer {request} of {peer:?}: {:016x}", xxh3_64(offer.as_bytes()));
        }
        Output::Timeout(at, reason) => return format!("timeout at {at} for {reason:?}"),
    };
    match &transmit.packet {
        Outgoing::Rtp(packet) => format!(
            "RTP to {:?}: {:?} {} {} {} {} {} {:?} {} B {:?} {:?}",
            transmit.peer,
            packet.ssrc,
            packet.sequence,
            packet.timestamp,
            packet.payload_type,
            packet.marker,
            packet.transport_sequence,
            packet.original_sequence,
            packet.payload_len(),
            packet.source.meta.audio_level,
            packet.source.meta.frame,
        ),
        Outgoing::Rtcp(bytes) => format!("RTCP to {:?}: {bytes:?}", transmit.peer),
        Outgoing::Probe(bytes) => format!("probe to {:?}: {bytes:?}", transmit.peer),
        Outgoing::Signal(message) => {
            format!("message to {:?}: {} bytes, {:016x}", transmit.peer, message.len(), xxh3_64(message))
        }
    }
}

/// Whose output it is: to whom it goes, or from whom something was dropped.
fn peer_of(output: &Output) -> Option<PeerId> {
    match output {
        Output::Transmit(transmit) => Some(transmit.peer),
        Output::Event(Event::Dropped { peer, .. } | Event::Refused { peer, .. })
        | Output::Offered { peer, .. } => Some(*peer),
        Output::Event(_) | Output::Timeout(..) => None,
    }
}

#[cfg(test)]
mod tests;
