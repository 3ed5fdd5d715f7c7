//! Owns the way from RTP packets of one video stream to whole frames in decode order: reassembly, the decision what to
//! request again and when to ask for a key frame. Decryption, decoding and the smoothing of play-out are absent.

mod frame;
mod missing;
mod packets;

use std::{collections::VecDeque, time::Duration};

use media_core::{Timestamp, limits};

pub use self::frame::{AssembledFrame, FrameDiffs, VideoPacket};
use self::{
    frame::{Found, find_frames},
    missing::Missing,
    packets::{Held, Packets},
};

/// Packets held at most: 2 s of a 10 Mbit/s screen share.
const PACKETS_MAX: usize = 2_048;
/// A sequence number further from the newest than this is another stream, not a gap.
const JUMP_MAX: u64 = limits::REORDER_PACKETS_MAX;
/// Decoded frames that later ones may refer to: dependency descriptors refer back 2^12 frames at most, encoders a few.
const DECODED_KEPT: usize = 256;
/// Whole frames that may wait to be polled.
const READY_MAX: usize = 256;

/// Assembles one video stream.
///
/// Frames come out in the order of their packets. A whole frame behind a gap waits for one repair round trip; then it
/// comes out if all it depends on was decoded (what is in the gap belongs to a layer it does not need). Otherwise it
/// waits until the repair is given up, and comes out marked as not decodable. A whole key frame makes everything older
/// obsolete. Nothing comes out before the first key frame, and what arrives before it is not counted as torn.
///
/// After `insert` and `handle_timeout`, drain `poll_frame`, `nacks` and `wants_key_frame`, then read `poll_timeout`.
#[derive(Clone, Debug)]
pub struct Assembler {
    /// Packets not yet used up, by sequence number.
    packets: Packets,
    /// First sequence number that is not yet used up; absent until a key frame starts.
    head: Option<u64>,
    highest: Option<u64>,
    missing: Missing,
    /// Numbers of recently decoded frames, since the last key frame.
    decoded: VecDeque<u16>,
    ready: VecDeque<AssembledFrame>,
    /// The spatial layer of which the base temporal layer cannot be decoded until a key frame comes.
    broken: Option<u8>,
    /// A frame could not be opened for want of a key: a key frame that is asked for before there is one is of no use.
    keyless: bool,
    /// When the wait for a first key frame began.
    waiting_since: Option<Timestamp>,
    key_frame_asked: Option<Timestamp>,
    /// When a frame behind a gap stops waiting.
    release_at: Option<Timestamp>,
    /// Frame number of which the rest is being discarded, counted as torn already.
    torn_frame: Option<u16>,
    counters: AssemblerCounters,
}

/// What became of the packets and frames of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssemblerCounters {
    /// Whole frames that came out, decodable or not.
    pub whole_frames: u64,
    /// Whole frames among them of which a dependency was never decoded.
    pub undecodable_frames: u64,
    /// Frames of which a part arrived but never the whole.
    pub torn_frames: u64,
    /// Packets that were there already, or came after their place was given up.
    pub late_or_duplicate_packets: u64,
    /// Sequence numbers requested again, counting repeats.
    pub nacks: u64,
    /// Sequence numbers that were requested and came.
    pub repaired: u64,
    /// Sequence numbers given up.
    pub given_up: u64,
}

impl Assembler {
    /// Waits for a first key frame. The round-trip time is taken as 100 ms until [`Assembler::set_rtt`].
    pub fn new() -> Self {
        Self {
            packets: Packets::default(),
            head: None,
            highest: None,
            missing: Missing::new(),
            decoded: VecDeque::with_capacity(DECODED_KEPT),
            ready: VecDeque::new(),
            broken: None,
            keyless: false,
            waiting_since: None,
            key_frame_asked: None,
            release_at: None,
            torn_frame: None,
            counters: AssemblerCounters::default(),
        }
    }

    /// The round-trip time to the server, which paces repeated requests. Values under 10 ms count as 10 ms.
    pub fn set_rtt(&mut self, rtt: Duration) {
        self.missing.set_rtt(rtt);
    }

    /// Takes a packet that arrived at `now`.
    pub fn insert(&mut self, now: Timestamp, packet: VideoPacket) {
        let sequence = packet.sequence;
        if self.highest.is_some_and(|highest| sequence.abs_diff(highest) > JUMP_MAX)
            || self.packets.len() >= PACKETS_MAX
        {
            self.restart();
        }
        if self.head.is_some_and(|head| sequence < head) || self.packets.contains(sequence) {
            self.counters.late_or_duplicate_packets += 1;
            return;
        }
        if let Some(highest) = self.highest {
            self.counters.given_up += self.missing.on_gap(now, highest + 1, sequence);
        }
        self.highest = Some(self.highest.map_or(sequence, |highest| highest.max(sequence)));
        let starts_key = packet.key && packet.start && !packet.payload.is_empty();
        // Between the first and the last packet of a frame, without gaps, nothing can have become whole.
        let newest = self.highest == Some(sequence);
        let changes = packet.end || packet.payload.is_empty() || !newest || !self.missing.is_empty();
        self.counters.repaired += u64::from(self.missing.on_arrival(sequence));
        self.packets.insert(Held { packet, arrival: now });
        if self.head.is_none() {
            self.waiting_since.get_or_insert(now);
            if starts_key {
                self.start_at(now, sequence);
            } else {
                self.forget_old_while_waiting();
            }
        }
        if changes {
            self.process(now);
        }
    }

    /// The next whole frame in decode order.
    pub fn poll_frame(&mut self) -> Option<AssembledFrame> {
        self.ready.pop_front()
    }

    /// Sequence numbers to request at `now`; each call counts as a request. Every number is requested once it is missing
    /// for 10 ms, then again each round trip, up to 10 times, for 1 s. Nothing is requested before a first key frame
    /// starts, because nothing before it could be decoded.
    pub fn nacks(&mut self, now: Timestamp) -> Vec<u64> {
        if self.head.is_none() {
            return Vec::new();
        }
        let due = self.missing.take_due(now);
        self.counters.nacks += due.len() as u64;
        due
    }

    /// A whole frame that came out could not be opened, so that nothing which depends on it can be decoded; for want of a
    /// key, if `keyless`.
    pub fn on_unopened(&mut self, frame: &AssembledFrame, keyless: bool) {
        self.decoded.retain(|number| *number != frame.frame_number);
        if frame.temporal == 0 {
            self.broken = Some(self.broken.map_or(frame.spatial, |spatial| spatial.min(frame.spatial)));
        }
        self.keyless |= keyless;
    }

    /// There are other keys than before: what could not be opened is asked for again.
    pub fn on_new_keys(&mut self) {
        self.keyless = false;
    }

    /// Whether to ask for a key frame at `now`; true counts as asked, and at most once in 500 ms. Asked for when packets
    /// arrive but no key frame has started, and when a frame of the base temporal layer cannot be decoded because its
    /// repair was given up.
    pub fn wants_key_frame(&mut self, now: Timestamp) -> bool {
        let wanted = self.key_frame_due().is_some_and(|due| due <= now);
        if wanted {
            self.key_frame_asked = Some(now);
        }
        wanted
    }

    /// When [`Assembler::handle_timeout`], [`Assembler::nacks`] and [`Assembler::wants_key_frame`] are to be called.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let missing = if self.head.is_some() { self.missing.next_change() } else { None };
        [missing, self.release_at, self.key_frame_due()].into_iter().flatten().min()
    }

    /// Whether frames come out and nothing is missing or waited for.
    pub fn is_running(&self) -> bool {
        self.head.is_some() && self.poll_timeout().is_none()
    }

    /// Gives up what is due to be given up and releases what waited for it.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.process(now);
    }

    /// What became of the packets and frames so far.
    pub fn counters(&self) -> AssemblerCounters {
        self.counters
    }

    /// A key frame starts at `sequence`: older packets are of no use, and those between it and the newest are awaited,
    /// also where the first packet of all overtook them.
    fn start_at(&mut self, now: Timestamp, sequence: u64) {
        self.head = Some(sequence);
        self.packets.forget_before(sequence);
        self.missing.forget_before(sequence);
        for number in sequence..self.highest.unwrap_or(sequence) {
            if !self.packets.contains(number) && !self.missing.is_awaited(number) {
                self.counters.given_up += self.missing.on_gap(now, number, number + 1);
            }
        }
    }

    /// The earliest time at which a key frame may be asked for; absent when none is needed.
    fn key_frame_due(&self) -> Option<Timestamp> {
        let needed_since = match (self.head, self.broken) {
            (None, _) => self.waiting_since? + missing::REORDER_TOLERANCE,
            (Some(_), Some(_)) if !self.keyless => Timestamp::ZERO,
            (Some(_), Some(_) | None) => return None,
        };
        let allowed =
            self.key_frame_asked.map_or(Timestamp::ZERO, |at| at + limits::KEY_FRAME_REQUEST_INTERVAL);
        Some(needed_since.max(allowed))
    }

    fn process(&mut self, now: Timestamp) {
        self.counters.given_up += self.missing.give_up(now);
        self.release_at = None;
        let Some(mut head) = self.head else { return };
        loop {
            self.consume_head(&mut head);
            let Some((found, skip)) = self.next_frame(head, now) else { break };
            if skip {
                self.abandon(head, found.first);
            }
            head = found.last + 1;
            self.emit(&found);
        }
        self.head = Some(head);
    }

    /// Uses up what no frame can come from: padding, rests of frames without their start, and numbers given up.
    fn consume_head(&mut self, next: &mut u64) {
        while let Some(highest) = self.highest
            && *next <= highest
        {
            match self.packets.get(*next).map(|held| &held.packet) {
                None if self.missing.is_awaited(*next) => return,
                Some(packet) if !packet.payload.is_empty() => {
                    let number = packet.frame_number;
                    if packet.start && !self.is_lost(*next, number) {
                        return;
                    }
                    self.on_torn(number);
                }
                None | Some(_) => {}
            }
            self.packets.remove(*next);
            *next += 1;
        }
    }

    /// Whether the frame that starts at `first` can never become whole, because a packet of it was given up.
    fn is_lost(&self, first: u64, number: u16) -> bool {
        let mut expected = first;
        for (sequence, held) in self.packets.range(first..) {
            if expected < sequence {
                return (expected..sequence).any(|gap| !self.missing.is_awaited(gap));
            }
            let packet = &held.packet;
            if !packet.payload.is_empty() {
                if packet.frame_number != number || (packet.start && sequence != first) {
                    return true;
                }
                if packet.end {
                    return false;
                }
            }
            expected = sequence + 1;
        }
        false
    }

    /// The next frame that may come out at `now`, and whether older packets are abandoned for it.
    fn next_frame(&mut self, head: u64, now: Timestamp) -> Option<(Found, bool)> {
        let mut waiting = false;
        let mut chosen = None;
        for found in find_frames(self.packets.range(head..).map(|(sequence, held)| (sequence, &held.packet)))
        {
            if found.first == head {
                return Some((found, false));
            }
            if found.key {
                chosen = Some(found);
                break;
            }
            if chosen.is_none() && self.is_decodable(&found) {
                waiting = true;
                let released = self
                    .missing
                    .oldest_since(head)
                    .is_none_or(|since| since + self.missing.patience() <= now);
                if released {
                    chosen = Some(found);
                }
            }
        }
        if chosen.is_none() && waiting {
            self.release_at = self.missing.oldest_since(head).map(|since| since + self.missing.patience());
        }
        chosen.map(|found| (found, true))
    }

    fn is_decodable(&self, found: &Found) -> bool {
        found.key
            || found
                .diffs
                .as_slice()
                .iter()
                .all(|diff| self.decoded.contains(&found.frame_number.wrapping_sub(*diff)))
    }

    fn emit(&mut self, found: &Found) {
        let decodable = self.is_decodable(found);
        if found.key {
            self.decoded.clear();
            self.broken = None;
        }
        if decodable {
            if self.decoded.len() == DECODED_KEPT {
                self.decoded.pop_front();
            }
            self.decoded.push_back(found.frame_number);
            if found.temporal == 0 && self.broken.is_some_and(|spatial| found.spatial >= spatial) {
                self.broken = None;
            }
        } else {
            self.counters.undecodable_frames += 1;
            if found.temporal == 0 {
                self.broken = Some(self.broken.map_or(found.spatial, |spatial| spatial.min(found.spatial)));
            }
        }
        self.torn_frame = None;
        self.counters.whole_frames += 1;
        let mut whole = AssembledFrame::starting(found, decodable);
        for sequence in found.first..=found.last {
            if let Some(held) = self.packets.remove(sequence) {
                whole.append(&held.packet, held.arrival);
            }
        }
        self.missing.forget_before(found.last + 1);
        if self.ready.len() == READY_MAX {
            self.ready.pop_front();
        }
        self.ready.push_back(whole);
    }

    /// Gives up `from..to`. Frames in it of which not all packets are there were torn.
    fn abandon(&mut self, from: u64, to: u64) {
        let whole: Vec<u16> = find_frames(self.packets.range(from..to).map(|(s, held)| (s, &held.packet)))
            .map(|found| found.frame_number)
            .collect();
        let mut numbers: Vec<u16> = Vec::new();
        for (_, held) in self.packets.range(from..to) {
            let number = held.packet.frame_number;
            if !held.packet.payload.is_empty() && numbers.last() != Some(&number) && !whole.contains(&number)
            {
                numbers.push(number);
            }
        }
        for number in numbers {
            self.on_torn(number);
        }
        self.packets.forget_before(to);
        self.missing.forget_before(to);
    }

    fn on_torn(&mut self, number: u16) {
        if self.torn_frame.replace(number) != Some(number) {
            self.counters.torn_frames += 1;
        }
    }

    /// Starts over at the next key frame, after a jump or more packets than are held.
    fn restart(&mut self) {
        if let (Some(head), Some(highest)) = (self.head, self.highest) {
            self.abandon(head, highest + 1);
        }
        self.packets.clear();
        self.missing.clear();
        self.decoded.clear();
        self.head = None;
        self.highest = None;
        self.broken = None;
        self.waiting_since = None;
        self.torn_frame = None;
    }

    /// Before the first key frame only packets that could be its reordered rest are of use.
    fn forget_old_while_waiting(&mut self) {
        const KEPT: u64 = 64;
        if let Some(highest) = self.highest {
            let from = highest.saturating_sub(KEPT);
            self.packets.forget_before(from);
            self.missing.forget_before(from);
        }
    }
}

impl Default for Assembler {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
