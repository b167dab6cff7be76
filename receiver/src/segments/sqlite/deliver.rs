//! Carrying out a delivery: claim, changes and answer in one savepoint.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::members::unreadable;
use super::{apply, groups, jobs};
use crate::segments::{
    Answer, ClaimKey, Delivered, Delivery, DeliveryOutcome, Plan, SegmentChange, Tally,
};
use crate::sqlite::execute;

pub(super) fn deliver(connection: &Connection, delivery: &Delivery) -> rusqlite::Result<Delivered> {
    expire(connection, delivery.now)?;
    if let Some(key) = &delivery.claim
        && let Some(answer) = claimed(connection, key)?
    {
        return Ok(DeliveryOutcome::Repeated(answer).into());
    }
    let Some(group) = groups::find(connection, &delivery.group)? else {
        return Ok(DeliveryOutcome::UnknownGroup.into());
    };
    let (answer, changes) = match &delivery.plan {
        Plan::Try => {
            execute(connection, "SAVEPOINT segue_try")?;
            let (answer, _) = apply_now(connection, delivery)?;
            execute(connection, "ROLLBACK TO segue_try")?;
            execute(connection, "RELEASE segue_try")?;
            return Ok(DeliveryOutcome::Answered(answer).into());
        }
        Plan::Apply => apply_now(connection, delivery)?,
        Plan::Store(id) => {
            jobs::store(connection, id, delivery)?;
            (Answer::Accepted { job: id.clone() }, Vec::new())
        }
    };
    if !group.locked {
        drop(groups::lock(connection, &delivery.group)?);
    }
    if let Some(key) = &delivery.claim {
        keep(connection, key, &answer, delivery.claimed_until)?;
    }
    Ok(Delivered {
        outcome: DeliveryOutcome::Answered(answer),
        changes,
    })
}

fn apply_now(
    connection: &Connection,
    delivery: &Delivery,
) -> rusqlite::Result<(Answer, Vec<SegmentChange>)> {
    let mut tally = Tally::new(delivery.skipped.clone());
    let Delivery {
        group,
        changes,
        unknown,
        ..
    } = delivery;
    apply::apply(connection, group, changes, unknown, &mut tally)?;
    let (summary, changes) = tally.finish(group);
    Ok((Answer::Applied(summary), changes))
}

fn expire(connection: &Connection, now: jiff::Timestamp) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM segue_claim WHERE kept_until <= ?1",
        "DELETE FROM segue_job WHERE kept_until <= ?1",
    ] {
        connection
            .prepare_cached(sql)?
            .execute([now.as_millisecond()])?;
    }
    Ok(())
}

fn claimed(connection: &Connection, key: &ClaimKey) -> rusqlite::Result<Option<Answer>> {
    let sql = "SELECT answer FROM segue_claim WHERE activation = ?1 AND id = ?2";
    let found = connection
        .prepare_cached(sql)?
        .query_row([&*key.activation, &*key.id], |row| row.get::<_, String>(0))
        .optional()?;
    found
        .map(|json| serde_json::from_str(&json).map_err(|why| unreadable(0, why)))
        .transpose()
}

fn keep(
    connection: &Connection,
    key: &ClaimKey,
    answer: &Answer,
    until: jiff::Timestamp,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO segue_claim (activation, id, answer, kept_until)
               VALUES (?1, ?2, ?3, ?4)";
    let row = params![
        key.activation,
        key.id,
        json(answer)?,
        until.as_millisecond()
    ];
    connection.prepare_cached(sql)?.execute(row).map(drop)
}

pub(super) fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|why| rusqlite::Error::ToSqlConversionFailure(Box::new(why)))
}
