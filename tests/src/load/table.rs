//! Tables as `docs/PERFORMANCE.md` has them.

use std::fmt::Write as _;
use std::time::Duration;

/// A table; the first column is text, the others are numbers.
#[derive(Debug)]
pub(crate) struct Table {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: impl Into<String>, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        Self {
            title: title.into(),
            rows: vec![columns],
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn render(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let widths: Vec<usize> = (0..columns)
            .map(|at| {
                let cells = self.rows.iter().filter_map(|row| row.get(at));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        let mut text = format!("{}\n\n", self.title);
        for (number, row) in self.rows.iter().enumerate() {
            line(&mut text, row, &widths);
            if number == 0 {
                let rule = widths.iter().enumerate().map(|(at, &width)| {
                    let dashes = "-".repeat(width.max(2) - 1);
                    if at == 0 {
                        format!("{dashes}-")
                    } else {
                        format!("{dashes}:")
                    }
                });
                line(&mut text, &rule.collect::<Vec<_>>(), &widths);
            }
        }
        text
    }
}

fn line(text: &mut String, row: &[String], widths: &[usize]) {
    for (at, (cell, &width)) in row.iter().zip(widths).enumerate() {
        // Writing to a string cannot fail.
        if at == 0 {
            write!(text, "| {cell:<width$} ").unwrap_or_default();
        } else {
            write!(text, "| {cell:>width$} ").unwrap_or_default();
        }
    }
    text.push_str("|\n");
}

/// Milliseconds with two decimals.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

/// Seconds with one decimal.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// MB, the round ones.
pub(crate) fn mb(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

/// A whole number in groups of three digits.
pub(crate) fn number(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
