//! Deliveries that are worked off later.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::de::DeserializeOwned;

use super::apply;
use super::deliver::json;
use super::members::unreadable;
use crate::segments::{Advance, Delivery, Job, JobId, JobState, JobStep, JobWork, Tally};

const COLUMNS: &str = "id, activation, group_id, total, done, applied, pending, skipped";

pub(super) fn store(
    connection: &Connection,
    id: &JobId,
    delivery: &Delivery,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO segue_job (id, activation, group_id, changes, total, skipped)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let row = params![
        id.as_str(),
        delivery.activation,
        delivery.group,
        json(&delivery.changes)?,
        delivery.changes.len(),
        json(&delivery.skipped)?,
    ];
    connection.prepare_cached(sql)?.execute(row).map(drop)
}

pub(super) fn find(connection: &Connection, job: &JobId) -> rusqlite::Result<Option<Job>> {
    let sql = format!("SELECT {COLUMNS} FROM segue_job WHERE id = ?1");
    connection
        .prepare_cached(&sql)?
        .query_row([job.as_str()], describe)
        .optional()
}

pub(super) fn has_open(connection: &Connection, group: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM segue_job WHERE kept_until IS NULL AND group_id = ?1)";
    connection
        .prepare_cached(sql)?
        .query_row([group], |row| row.get(0))
}

pub(super) fn next(connection: &Connection) -> rusqlite::Result<Option<JobWork>> {
    let sql = format!(
        "SELECT {COLUMNS}, changes FROM segue_job WHERE kept_until IS NULL ORDER BY key LIMIT 1"
    );
    let work = |row: &Row<'_>| {
        Ok(JobWork {
            job: describe(row)?,
            changes: parse(row, 8)?,
        })
    };
    connection
        .prepare_cached(&sql)?
        .query_row([], work)
        .optional()
}

pub(super) fn advance(connection: &Connection, step: &JobStep) -> rusqlite::Result<Advance> {
    let Some(job) = find(connection, &step.job)? else {
        return Ok(Advance::Lost);
    };
    if job.done != step.from || job.state == JobState::Done {
        return Ok(Advance::Lost);
    }
    let mut tally = Tally::new(job.skipped);
    apply::apply(
        connection,
        &job.segment_group,
        &step.changes,
        &step.unknown,
        &mut tally,
    )?;
    let (summary, changes) = tally.finish(&job.segment_group);
    let done = job.done + step.changes.len();
    let sql = "UPDATE segue_job SET done = ?2, applied = ?3, pending = ?4, skipped = ?5
               WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![
        step.job.as_str(),
        done,
        job.applied + summary.applied,
        job.pending + summary.pending,
        json(&summary.skipped)?,
    ])?;
    if JobState::of(done, job.changes) == JobState::Done {
        let sql = "UPDATE segue_job SET changes = '[]', kept_until = ?2 WHERE id = ?1";
        let row = params![step.job.as_str(), step.kept_until.as_millisecond()];
        connection.prepare_cached(sql)?.execute(row)?;
    }
    Ok(Advance::Applied(changes))
}

fn describe(row: &Row<'_>) -> rusqlite::Result<Job> {
    let (changes, done) = (row.get(3)?, row.get(4)?);
    Ok(Job {
        id: JobId::new(row.get(0)?),
        activation: row.get(1)?,
        segment_group: row.get(2)?,
        state: JobState::of(done, changes),
        changes,
        done,
        applied: row.get(5)?,
        skipped: parse(row, 7)?,
        pending: row.get(6)?,
    })
}

fn parse<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let json = row
        .get_ref(column)?
        .as_str()
        .map_err(|why| unreadable(column, why))?;
    serde_json::from_str(json).map_err(|why| unreadable(column, why))
}
