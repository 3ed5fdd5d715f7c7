//! Owns what those to whom something is forwarded say of it: transport-wide feedback of everybody ten times a second, in
//! turns. Their paths lose nothing and delay everything alike.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use media_core::{PeerId, Ssrc, Timestamp, rtp::rtcp};

/// From feedback to feedback of one subscriber.
const INTERVAL: Duration = Duration::from_millis(100);
/// Of each path, both ways.
const ONE_WAY: Duration = Duration::from_millis(20);
/// Resolution of arrival times, and ticks in a multiple of the reference time
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).
const TICK_NANOS: u64 = 250_000;
const TICKS_PER_REFERENCE: u64 = 256;

/// Everybody who receives.
#[derive(Debug)]
pub(super) struct Audience {
    /// By order of their connections, of which the first is `first`.
    paths: Vec<Path>,
    first: PeerId,
    /// Whose feedback reaches the server next, and when.
    turns: VecDeque<(Timestamp, usize)>,
}

#[derive(Debug, Default)]
struct Path {
    /// Transport-wide numbers and ticks of arrival of what no feedback speaks of.
    arrived: VecDeque<(u16, u64)>,
    feedback_count: u8,
    statuses: Vec<Option<i16>>,
}

impl Audience {
    /// So many with connections from `first` on; the first feedback comes after `begun`.
    pub(super) fn new(size: u32, first: PeerId, begun: Timestamp) -> Self {
        let turn = |index: u32| (begun + INTERVAL + INTERVAL * index / size, index as usize);
        Self {
            paths: (0..size).map(|_| Path::default()).collect(),
            first,
            turns: (0..size).map(turn).collect(),
        }
    }

    /// A packet with this transport-wide number left the server.
    pub(super) fn on_sent(&mut self, now: Timestamp, peer: PeerId, number: u16) {
        let path = &mut self.paths[(peer.0 - self.first.0) as usize];
        path.arrived.push_back((number, (now + ONE_WAY).as_nanos() / TICK_NANOS));
    }

    /// When the next feedback reaches the server.
    ///
    /// # Panics
    /// When there is nobody.
    pub(super) fn next_feedback_at(&self) -> Timestamp {
        self.turns.front().expect("an audience is not empty").0
    }

    /// The feedback whose turn it is, unless its sender has nothing to say.
    ///
    /// # Panics
    /// When there is nobody.
    pub(super) fn feedback(&mut self) -> Option<(PeerId, Bytes)> {
        let (at, index) = self.turns.pop_front().expect("an audience is not empty");
        self.turns.push_back((at + INTERVAL, index));
        let sent_by = (at - ONE_WAY).as_nanos() / TICK_NANOS;
        let packet = self.paths[index].write(sent_by)?;
        Some((PeerId(self.first.0 + index as u32), packet))
    }
}

impl Path {
    /// Speaks of what had arrived at this tick.
    fn write(&mut self, until: u64) -> Option<Bytes> {
        let (base, first) = *self.arrived.front().filter(|(_, tick)| *tick <= until)?;
        let reference = first / TICKS_PER_REFERENCE;
        let mut before = reference * TICKS_PER_REFERENCE;
        self.statuses.clear();
        while let Some((number, tick)) = self.arrived.front().copied().filter(|(_, tick)| *tick <= until) {
            let expected = base.wrapping_add(self.statuses.len() as u16);
            assert_eq!(number, expected, "numbers of one path have no gap");
            self.arrived.pop_front();
            self.statuses.push(Some((tick - before) as i16));
            before = tick;
        }
        let mut packet = Vec::new();
        let (ssrc, count) = (Ssrc(2), self.feedback_count);
        let told = rtcp::write_twcc(ssrc, ssrc, base, reference as i32, count, &self.statuses, &mut packet);
        assert_eq!(told, self.statuses.len(), "one packet has room for everything");
        self.feedback_count = count.wrapping_add(1);
        Some(Bytes::from(packet))
    }
}
