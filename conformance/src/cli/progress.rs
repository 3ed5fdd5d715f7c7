//! Owns progress on standard error: a bar on a terminal, a few plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

use crate::plan::WorkItem;

/// Plain lines of one gate run, about.
const LINES: usize = 20;

/// How far a gate run is.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    total: usize,
    done: usize,
}

impl Progress {
    /// Nothing of `total` is done.
    pub(super) fn new(total: usize) -> Self {
        let bar = console::user_attended_stderr().then(|| {
            let bar = ProgressBar::new(total as u64);
            let template = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}");
            bar.with_style(template.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, total, done: 0 }
    }

    /// One more is done.
    pub(super) fn on_done(&mut self, item: &WorkItem) {
        let what = match item {
            WorkItem::Run { scenario, seed } => format!("{scenario} seed {seed}"),
            WorkItem::Standing { check } => check.clone(),
            WorkItem::Proof { check, by } => format!("{check} against {by}"),
        };
        self.on_step(&what);
    }

    /// One more is done, and this is what it was.
    pub(super) fn on_step(&mut self, what: &str) {
        self.done += 1;
        match &self.bar {
            Some(bar) => {
                bar.set_message(what.to_owned());
                bar.inc(1);
            }
            None if self.done == self.total || self.done.is_multiple_of(self.total.div_ceil(LINES)) => {
                self.print_line(what);
            }
            None => {}
        }
    }

    /// Leaves the terminal clean.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }

    #[expect(
        clippy::print_stderr,
        reason = "standard error is where progress goes, so that standard output is data"
    )]
    fn print_line(&self, what: &str) {
        eprintln!("{}/{} {what}", self.done, self.total);
    }
}
