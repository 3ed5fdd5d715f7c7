//! Owns a connection as the script drives it: what it publishes, and where its streams stand.

use media_core::{
    Codec, MediaKind, PeerId, Ssrc,
    rtp::DependencyStructure,
    signalling::{EncodingOffer, Mode, Request, TrackOffer},
};

use super::{ledger::Ledger, request};

/// Kinds of media with their codecs, as clients offer them.
const KINDS: [(MediaKind, Codec); 3] =
    [(MediaKind::Audio, Codec::Opus), (MediaKind::Camera, Codec::Vp8), (MediaKind::Screen, Codec::Vp9)];

/// One encoding of a track.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) kind: MediaKind,
    pub(super) codec: Codec,
    pub(super) ssrc: Ssrc,
    pub(super) rtx_ssrc: Ssrc,
    pub(super) sequence: u16,
    pub(super) rtx_sequence: u16,
    pub(super) timestamp: u32,
    pub(super) frame: u16,
    pub(super) structure: DependencyStructure,
}

/// A connection.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) peer: PeerId,
    pub(super) request: u32,
    /// What it can publish: a microphone, a camera in three sizes, a screen.
    pub(super) streams: Vec<Stream>,
    /// Packets made, so that each payload is told from all others.
    pub(super) packets: u32,
}

impl Client {
    pub(super) fn new(peer: PeerId) -> Self {
        let streams = [(0, 1), (1, 3), (2, 1)].into_iter().flat_map(|(kind, encodings)| {
            (0..encodings).map(move |encoding| {
                let (kind, codec) = KINDS[kind];
                let ssrc = 1_000 * (peer.0 + 1) + 100 * kind.index() as u32 + 10 * encoding;
                Stream {
                    kind,
                    codec,
                    ssrc: Ssrc(ssrc),
                    rtx_ssrc: Ssrc(ssrc + 1),
                    sequence: 65_500,
                    rtx_sequence: 0,
                    timestamp: u32::MAX - 10_000,
                    frame: 65_530,
                    structure: DependencyStructure::simulcast_l1t2(160 << encoding, 90 << encoding),
                }
            })
        });
        Self { peer, request: 0, streams: streams.collect(), packets: 0 }
    }

    /// The kinds of the bits of `kinds`, with `encodings` sizes of the camera.
    pub(super) fn offers(&self, kinds: u8, encodings: usize) -> Vec<TrackOffer> {
        let wanted = KINDS.into_iter().filter(|(kind, _)| kinds >> kind.index() & 1 == 1);
        let offer = |(kind, codec)| TrackOffer {
            kind,
            codec,
            encodings: self
                .streams
                .iter()
                .filter(|stream| stream.kind == kind)
                .take(encodings)
                .map(|stream| EncodingOffer {
                    ssrc: stream.ssrc,
                    rtx_ssrc: stream.rtx_ssrc,
                    target_kbps: 500,
                })
                .collect(),
        };
        wanted.map(offer).collect()
    }
}

/// Which message of which connection.
type Furnishing = (usize, fn(&Ledger, &Client) -> Vec<u8>);

/// What sets up two conferences: connections 0, 2 and 4 in the one, 1, 3 and 5 in the other, with everything published
/// and the neighbour's camera watched.
pub(super) fn furniture() -> Vec<Furnishing> {
    let mut all: Vec<Furnishing> = vec![
        (0, |_, _| request::encoded(1, request::start(0, Mode::Discussion, false))),
        (1, |_, _| request::encoded(1, request::start(1, Mode::Presenter, false))),
    ];
    for slot in 2..6 {
        all.push((slot, |ledger, client| {
            let link = ledger.links.get(client.peer.0 as usize % 2).cloned();
            request::encoded(1, request::join(link, None, None, None))
        }));
    }
    for slot in 0..6 {
        all.push((slot, |_, client| request::encoded(2, Request::Publish { tracks: client.offers(7, 3) })));
    }
    for slot in 0..6 {
        all.push((slot, |ledger, client| {
            let source = ledger.neighbour(client.peer);
            request::encoded(3, Request::Watch { source, kind: MediaKind::Camera, layer: Some(1) })
        }));
    }
    all
}
