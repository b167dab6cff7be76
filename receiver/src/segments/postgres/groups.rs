//! Segment groups.

use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::Row;

use super::rows::{text, timestamp};
use crate::postgres::{execute, query, query_opt};
use crate::segments::{Group, GroupError, StoreError, Unlock};

pub(super) async fn create(
    client: &impl GenericClient,
    group: &str,
    name: &str,
) -> Result<(), GroupError> {
    let sql = "INSERT INTO segue_group (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    match execute(client, sql, &[&group, &text(name)]).await? {
        1 => Ok(()),
        _ => Err(GroupError::Exists),
    }
}

pub(super) async fn rename(
    client: &impl GenericClient,
    group: &str,
    name: &str,
) -> Result<(), GroupError> {
    let sql = "UPDATE segue_group SET name = $2 WHERE id = $1 AND NOT locked";
    match execute(client, sql, &[&group, &text(name)]).await? {
        1 => Ok(()),
        _ => Err(match find(client, group).await? {
            Some(_) => GroupError::Locked,
            None => GroupError::Unknown,
        }),
    }
}

pub(super) async fn delete(transaction: &Transaction<'_>, group: &str) -> Result<(), GroupError> {
    let sql = "SELECT locked FROM segue_group WHERE id = $1 FOR UPDATE";
    let locked = query_opt(transaction, sql, &[&group]).await?;
    if locked.ok_or(GroupError::Unknown)?.try_get(0)? {
        return Err(GroupError::Locked);
    }
    for sql in [
        "DELETE FROM segue_job WHERE group_id = $1",
        "WITH gone AS (DELETE FROM segue_segment WHERE group_id = $1 RETURNING key)
         DELETE FROM segue_member WHERE segment IN (SELECT key FROM gone)",
        "DELETE FROM segue_group WHERE id = $1",
    ] {
        execute(transaction, sql, &[&group]).await?;
    }
    Ok(())
}

pub(super) async fn lock(client: &impl GenericClient, group: &str) -> Result<(), GroupError> {
    let sql = "UPDATE segue_group SET locked = true WHERE id = $1";
    match execute(client, sql, &[&group]).await? {
        1 => Ok(()),
        _ => Err(GroupError::Unknown),
    }
}

pub(super) async fn unlock(
    client: &impl GenericClient,
    group: &str,
    unlock: &Unlock,
) -> Result<(), GroupError> {
    let sql = "UPDATE segue_group SET locked = false WHERE id = $1";
    if execute(client, sql, &[&group]).await? == 0 {
        return Err(GroupError::Unknown);
    }
    let sql = "INSERT INTO segue_unlock (group_id, at, by_whom, reason) VALUES ($1, $2, $3, $4)";
    let at = unlock.at.as_millisecond();
    let (by, reason) = (text(&unlock.by), text(&unlock.reason));
    execute(client, sql, &[&group, &at, &by, &reason]).await?;
    Ok(())
}

pub(super) async fn unlocks(
    client: &impl GenericClient,
    group: &str,
) -> Result<Vec<Unlock>, StoreError> {
    let sql = "SELECT at, by_whom, reason FROM segue_unlock WHERE group_id = $1 ORDER BY key";
    let read = |row: &Row| {
        Ok(Unlock {
            at: timestamp(row, 0)?,
            by: row.try_get(1)?,
            reason: row.try_get(2)?,
        })
    };
    let rows = query(client, sql, &[&text(group)]).await?;
    rows.iter().map(read).collect()
}

pub(super) async fn find(
    client: &impl GenericClient,
    group: &str,
) -> Result<Option<Group>, StoreError> {
    let sql = "SELECT id, name, locked FROM segue_group WHERE id = $1";
    let found = query_opt(client, sql, &[&text(group)]).await?;
    found.as_ref().map(describe).transpose()
}

pub(super) async fn all(client: &impl GenericClient) -> Result<Vec<Group>, StoreError> {
    let sql = "SELECT id, name, locked FROM segue_group ORDER BY id";
    let rows = query(client, sql, &[]).await?;
    rows.iter().map(describe).collect()
}

fn describe(row: &Row) -> Result<Group, StoreError> {
    Ok(Group {
        identifier: row.try_get(0)?,
        name: row.try_get(1)?,
        locked: row.try_get(2)?,
    })
}
