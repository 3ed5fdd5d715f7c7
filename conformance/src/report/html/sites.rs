//! Owns the access links of a run: figures in a table, and what they carried and held up as charts.

use maud::{Markup, html};

use super::{
    badge,
    band::{Band, Shade, axis_marks, band},
    chart::{Axis, rising, stepped},
    words,
};
use crate::summary::{RunLines, RunSummary, SiteLine, SiteSummary, WaySummary};

/// The links with the longest queues.
pub(super) fn section(summary: &RunSummary, lines: &RunLines, axis: Axis) -> Markup {
    let listed = summary.sites.len() as u64;
    html! {
        @if listed > 0 {
            details.more {
                summary { "Access links, longest queue first (" (listed) " of " (badge::number(summary.sites_total)) ")" }
                div.scroll role="region" tabindex="0" aria-label="Access links" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Site" } th scope="col" { "Way" } th.number scope="col" { "Rate" }
                                th.number scope="col" { "Carried at most" } th.number scope="col" { "Longest queue" }
                                th.number scope="col" { "Dropped" }
                            }
                        }
                        tbody {
                            @for site in &summary.sites {
                                (row(&site.name, "down", &site.down))
                                (row(&site.name, "up", &site.up))
                            }
                        }
                    }
                }
                @for site in &summary.sites {
                    @if let Some(line) = lines.site(&site.name) { (chart_of(site, line, summary, axis)) }
                }
            }
        }
    }
}

fn row(name: &str, way: &str, figures: &WaySummary) -> Markup {
    html! {
        tr {
            th scope="row" { (name) }
            td { (way) }
            td.number { (badge::number(u64::from(figures.rate_kbps))) " kbit/s" }
            td.number { (badge::number(u64::from(figures.peak_kbps))) " kbit/s" }
            td.number { (badge::number(u64::from(figures.queue_ms))) " ms" }
            td.number { (badge::number(figures.dropped)) " of " (badge::number(figures.offered)) }
        }
    }
}

fn chart_of(site: &SiteSummary, line: &SiteLine, summary: &RunSummary, axis: Axis) -> Markup {
    let here = |name: &String| {
        site.name.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let faults = summary.events.iter().filter(|event| event.site.as_ref().is_some_and(here));
    let shade = |event: &crate::summary::EventSummary| Shade {
        class: "fault",
        from_ms: event.at_ms,
        to_ms: event.until_ms.unwrap_or(axis.end_ms),
    };
    let shades: Vec<Shade> = faults.map(shade).collect();
    let queue_max = site.down.queue_ms.max(site.up.queue_ms).max(20);
    let carried = |label, way: &str, values: &[u32], figures: &WaySummary| {
        let full = figures.peak_kbps.max(1);
        band(&Band {
            label,
            full: Some(format!("{} kbit/s", badge::number(u64::from(full)))),
            title: format!("What the link {way} {} carried", site.name),
            words: words::carried(values, figures.rate_kbps, axis),
            paths: vec![("video", rising(axis, values, full))],
            axis,
            shades: &shades,
        })
    };
    html! {
        figure.site {
            figcaption { strong { (site.name) } }
            div.bands {
                (carried("down", "to", &line.down.carried_kbps, &site.down))
                (carried("up", "from", &line.up.carried_kbps, &site.up))
                (band(&Band {
                    label: "queue",
                    full: Some(format!("{} ms", badge::number(u64::from(queue_max)))),
                    title: format!("Queues of the link of {}", site.name),
                    words: words::queued(line, axis),
                    paths: vec![
                        ("queue", rising(axis, &line.down.queue_ms, queue_max)),
                        ("up", stepped(axis, &line.up.queue_ms, queue_max)),
                    ],
                    axis,
                    shades: &shades,
                }))
                (axis_marks(axis))
            }
        }
    }
}
