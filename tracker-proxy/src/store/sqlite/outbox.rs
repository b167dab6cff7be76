//! Lists of what went out, by what the admin API asks for.
//!
//! A state or a reason is the delivery's where there is one, and the outbox row's where nothing
//! was sent. So a list is put together from two: what was never sent, and what was sent and is in
//! that state now. Each begins at an index that has just those; only where most rows fit it goes
//! back from the newest row and passes the others by.

use rusqlite::{Connection, ToSql, params};

use super::columns::{DELIVERY, collect, delivery_at, outbox_at};
use crate::clock::TimeMs;
use crate::keys::{AccountNo, ProfileId};
use crate::store::{
    AgedRow, DeliveryFilter, DeliveryRow, DeliveryState, OutboxRow, StoreError, Undelivered,
};

const OUTBOX: &str = "o.seq, o.account, o.activation, o.audience, o.profile, o.number, o.op, o.at,
    o.reason";
/// Rows and their deliveries, where there are any.
const ALL: &str = "outbox o LEFT JOIN delivery d ON d.row = o.delivery WHERE true";
const DELIVERED: &str = "outbox o CROSS JOIN delivery d ON d.row = o.delivery WHERE d.state = 1";
const UNSENT: &str = "outbox o INDEXED BY outbox_unsent LEFT JOIN delivery d ON d.row = o.delivery
    WHERE o.delivery IS NULL";
const UNSENT_BECAUSE: &str =
    "outbox o INDEXED BY outbox_reason LEFT JOIN delivery d ON d.row = o.delivery
    WHERE o.delivery IS NULL AND o.reason = :reason";
const PENDING: &str =
    "delivery d INDEXED BY delivery_waiting CROSS JOIN outbox o ON o.delivery = d.row
    WHERE d.account = :account AND d.state = 0";
const FAILED: &str =
    "delivery d INDEXED BY delivery_failed CROSS JOIN outbox o ON o.delivery = d.row
    WHERE d.account = :account AND d.state = 2";
const SKIPPED: &str =
    "delivery d INDEXED BY delivery_skipped CROSS JOIN outbox o ON o.delivery = d.row
    WHERE d.account = :account AND d.state = 3";
const BECAUSE: &str =
    "delivery d INDEXED BY delivery_reason CROSS JOIN outbox o ON o.delivery = d.row
    WHERE d.account = :account AND d.reason = :reason";

/// The statements that a list is put together from.
pub(super) fn statements(filter: &DeliveryFilter) -> Vec<String> {
    let because = filter.reason.is_some();
    let parts: &[&str] = match (filter.state, because) {
        (None, false) => &[ALL],
        (None, true) => &[UNSENT_BECAUSE, BECAUSE],
        (Some(DeliveryState::Pending), _) => &[PENDING],
        (Some(DeliveryState::Delivered), _) => &[DELIVERED],
        (Some(DeliveryState::Failed), _) => &[FAILED],
        (Some(DeliveryState::Skipped), false) => &[UNSENT, SKIPPED],
        (Some(DeliveryState::Skipped), true) => &[UNSENT_BECAUSE, SKIPPED],
    };
    let activation = match filter.activation {
        Some(_) => "AND o.activation = :activation",
        None => "",
    };
    let reason = match filter.reason {
        Some(_) => "AND coalesce(d.reason, o.reason) = :reason",
        None => "",
    };
    let whole = |part: &&str| {
        format!(
            "SELECT {OUTBOX}, {DELIVERY} FROM {part} AND o.account = :account {activation} {reason}
             AND o.seq < :before ORDER BY o.seq DESC LIMIT :limit"
        )
    };
    parts.iter().map(whole).collect()
}

/// What the outbox says, newest first.
pub(super) fn list(
    db: &Connection,
    filter: &DeliveryFilter,
) -> Result<Vec<(OutboxRow, Option<DeliveryRow>)>, StoreError> {
    let (activation, before) = (
        filter.activation.map(|no| no.0),
        filter.before.unwrap_or(i64::MAX),
    );
    let values: [(&str, &dyn ToSql); 5] = [
        (":account", &filter.account.0),
        (":activation", &activation),
        (":reason", &filter.reason),
        (":before", &before),
        (":limit", &filter.limit),
    ];
    let mut all = Vec::new();
    for statement in statements(filter) {
        let mut rows = db.prepare_cached(&statement)?;
        for (name, value) in values {
            if let Some(place) = rows.parameter_index(name)? {
                rows.raw_bind_parameter(place, value)?;
            }
        }
        all.extend(collect(rows.raw_query().mapped(outbox_at))?);
    }
    all.sort_unstable_by_key(|(row, _)| std::cmp::Reverse(row.seq));
    all.truncate(filter.limit as usize);
    Ok(all)
}

/// Outbox rows by age.
pub(super) fn after(db: &Connection, after: i64, limit: u32) -> Result<Vec<AgedRow>, StoreError> {
    let mut rows = db.prepare_cached(
        "SELECT o.seq, o.at, o.delivery, coalesce(d.state = 0, false)
         FROM outbox o LEFT JOIN delivery d ON d.row = o.delivery
         WHERE o.seq > ?1 ORDER BY o.seq LIMIT ?2",
    )?;
    collect(rows.query_map(params![after, limit], |row| {
        Ok(AgedRow {
            seq: row.get(0)?,
            at: TimeMs(row.get(1)?),
            delivery: row.get(2)?,
            waits: row.get(3)?,
        })
    })?)
}

/// Undelivered deliveries that may name one of these persons.
pub(super) fn undelivered(
    db: &Connection,
    account: AccountNo,
    persons: &[ProfileId],
) -> Result<Vec<Undelivered>, StoreError> {
    let mut found: Vec<DeliveryRow> = Vec::new();
    let mut of_person = db.prepare_cached(&format!(
        "SELECT DISTINCT {DELIVERY} FROM outbox o CROSS JOIN delivery d ON d.row = o.delivery
         WHERE o.profile = ?1 AND d.account = ?2 AND d.state IN (0, 2)"
    ))?;
    for person in persons {
        let wanted = params![person.0.as_slice(), account.0];
        found.extend(collect(
            of_person.query_map(wanted, |row| delivery_at(row, 0))?,
        )?);
    }
    let mut lists = db.prepare_cached(&format!(
        "SELECT {DELIVERY} FROM outbox o CROSS JOIN delivery d ON d.row = o.delivery
         WHERE o.account = ?1 AND o.op = 'replace' AND d.state IN (0, 2)"
    ))?;
    found.extend(collect(
        lists.query_map([account.0], |row| delivery_at(row, 0))?,
    )?);
    found.sort_unstable_by_key(|delivery| delivery.row);
    found.dedup_by_key(|delivery| delivery.row);
    let mut about =
        db.prepare_cached("SELECT profile FROM outbox WHERE delivery = ?1 ORDER BY seq")?;
    let with_rows = found.into_iter().map(|row| {
        let about = about.query_map([row.row], |row| row.get::<_, Option<_>>(0))?;
        let about = collect(about)?.into_iter().map(|id| id.map(ProfileId));
        let about = about.collect();
        Ok(Undelivered { row, about })
    });
    with_rows.collect()
}

/// How many rows are in each state, for each reason.
pub(super) fn counts(
    db: &Connection,
    account: AccountNo,
    activation: Option<u32>,
) -> Result<Vec<(String, u64)>, StoreError> {
    let mut rows = db.prepare_cached(
        "SELECT coalesce(d.state, 3), coalesce(d.reason, o.reason), count(*)
         FROM outbox o LEFT JOIN delivery d ON d.row = o.delivery
         WHERE o.account = ?1 AND (?2 IS NULL OR o.activation = ?2) GROUP BY 1, 2",
    )?;
    collect(rows.query_map(params![account.0, activation], |row| {
        let state = DeliveryState::from_number(row.get(0)?).map_or("failed", DeliveryState::as_str);
        let reason: Option<String> = row.get(1)?;
        let name = reason.map_or_else(|| state.to_owned(), |reason| format!("{state}:{reason}"));
        Ok((name, row.get(2)?))
    })?)
}
