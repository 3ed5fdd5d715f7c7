//! Owns the chart of what a building's line carries: for each class of quality what was experienced by how many desks were
//! tried, with the bounds. Its colours are the style sheet's; it stands on the page or as a picture of its own.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use crate::{
    planner::{CONCEALMENT_MAX, Load, MISSING_MAX, MOS_MIN, Quality, Trial},
    report::plan::SitePlan,
};

/// The look of the charts.
pub(super) const STYLE: &str = include_str!("capacity.css");

const WIDTH: i32 = 980;
const HEIGHT: i32 = 436;
const LEFT: i32 = 96;
const TOP: i32 = 54;
const PANEL_WIDTH: i32 = 200;
const PANEL_HEIGHT: i32 = 92;
const COLUMN: i32 = 221;
const ROW: i32 = 112;

/// One figure that is drawn for every class.
struct Figure {
    name: &'static str,
    unit: &'static str,
    /// Values at the foot and at the head of a panel.
    foot: f64,
    head: f64,
    bound: f64,
    /// Whether what lies above the bound is good.
    rises: bool,
    of: fn(Quality, &Trial) -> Option<f64>,
}

const FIGURES: [Figure; 3] = [
    Figure {
        name: "lowest",
        unit: "opinion score",
        foot: 1.0,
        head: 4.5,
        bound: MOS_MIN,
        rises: true,
        of: |_, trial| Some(trial.seen.mos),
    },
    Figure {
        name: "most",
        unit: "concealed, %",
        foot: 0.0,
        head: 10.0,
        bound: CONCEALMENT_MAX * 100.0,
        rises: false,
        of: |quality, trial| {
            let spoken = trial.seen.spoken.filter(|_| quality.speaks()).unwrap_or_default();
            Some(trial.seen.concealment.max(spoken) * 100.0)
        },
    },
    Figure {
        name: "most",
        unit: "pictures missing, %",
        foot: 0.0,
        head: 5.0,
        bound: MISSING_MAX * 100.0,
        rises: false,
        of: |_, trial| {
            let unseen = trial.seen.unseen.unwrap_or_default();
            trial.seen.missing.map(|missing| missing.max(unseen) * 100.0)
        },
    },
];

/// The chart as a picture of its own.
pub fn plan_picture(site: &SitePlan) -> String {
    chart(site, true).into_string() + "\n"
}

/// The chart; `alone` it brings its style and its ground along.
pub(super) fn chart(site: &SitePlan, alone: bool) -> Markup {
    html! {
        svg.capacity xmlns="http://www.w3.org/2000/svg" role="img" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) }
            width=[alone.then_some(WIDTH)] height=[alone.then_some(HEIGHT)] {
            title { "What the line of " (site.name) " carries" }
            desc { (words(site)) }
            @if alone {
                style { (PreEscaped(STYLE)) }
                rect.sheet width=(WIDTH) height=(HEIGHT) {}
            }
            @for (row, figure) in (0..).zip(&FIGURES) { (label(figure, row)) }
            @for (column, quality) in (0..).zip(Quality::ALL) { (class(site, quality, column)) }
        }
    }
}

/// What the chart shows, for those who cannot see it.
fn words(site: &SitePlan) -> String {
    let mut text = String::new();
    for capacity in &site.capacities {
        let most = Load::desks_max(capacity.quality);
        let or_more = if capacity.desks == most { " or more" } else { "" };
        _ = write!(text, "{}: {} desks{or_more}. ", capacity.quality, capacity.desks);
        if let Some(fault) = capacity.fault {
            _ = write!(
                text,
                "With one more {}, because of {}. ",
                fault.meaning(),
                capacity.bottleneck.meaning()
            );
        }
    }
    text.trim_end().to_owned()
}

fn label(figure: &Figure, row: i32) -> Markup {
    let y = TOP + row * ROW + PANEL_HEIGHT / 2;
    html! {
        text.row x="4" y=(y - 4) { (figure.name) }
        text.row x="4" y=(y + 13) {
            @let (first, rest) = figure.unit.split_once(' ').unwrap_or((figure.unit, ""));
            (first) @if rest.len() <= 6 { " " (rest) }
        }
        @if let Some((_, rest)) = figure.unit.split_once(' ').filter(|(_, rest)| rest.len() > 6) {
            text.row x="4" y=(y + 30) { (rest) }
        }
    }
}

/// One column: a class with its three figures.
fn class(site: &SitePlan, quality: Quality, column: i32) -> Markup {
    let x = LEFT + column * COLUMN;
    let most = Load::desks_max(quality);
    let desks = site.carries.of(quality);
    let tried: Vec<&Trial> =
        site.tried.iter().filter(|trial| trial.load.quality == quality && trial.load.rooms == 0).collect();
    let foot = TOP + 2 * ROW + PANEL_HEIGHT;
    html! {
        text.title x=(x) y="20" { (quality.name()) }
        text x=(x) y="40" {
            @if desks == most { (desks) ", then the conference is full" } @else { "carries " (desks) @if desks == 1 { " desk" } @else { " desks" } }
        }
        @for (row, figure) in (0..).zip(&FIGURES) {
            @let drawn = quality.pictures() > 0 || row < 2;
            (panel(figure, quality, &tried, (x, TOP + row * ROW), drawn, column == 0))
        }
        @if desks > 0 && desks < most {
            line.most x1=(x_of(x, desks, most)) x2=(x_of(x, desks, most)) y1=(TOP) y2=(foot) {}
        }
        @for mark in [1, 10, 20, 30, 40] {
            text x=(x_of(x, mark, most)) y=(foot + 17) text-anchor="middle" { (mark) }
        }
        @if column == 0 { text x="4" y=(foot + 17) { "desks" } }
    }
}

fn panel(
    figure: &Figure,
    quality: Quality,
    tried: &[&Trial],
    (x, y): (i32, i32),
    drawn: bool,
    numbered: bool,
) -> Markup {
    let most = Load::desks_max(quality);
    let place = |value: f64| {
        let share = (value.clamp(figure.foot, figure.head) - figure.foot) / (figure.head - figure.foot);
        y + PANEL_HEIGHT - (share * f64::from(PANEL_HEIGHT)).round() as i32
    };
    let bound = place(figure.bound);
    let (beyond, height) = if figure.rises { (bound, y + PANEL_HEIGHT - bound) } else { (y, bound - y) };
    let points: Vec<(i32, i32, bool)> = tried
        .iter()
        .filter_map(|trial| {
            Some((x_of(x, trial.load.desks, most), place((figure.of)(quality, trial)?), trial.holds))
        })
        .collect();
    html! {
        rect.ground x=(x) y=(y) width=(PANEL_WIDTH) height=(PANEL_HEIGHT) {}
        @if drawn {
            rect.beyond x=(x) y=(beyond) width=(PANEL_WIDTH) height=(height) {}
            line.bound x1=(x) x2=(x + PANEL_WIDTH) y1=(bound) y2=(bound) {}
            path.line d=(path(&points)) {}
            @for (x, y, holds) in &points {
                @if *holds { circle.holds cx=(x) cy=(y) r="3.5" {} }
                @else { path.breaks d={ "M" (x - 4) " " (y - 4) "l8 8m0 -8l-8 8" } {} }
            }
        } @else {
            text x=(x + PANEL_WIDTH / 2) y=(y + PANEL_HEIGHT / 2 + 4) text-anchor="middle" { "nobody watches" }
        }
        @if numbered {
            text x=(x - 5) y=(y + 10) text-anchor="end" { (figure.head) }
            text x=(x - 5) y=(y + PANEL_HEIGHT) text-anchor="end" { (figure.foot) }
        } @else if drawn {
            text x=(x - 3) y=((bound + 4).min(y + PANEL_HEIGHT - 10)) text-anchor="end" { (figure.bound) }
        }
    }
}

/// Where a number of desks stands.
fn x_of(x: i32, desks: u32, most: u32) -> i32 {
    let inner = PANEL_WIDTH - 16;
    x + 8 + inner * (desks.max(1) as i32 - 1) / (most.max(2) as i32 - 1)
}

fn path(points: &[(i32, i32, bool)]) -> String {
    let mut path = String::new();
    for (number, (x, y, _)) in points.iter().enumerate() {
        _ = write!(path, "{}{x} {y}", if number == 0 { 'M' } else { 'L' });
    }
    path
}
