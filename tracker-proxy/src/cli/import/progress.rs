//! What is seen of an import while it runs.

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// A bar on a terminal, and nothing where there is none.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    rows_before: u64,
}

impl Bar {
    /// For a file of so many bytes of which some are done.
    pub(super) fn new(bytes: u64, done: u64, rows_before: u64) -> Self {
        let bar = ProgressBar::new(bytes);
        let style = "{bar:30} {percent:>3}%  {msg}  {elapsed} gone, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar()));
        bar.set_position(done);
        bar.reset_eta();
        Self { bar, rows_before }
    }

    /// So many bytes and rows are done.
    pub(super) fn show(&self, bytes: u64, rows: u64, rejected: u64) {
        let seconds = self.bar.elapsed().as_secs().max(1);
        let rate = (rows - self.rows_before.min(rows)) / seconds;
        self.bar.set_position(bytes);
        self.bar.set_message(format!(
            "{} rows, {}/s, {} rejected",
            HumanCount(rows),
            HumanCount(rate),
            HumanCount(rejected)
        ));
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
