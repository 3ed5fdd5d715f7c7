//! Owns the choice of what a publisher encodes for its uplink: of the encodings that the server asks for, those that the line
//! carries beside the audio. Pure but for the memory that keeps it from going to and fro.

use std::{collections::BTreeMap, time::Duration};

use media_core::{MediaKind, Timestamp};

/// What has to be free, in percent of what is sent, before something more is sent: below that, one more frame than usual would
/// end it again.
const HEADROOM_PERCENT: u64 = 15;
/// By how much, in percent of the budget, what is sent already may exceed it: encoders keep their rate on average only.
const TOLERANCE_PERCENT: u64 = 5;
/// How long less than enough may last: an estimate dips after each burst.
const PATIENCE: Duration = Duration::from_millis(500);
/// Below this share of what is sent nobody waits: the queue would grow by half a second in one.
const COLLAPSE_PERCENT: u64 = 70;
/// How long something that was switched off stays off.
const HOLD: Duration = Duration::from_secs(8);
/// The same for the smallest encoding of a picture.
const HOLD_SMALLEST: Duration = Duration::from_secs(1);
/// The same for what comes and goes.
const HOLD_MAX: Duration = Duration::from_secs(32);
/// What was on for less than this comes and goes.
const STEADY: Duration = Duration::from_secs(10);

/// For how long after a move want of room says nothing: the estimate begins anew.
const SETTLING: Duration = Duration::from_secs(3);

/// An encoding by its track and its place among the track's encodings, the smallest first.
pub(super) type Encoding = (MediaKind, usize);

/// An encoding that the server asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) encoding: Encoding,
    /// What it needs, in bits per second on the wire.
    pub(super) bps: u64,
}

/// The room in which all of the candidates would be sent, in bits per second.
pub(super) fn room_for(candidates: &[Candidate]) -> u64 {
    let total: u64 = candidates.iter().map(|candidate| candidate.bps).sum();
    (total * (100 + HEADROOM_PERCENT)).div_ceil(100)
}

/// What is being sent, and what was tried before.
#[derive(Debug)]
pub(super) struct Adaptation {
    running: BTreeMap<Encoding, Timestamp>,
    /// Until when what was switched off stays off, and how long that was.
    held: BTreeMap<Encoding, (Timestamp, Duration)>,
    short_since: Option<Timestamp>,
    /// Until when the line is too new to draw conclusions from.
    settles_at: Timestamp,
    /// How often something was switched off for want of room.
    switched_off: u64,
}

impl Adaptation {
    /// Which of the candidates are to be sent, as far as `budget_bps` carries them: the smallest of each track first, and the
    /// screen before the camera.
    pub(super) fn choose(&mut self, now: Timestamp, candidates: &[Candidate], budget_bps: u64) {
        let mut candidates = candidates.to_vec();
        candidates.sort_by_key(|candidate| order(candidate.encoding));
        self.running.retain(|running, _| candidates.iter().any(|candidate| candidate.encoding == *running));
        let chosen = self.fitting(now, &candidates, budget_bps);
        let loses = self.running.keys().any(|running| !chosen.contains(running));
        let gains = chosen.iter().any(|chosen| !self.running.contains_key(chosen));
        if !loses {
            self.short_since = None;
        } else if !gains && !self.is_urgent(now, &candidates, budget_bps) {
            return;
        }
        self.short_since = None;
        self.apply(now, &chosen);
    }

    pub(super) fn is_running(&self, encoding: Encoding) -> bool {
        self.running.contains_key(&encoding)
    }

    /// When the choice may be another although nothing else has happened.
    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.short_since.map(|since| since + PATIENCE)
    }

    pub(super) const fn switched_off(&self) -> u64 {
        self.switched_off
    }

    /// Another line, of which nothing is known: what the old one did not carry may be tried.
    pub(super) fn on_moved(&mut self, now: Timestamp) {
        self.held.clear();
        self.short_since = None;
        self.settles_at = now + SETTLING;
    }

    fn fitting(&self, now: Timestamp, candidates: &[Candidate], budget_bps: u64) -> Vec<Encoding> {
        let with_tolerance = budget_bps + budget_bps * TOLERANCE_PERCENT / 100;
        let with_headroom = budget_bps * 100 / (100 + HEADROOM_PERCENT);
        let (mut chosen, mut full, mut total) = (Vec::new(), Vec::new(), 0);
        for Candidate { encoding, bps } in candidates {
            let runs = self.is_running(*encoding);
            let limit = if runs { with_tolerance } else { with_headroom };
            let held = !runs && self.held.get(encoding).is_some_and(|(until, _)| *until > now);
            if full.contains(&encoding.0) || held || total + bps > limit {
                // Nobody needs a large picture of which the small one does not fit.
                full.push(encoding.0);
                continue;
            }
            total += bps;
            chosen.push(*encoding);
        }
        chosen
    }

    fn is_urgent(&mut self, now: Timestamp, candidates: &[Candidate], budget_bps: u64) -> bool {
        let since = *self.short_since.get_or_insert(now);
        let sent: u64 =
            candidates.iter().filter(|one| self.is_running(one.encoding)).map(|one| one.bps).sum();
        budget_bps * 100 < sent * COLLAPSE_PERCENT || now.saturating_since(since) >= PATIENCE
    }

    fn apply(&mut self, now: Timestamp, chosen: &[Encoding]) {
        let gone: Vec<(Encoding, Timestamp)> = self
            .running
            .iter()
            .filter(|(running, _)| !chosen.contains(running))
            .map(|(e, at)| (*e, *at))
            .collect();
        for (encoding, since) in gone {
            let hold = match self.held.get(&encoding) {
                Some((_, before)) if now.saturating_since(since) < STEADY => (*before * 2).min(HOLD_MAX),
                // Nothing at all is worse than a picture that comes and goes.
                Some(_) | None if encoding.1 == 0 => HOLD_SMALLEST,
                Some(_) | None => HOLD,
            };
            if now >= self.settles_at {
                self.held.insert(encoding, (now + hold, hold));
            }
            self.running.remove(&encoding);
            self.switched_off += 1;
        }
        for encoding in chosen {
            self.running.entry(*encoding).or_insert(now);
        }
    }
}

impl Default for Adaptation {
    fn default() -> Self {
        Self {
            running: BTreeMap::new(),
            held: BTreeMap::new(),
            short_since: None,
            settles_at: Timestamp::ZERO,
            switched_off: 0,
        }
    }
}

/// The smallest of each track first, and of these the screen.
const fn order((kind, place): Encoding) -> (usize, bool) {
    (place, matches!(kind, MediaKind::Camera))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: Candidate = Candidate { encoding: (MediaKind::Camera, 0), bps: 180_000 };
    const MEDIUM: Candidate = Candidate { encoding: (MediaKind::Camera, 1), bps: 590_000 };
    const HIGH: Candidate = Candidate { encoding: (MediaKind::Camera, 2), bps: 1_720_000 };
    const SCREEN: Candidate = Candidate { encoding: (MediaKind::Screen, 0), bps: 320_000 };
    const ALL: [Candidate; 4] = [LOW, MEDIUM, HIGH, SCREEN];

    fn running(adaptation: &Adaptation) -> Vec<Encoding> {
        ALL.iter().map(|one| one.encoding).filter(|encoding| adaptation.is_running(*encoding)).collect()
    }

    fn at(seconds: f64) -> Timestamp {
        Timestamp::from_nanos((seconds * 1e9) as u64)
    }

    #[test]
    fn the_start_is_what_fits_and_more_comes_as_soon_as_there_is_room() {
        let mut adaptation = Adaptation::default();
        adaptation.choose(at(0.0), &ALL, 540_000);
        // 320 + 180 leave too little headroom under 540.
        assert_eq!(running(&adaptation), [SCREEN.encoding]);
        adaptation.choose(at(0.2), &ALL, 600_000);
        assert_eq!(running(&adaptation), [LOW.encoding, SCREEN.encoding]);
        adaptation.choose(at(0.4), &ALL, 4_000_000);
        assert_eq!(running(&adaptation).len(), 4);
    }

    #[test]
    fn in_the_room_for_all_of_them_all_of_them_are_sent() {
        let mut adaptation = Adaptation::default();
        adaptation.choose(at(0.0), &ALL, room_for(&ALL));
        assert_eq!(running(&adaptation).len(), ALL.len());
    }

    #[test]
    fn the_largest_goes_first_and_the_screen_last() {
        let mut adaptation = Adaptation::default();
        adaptation.choose(at(0.0), &ALL, 4_000_000);
        for (time, budget, left) in
            [(1.0, 1_400_000, 3), (3.0, 700_000, 2), (5.0, 320_000, 1), (7.0, 100_000, 0)]
        {
            adaptation.choose(at(time), &ALL, budget);
            adaptation.choose(at(time + 0.5), &ALL, budget);
            assert_eq!(running(&adaptation).len(), left, "{budget}");
            assert_eq!(adaptation.is_running(SCREEN.encoding), left > 0);
        }
        assert_eq!(adaptation.switched_off(), 4);
    }

    #[test]
    fn a_dip_is_waited_out_and_a_collapse_is_not() {
        let mut adaptation = Adaptation::default();
        adaptation.choose(at(0.0), &[LOW, MEDIUM], 1_000_000);
        adaptation.choose(at(1.0), &[LOW, MEDIUM], 700_000);
        adaptation.choose(at(1.4), &[LOW, MEDIUM], 760_000);
        assert_eq!(running(&adaptation).len(), 2);
        adaptation.choose(at(2.0), &[LOW, MEDIUM], 300_000);
        assert_eq!(running(&adaptation), [LOW.encoding]);
    }

    #[test]
    fn what_was_switched_off_stays_off_for_a_while_and_longer_when_it_fails_again() {
        let mut adaptation = Adaptation::default();
        let on_at = |adaptation: &mut Adaptation, from: u32| {
            let mut time = f64::from(from);
            adaptation.choose(at(time), &[LOW, MEDIUM], 300_000);
            while !adaptation.is_running(MEDIUM.encoding) {
                time += 0.1;
                adaptation.choose(at(time), &[LOW, MEDIUM], 2_000_000);
            }
            time - f64::from(from)
        };
        adaptation.choose(at(0.0), &[LOW, MEDIUM], 2_000_000);
        let first = on_at(&mut adaptation, 20);
        let second = on_at(&mut adaptation, 30);
        assert!((first - 8.0).abs() < 0.2 && (second - 16.0).abs() < 0.2, "{first} {second}");
    }

    #[test]
    fn after_a_move_the_estimate_begins_anew_and_what_it_did_not_carry_at_first_is_not_held_back() {
        let mut adaptation = Adaptation::default();
        adaptation.choose(at(0.0), &[LOW, MEDIUM], 2_000_000);
        adaptation.on_moved(at(5.0));
        adaptation.choose(at(5.1), &[LOW, MEDIUM], 400_000);
        assert_eq!(running(&adaptation), [LOW.encoding]);
        adaptation.choose(at(5.5), &[LOW, MEDIUM], 2_000_000);
        assert_eq!(running(&adaptation).len(), 2);
    }

    #[test]
    fn a_screen_that_is_shared_takes_its_room_from_the_camera_at_once() {
        let mut adaptation = Adaptation::default();
        adaptation.choose(at(0.0), &[LOW, MEDIUM], 900_000);
        assert_eq!(running(&adaptation).len(), 2);
        adaptation.choose(at(5.0), &[LOW, MEDIUM, SCREEN], 900_000);
        assert_eq!(running(&adaptation), [LOW.encoding, SCREEN.encoding]);
    }

    #[test]
    fn what_nobody_asks_for_any_more_is_not_held_back_later() {
        let mut adaptation = Adaptation::default();
        adaptation.choose(at(0.0), &[LOW], 1_000_000);
        adaptation.choose(at(1.0), &[], 1_000_000);
        adaptation.choose(at(1.1), &[LOW], 1_000_000);
        assert_eq!((running(&adaptation), adaptation.switched_off()), (vec![LOW.encoding], 0));
    }
}
