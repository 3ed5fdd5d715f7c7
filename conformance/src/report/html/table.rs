//! Owns the figures of a participant's charts as a table, behind a switch.

use maud::{Markup, html};
use sim::timeline::ParticipantTimeline;

use super::{badge, chart::Axis};
use crate::summary::SiteLine;

/// One row for each interval. A column of nothing is left out.
pub(super) fn of_participant(line: &ParticipantTimeline, site: Option<&SiteLine>, axis: Axis) -> Markup {
    let queue =
        |values: fn(&SiteLine) -> &Vec<u32>| site.map(|site| values(site).as_slice()).unwrap_or_default();
    let columns: [(&str, &[u32]); 10] = [
        ("heard, steps", &line.played_steps),
        ("silent, steps", &line.silent_steps),
        ("concealed, steps", &line.concealed_steps),
        ("frames", &line.frames),
        ("frozen, ms", &line.frozen_ms),
        ("awaited, ms", &line.waiting_ms),
        ("video, kbit/s", &line.video_kbps),
        ("audio, kbit/s", &line.audio_kbps),
        ("queue down, ms", queue(|site| &site.down.queue_ms)),
        ("queue up, ms", queue(|site| &site.up.queue_ms)),
    ];
    let columns: Vec<_> = columns.into_iter().filter(|(_, values)| !values.is_empty()).collect();
    let rows = columns.iter().map(|(_, values)| values.len()).max().unwrap_or_default();
    html! {
        @if rows > 0 {
            details.more {
                summary { "The same as a table" }
                p.hint { "Intervals of " (badge::seconds(axis.interval_ms)) "; a step of sound is 20 ms of one speaker." }
                div.scroll role="region" tabindex="0" aria-label="Figures of the charts above" {
                    table.line {
                        thead { tr { th scope="col" { "from" } @for (name, _) in &columns { th scope="col" { (name) } } } }
                        tbody {
                            @for index in 0..rows {
                                tr {
                                    th scope="row" { (badge::seconds(axis.start_ms(index))) }
                                    @for (_, values) in &columns { td { (values.get(index).copied().unwrap_or_default()) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
