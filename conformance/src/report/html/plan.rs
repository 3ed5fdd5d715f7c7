//! Owns the page of what buildings' lines carry: the answer for each in words, its chart, and desks beside a room.

use maud::{Markup, html};

use super::{Place, badge, capacity::chart, page};
use crate::{
    gate::Verdict,
    planner::{Comparison, Experience, Quality, Trial},
    report::plan::{PlanReport, SitePlan, answer_in_words, in_words, megabits},
};

/// The page of a plan.
pub fn plan_page(report: &PlanReport) -> String {
    let places: [Place; 3] =
        [("verdict", "Answer"), ("buildings", "Buildings"), ("classes", "What the classes mean")];
    let suffice = report.sites.iter().filter(|site| site.suffices).count();
    let title = format!("Plan: {suffice} of {} lines carry what is asked", report.sites.len());
    let body = html! {
        (head(report))
        main id="main" {
            (overview(report))
            section #buildings aria-labelledby="buildings-title" {
                h2 #buildings-title { "Buildings" }
                @for site in &report.sites { (building(site)) }
            }
            (classes(report))
        }
    };
    page(&title, report.verdict, &places, &body)
}

/// The part of the page that compares desks with a room.
pub fn comparison_text(comparison: &Comparison) -> String {
    compared(comparison).into_string()
}

fn head(report: &PlanReport) -> Markup {
    let suffice = report.sites.iter().filter(|site| site.suffices).count();
    html! {
        header #verdict .verdict.(badge::verdict_word(report.verdict)) {
            div.sign aria-hidden="true" { @if report.verdict == Verdict::Pass { "✓" } @else { "✕" } }
            div.words {
                h1 { (suffice) " of " (badge::count(report.sites.len() as u64, "line")) @if suffice == 1 { " suffices" } @else { " suffice" } }
                p.lead { "What each building's line carries of a conference, what of it gives way first, and the smallest upgrade that helps." }
            }
            dl.facts {
                div { dt { "Runs" } dd { (badge::number(report.runs)) } }
                div { dt { "Simulated" } dd { (format!("{:.0}\u{a0}s", report.simulated_s)) } }
                div { dt { "Seeds" } dd { (report.seed) " to " (report.seeds) } }
                div { dt { "Digest" } dd { code.digest { (report.digest) } } }
            }
        }
    }
}

/// All buildings at a glance.
fn overview(report: &PlanReport) -> Markup {
    html! {
        section aria-label="All buildings at a glance" {
            div.scroll role="region" tabindex="0" aria-label="All buildings at a glance" {
                table.glance {
                    thead {
                        tr {
                            th scope="col" { "Building" }
                            th.number scope="col" { "Mbit/s down" } th.number scope="col" { "up" }
                            @for quality in Quality::ALL { th.number scope="col" { (quality.name()) } }
                            th scope="col" { "First gives way" } th scope="col" { "Asked" } th scope="col" { "Answer" }
                        }
                    }
                    tbody {
                        @for site in &report.sites {
                            tr {
                                th scope="row" { a href={ "#" (place(site)) } { (site.name) } }
                                td.number { (megabits(site.present.down_kbps)) }
                                td.number { (megabits(site.present.up_kbps)) }
                                @for quality in Quality::ALL { td.number { (desks(site, quality)) } }
                                td { (site.bottleneck.name()) }
                                td { (in_words(site.demand)) }
                                td { (mark(site.suffices)) " " (answer_in_words(site)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn building(site: &SitePlan) -> Markup {
    html! {
        article.check id=(place(site)) {
            div.inside {
                h3.building { (site.name) }
                p.hint {
                    (site.description) ". " (megabits(site.present.down_kbps)) " Mbit/s down, " (megabits(site.present.up_kbps))
                    " up; " (badge::count(u64::from(site.desks), "desk")) ", " (badge::count(u64::from(site.avc_rooms), "AVC room")) "."
                }
                p { (mark(site.suffices)) " Asked for " (in_words(site.demand)) ": " strong { (answer_in_words(site)) } "." }
                ul {
                    @for capacity in &site.capacities {
                        li {
                            strong { (capacity.quality.name()) } ": " (desks(site, capacity.quality)) ". "
                            @match capacity.fault {
                                Some(fault) => { "With one desk more " (fault.meaning()) "; what gives way is " (capacity.bottleneck.meaning()) "." }
                                None => { "The conference is full before the line is." }
                            }
                        }
                    }
                }
                figure {
                    figcaption { "Each dot is a number of desks for which all bounds held, each cross one for which they did not; what lies in the red field breaks a bound." }
                    div.scroll role="region" tabindex="0" aria-label={ "Chart of " (site.name) } {
                        div.wide { (chart(site, false)) }
                    }
                }
                (compared(&site.comparison))
                (tried(site))
            }
        }
    }
}

/// People at desks beside the same people in a room (AVC-003).
fn compared(comparison: &Comparison) -> Markup {
    let people = comparison.people;
    html! {
        h4 { (people) " people at desks, or in one AVC room" }
        div.scroll role="region" tabindex="0" aria-label="Desks and a room" {
            table {
                thead {
                    tr {
                        th scope="col" { "Where" } th.number scope="col" { "down, kbit/s" } th.number scope="col" { "up, kbit/s" }
                        th.number scope="col" { "opinion score" } th.number scope="col" { "concealed" } th.number scope="col" { "not heard elsewhere" }
                        th.number scope="col" { "pictures missing" } th.number scope="col" { "not seen elsewhere" } th scope="col" { "Bounds" }
                    }
                }
                tbody {
                    (side(&format!("{people} desks with cameras"), &comparison.desks))
                    (side("one room with a camera", &comparison.room))
                }
            }
        }
        p.hint { "Both behind the line as it is, watching one large and nine small pictures. " (verdict_of(comparison)) }
    }
}

fn verdict_of(comparison: &Comparison) -> String {
    let share = |room: f64, desks: f64| if desks > 0.0 { room * 100.0 / desks } else { 0.0 };
    let (desks, room) = (&comparison.desks, &comparison.room);
    format!(
        "The room takes {:.0} % of what the desks take down, and {:.0} % up.",
        share(room.down.carried_kbps, desks.down.carried_kbps),
        share(room.up.carried_kbps, desks.up.carried_kbps)
    )
}

fn side(name: &str, trial: &Trial) -> Markup {
    let Experience { mos, concealment, spoken, missing, unseen, .. } = trial.seen;
    html! {
        tr {
            th scope="row" { (name) }
            td.number { (badge::number(trial.down.carried_kbps.round() as u64)) }
            td.number { (badge::number(trial.up.carried_kbps.round() as u64)) }
            td.number { (format!("{mos:.2}")) }
            td.number { (percent(Some(concealment))) } td.number { (percent(spoken)) }
            td.number { (percent(missing)) } td.number { (percent(unseen)) }
            td {
                (mark(trial.holds)) " "
                @match trial.fault { Some(fault) => { (fault.meaning()) } None => { "hold" } }
            }
        }
    }
}

/// Every number that the chart shows.
fn tried(site: &SitePlan) -> Markup {
    html! {
        details.more {
            summary { "Everything that was tried behind this line" }
            div.scroll role="region" tabindex="0" aria-label={ "What was tried at " (site.name) } {
                table {
                    thead {
                        tr {
                            th scope="col" { "Asked" } th.number scope="col" { "down, kbit/s" } th.number scope="col" { "up, kbit/s" }
                            th.number scope="col" { "opinion score" } th.number scope="col" { "concealed" } th.number scope="col" { "not heard elsewhere" }
                            th.number scope="col" { "pictures missing" } th.number scope="col" { "not seen elsewhere" } th scope="col" { "Bounds" }
                        }
                    }
                    tbody { @for trial in &site.tried { (side(&in_words(trial.load), trial)) } }
                }
            }
        }
    }
}

fn classes(report: &PlanReport) -> Markup {
    use crate::planner::{
        CONCEALMENT_MAX, DROPPED_SHARE, FULL_SHARE, LOST_SHARE, MISSING_MAX, MOS_MIN, QUEUE_MS, SETTLED_S,
    };
    html! {
        section #classes aria-labelledby="classes-title" {
            h2 #classes-title { "What the classes mean" }
            dl { @for quality in Quality::ALL { dt { strong { (quality.name()) } } dd { (quality.meaning()) } } }
            p {
                "A class holds when, with each of " (badge::count(u64::from(report.seeds), "seed")) ", everybody of the building "
                "got in and hears with a mean opinion score of " (MOS_MIN) " at least and " (CONCEALMENT_MAX * 100.0)
                " % concealed at most; what the building says is concealed elsewhere for " (CONCEALMENT_MAX * 100.0)
                " % at most; and pictures, where any are watched, stand still or are missing for " (MISSING_MAX * 100.0)
                " % of the time at most once the first " (SETTLED_S) " seconds are over."
            }
            p {
                "What gives way first is, in this order: a direction that is full (" (FULL_SHARE * 100.0) " % of its rate, or "
                (DROPPED_SHARE * 100.0) " % of its packets dropped by its queue); a line that loses " (LOST_SHARE * 100.0)
                " % of its packets; a queue of " (QUEUE_MS) " ms; else the direction that uses more of its rate."
            }
        }
    }
}

fn place(site: &SitePlan) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("building-{}", site.name.chars().map(plain).collect::<String>())
}

fn desks(site: &SitePlan, quality: Quality) -> String {
    let desks = site.carries.of(quality);
    let full = desks == crate::planner::Load::desks_max(quality);
    if full { format!("{desks} or more") } else { desks.to_string() }
}

fn mark(good: bool) -> Markup {
    if good {
        html! { span.mark.pass { "✓" } }
    } else {
        html! { span.mark.fail { "✕" } }
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.2} %", share * 100.0))
}

#[cfg(test)]
mod tests;
