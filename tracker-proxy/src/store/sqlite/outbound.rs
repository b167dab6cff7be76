//! Writing what goes out, and taking away what was kept for long enough.

use std::collections::HashMap;

use rusqlite::{Transaction, params};

use crate::keys::ProfileId;
use crate::store::{
    DeliveryRow, DeliveryState, OutboxRow, OutcomeRow, PrunedRow, ResyncRow, StoreError,
};

/// A delivery's log keeps this many attempts, the newest: replays begin the count again.
const ATTEMPTS_LOGGED_MAX: u32 = 50;

fn key(profile: Option<&ProfileId>) -> Option<&[u8]> {
    profile.map(|id| id.0.as_slice())
}

/// Inserts deliveries, and says which row each id has.
pub(super) fn insert<'a>(
    tx: &Transaction<'_>,
    deliveries: &'a [DeliveryRow],
) -> Result<HashMap<&'a str, i64>, StoreError> {
    let mut rows = HashMap::with_capacity(deliveries.len());
    for row in deliveries {
        tx.prepare_cached(
            "INSERT INTO delivery VALUES (NULL,?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
        )?
        .execute(params![
            row.id,
            row.account.0,
            row.activation.0,
            row.destination,
            key(row.profile.as_ref()),
            row.body,
            row.state as i64,
            row.reason,
            row.attempts,
            row.log,
            row.next.0,
            row.created.0
        ])?;
        rows.insert(row.id.as_str(), tx.last_insert_rowid());
    }
    Ok(rows)
}

/// Appends outbox rows; `deliveries` are the rows of the deliveries of this commit.
pub(super) fn append(
    tx: &Transaction<'_>,
    outbox: &[OutboxRow],
    deliveries: &HashMap<&str, i64>,
) -> Result<(), StoreError> {
    for row in outbox {
        let delivery = row.delivery.as_deref().and_then(|id| deliveries.get(id));
        tx.prepare_cached("INSERT INTO outbox VALUES (NULL,?1,?2,?3,?4,?5,?6,?7,?8,?9)")?
            .execute(params![
                row.account.0,
                row.activation.0,
                row.audience.0,
                key(row.profile.as_ref()),
                row.number,
                row.op,
                row.at.0,
                delivery,
                row.reason
            ])?;
    }
    Ok(())
}

/// A delivered body has done its work and goes: it may hold personal data.
pub(super) fn settle(tx: &Transaction<'_>, row: &OutcomeRow) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE delivery SET state = ?2, reason = ?3, attempts = ?4, next = ?6,
         log = json_insert(
             CASE WHEN json_array_length(log) >= ?8 THEN json_remove(log, '$[0]') ELSE log END,
             '$[#]', json(?5)),
         body = CASE WHEN ?2 = ?7 THEN x'' ELSE body END WHERE id = ?1",
    )?
    .execute(params![
        row.id,
        row.state as i64,
        row.reason,
        row.attempts,
        row.log,
        row.next.0,
        DeliveryState::Delivered as i64,
        ATTEMPTS_LOGGED_MAX
    ])?;
    Ok(())
}

/// Notes which mirrors have to be told everything.
pub(super) fn note_resyncs(tx: &Transaction<'_>, rows: &[ResyncRow]) -> Result<(), StoreError> {
    for row in rows {
        let (account, activation) = (row.account.0, row.activation.0);
        match row.want {
            Some(want) => tx
                .prepare_cached("INSERT OR REPLACE INTO resync VALUES (?1, ?2, ?3)")?
                .execute(params![account, activation, want as i64])?,
            None => tx
                .prepare_cached("DELETE FROM resync WHERE account = ?1 AND activation = ?2")?
                .execute(params![account, activation])?,
        };
    }
    Ok(())
}

/// Takes rows away, and each delivery with the last row that points to it. What waits stays.
pub(super) fn prune(tx: &Transaction<'_>, rows: &[PrunedRow]) -> Result<(), StoreError> {
    for row in rows {
        tx.prepare_cached("DELETE FROM outbox WHERE seq = ?1")?
            .execute([row.seq])?;
    }
    for delivery in rows.iter().filter_map(|row| row.delivery) {
        tx.prepare_cached(
            "DELETE FROM delivery WHERE row = ?1 AND state <> 0
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE delivery = ?1)",
        )?
        .execute([delivery])?;
    }
    Ok(())
}
