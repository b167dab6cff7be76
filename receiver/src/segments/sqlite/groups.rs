//! Segment groups.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::members::unreadable;
use crate::segments::{Group, GroupError, Unlock};

type Changed = rusqlite::Result<Result<(), GroupError>>;

pub(super) fn create(connection: &Connection, group: &str, name: &str) -> Changed {
    let sql = "INSERT INTO segue_group (id, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    let created = connection.prepare_cached(sql)?.execute([group, name])?;
    Ok(if created == 1 {
        Ok(())
    } else {
        Err(GroupError::Exists)
    })
}

pub(super) fn rename(connection: &Connection, group: &str, name: &str) -> Changed {
    if let Err(why) = unlocked(connection, group)? {
        return Ok(Err(why));
    }
    let sql = "UPDATE segue_group SET name = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute([group, name])?;
    Ok(Ok(()))
}

pub(super) fn delete(connection: &Connection, group: &str) -> Changed {
    if let Err(why) = unlocked(connection, group)? {
        return Ok(Err(why));
    }
    for sql in [
        "DELETE FROM segue_member
         WHERE segment IN (SELECT key FROM segue_segment WHERE group_id = ?1)",
        "DELETE FROM segue_segment WHERE group_id = ?1",
        "DELETE FROM segue_job WHERE group_id = ?1",
        "DELETE FROM segue_group WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([group])?;
    }
    Ok(Ok(()))
}

pub(super) fn lock(connection: &Connection, group: &str) -> Changed {
    let sql = "UPDATE segue_group SET locked = 1 WHERE id = ?1";
    let locked = connection.prepare_cached(sql)?.execute([group])?;
    Ok(if locked == 1 {
        Ok(())
    } else {
        Err(GroupError::Unknown)
    })
}

pub(super) fn unlock(connection: &Connection, group: &str, unlock: &Unlock) -> Changed {
    let sql = "UPDATE segue_group SET locked = 0 WHERE id = ?1";
    if connection.prepare_cached(sql)?.execute([group])? == 0 {
        return Ok(Err(GroupError::Unknown));
    }
    let sql = "INSERT INTO segue_unlock (group_id, at, by_whom, reason) VALUES (?1, ?2, ?3, ?4)";
    let row = params![group, unlock.at.as_millisecond(), unlock.by, unlock.reason];
    connection.prepare_cached(sql)?.execute(row)?;
    Ok(Ok(()))
}

pub(super) fn unlocks(connection: &Connection, group: &str) -> rusqlite::Result<Vec<Unlock>> {
    let sql = "SELECT at, by_whom, reason FROM segue_unlock WHERE group_id = ?1 ORDER BY key";
    let read = |row: &Row<'_>| {
        let at = jiff::Timestamp::from_millisecond(row.get(0)?);
        Ok(Unlock {
            at: at.map_err(|why| unreadable(0, why))?,
            by: row.get(1)?,
            reason: row.get(2)?,
        })
    };
    connection
        .prepare_cached(sql)?
        .query_map([group], read)?
        .collect()
}

pub(super) fn find(connection: &Connection, group: &str) -> rusqlite::Result<Option<Group>> {
    let sql = "SELECT id, name, locked FROM segue_group WHERE id = ?1";
    connection
        .prepare_cached(sql)?
        .query_row([group], describe)
        .optional()
}

pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Group>> {
    let sql = "SELECT id, name, locked FROM segue_group ORDER BY id";
    connection
        .prepare_cached(sql)?
        .query_map([], describe)?
        .collect()
}

fn unlocked(connection: &Connection, group: &str) -> Changed {
    Ok(match find(connection, group)? {
        None => Err(GroupError::Unknown),
        Some(group) if group.locked => Err(GroupError::Locked),
        Some(_) => Ok(()),
    })
}

fn describe(row: &Row<'_>) -> rusqlite::Result<Group> {
    Ok(Group {
        identifier: row.get(0)?,
        name: row.get(1)?,
        locked: row.get(2)?,
    })
}
