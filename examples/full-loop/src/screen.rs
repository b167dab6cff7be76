//! A table that stays in place on a terminal, and plain lines elsewhere.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use segue_sdk::Report;

use crate::members::{Both, Members, Mirrored};

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(2);
/// How many persons of a disagreement are named.
const NAMED_MAX: usize = 10;

/// Where the run is shown.
#[derive(Debug)]
pub(crate) struct Screen {
    terminal: bool,
    /// Lines of the last table, over which the next one is drawn.
    lines: usize,
    said: Option<Duration>,
}

impl Screen {
    pub(crate) fn new() -> Self {
        Self {
            terminal: io::stdout().is_terminal(),
            lines: 0,
            said: None,
        }
    }

    pub(crate) fn draw(
        &mut self,
        elapsed: Duration,
        report: &Report,
        both: &Both,
    ) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.terminal {
            let table = format!("{:>4} s  {report}\n\n{}", elapsed.as_secs(), table(both));
            if self.lines > 0 {
                write!(out, "\x1b[{}A\x1b[J", self.lines)?;
            }
            self.lines = table.lines().count();
            out.write_all(table.as_bytes())?;
        } else if self.said.is_none_or(|said| elapsed >= said + LINE_EVERY) {
            self.said = Some(elapsed);
            writeln!(out, "{:>4} s  {report}; {}", elapsed.as_secs(), line(both))?;
        }
        out.flush()
    }
}

/// Says how it ended, and whether both sides agree.
pub(crate) fn summary(report: &Report, both: &Both) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    writeln!(out, "\n{report}\n\n{}", table(both))?;
    for one in &both.0 {
        tell(&mut out, one, "the shop lacks", &one.audience, &one.segment)?;
        tell(
            &mut out,
            one,
            "only the shop has",
            &one.segment,
            &one.audience,
        )?;
    }
    let agreed = both.agree();
    let members: usize = both.0.iter().map(|one| one.audience.len()).sum();
    if agreed {
        let audiences = both.0.len();
        writeln!(
            out,
            "Proxy and shop agree on {members} memberships in {audiences} audiences."
        )?;
    } else {
        writeln!(out, "Proxy and shop disagree.")?;
    }
    out.flush()?;
    Ok(agreed)
}

fn tell(
    out: &mut impl io::Write,
    one: &Mirrored,
    what: &str,
    these: &Members,
    those: &Members,
) -> io::Result<()> {
    let missing: Vec<&str> = these.difference(those).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let named = missing[..missing.len().min(NAMED_MAX)].join(", ");
    writeln!(out, "{}: {what} {}: {named}", one.id, missing.len())
}

fn table(both: &Both) -> String {
    let names = both.0.iter().map(|one| one.name.chars().count());
    let width = names.max().unwrap_or(0).max("audience".len());
    let mut text = format!("{:<width$}  proxy  shop  (anonymous)\n", "audience");
    for one in &both.0 {
        let sign = if one.audience == one.segment {
            ' '
        } else {
            '~'
        };
        // Writing to a string cannot fail.
        writeln!(
            text,
            "{:<width$}  {:>5} {sign}{:>4}  {:>11}",
            one.name,
            one.audience.len(),
            one.segment.len(),
            one.anonymous
        )
        .unwrap_or_default();
    }
    text
}

fn line(both: &Both) -> String {
    let counts = both
        .0
        .iter()
        .map(|one| format!("{} {}/{}", one.id, one.audience.len(), one.segment.len()));
    counts.collect::<Vec<_>>().join(", ")
}
