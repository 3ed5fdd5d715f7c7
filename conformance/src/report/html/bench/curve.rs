//! Owns the curves of cost over size: one chart for each kind of work that comes in several sizes, a line for each contender with
//! its interval. Colours are the style sheet's.

use std::{collections::BTreeMap, fmt::Write as _};

use maud::{Markup, html};

use crate::{
    measured::{Figure, SizeUnit},
    report::bench::{BenchReport, table::figure_words},
};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 330.0;
const LEFT: f64 = 74.0;
/// Names stand to the right of their lines.
const RIGHT: f64 = 490.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 276.0;
/// Names keep this distance from each other.
const LINE: f64 = 16.0;
/// From this ratio of the largest to the smallest size on, the axis is logarithmic.
const WIDE: f64 = 8.0;

/// One chart.
struct Chart {
    title: String,
    hint: &'static str,
    /// What the upright axis counts.
    upright: &'static str,
    of: SizeUnit,
    lines: Vec<(String, Vec<(u64, Figure)>)>,
}

/// All charts.
pub(super) fn section(report: &BenchReport) -> Markup {
    let charts = charts(report);
    html! {
        section #curves aria-labelledby="curves-title" {
            h2 #curves-title { "Curves" }
            p.hint { "What one piece of work costs over the size of the whole. Upright strokes are intervals of 95 % confidence." }
            @if charts.is_empty() { p.none { "Nothing was measured in two sizes." } }
            div.curves { @for chart in &charts { (draw(chart)) } }
        }
    }
}

fn charts(report: &BenchReport) -> Vec<Chart> {
    let mut charts: Vec<Chart> = Vec::new();
    for run in &report.benches {
        for cost in &run.costs {
            let Some(size) = cost.size else { continue };
            let (bench, load) = (&run.bench, &cost.load);
            let title = if bench == load { bench.clone() } else { format!("{bench}: {load}") };
            let place = charts.iter().position(|chart| chart.title == title).unwrap_or_else(|| {
                let upright = work(&run.bench);
                charts.push(Chart { title, hint: "", upright, of: size.of, lines: Vec::new() });
                charts.len() - 1
            });
            add(&mut charts[place], &cost.contender, size.count, cost.ns);
        }
    }
    charts.push(rehearsals(report));
    for chart in &mut charts {
        chart.lines.retain(|(_, points)| points.len() > 1);
        chart.lines.iter_mut().for_each(|(_, points)| points.sort_by_key(|(size, _)| *size));
    }
    charts.retain(|chart| !chart.lines.is_empty());
    charts
}

/// The kept rehearsals of one mix in several sizes.
fn rehearsals(report: &BenchReport) -> Chart {
    let mut chart = Chart {
        title: "city runs".to_owned(),
        hint: "Each was rehearsed once and for itself; what clients and lines cost is in it.",
        upright: "ns of processor time for each forwarded packet",
        of: SizeUnit::Conferences,
        lines: Vec::new(),
    };
    for city in &report.cities {
        let (Some(ns), Some(threads)) = (city.ns_per_forwarded_packet, city.threads) else { continue };
        let people = city.participants / city.conferences.max(1);
        let name = format!("{}, {people} people each, {threads} threads", city.mix);
        add(&mut chart, &name, city.conferences, Figure::single(ns));
    }
    chart
}

fn add(chart: &mut Chart, name: &str, size: u64, figure: Figure) {
    match chart.lines.iter_mut().find(|(known, _)| known == name) {
        Some((_, points)) => points.push((size, figure)),
        None => chart.lines.push((name.to_owned(), vec![(size, figure)])),
    }
}

/// What the upright axis counts.
fn work(bench: &str) -> &'static str {
    match bench {
        "forward" | "forward beside peers" => "ns for each copy",
        "srtp" => "ns for each packet",
        "sframe" => "ns for each frame",
        "city" => "ns for each forwarded packet",
        "allocate" => "ns for each division",
        _ => "ns for each piece of work",
    }
}

fn draw(chart: &Chart) -> Markup {
    let figures = chart.lines.iter().flat_map(|(_, points)| points);
    let most = figures.clone().map(|(_, figure)| figure.interval.map_or(figure.value, |[_, high]| high));
    let (step, full) = scale(most.fold(0.0, f64::max));
    let mut sizes: Vec<u64> = figures.map(|(size, _)| *size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let (from, to) = (sizes[0], sizes[sizes.len() - 1]);
    let across = |size: u64| across(size, from, to);
    let up = |value: f64| BOTTOM - (BOTTOM - TOP) * value / full;
    let marks = (0..).map(|mark| f64::from(mark) * step).take_while(|mark| *mark <= full * 1.001);
    html! {
        figure {
            figcaption { strong { (chart.title) } @if !chart.hint.is_empty() { span.hint { (chart.hint) } } }
            svg.curve viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" {
                title { (chart.title) ", " (chart.upright) " over " (chart.of.name()) }
                desc { (words(chart)) }
                @for mark in marks {
                    line.grid x1=(LEFT) x2=(RIGHT) y1=(short(up(mark))) y2=(short(up(mark))) {}
                    text.scale x=(LEFT - 8.0) y=(short(up(mark) + 4.0)) text-anchor="end" { (plain(mark)) }
                }
                @for size in &sizes {
                    line.tick x1=(short(across(*size))) x2=(short(across(*size))) y1=(BOTTOM) y2=(BOTTOM + 5.0) {}
                    text.scale x=(short(across(*size))) y=(BOTTOM + 20.0) text-anchor="middle" { (size) }
                }
                text.axis x=(f64::midpoint(LEFT, RIGHT)) y=(BOTTOM + 42.0) text-anchor="middle" {
                    (chart.of.name()) @if is_wide(from, to) { " (logarithmic)" }
                }
                text.axis transform={ "rotate(-90) translate(" (-f64::midpoint(TOP, BOTTOM)) " 16)" } text-anchor="middle" { (chart.upright) }
                @for ((name, points), place) in chart.lines.iter().zip(spread(chart, &up)) {
                    (line(name, points, &across, &up, place))
                }
            }
        }
    }
}

fn line(
    name: &str,
    points: &[(u64, Figure)],
    across: &dyn Fn(u64) -> f64,
    up: &dyn Fn(f64) -> f64,
    place: f64,
) -> Markup {
    let mut path = String::new();
    for (number, (size, figure)) in points.iter().enumerate() {
        let letter = if number == 0 { 'M' } else { 'L' };
        // Writing to a string does not fail.
        let _ = write!(path, "{letter}{} {}", short(across(*size)), short(up(figure.value)));
    }
    let (last, end) = points[points.len() - 1];
    html! {
        g class=(role(name)) {
            path.line d=(path) {}
            @for (size, figure) in points {
                circle cx=(short(across(*size))) cy=(short(up(figure.value))) r="3" {}
                @if let Some([low, high]) = figure.interval {
                    line.interval x1=(short(across(*size))) x2=(short(across(*size))) y1=(short(up(low))) y2=(short(up(high))) {}
                }
            }
            path.lead d={ "M" (short(across(last) + 5.0)) " " (short(up(end.value))) "L" (short(RIGHT + 14.0)) " " (short(place - 4.0)) } {}
            text.name x=(RIGHT + 18.0) y=(short(place)) { (name) }
        }
    }
}

/// Floors, peers and the engine look different.
fn role(name: &str) -> &'static str {
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if begins(&["floor"]) {
        "floor"
    } else if begins(&["peer", "str0m", "rtc"]) {
        "peer"
    } else {
        "engine"
    }
}

/// Where names stand: beside the ends of their lines, and not upon each other.
fn spread(chart: &Chart, up: &dyn Fn(f64) -> f64) -> Vec<f64> {
    let end = |points: &[(u64, Figure)]| points.last().map_or(BOTTOM, |(_, figure)| up(figure.value)) + 4.0;
    let mut order: Vec<(usize, f64)> =
        chart.lines.iter().enumerate().map(|(number, (_, points))| (number, end(points))).collect();
    order.sort_by(|one, other| other.1.total_cmp(&one.1));
    let mut places = BTreeMap::new();
    let mut free = BOTTOM + 8.0;
    for (number, wanted) in order {
        let place = wanted.min(free);
        free = place - LINE;
        places.insert(number, place);
    }
    places.into_values().collect()
}

fn is_wide(from: u64, to: u64) -> bool {
    to as f64 >= WIDE * from.max(1) as f64
}

/// Where a size stands, with some room on both sides.
fn across(size: u64, from: u64, to: u64) -> f64 {
    let place = |size: u64| if is_wide(from, to) { (size.max(1) as f64).ln() } else { size as f64 };
    let share = (place(size) - place(from)) / (place(to) - place(from)).max(f64::MIN_POSITIVE);
    LEFT + 24.0 + (RIGHT - LEFT - 48.0) * share
}

/// A step of marks, of which a handful reach over everything, and where the last one stands.
fn scale(most: f64) -> (f64, f64) {
    let most = most.max(1e-9);
    let power = 10_f64.powf((most / 5.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|part| part * power).into_iter().find(|step| most / step <= 5.0);
    let step = step.unwrap_or(10.0 * power);
    (step, (most / step).ceil() * step)
}

/// A tenth of a unit of the drawing is seen by nobody.
fn short(value: f64) -> String {
    format!("{value:.1}")
}

fn plain(value: f64) -> String {
    if value.fract() == 0.0 || value >= 10.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// What the chart shows, for those who cannot see it.
fn words(chart: &Chart) -> String {
    let mut text = String::new();
    for (name, points) in &chart.lines {
        let told: Vec<_> = points
            .iter()
            .map(|(size, figure)| format!("{} at {size} {}", figure_words(*figure, 1), chart.of.name()))
            .collect();
        // Writing to a string does not fail.
        let _ = write!(text, "{name}: {}. ", told.join(", "));
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_reach_over_everything_and_are_a_handful() {
        for most in [0.4, 1.0, 7.3, 99.0, 100.0, 4_767.0] {
            let (step, full) = scale(most);
            assert!(
                full >= most && full - most < step && (2.0..=5.1).contains(&(full / step)),
                "{most}: {step} {full}"
            );
        }
    }

    #[test]
    fn names_keep_their_distance_and_their_order() {
        let point = |value| vec![(49, Figure::single(value)), (499, Figure::single(value))];
        let lines = [("a", 1.0), ("b", 100.0), ("c", 2.0), ("d", 3.0)];
        let lines = lines.map(|(name, value)| (name.to_owned(), point(value))).to_vec();
        let of = SizeUnit::Subscribers;
        let chart = Chart { title: String::new(), hint: "", upright: "", of, lines };
        let places = spread(&chart, &|value| BOTTOM - value);
        assert!(places[0] > places[2] && places[2] > places[3] && places[3] > places[1], "{places:?}");
        let mut sorted = places;
        sorted.sort_by(f64::total_cmp);
        assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] >= LINE - 0.001), "{sorted:?}");
    }
}
