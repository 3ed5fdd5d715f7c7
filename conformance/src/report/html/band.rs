//! Owns one chart of the page: a strip over the run's time, named for those who cannot see it.

use maud::{Markup, html};

use super::chart::{Axis, HEIGHT};

/// One chart.
pub(super) struct Band<'a> {
    /// What stands before it.
    pub(super) label: &'static str,
    /// What its full height means.
    pub(super) full: Option<String>,
    /// Its name.
    pub(super) title: String,
    /// What it shows, in words.
    pub(super) words: String,
    /// Classes of the style sheet and paths, the first below the others.
    pub(super) paths: Vec<(&'static str, String)>,
    /// Its axis of time.
    pub(super) axis: Axis,
    /// Stretches of time that are set off.
    pub(super) shades: &'a [Shade],
}

/// A stretch of time that is set off in the background.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shade {
    /// Of the style sheet.
    pub(super) class: &'static str,
    /// From here.
    pub(super) from_ms: u64,
    /// Up to here.
    pub(super) to_ms: u64,
}

/// Draws it. The picture stretches to the width that there is; text stands beside it.
pub(super) fn band(band: &Band<'_>) -> Markup {
    let end = band.axis.end_ms;
    html! {
        div.band {
            span.label { (band.label) }
            svg role="img" viewBox={ "0 0 " (end) " " (HEIGHT) } preserveAspectRatio="none" {
                title { (band.title) }
                desc { (band.words) }
                @for shade in band.shades.iter().filter(|shade| shade.from_ms < shade.to_ms.min(end)) {
                    rect.(shade.class) x=(shade.from_ms) y="0" width=(shade.to_ms.min(end) - shade.from_ms) height=(HEIGHT) {}
                }
                @for (class, path) in &band.paths {
                    @if !path.is_empty() { path.(class) d=(path) {} }
                }
            }
            span.full { @if let Some(full) = &band.full { (full) } }
        }
    }
}

/// The seconds below a group of charts. Their descriptions name the times that matter.
pub(super) fn axis_marks(axis: Axis) -> Markup {
    html! {
        div.band.axis aria-hidden="true" {
            span.label {}
            div.marks { @for mark in axis.marks() { span style={ "left:" (axis.share(mark * 1_000)) "%" } { (mark) } } }
            span.full { "s" }
        }
    }
}
