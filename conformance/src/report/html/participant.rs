//! Owns a participant's time lines as charts, in words and as a table: what they heard, saw and received, and the queue of
//! the link that they sit behind.

use maud::{Markup, html};
use sim::timeline::ParticipantTimeline;

use super::{
    badge,
    band::{Band, Shade, axis_marks, band},
    chart::{Axis, hanging, rising, stepped, sum},
    run::presence,
    table, words,
};
use crate::summary::{Figure, ParticipantLine, ParticipantSummary, RunLines, RunSummary, SiteLine};

/// What full height means in the charts of one run.
struct Scales {
    steps: u32,
    frames: u32,
    still_ms: u32,
    kbps: u32,
    queue_ms: u32,
}

/// The charts of those whose lines were kept, worst first.
pub(super) fn charts(summary: &RunSummary, lines: &RunLines, axis: Axis) -> Markup {
    let scales = Scales::over(lines, axis);
    let inside = summary.participants_total - summary.outside_total;
    let drawn = lines.participants.len() as u64;
    html! {
        @if drawn > 0 {
            h4 { "Participants, worst first" }
            @if drawn < inside {
                p.hint { "Charts of the worst " (drawn) " of " (badge::number(inside)) " who got in." }
            }
            @for line in &lines.participants {
                @if let Some(person) = summary.participants.iter().find(|person| person.report.name == line.name) {
                    (chart_of(person, line, summary, lines, axis, &scales))
                }
            }
        }
    }
}

fn chart_of(
    person: &ParticipantSummary,
    line: &ParticipantLine,
    summary: &RunSummary,
    lines: &RunLines,
    axis: Axis,
    scales: &Scales,
) -> Markup {
    let site = lines.site(&line.site);
    let shades = shades(person, summary, axis);
    html! {
        figure.participant {
            figcaption {
                strong { (person.report.name) } " at " (person.report.site) ", in from " (presence(person))
                ul.plain.chips {
                    @for name in ["audio.mos", "audio.concealment", "audio.longest_gap_ms", "video.frozen_share", "video.freezes"] {
                        @if let Some((figure, value)) = Figure::named(name).and_then(|f| Some((f, (f.of)(&person.report)?))) {
                            li { (figure.title) " " strong { (figure.show(value)) } }
                        }
                    }
                }
            }
            div.bands {
                (heard(&person.report.name, &line.line, axis, scales, &shades))
                (seen(&person.report.name, &line.line, axis, scales, &shades))
                (received(&person.report.name, &line.line, axis, scales, &shades))
                @if let Some(site) = site { (queued(site, axis, scales, &shades)) }
                (axis_marks(axis))
            }
            (table::of_participant(&line.line, site, axis))
        }
    }
}

fn heard(name: &str, line: &ParticipantTimeline, axis: Axis, scales: &Scales, shades: &[Shade]) -> Markup {
    let below = sum(&line.played_steps, &line.silent_steps);
    band(&Band {
        label: "heard",
        full: None,
        title: format!("What {name} heard"),
        words: words::heard(line, axis),
        paths: vec![
            ("silent", rising(axis, &below, scales.steps)),
            ("played", rising(axis, &line.played_steps, scales.steps)),
            ("concealed", hanging(axis, &line.concealed_steps, scales.steps)),
        ],
        axis,
        shades,
    })
}

fn seen(name: &str, line: &ParticipantTimeline, axis: Axis, scales: &Scales, shades: &[Shade]) -> Markup {
    let rate = u64::from(scales.frames) * 1_000 / axis.interval_ms;
    band(&Band {
        label: "seen",
        full: (!line.frames.is_empty()).then(|| format!("{rate} frames/s")),
        title: format!("What {name} saw"),
        words: words::seen(line, axis),
        paths: vec![
            ("frames", rising(axis, &line.frames, scales.frames)),
            ("waiting", hanging(axis, &sum(&line.waiting_ms, &line.frozen_ms), scales.still_ms)),
            ("frozen", hanging(axis, &line.frozen_ms, scales.still_ms)),
        ],
        axis,
        shades,
    })
}

fn received(name: &str, line: &ParticipantTimeline, axis: Axis, scales: &Scales, shades: &[Shade]) -> Markup {
    let all = sum(&line.video_kbps, &line.audio_kbps);
    band(&Band {
        label: "received",
        full: Some(format!("{} kbit/s", badge::number(u64::from(scales.kbps)))),
        title: format!("What {name} received"),
        words: words::received(line, axis),
        paths: vec![
            ("video", rising(axis, &all, scales.kbps)),
            ("audio", rising(axis, &line.audio_kbps, scales.kbps)),
        ],
        axis,
        shades,
    })
}

fn queued(site: &SiteLine, axis: Axis, scales: &Scales, shades: &[Shade]) -> Markup {
    band(&Band {
        label: "queue",
        full: Some(format!("{} ms", badge::number(u64::from(scales.queue_ms)))),
        title: format!("Queues of the link of {}", site.name),
        words: words::queued(site, axis),
        paths: vec![
            ("queue", rising(axis, &site.down.queue_ms, scales.queue_ms)),
            ("up", stepped(axis, &site.up.queue_ms, scales.queue_ms)),
        ],
        axis,
        shades,
    })
}

/// Times outside the conference, and faults of the participant's link.
fn shades(person: &ParticipantSummary, summary: &RunSummary, axis: Axis) -> Vec<Shade> {
    let mut shades = Vec::new();
    let mut outside_since = 0;
    for (from, to) in &person.inside_ms {
        shades.push(Shade { class: "outside", from_ms: outside_since, to_ms: *from });
        outside_since = *to;
    }
    shades.push(Shade { class: "outside", from_ms: outside_since, to_ms: axis.end_ms });
    let is_here = |site: &String| {
        let here = person.report.site.strip_prefix(site.as_str());
        here.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    for event in summary.events.iter().filter(|event| event.site.as_ref().is_some_and(is_here)) {
        let to_ms = event.until_ms.unwrap_or(axis.end_ms);
        shades.push(Shade { class: "fault", from_ms: event.at_ms, to_ms });
    }
    shades
}

impl Scales {
    /// The largest of everything that is drawn, so that the charts of a run can be compared.
    fn over(lines: &RunLines, axis: Axis) -> Self {
        let most = |of: &dyn Fn(&ParticipantTimeline) -> Vec<u32>| {
            lines.participants.iter().flat_map(|person| of(&person.line)).max().unwrap_or_default()
        };
        let queue =
            |site: &SiteLine| sum(&site.down.queue_ms, &[]).into_iter().chain(site.up.queue_ms.clone()).max();
        let here = lines.participants.iter().filter_map(|person| lines.site(&person.site));
        Self {
            steps: most(&|line| sum(&sum(&line.played_steps, &line.silent_steps), &line.concealed_steps)),
            frames: most(&|line| line.frames.clone()),
            still_ms: most(&|line| sum(&line.frozen_ms, &line.waiting_ms)).max(axis.interval_ms as u32),
            kbps: most(&|line| sum(&line.video_kbps, &line.audio_kbps)),
            // A queue of a few milliseconds is none that anybody notices.
            queue_ms: here.filter_map(queue).max().unwrap_or_default().max(20),
        }
    }
}
