//! Owns what is under way: signalling over reliable channels, frames over lossy paths.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use media_core::{
    ParticipantId, PeerId, Timestamp,
    signalling::{ClientMessage, Request, ServerMessage},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::Frame;

/// How lines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// 20 ms for everything.
    Calm,
    /// One packet in five is lost. Below signalling it is sent again after 200 ms, and once more after 400 ms; frames are
    /// lost, doubled, and late by up to a second.
    Rough,
}

/// Something under way.
pub(crate) enum Parcel {
    ToServer(PeerId, ClientMessage),
    ToClient(PeerId, ServerMessage),
    /// To somebody, in the track of somebody.
    Frame(PeerId, ParticipantId, Rc<Frame>),
    /// The server finds a line dead.
    Hangup(PeerId),
}

/// Everything under way, by when it arrives.
pub(crate) struct Network {
    rng: ChaCha20Rng,
    weather: Weather,
    parcels: BTreeMap<(Timestamp, u64), Parcel>,
    number: u64,
    /// Before when nothing more of a direction of a channel can arrive.
    lanes: BTreeMap<(PeerId, bool), Timestamp>,
}

impl Network {
    pub(super) fn new(seed: u64, weather: Weather) -> Self {
        let rng = ChaCha20Rng::seed_from_u64(seed ^ 0x11_4E);
        Self { rng, weather, parcels: BTreeMap::new(), number: 0, lanes: BTreeMap::new() }
    }

    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.parcels.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn take(&mut self, now: Timestamp) -> Option<Parcel> {
        let entry = self.parcels.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }

    /// Whether somebody's coming or going is on its way to the server.
    pub(super) fn has_requests(&self) -> bool {
        self.parcels.values().any(|parcel| match parcel {
            Parcel::ToServer(_, message) => matches!(message.body, Request::Join { .. } | Request::Leave),
            Parcel::Hangup(_) => true,
            Parcel::ToClient(..) | Parcel::Frame(..) => false,
        })
    }

    pub(crate) fn post(&mut self, at: Timestamp, parcel: Parcel) {
        self.number += 1;
        self.parcels.insert((at, self.number), parcel);
    }

    /// Signalling: everything arrives, in order.
    pub(crate) fn signal(&mut self, now: Timestamp, peer: PeerId, up: bool, parcel: Parcel) {
        let millis = match self.weather {
            Weather::Calm => 20,
            Weather::Rough => {
                let lost = [200, 400].into_iter().take_while(|_| self.rng.next_u32().is_multiple_of(5));
                (20 + lost.last().map_or(0, |last| if last == 400 { 560 } else { last }))
                    + u64::from(self.rng.next_u32() % 20)
            }
        };
        let lane = self.lanes.entry((peer, up)).or_default();
        let at = (now + Duration::from_millis(millis)).max(*lane);
        *lane = at;
        self.post(at, parcel);
    }

    /// Media: each frame has its own fate.
    pub(crate) fn media(&mut self, now: Timestamp, to: PeerId, track: ParticipantId, frame: &Rc<Frame>) {
        let dice = self.rng.next_u32();
        let (copies, late) = match self.weather {
            Weather::Calm => (1, false),
            Weather::Rough => match dice % 100 {
                0..20 => (0, false),
                20..23 => (2, false),
                _ => (1, (dice >> 8).is_multiple_of(10)),
            },
        };
        for _ in 0..copies {
            let millis = if late { self.rng.next_u32() % 980 } else { self.rng.next_u32() % 30 };
            let at = now + Duration::from_millis(u64::from(20 + millis));
            self.post(at, Parcel::Frame(to, track, Rc::clone(frame)));
        }
    }
}
