//! Claims about the lines of whole runs: where in time things stand, and that nothing is lost on the way into a line.

use std::ops::Range;

use super::*;
use crate::{
    link::LinkDrop,
    run::{Options, Run, run},
    scenario::Scenario,
};

/// Two people behind lines of their own; the listener's is cut from 4 s to 5.2 s.
const CUT: &str = r#"
schema = 1
name = "cut"
description = "A listener's line is cut for 1.2 s"
duration = "8s"

[[site]]
name = "office"
link = "vdsl-50-10"

[[site]]
name = "home"
link = "vdsl-50-10"

[[conference]]
name = "daily"
host = "anna"

[[person]]
name = "anna"
site = "office"
conference = "daily"
licence = true
camera = "camera-carphone"
microphone = "talk-vbr"
speaks = [["0s", "8s"]]

[[person]]
name = "bert"
site = "home"
conference = "daily"
join = "100ms"

[[fault]]
at = "4s"
site = "home"
direction = "down"
duration = "1200ms"
outage = true
"#;

fn cut() -> Run {
    let scenario = Scenario::from_toml("cut.toml", CUT).unwrap_or_else(|error| panic!("{error:?}"));
    run(&scenario, 1, Options::default()).unwrap()
}

fn sum(line: &[u32], intervals: Range<usize>) -> u32 {
    line[intervals].iter().sum()
}

#[test]
fn a_gap_stands_where_it_was_heard_and_seen_and_nowhere_else() {
    let bert = &cut().people[1].timeline;
    assert_eq!(bert.concealed_steps.len(), 16);
    // Intervals 8 and 9 lie wholly in the cut; packets still under way and the jitter buffer reach a little into it,
    // the packets that waited in the queue and the wait for a key frame a little beyond it.
    assert!(sum(&bert.concealed_steps, 8..11) > 40, "{bert:?}");
    assert_eq!(sum(&bert.concealed_steps, 0..8) + sum(&bert.concealed_steps, 12..16), 0, "{bert:?}");
    assert!(sum(&bert.frozen_ms, 8..10) > 900, "{bert:?}");
    // When the picture is back is congestion control's business.
    assert_eq!(sum(&bert.frozen_ms, 0..7), 0, "{bert:?}");
    assert_eq!(bert.frames[9], 0, "{bert:?}");
    assert_eq!((bert.audio_kbps[9], bert.video_kbps[9]), (0, 0), "{bert:?}");
    assert!(sum(&bert.frames, 4..7) >= 20 && bert.audio_kbps[6] > 10 && bert.video_kbps[6] > 50, "{bert:?}");
}

#[test]
fn a_picture_is_waited_for_from_wanting_it_to_its_first_frame() {
    let run = cut();
    let (line, report) = (&run.people[1].timeline, run.people[1].report.video.unwrap());
    let waited = sum(&line.waiting_ms, 0..16);
    // Each interval rounds up.
    assert!((0.0..2.0).contains(&(f64::from(waited) - report.first_frame_ms)), "{waited} {report:?}");
}

#[test]
fn a_line_holds_what_the_accounts_hold() {
    let run = cut();
    for (site, meter) in &run.links {
        for (way, carried) in [("down", &meter.down), ("up", &meter.up)] {
            let (line, stats) = (&carried.timeline, &carried.stats);
            let dropped: u64 = line.dropped.iter().map(|packets| u64::from(*packets)).sum();
            assert_eq!(dropped, stats.dropped_total(), "{site:?} {way}");
            let longest = line.queue_ms.iter().max().copied().unwrap_or_default();
            assert_eq!(
                u128::from(longest),
                u128::from(stats.queue_delay_max_ps.div_ceil(1_000_000_000)),
                "{site:?} {way}"
            );
            let bits: u64 = line.carried_kbps.iter().map(|kbps| u64::from(*kbps) * 500).sum();
            // Each of 16 intervals is rounded to half a kbit/s.
            assert!(bits.abs_diff(stats.bytes_delivered * 8) <= 16 * 250, "{site:?} {way}");
        }
    }
}

#[test]
fn a_cut_line_shows_its_backlog_and_the_wait_that_follows() {
    let run = cut();
    let down = &run.links[1].1.down;
    assert!(down.timeline.backlog_bytes[9] > 5_000, "{:?}", down.timeline);
    assert_eq!(down.timeline.carried_kbps[9], 0, "{:?}", down.timeline);
    assert!(down.timeline.queue_ms[10] >= 200, "{:?}", down.timeline);
    assert!(sum(&down.timeline.queue_ms, 0..8) < 8 * 60, "{:?}", down.timeline);
    assert_eq!(down.stats.dropped(LinkDrop::Loss), 0);
}

#[test]
fn equal_runs_leave_equal_lines_and_lines_survive_being_written_and_read() {
    let (one, other) = (cut(), cut());
    for (one, other) in one.people.iter().zip(&other.people) {
        assert_eq!(one.timeline, other.timeline);
        let text = serde_json::to_string(&one.timeline).unwrap();
        assert_eq!(serde_json::from_str::<ParticipantTimeline>(&text).unwrap(), one.timeline);
    }
    assert!(one.links == other.links);
}
