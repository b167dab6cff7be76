//! Rows of the tables as rows of the store.

use rusqlite::Row;

use crate::clock::TimeMs;
use crate::keys::{AccountNo, ActivationNo, AudienceNo, JournalSeq, ProfileId};
use crate::store::{
    ChunkNo, DeliveryRow, DeliveryState, JournalRow, OutboxRow, StoreError, StoredProfile,
};

/// The columns of a delivery, in the order in which `delivery_at` reads them.
pub(super) const DELIVERY: &str =
    "d.row, d.id, d.account, d.activation, d.destination, d.profile, d.body,
    d.state, d.reason, d.attempts, d.log, d.next, d.created";
pub(super) const PROFILE: &str = "row, account, id, folded, due, newest, recent, state";

pub(super) fn id_at(row: &Row<'_>, column: usize) -> rusqlite::Result<ProfileId> {
    row.get(column).map(ProfileId)
}

pub(super) fn profile_at(row: &Row<'_>) -> rusqlite::Result<StoredProfile> {
    Ok(StoredProfile {
        row: row.get(0)?,
        account: AccountNo(row.get(1)?),
        id: id_at(row, 2)?,
        folded: JournalSeq(row.get(3)?),
        timer: row.get::<_, Option<i64>>(4)?.map(TimeMs),
        newest: row.get::<_, Option<i64>>(5)?.map(ChunkNo),
        recent: row.get(6)?,
        state: row.get(7)?,
    })
}

pub(super) fn journal_at(row: &Row<'_>) -> rusqlite::Result<JournalRow> {
    Ok(JournalRow {
        seq: JournalSeq(row.get(0)?),
        at: TimeMs(row.get(1)?),
        catalog: row.get(2)?,
        body: row.get(3)?,
    })
}

pub(super) fn delivery_at(row: &Row<'_>, first: usize) -> rusqlite::Result<DeliveryRow> {
    let at = |offset: usize| first + offset;
    Ok(DeliveryRow {
        row: row.get(at(0))?,
        id: row.get(at(1))?,
        account: AccountNo(row.get(at(2))?),
        activation: ActivationNo(row.get(at(3))?),
        destination: row.get(at(4))?,
        profile: row.get::<_, Option<[u8; 16]>>(at(5))?.map(ProfileId),
        body: row.get(at(6))?,
        state: DeliveryState::from_number(row.get(at(7))?).unwrap_or(DeliveryState::Failed),
        reason: row.get(at(8))?,
        attempts: row.get(at(9))?,
        log: row.get(at(10))?,
        next: TimeMs(row.get(at(11))?),
        created: TimeMs(row.get(at(12))?),
    })
}

pub(super) fn outbox_at(row: &Row<'_>) -> rusqlite::Result<(OutboxRow, Option<DeliveryRow>)> {
    let outbox = OutboxRow {
        seq: row.get(0)?,
        account: AccountNo(row.get(1)?),
        activation: ActivationNo(row.get(2)?),
        audience: AudienceNo(row.get(3)?),
        profile: row.get::<_, Option<[u8; 16]>>(4)?.map(ProfileId),
        number: row.get(5)?,
        op: row.get::<_, String>(6)?.into(),
        at: TimeMs(row.get(7)?),
        delivery: row.get(10)?,
        reason: row.get::<_, Option<String>>(8)?.map(Into::into),
    };
    let delivery = match row.get::<_, Option<i64>>(9)? {
        Some(_) => Some(delivery_at(row, 9)?),
        None => None,
    };
    Ok((outbox, delivery))
}

pub(super) fn collect<T>(
    rows: impl Iterator<Item = rusqlite::Result<T>>,
) -> Result<Vec<T>, StoreError> {
    rows.collect::<rusqlite::Result<Vec<T>>>()
        .map_err(StoreError::from)
}
