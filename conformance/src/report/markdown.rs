//! Owns the report as Markdown for the summary page of a CI run (GitHub's flavour, which GitLab and others read as well):
//! verdict, what failed and how to repeat it, what is open, and who fared worst. Everything else is in the page.

use std::{collections::BTreeSet, fmt::Write as _};

use crate::{
    catalogue::area,
    evidence::CheckStatus,
    gate::{RequirementStatus, Verdict},
    report::{CheckReport, GateReport, RequirementReport, sentence, terminal::violation_line},
    summary::{FIGURES, Figure, ParticipantSummary, RunSummary},
};

/// Violations of one check that are listed; the others are counted.
const VIOLATIONS_SHOWN_MAX: usize = 5;
/// Participants that are listed, over all runs.
const PARTICIPANTS_SHOWN_MAX: usize = 10;

/// The report as Markdown.
pub fn to_markdown(report: &GateReport) -> String {
    let mut text = String::new();
    let (sign, verdict) = match report.verdict {
        Verdict::Pass => ("✅", "pass"),
        Verdict::Fail => ("❌", "fail"),
    };
    _ = writeln!(text, "# {sign} Generalprobe: {verdict}\n\n{}\n", sentence::of(report));
    if let Some(shard) = report.shard {
        _ = writeln!(text, "> A part of the work only: shard {} of {}.\n", shard.index, shard.of);
    }
    if let Some(sabotage) = &report.sabotage {
        _ = writeln!(text, "> Broken on purpose: {}.\n", plain(sabotage));
    }
    write_counts(&mut text, report);
    write_failed(&mut text, report);
    write_open(&mut text, report);
    write_worst(&mut text, report);
    let seeds: Vec<_> = report.seeds.iter().map(ToString::to_string).collect();
    _ = writeln!(
        text,
        "{} runs, {:.3} s simulated, seeds {}, digest `{}`",
        report.runs.len(),
        report.simulated_s,
        seeds.join(", "),
        report.digest
    );
    text
}

/// One row for each area that has requirements, and one for all.
fn write_counts(text: &mut String, report: &GateReport) {
    _ = writeln!(text, "| area | pass | fail | not run | todo |\n|---|---:|---:|---:|---:|");
    let count = |rows: &[RequirementReport], status| rows.iter().filter(|row| row.status == status).count();
    let mut row = |name: &str, rows: &[RequirementReport]| {
        _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} |",
            count(rows, RequirementStatus::Pass),
            count(rows, RequirementStatus::Fail),
            count(rows, RequirementStatus::NotRun),
            count(rows, RequirementStatus::Todo)
        );
    };
    for rows in report.requirements.chunk_by(|one, next| area(&one.id) == area(&next.id)) {
        row(area(&rows[0].id), rows);
    }
    row("**all**", &report.requirements);
    text.push('\n');
}

fn write_failed(text: &mut String, report: &GateReport) {
    let mut told = BTreeSet::new();
    let checks = report.requirements.iter().flat_map(|row| &row.checks);
    let failed: Vec<&CheckReport> = checks
        .filter(|check| check.status == CheckStatus::Fail && told.insert(check.name.as_str()))
        .collect();
    if failed.is_empty() {
        return;
    }
    _ = writeln!(text, "## Violated\n");
    for check in failed {
        let speaks = |row: &&RequirementReport| row.checks.iter().any(|other| other.name == check.name);
        let rows = report.requirements.iter().filter(speaks);
        let of: Vec<_> = rows.map(|row| format!("{} {}", row.level, row.id)).collect();
        let shown = &check.violations[..check.violations.len().min(VIOLATIONS_SHOWN_MAX)];
        _ = writeln!(text, "### {} ({})\n", plain(&check.name), of.join(", "));
        if check.violations_total == 0 {
            _ = writeln!(text, "It had nothing to look at.\n");
        }
        for violation in shown {
            _ = writeln!(text, "- {}", plain(&violation_line(violation)));
        }
        let rest = check.violations_total - shown.len() as u64;
        if rest > 0 {
            _ = writeln!(text, "- and {rest} more");
        }
        if let Some(token) = &check.replay {
            _ = writeln!(text, "\n```sh\ngeneralprobe replay {token}\n```\n");
        }
    }
}

/// What is todo or was not run, folded away.
fn write_open(text: &mut String, report: &GateReport) {
    let is_open =
        |row: &&RequirementReport| matches!(row.status, RequirementStatus::Todo | RequirementStatus::NotRun);
    let open: Vec<_> = report.requirements.iter().filter(is_open).collect();
    if open.is_empty() {
        return;
    }
    _ = writeln!(
        text,
        "<details><summary>Not shown to hold: {}</summary>\n\n\
         | id | level | what must hold | why open |\n|---|---|---|---|",
        open.len()
    );
    for row in open {
        let reason = row.reason.as_deref().unwrap_or("its checks were not run in full");
        _ = writeln!(text, "| {} | {} | {} | {} |", row.id, row.level, plain(&row.statement), plain(reason));
    }
    _ = writeln!(text, "\n</details>\n");
}

/// Who fared worst over all runs.
fn write_worst(text: &mut String, report: &GateReport) {
    let people = report.runs.iter().flat_map(|run| run.participants.iter().map(move |person| (run, person)));
    let mut worst: Vec<(&RunSummary, &ParticipantSummary)> =
        people.filter(|(_, person)| !person.inside_ms.is_empty()).collect();
    // Stable: equals stay in the order of the plan.
    worst.sort_by(|(_, one), (_, other)| other.trouble().total_cmp(&one.trouble()));
    worst.truncate(PARTICIPANTS_SHOWN_MAX);
    if worst.is_empty() {
        return;
    }
    let figures: Vec<&Figure> = FIGURES.iter().filter(|figure| figure.name != "video.kbps").collect();
    let titles: Vec<_> = figures.iter().map(|figure| figure.title).collect();
    _ = writeln!(
        text,
        "<details><summary>Who fared worst</summary>\n\n| participant | run | {} |\n|---|---|{}",
        titles.join(" | "),
        "---:|".repeat(figures.len())
    );
    for (run, person) in worst {
        let value = |figure: &&Figure| {
            (figure.of)(&person.report).map_or_else(|| "–".to_owned(), |value| figure.show(value))
        };
        let values: Vec<_> = figures.iter().map(value).collect();
        _ = writeln!(
            text,
            "| {} | {} seed {} | {} |",
            plain(&person.report.name),
            plain(&run.scenario),
            run.seed,
            values.join(" | ")
        );
    }
    _ = writeln!(text, "\n</details>\n");
}

/// Text that means nothing to a Markdown reader: no markup, no HTML, no mention, no end of a table's cell.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for character in text.chars() {
        match character {
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            '@' => plain.push_str("&#64;"),
            '#' => plain.push_str("&#35;"),
            '\n' | '\r' => plain.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                plain.push('\\');
                plain.push(character);
            }
            _ => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::tests::report as made_up, testing::MadeUp};

    fn failing() -> GateReport {
        made_up(&MadeUp { broken: vec![("small", 1), ("small", 2)], ..MadeUp::default() })
    }

    #[test]
    fn the_summary_tells_the_verdict_what_failed_and_what_is_open() {
        insta::assert_snapshot!(to_markdown(&failing()));
    }

    #[test]
    fn a_passing_gate_lists_no_violation() {
        let text = to_markdown(&made_up(&MadeUp::default()));
        assert!(text.starts_with("# ✅ Generalprobe: pass\n"));
        assert!(!text.contains("## Violated") && !text.contains("replay"));
    }

    #[test]
    fn text_from_a_scenario_is_neither_markup_nor_a_cell_of_its_own() {
        let mut report = failing();
        let hostile = "a|b <img src=x> **bold** [x](y) @team #1\n# head `code`";
        for row in &mut report.requirements {
            row.statement = hostile.to_owned();
        }
        let text = to_markdown(&report);
        assert!(!text.contains("<img") && !text.contains("**bold**") && !text.contains("@team"), "{text}");
        assert!(!text.contains("\n# head"), "{text}");
        assert!(text.contains("a\\|b &lt;img"), "{text}");
    }
}
