//! Owns what charts show, in words: for those who cannot see them, and for search.

use sim::timeline::ParticipantTimeline;

use super::{badge::seconds, chart::Axis};
use crate::summary::SiteLine;

/// What was heard.
pub(super) fn heard(line: &ParticipantTimeline, axis: Axis) -> String {
    let (played, concealed) = (total(&line.played_steps), total(&line.concealed_steps));
    if played + concealed == 0 {
        return "Nothing was to be heard.".to_owned();
    }
    let share = concealed as f64 * 100.0 / (played + concealed) as f64;
    let heard =
        format!("Sound {}.", span(&line.played_steps, axis).unwrap_or_else(|| "was never played".to_owned()));
    match (span(&line.concealed_steps, axis), peak(&line.concealed_steps, axis)) {
        (Some(span), Some((most, at))) => {
            format!("{heard} {share:.2} % of it concealed, {span}; most at {at}, {} ms.", most * 20)
        }
        _ => format!("{heard} None of it concealed."),
    }
}

/// What was seen.
pub(super) fn seen(line: &ParticipantTimeline, axis: Axis) -> String {
    let frames = total(&line.frames);
    if frames + total(&line.waiting_ms) == 0 {
        return "No picture was watched.".to_owned();
    }
    let shown = match span(&line.frames, axis) {
        Some(span) => format!("{frames} frames shown {span}."),
        None => "No frame was shown.".to_owned(),
    };
    let still = |what: &str, values: &[u32]| {
        span(values, axis)
            .map(|span| format!(" {what} for {} ms in all, {span}.", total(values)))
            .unwrap_or_default()
    };
    let frozen = still("Frozen", &line.frozen_ms);
    let waiting = still("Waited for a first picture", &line.waiting_ms);
    let frozen = if frozen.is_empty() { " Never frozen.".to_owned() } else { frozen };
    format!("{shown}{frozen}{waiting}")
}

/// What was received.
pub(super) fn received(line: &ParticipantTimeline, axis: Axis) -> String {
    let rate = |what: &str, values: &[u32]| match peak(values, axis) {
        Some((most, at)) => {
            format!(
                "{what} up to {most} kbit/s (at {at}), {} kbit/s on average.",
                total(values) / values.len() as u64
            )
        }
        None => format!("No {}.", what.to_lowercase()),
    };
    format!("{} {}", rate("Video", &line.video_kbps), rate("Audio", &line.audio_kbps))
}

/// How long packets waited.
pub(super) fn queued(site: &SiteLine, axis: Axis) -> String {
    let wait = |way: &str, values: &[u32], dropped: &[u32]| {
        let wait = match peak(values, axis) {
            Some((most, at)) => format!("{way} the building packets waited up to {most} ms (at {at})"),
            None => format!("{way} the building no packet waited"),
        };
        match total(dropped) {
            0 => format!("{wait}."),
            lost => format!("{wait}, {lost} were dropped."),
        }
    };
    format!(
        "{} {}",
        wait("To", &site.down.queue_ms, &site.down.dropped),
        wait("From", &site.up.queue_ms, &site.up.dropped)
    )
}

/// What a link's direction carried.
pub(super) fn carried(values: &[u32], rate_kbps: u32, axis: Axis) -> String {
    match peak(values, axis) {
        Some((most, at)) => format!(
            "Up to {most} kbit/s (at {at}), {} kbit/s on average, of {rate_kbps} kbit/s.",
            total(values) / values.len() as u64
        ),
        None => format!("Nothing, of {rate_kbps} kbit/s."),
    }
}

fn total(values: &[u32]) -> u64 {
    values.iter().map(|value| u64::from(*value)).sum()
}

/// From the first to the last interval that is not zero.
fn span(values: &[u32], axis: Axis) -> Option<String> {
    let first = values.iter().position(|value| *value > 0)?;
    let last = values.iter().rposition(|value| *value > 0)?;
    Some(format!("between {} and {}", seconds(axis.start_ms(first)), seconds(axis.start_ms(last + 1))))
}

/// The largest value that is not zero, and the time of its first interval.
fn peak(values: &[u32], axis: Axis) -> Option<(u32, String)> {
    let most = values.iter().max().copied().filter(|most| *most > 0)?;
    let at = values.iter().position(|value| *value == most)?;
    Some((most, seconds(axis.start_ms(at))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AXIS: Axis = Axis { end_ms: 2_000, interval_ms: 500 };

    #[test]
    fn words_name_the_time_and_size_of_what_went_wrong() {
        let line = ParticipantTimeline {
            played_steps: vec![25, 20, 0, 25],
            concealed_steps: vec![0, 5, 25, 0],
            frames: vec![15, 15, 0, 10],
            frozen_ms: vec![0, 100, 500, 0],
            ..ParticipantTimeline::default()
        };
        assert_eq!(
            heard(&line, AXIS).replace('\u{a0}', " "),
            "Sound between 0.0 s and 2.0 s. 30.00 % of it concealed, between 0.5 s and 1.5 s; most at 1.0 s, 500 ms."
        );
        assert_eq!(
            seen(&line, AXIS).replace('\u{a0}', " "),
            "40 frames shown between 0.0 s and 2.0 s. Frozen for 600 ms in all, between 0.5 s and 1.5 s."
        );
    }

    #[test]
    fn words_say_when_there_is_nothing() {
        let none = ParticipantTimeline::default();
        assert_eq!(heard(&none, AXIS), "Nothing was to be heard.");
        assert_eq!(seen(&none, AXIS), "No picture was watched.");
        assert_eq!(received(&none, AXIS), "No video. No audio.");
    }
}
