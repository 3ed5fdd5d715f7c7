//! Owns the page of a rehearsal of the whole city: verdict, a map of its boroughs, tables, and how experiences are spread.

use maud::{Markup, html};

use super::{Place, badge, page};
use crate::{
    city::MOS_MIN,
    gate::Verdict,
    report::city::{BoroughReport, CityReport, Group, Histogram},
};

/// What only this page needs.
pub(super) const STYLE: &str = include_str!("city.css");
/// Side of a borough on the map, in units of the drawing.
const TILE: u32 = 100;
/// Names on the map are cut here; the table has them whole.
const NAME_LETTERS: usize = 13;

/// The page of a rehearsal of the city.
pub fn city_page(report: &CityReport) -> String {
    let places: [Place; 5] = [
        ("verdict", "Verdict"),
        ("map", "Boroughs"),
        ("groups", "Buildings"),
        ("spread", "Experiences"),
        ("nodes", "Media nodes"),
    ];
    let title = format!("City: {} conferences, {}", report.conferences, badge::verdict_word(report.verdict));
    let body = html! {
        (head(report))
        main id="main" {
            (violations(report))
            (map(report))
            (tables(report))
            (spread(report))
            (nodes(report))
        }
    };
    page(&title, report.verdict, &places, &body)
}

fn head(report: &CityReport) -> Markup {
    let (borough, from, until) = &report.outage;
    let (node, crashed, back) = report.crash;
    html! {
        header #verdict .verdict.(badge::verdict_word(report.verdict)) {
            div.sign aria-hidden="true" { @if report.verdict == Verdict::Pass { "✓" } @else { "✕" } }
            div.words {
                h1 { (badge::number(report.conferences)) " conferences at once, " (badge::number(report.participants)) " people" }
                p.lead {
                    (report.city) ". Mix " (report.mix) ". It is " (report.busiest_hour.0) " o'clock, when " (report.busiest_hour.1) " % of a day's conferences begin: everybody comes in within " (format!("{:.0}\u{a0}s", report.storm_ends_s))
                    "; the lines of " (borough) " fail from " (format!("{from:.1} to {until:.1}\u{a0}s"))
                    "; media node " (node) " is down from " (format!("{crashed:.1} to {back:.1}\u{a0}s")) "."
                }
            }
            dl.facts {
                div { dt { "Simulated" } dd { (format!("{:.0}\u{a0}s", report.simulated_s)) } }
                div { dt { "Forwarded" } dd { (badge::number(report.forwarded_packets)) } }
                div { dt { "Lines" } dd { (badge::number(report.lines)) } }
                div { dt { "Seed" } dd { (report.seed) } }
                div { dt { "Digest" } dd { code.digest { (report.digest) } } }
            }
        }
    }
}

fn violations(report: &CityReport) -> Markup {
    html! {
        section aria-label="What was judged" {
            p { (badge::number(report.examined)) " things were looked at: " (report.evidence) "." }
            @if !report.violations.is_empty() {
                h2 { "What does not hold" }
                ul { @for violation in &report.violations { li { (violation) } } }
                @if report.violations_total > report.violations.len() as u64 {
                    p { "And " (badge::number(report.violations_total - report.violations.len() as u64)) " more." }
                }
            }
        }
    }
}

fn map(report: &CityReport) -> Markup {
    let columns = report.boroughs.iter().map(|borough| u32::from(borough.place[0]) + 1).max().unwrap_or(1);
    let rows = report.boroughs.iter().map(|borough| u32::from(borough.place[1]) + 1).max().unwrap_or(1);
    let view = format!("0 0 {} {}", columns * TILE, rows * TILE);
    html! {
        section #map aria-labelledby="map-title" {
            h2 #map-title { "Boroughs" }
            figure {
                figcaption {
                    "Each field is a borough, about where it lies. The large number is the share of its people who heard well, over their whole stay and all faults: with "
                    "a score of " (MOS_MIN) " or better. The darker the field, the fewer. Below it: people, and the rate of video of the one in the middle. The borough whose lines fail has a thick border."
                }
                svg.city viewBox=(view) role="img" aria-label="Who heard well, by borough; the table below has all figures" {
                    @for borough in &report.boroughs { (tile(borough, borough.group.name == report.outage.0)) }
                }
            }
            (table("Borough", report.boroughs.iter().map(|borough| &borough.group).chain([&report.all])))
        }
    }
}

fn tile(borough: &BoroughReport, fails: bool) -> Markup {
    let [column, row] = borough.place.map(|place| u32::from(place) * TILE);
    let well = borough.group.heard_well as f64 / borough.group.heard.max(1) as f64;
    let darkness = 1.0 - well;
    let name: String = borough.group.name.chars().take(NAME_LETTERS).collect();
    let cut = borough.group.name.chars().count() > NAME_LETTERS;
    let middle = column + TILE / 2;
    html! {
        g {
            title { (borough.group.name) }
            rect.borough.fails[fails] x=(column + 2) y=(row + 2) width=(TILE - 4) height=(TILE - 4) rx="6" {}
            rect.shade x=(column + 2) y=(row + 2) width=(TILE - 4) height=(TILE - 4) rx="6" fill-opacity=(format!("{:.2}", darkness * 0.8)) {}
            text.name x=(middle) y=(row + 24) { (name) @if cut { "…" } }
            text.score x=(middle) y=(row + 58) { (format!("{:.0} %", well * 100.0)) }
            text.more x=(middle) y=(row + 76) { (badge::number(borough.group.people)) " people" }
            text.more x=(middle) y=(row + 90) { (decimal(borough.group.video_kbps_p50, 0)) " kbit/s" }
        }
    }
}

fn tables(report: &CityReport) -> Markup {
    html! {
        section #groups aria-labelledby="groups-title" {
            h2 #groups-title { "Buildings" }
            p.hint {
                "All desks of a building share its line; an AVC room and a guest at home have one of their own. A score is a mean opinion "
                "score (ITU-T G.107); frozen pictures are libwebrtc's freezes."
            }
            (table("Class", report.classes.iter()))
            h3 { "By what befell them" }
            (table("Fault", report.by_fault.iter()))
            h3 { "Where people heard and saw worst, touched by no fault" }
            (table("Line", report.worst.iter()))
        }
    }
}

fn table<'a>(name: &str, groups: impl Iterator<Item = &'a Group>) -> Markup {
    html! {
        div.scroll role="region" tabindex="0" aria-label=(name) {
            table.glance {
                thead {
                    tr {
                        th scope="col" { (name) }
                        th.number scope="col" { "Lines" } th.number scope="col" { "People" }
                        th.number scope="col" { "Heard well" } th.number scope="col" { "Score of 95 %" } th.number scope="col" { "Score, median" }
                        th.number scope="col" { "Concealed, p95" } th.number scope="col" { "Mouth to ear, p95, ms" }
                        th.number scope="col" { "First sound, p95, ms" } th.number scope="col" { "Video of 95 %, kbit/s" }
                        th.number scope="col" { "Median" } th.number scope="col" { "Frozen, p95" }
                    }
                }
                tbody {
                    @for group in groups {
                        tr {
                            th scope="row" { (group.name) }
                            td.number { (badge::number(group.lines)) } td.number { (badge::number(group.people)) }
                            td.number { (badge::number(group.heard_well)) } td.number { (decimal(group.mos_p5, 2)) } td.number { (decimal(group.mos_p50, 2)) }
                            td.number { (percent(group.concealed_percent_p95)) }
                            td.number { (decimal(group.mouth_to_ear_ms_p95, 0)) }
                            td.number { (decimal(group.first_sound_ms_p95, 0)) }
                            td.number { (decimal(group.video_kbps_p5, 0)) } td.number { (decimal(group.video_kbps_p50, 0)) }
                            td.number { (percent(group.frozen_percent_p95)) }
                        }
                    }
                }
            }
        }
    }
}

fn spread(report: &CityReport) -> Markup {
    html! {
        section #spread aria-labelledby="spread-title" {
            h2 #spread-title { "How experiences are spread" }
            p.hint { "Everybody is in exactly one bar of each chart, whatever befell them. Without a fault " (MOS_MIN) " is the least score that a release may have." }
            (histogram("Mean opinion score", &report.all.mos))
            (histogram("Received video, kbit/s", &report.all.video_kbps))
            (histogram("Frozen pictures, percent of the time", &report.all.frozen_percent))
        }
    }
}

/// A bar for each bin, as long as its share; the numbers stand beside it.
fn histogram(name: &str, histogram: &Histogram) -> Markup {
    let most = histogram.counts.iter().copied().max().unwrap_or_default().max(1);
    let total: u64 = histogram.counts.iter().sum();
    html! {
        h3 { (name) }
        table.spread {
            thead { tr { th scope="col" { "From, up to" } th.number scope="col" { "People" } th scope="col" { "Share" } } }
            tbody {
                @for (bin, count) in histogram.counts.iter().enumerate() {
                    tr {
                        th scope="row" { (bin_name(&histogram.ends, bin)) }
                        td.number { (badge::number(*count)) }
                        td {
                            svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                                rect width=(format!("{:.2}", *count as f64 * 100.0 / most as f64)) height="10" {}
                            }
                            " " (format!("{:.1} %", *count as f64 * 100.0 / total.max(1) as f64))
                        }
                    }
                }
            }
        }
    }
}

fn bin_name(ends: &[f64], bin: usize) -> String {
    match (bin.checked_sub(1).and_then(|before| ends.get(before)), ends.get(bin)) {
        (None, Some(end)) => format!("below {end}"),
        (Some(from), Some(end)) => format!("{from} to {end}"),
        (Some(from), None) => format!("{from} and more"),
        (None, None) => "all".to_owned(),
    }
}

fn nodes(report: &CityReport) -> Markup {
    html! {
        section #nodes aria-labelledby="nodes-title" {
            h2 #nodes-title { "Media nodes" }
            div.scroll role="region" tabindex="0" aria-label="Media nodes" {
                table.glance {
                    thead {
                        tr {
                            th scope="col" { "Node" } th.number scope="col" { "Conferences" } th.number scope="col" { "People" }
                            th.number scope="col" { "Packets in" } th.number scope="col" { "Packets out" }
                            th.number scope="col" { "In the busiest second" } th.number scope="col" { "Mbit/s out" }
                            th.number scope="col" { "Feedback in" } th scope="col" { "Went no further" }
                        }
                    }
                    tbody {
                        @for (number, node) in report.nodes.iter().enumerate() {
                            tr {
                                th scope="row" { (number) }
                                td.number { (badge::number(node.conferences)) } td.number { (badge::number(node.participants)) }
                                td.number { (badge::number(node.received_packets)) } td.number { (badge::number(node.forwarded_packets)) }
                                td.number { (badge::number(node.forwarded_packets_per_s)) } td.number { (format!("{:.0}", node.forwarded_mbps)) }
                                td.number { (badge::number(node.feedback_packets)) }
                                td { @for (reason, count) in &node.drops { (reason) ": " (badge::number(*count)) ". " } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn decimal(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.decimals$}"))
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1} %"))
}
