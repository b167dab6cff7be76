//! Reading segments and members, and settling who was pending.

use std::collections::BTreeMap;

use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use crate::payload::PersonId;
use crate::segments::{Segment, SegmentChange, Standing, Tally};

pub(super) fn segments(connection: &Connection, group: &str) -> rusqlite::Result<Vec<Segment>> {
    let sql = "SELECT audience, name FROM segue_segment WHERE group_id = ?1 ORDER BY audience";
    connection
        .prepare_cached(sql)?
        .query_map([group], describe)?
        .collect()
}

pub(super) fn segments_of(
    connection: &Connection,
    group: &str,
    person: &PersonId,
) -> rusqlite::Result<Vec<Segment>> {
    let sql = "SELECT audience, name FROM segue_member JOIN segue_segment ON segment = key
               WHERE person = ?2 AND group_id = ?1 AND standing = 1 ORDER BY audience";
    connection
        .prepare_cached(sql)?
        .query_map([group, person.as_str()], describe)?
        .collect()
}

pub(super) fn members(
    connection: &Connection,
    group: &str,
    segment: &str,
    after: Option<&PersonId>,
    limit: usize,
) -> rusqlite::Result<Vec<PersonId>> {
    let sql = "SELECT person FROM segue_member
               WHERE segment = (SELECT key FROM segue_segment
                                WHERE group_id = ?1 AND audience = ?2)
               AND person > ?3 AND standing = 1 ORDER BY person LIMIT ?4";
    let after = after.map_or("", PersonId::as_str);
    let params = params![group, segment, after, rows(limit)];
    connection
        .prepare_cached(sql)?
        .query_map(params, person)?
        .collect()
}

pub(super) fn pending(
    connection: &Connection,
    after: Option<&PersonId>,
    limit: usize,
) -> rusqlite::Result<Vec<PersonId>> {
    let sql = "SELECT DISTINCT person FROM segue_member
               WHERE standing = 2 AND person > ?1 ORDER BY person LIMIT ?2";
    let after = after.map_or("", PersonId::as_str);
    connection
        .prepare_cached(sql)?
        .query_map(params![after, rows(limit)], person)?
        .collect()
}

pub(super) fn settle(
    connection: &Connection,
    persons: &[PersonId],
) -> rusqlite::Result<Vec<SegmentChange>> {
    let sql = "SELECT group_id, audience, sequence FROM segue_member
               JOIN segue_segment ON segment = key WHERE person = ?1 AND standing = 2";
    let mut find = connection.prepare_cached(sql)?;
    let sql = "UPDATE segue_member SET standing = 1 WHERE person = ?1 AND standing = 2";
    let mut update = connection.prepare_cached(sql)?;
    let mut groups: BTreeMap<String, Tally> = BTreeMap::new();
    for person in persons {
        let mut rows = find.query([person.as_str()])?;
        while let Some(row) = rows.next()? {
            let tally = groups.entry(row.get(0)?).or_default();
            let (segment, sequence): (String, u64) = (row.get(1)?, sequence(row, 2)?);
            let (before, after) = (Some(Standing::Pending), Some(Standing::Member));
            tally.moved(&segment, person, sequence, before, after);
        }
        update.execute([person.as_str()])?;
    }
    let settled = groups
        .into_iter()
        .flat_map(|(group, tally)| tally.finish(&group).1);
    Ok(settled.collect())
}

pub(super) fn person(row: &Row<'_>) -> rusqlite::Result<PersonId> {
    let text: String = row.get(0)?;
    PersonId::new(&text).map_err(|why| unreadable(0, why))
}

pub(super) fn sequence(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|why| unreadable(column, why))
}

/// A value that this crate would not have written.
pub(super) fn unreadable(
    column: usize,
    why: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(why))
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn describe(row: &Row<'_>) -> rusqlite::Result<Segment> {
    Ok(Segment {
        identifier: row.get(0)?,
        name: row.get(1)?,
    })
}
