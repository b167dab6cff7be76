//! Deliveries that are worked off later.

use deadpool_postgres::GenericClient;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;

use super::apply;
use super::rows::{count, number, text};
use crate::postgres::{execute, query_opt};
use crate::segments::{
    Advance, Delivery, Job, JobId, JobState, JobStep, JobWork, StoreError, Tally,
};

pub(super) async fn store(
    client: &impl GenericClient,
    id: &JobId,
    delivery: &Delivery,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO segue_job (id, activation, group_id, changes, total, skipped)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let (changes, skipped) = (json(&delivery.changes)?, json(&delivery.skipped)?);
    let total = count(delivery.changes.len());
    let (activation, group) = (&*delivery.activation, &delivery.group);
    let row: crate::postgres::Values<'_> =
        &[&id.as_str(), &activation, group, &changes, &total, &skipped];
    execute(client, sql, row).await?;
    Ok(())
}

pub(super) async fn find(
    client: &impl GenericClient,
    job: &JobId,
) -> Result<Option<Job>, StoreError> {
    let sql = "SELECT id, activation, group_id, total, done, applied, pending, skipped
               FROM segue_job WHERE id = $1";
    let found = query_opt(client, sql, &[&text(job.as_str())]).await?;
    found.as_ref().map(describe).transpose()
}

pub(super) async fn has_open(client: &impl GenericClient, group: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM segue_job WHERE kept_until IS NULL AND group_id = $1 LIMIT 1";
    Ok(query_opt(client, sql, &[&text(group)]).await?.is_some())
}

pub(super) async fn next(client: &impl GenericClient) -> Result<Option<JobWork>, StoreError> {
    let sql = "SELECT id, activation, group_id, total, done, applied, pending, skipped, changes
               FROM segue_job WHERE kept_until IS NULL ORDER BY key LIMIT 1";
    let work = |row: &Row| {
        Ok(JobWork {
            job: describe(row)?,
            changes: parse(row, 8)?,
        })
    };
    let found = query_opt(client, sql, &[]).await?;
    found.as_ref().map(work).transpose()
}

pub(super) async fn advance(
    client: &impl GenericClient,
    step: &JobStep,
) -> Result<Advance, StoreError> {
    // The group before the job, as everybody locks them.
    let sql = "SELECT 1 FROM segue_group WHERE id =
               (SELECT group_id FROM segue_job WHERE id = $1) FOR KEY SHARE";
    let group = query_opt(client, sql, &[&step.job.as_str()]).await?;
    let sql = "SELECT id, activation, group_id, total, done, applied, pending, skipped
               FROM segue_job WHERE id = $1 FOR UPDATE";
    let job = query_opt(client, sql, &[&step.job.as_str()]).await?;
    let (Some(_), Some(job)) = (group, job) else {
        return Ok(Advance::Lost);
    };
    let job = describe(&job)?;
    if job.done != step.from || job.state == JobState::Done {
        return Ok(Advance::Lost);
    }
    let group = &job.segment_group;
    let mut tally = Tally::new(job.skipped);
    apply::apply(client, group, &step.changes, &step.unknown, &mut tally).await?;
    let (summary, changes) = tally.finish(group);
    let done = job.done + step.changes.len();
    let finished = JobState::of(done, job.changes) == JobState::Done;
    let sql = "UPDATE segue_job SET done = $2, applied = $3, pending = $4, skipped = $5,
               changes = CASE WHEN $6::bigint IS NULL THEN changes ELSE '[]' END, kept_until = $6
               WHERE id = $1";
    let (applied, pending) = (job.applied + summary.applied, job.pending + summary.pending);
    let kept_until = finished.then(|| step.kept_until.as_millisecond());
    let (applied, pending, done) = (count(applied), count(pending), count(done));
    let (id, skipped) = (step.job.as_str(), json(&summary.skipped)?);
    let row: crate::postgres::Values<'_> = &[&id, &done, &applied, &pending, &skipped, &kept_until];
    execute(client, sql, row).await?;
    Ok(Advance::Applied(changes))
}

fn describe(row: &Row) -> Result<Job, StoreError> {
    let (changes, done) = (number(row, 3)?, number(row, 4)?);
    Ok(Job {
        id: JobId::new(row.try_get(0)?),
        activation: row.try_get(1)?,
        segment_group: row.try_get(2)?,
        state: JobState::of(done, changes),
        changes,
        done,
        applied: number(row, 5)?,
        skipped: parse(row, 7)?,
        pending: number(row, 6)?,
    })
}

fn parse<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, StoreError> {
    serde_json::from_str(row.try_get(column)?).map_err(StoreError::new)
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::new)
}
