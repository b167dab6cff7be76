//! Reading segments and members, and settling who was pending.

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use super::rows::{count, number, person, text};
use crate::payload::PersonId;
use crate::postgres::{Values, execute, query};
use crate::segments::{Segment, SegmentChange, Standing, StoreError, Tally};

pub(super) async fn segments(
    client: &impl GenericClient,
    group: &str,
) -> Result<Vec<Segment>, StoreError> {
    let sql = "SELECT audience, name FROM segue_segment WHERE group_id = $1 ORDER BY audience";
    let rows = query(client, sql, &[&text(group)]).await?;
    rows.iter().map(describe).collect()
}

pub(super) async fn segments_of(
    client: &impl GenericClient,
    group: &str,
    person: &PersonId,
) -> Result<Vec<Segment>, StoreError> {
    let sql = "SELECT audience, name FROM segue_member JOIN segue_segment ON segment = key
               WHERE person = $2 AND group_id = $1 AND standing = 1 ORDER BY audience";
    let rows = query(client, sql, &[&text(group), &person.as_str()]).await?;
    rows.iter().map(describe).collect()
}

pub(super) async fn members(
    client: &impl GenericClient,
    group: &str,
    segment: &str,
    after: Option<&PersonId>,
    limit: usize,
) -> Result<Vec<PersonId>, StoreError> {
    let sql = "SELECT person FROM segue_member
               WHERE segment = (SELECT key FROM segue_segment
                                WHERE group_id = $1 AND audience = $2)
               AND person > $3 AND standing = 1 ORDER BY person LIMIT $4";
    let (group, segment) = (text(group), text(segment));
    let after = after.map_or("", PersonId::as_str);
    persons(client, sql, &[&group, &segment, &after, &count(limit)]).await
}

pub(super) async fn pending(
    client: &impl GenericClient,
    after: Option<&PersonId>,
    limit: usize,
) -> Result<Vec<PersonId>, StoreError> {
    let sql = "SELECT DISTINCT person FROM segue_member
               WHERE standing = 2 AND person > $1 ORDER BY person LIMIT $2";
    let after = after.map_or("", PersonId::as_str);
    persons(client, sql, &[&after, &count(limit)]).await
}

pub(super) async fn settle(
    client: &impl GenericClient,
    persons: &[PersonId],
) -> Result<Vec<SegmentChange>, StoreError> {
    let persons: Vec<&str> = persons.iter().map(PersonId::as_str).collect();
    let lock = "SELECT 1 FROM segue_segment WHERE key IN
                (SELECT segment FROM segue_member WHERE person = ANY($1) AND standing = 2)
                ORDER BY group_id, audience FOR UPDATE";
    execute(client, lock, &[&persons]).await?;
    let sql = "UPDATE segue_member SET standing = 1 FROM segue_segment
               WHERE segment = key AND person = ANY($1) AND standing = 2
               RETURNING group_id, audience, person, sequence";
    let mut groups: BTreeMap<String, Tally> = BTreeMap::new();
    for row in query(client, sql, &[&persons]).await? {
        let tally = groups.entry(row.try_get(0)?).or_default();
        let (segment, person, sequence) = (row.try_get(1)?, person(&row, 2)?, number(&row, 3)?);
        let (before, after) = (Some(Standing::Pending), Some(Standing::Member));
        tally.moved(segment, &person, sequence, before, after);
    }
    let settled = groups
        .into_iter()
        .flat_map(|(group, tally)| tally.finish(&group).1);
    Ok(settled.collect())
}

async fn persons(
    client: &impl GenericClient,
    sql: &str,
    values: Values<'_>,
) -> Result<Vec<PersonId>, StoreError> {
    let rows = query(client, sql, values).await?;
    rows.iter().map(|row| person(row, 0)).collect()
}

fn describe(row: &Row) -> Result<Segment, StoreError> {
    Ok(Segment {
        identifier: row.try_get(0)?,
        name: row.try_get(1)?,
    })
}
