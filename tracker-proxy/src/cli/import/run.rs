//! The loop of an import.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::checkpoint::{Checkpoint, Progress, identity};
use super::mapping::Mapping;
use super::plan::Plan;
use super::progress::Bar;
use super::records::{Records, Row};
use super::rejects::Rejects;
use super::sender::{Sender, Sent};
use super::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX, ImportOptions, What};
use crate::cli::exit;
use crate::clock::Clock;
use crate::config::env::Environment;
use crate::secret::Secret;

/// How many refusals a dry run shows.
const SHOWN_MAX: u64 = 10;

/// Imports a file and returns the exit code.
///
/// # Errors
///
/// The file cannot be read, the proxy refuses or cannot be reached. A later call goes on where
/// this one ended.
pub async fn import(
    options: &ImportOptions,
    environment: Environment<'_>,
    clock: Clock,
    out: &mut impl Write,
) -> anyhow::Result<u8> {
    let file = options.file.display();
    let sender = if options.dry_run {
        Sender::nowhere(clock)
    } else {
        let key = environment("SEGUE_WRITE_KEY").filter(|key| !key.is_empty());
        let key = key.context("a write key is needed in SEGUE_WRITE_KEY")?;
        Sender::to(&options.url, Secret::new(key))?
    };
    let mut import = Import::begin(options, sender).with_context(|| format!("{file}"))?;
    let done = import.run(out).await;
    import.bar.finish();
    done?;
    let Progress {
        accepted, rejected, ..
    } = import.progress;
    let (word, hint) = match (options.dry_run, rejected) {
        (true, _) => ("would be imported", String::new()),
        (false, 0) => ("imported", String::new()),
        (false, _) => {
            let path = options.rejects_path();
            ("imported", format!(", see {}", path.display()))
        }
    };
    writeln!(out, "{file}: {accepted} {word}, {rejected} rejected{hint}")?;
    for (reason, rows) in &import.reasons {
        writeln!(out, "  {rows} × {reason}")?;
    }
    Ok(if rejected == 0 {
        exit::FINE
    } else {
        exit::ROWS_REJECTED
    })
}

/// When a file was written last: what it tells of without a time happened then or earlier.
fn written_at(file: &Path) -> anyhow::Result<String> {
    let written = std::fs::metadata(file)?.modified()?;
    Ok(Timestamp::try_from(written)?.to_string())
}

/// A row on its way.
struct Waiting {
    number: u64,
    row: Map<String, Json>,
    event: String,
}

struct Import<'a> {
    options: &'a ImportOptions,
    plan: Plan,
    records: Records,
    sender: Sender,
    checkpoint: Checkpoint,
    progress: Progress,
    rejects: Rejects,
    /// How many rows were refused for each reason, by code.
    reasons: BTreeMap<String, u64>,
    bar: Bar,
}

impl<'a> Import<'a> {
    fn begin(options: &'a ImportOptions, sender: Sender) -> anyhow::Result<Self> {
        let Some(format) = options.format() else {
            bail!("say with --format how it is written");
        };
        let arguments = format!(
            "{:?} {format:?} {} {:?} {:?}",
            options.what, options.delimiter, options.assignments, options.event
        );
        let of = identity(&options.file, &arguments)?;
        let checkpoint = Checkpoint::at(options.checkpoint_path());
        let begun = if options.dry_run {
            None
        } else {
            checkpoint.load(&of)?
        };
        let progress = begun.unwrap_or_else(|| Progress {
            of,
            import_id: Uuid::new_v4().to_string(),
            ..Progress::default()
        });
        let (file, place) = (&options.file, progress.place);
        let records = Records::open(file, format, options.delimiter, place)?;
        let plan = Plan {
            what: options.what,
            mapping: Mapping {
                assignments: options.assignments.clone(),
                rest: match options.what {
                    What::Events => "properties",
                    What::Profiles => "traits",
                },
            },
            event: options.event.clone(),
            import_id: progress.import_id.clone(),
            undated: written_at(file)?,
        };
        if let Some(columns) = records.columns() {
            let missing: Vec<&str> = plan.mapping.missing(columns).collect();
            if !missing.is_empty() {
                bail!("it has no column {}", missing.join(", "));
            }
        }
        let done = place.unwrap_or_default();
        Ok(Self {
            rejects: Rejects::resume(options.rejects_path(), progress.rejects_bytes)?,
            bar: Bar::new(std::fs::metadata(file)?.len(), done.byte, done.row),
            reasons: BTreeMap::new(),
            options,
            plan,
            records,
            sender,
            checkpoint,
            progress,
        })
    }

    async fn run(&mut self, out: &mut impl Write) -> anyhow::Result<()> {
        if !self.options.dry_run {
            // Before the first row: its import id has to be the same after a crash.
            self.checkpoint.save(&self.progress)?;
        }
        let (mut waiting, mut bytes) = (Vec::new(), 0);
        while let Some(row) = self.records.next()? {
            let number = self.records.place().row;
            match self.event(number, row) {
                Ok(one) => {
                    bytes += one.event.len();
                    waiting.push(one);
                }
                Err((reason, row)) => {
                    self.reject(number, "unreadable", &reason, row.as_ref(), out)?
                }
            }
            if waiting.len() >= BATCH_EVENTS_MAX || bytes >= BATCH_BYTES_MAX {
                self.send(std::mem::take(&mut waiting), out).await?;
                bytes = 0;
            }
        }
        self.send(waiting, out).await?;
        if !self.options.dry_run {
            self.checkpoint.remove()?;
        }
        Ok(())
    }

    /// The event of a row, or the reason why it has none.
    fn event(&self, number: u64, row: Row) -> Result<Waiting, (String, Option<Map<String, Json>>)> {
        let row = row.map_err(|reason| (reason, None))?;
        match self.plan.event(number, row.clone()) {
            Ok(event) => Ok(Waiting {
                number,
                row,
                event: event.to_string(),
            }),
            Err(reason) => Err((reason, Some(row))),
        }
    }

    /// Sends what waits, in as many pieces as it takes, then keeps the progress.
    async fn send(&mut self, waiting: Vec<Waiting>, out: &mut impl Write) -> anyhow::Result<()> {
        let mut pieces = vec![waiting];
        while let Some(mut piece) = pieces.pop() {
            if piece.is_empty() {
                continue;
            }
            let events: Vec<&str> = piece.iter().map(|one| one.event.as_str()).collect();
            let body = format!(r#"{{"batch":[{}]}}"#, events.join(","));
            match self.sender.send(body).await? {
                Sent::TooLong if piece.len() == 1 => {
                    let one = piece.remove(0);
                    let (number, row) = (one.number, Some(&one.row));
                    self.reject(number, "event_too_large", "it is too long", row, out)?;
                }
                Sent::TooLong => {
                    let second = piece.split_off(piece.len() / 2);
                    pieces.extend([second, piece]);
                }
                Sent::Answered(answer) => {
                    self.progress.accepted += answer.accepted as u64;
                    for refused in answer.rejected {
                        let Some(one) = piece.get(refused.index) else {
                            continue;
                        };
                        let (number, row) = (one.number, Some(&one.row));
                        self.reject(number, refused.code.as_str(), &refused.message, row, out)?;
                    }
                }
            }
        }
        let place = self.records.place();
        self.progress.place = Some(place);
        if !self.options.dry_run {
            self.progress.rejects_bytes = self.rejects.sync()?;
            self.checkpoint.save(&self.progress)?;
        }
        self.bar.show(place.byte, place.row, self.progress.rejected);
        Ok(())
    }

    fn reject(
        &mut self,
        number: u64,
        code: &str,
        reason: &str,
        row: Option<&Map<String, Json>>,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        self.progress.rejected += 1;
        *self.reasons.entry(code.to_owned()).or_default() += 1;
        if !self.options.dry_run {
            return Ok(self.rejects.add(number, reason, row)?);
        }
        if self.progress.rejected <= SHOWN_MAX {
            writeln!(out, "row {number}: {reason}")?;
        }
        Ok(())
    }
}
