//! Applying changes to segments and members.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};

use super::members::{person, sequence};
use crate::payload::{AudienceRef, Change, PersonId};
use crate::segments::decide::renames;
use crate::segments::{Member, NumberedChange, Standing, Tally, decide};
use crate::sqlite::execute;

/// One transaction's view of the segments of a group: each is read once and written once.
struct Segments<'a> {
    connection: &'a Connection,
    group: &'a str,
    touched: HashMap<&'a str, Segment<'a>>,
}

struct Segment<'a> {
    key: i64,
    newest: u64,
    floor: Option<u64>,
    /// The newest name in this transaction, when there is one to be written.
    renamed: Option<&'a str>,
}

pub(super) fn apply(
    connection: &Connection,
    group: &str,
    changes: &[NumberedChange],
    unknown: &HashSet<PersonId>,
    tally: &mut Tally,
) -> rusqlite::Result<()> {
    let mut segments = Segments {
        connection,
        group,
        touched: HashMap::new(),
    };
    for NumberedChange { index, change } in changes {
        let segment = segments.touch(change.audience(), change.sequence())?;
        let applied = match change {
            Change::Add { person, .. } | Change::Remove { person, .. } => {
                single(connection, segment, change, person, unknown, tally)?
            }
            Change::Replace { .. } => replace(connection, segment, change, unknown, tally)?,
        };
        if applied {
            tally.applied()
        } else {
            tally.stale(*index)
        }
    }
    segments.write()
}

impl<'a> Segments<'a> {
    fn touch(
        &mut self,
        audience: &'a AudienceRef,
        sequence: u64,
    ) -> rusqlite::Result<&mut Segment<'a>> {
        let (connection, group) = (self.connection, self.group);
        let segment = match self.touched.entry(&audience.id) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(vacant) => {
                vacant.insert(load(connection, group, audience, sequence)?)
            }
        };
        if renames(sequence, segment.newest) {
            segment.newest = sequence;
            segment.renamed = Some(&audience.name);
        }
        Ok(segment)
    }

    fn write(self) -> rusqlite::Result<()> {
        let sql = "UPDATE segue_segment SET newest = ?2, floor = ?3, name = ifnull(?4, name)
                   WHERE key = ?1";
        let mut update = self.connection.prepare_cached(sql)?;
        for segment in self.touched.values() {
            let floor = segment.floor.map_or(-1, u64::cast_signed);
            update.execute(params![
                segment.key,
                segment.newest.cast_signed(),
                floor,
                segment.renamed
            ])?;
        }
        Ok(())
    }
}

/// The segment of an audience, created when it is new.
fn load<'a>(
    connection: &Connection,
    group: &str,
    audience: &AudienceRef,
    newest: u64,
) -> rusqlite::Result<Segment<'a>> {
    let sql = "SELECT key, newest, floor FROM segue_segment WHERE group_id = ?1 AND audience = ?2";
    let found = connection
        .prepare_cached(sql)?
        .query_row([group, &audience.id], |row| {
            let floor: i64 = row.get(2)?;
            Ok(Segment {
                key: row.get(0)?,
                newest: sequence(row, 1)?,
                floor: u64::try_from(floor).ok(),
                renamed: None,
            })
        })
        .optional()?;
    if let Some(segment) = found {
        return Ok(segment);
    }
    let sql = "INSERT INTO segue_segment (group_id, audience, name, newest)
               VALUES (?1, ?2, ?3, ?4)";
    let row: [&dyn ToSql; 4] = [&group, &audience.id, &audience.name, &newest.cast_signed()];
    let key = connection.prepare_cached(sql)?.insert(row.as_slice())?;
    Ok(Segment {
        key,
        newest,
        floor: None,
        renamed: None,
    })
}

fn single(
    connection: &Connection,
    segment: &Segment<'_>,
    change: &Change,
    person: &PersonId,
    unknown: &HashSet<PersonId>,
    tally: &mut Tally,
) -> rusqlite::Result<bool> {
    let sql = "SELECT sequence, standing FROM segue_member WHERE segment = ?1 AND person = ?2";
    let row = connection
        .prepare_cached(sql)?
        .query_row(params![segment.key, person.as_str()], |row| {
            Ok(Member {
                sequence: sequence(row, 0)?,
                standing: read_standing(row.get(1)?),
            })
        })
        .optional()?;
    let before = row.map(|row| row.standing);
    let Some(row) = decide(change, row, segment.floor, !unknown.contains(person)) else {
        return Ok(false);
    };
    if row.standing == Standing::Pending {
        tally.pending(person);
    }
    let id = &change.audience().id;
    tally.moved(id, person, row.sequence, before, Some(row.standing));
    let sql = "INSERT INTO segue_member (segment, person, sequence, standing)
               VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (segment, person)
               DO UPDATE SET sequence = excluded.sequence, standing = excluded.standing";
    connection.prepare_cached(sql)?.execute(params![
        segment.key,
        person.as_str(),
        row.sequence.cast_signed(),
        write_standing(row.standing),
    ])?;
    Ok(true)
}

/// The rule of `decide_replace`, said in SQL so that the segment need not be read into memory.
fn replace(
    connection: &Connection,
    segment: &mut Segment<'_>,
    change: &Change,
    unknown: &HashSet<PersonId>,
    tally: &mut Tally,
) -> rusqlite::Result<bool> {
    let (id, sequence) = (&change.audience().id, change.sequence());
    if Some(sequence) <= segment.floor {
        return Ok(false);
    }
    execute(connection, "DELETE FROM segue_listed")?;
    let sql = "INSERT OR IGNORE INTO segue_listed (person, standing) VALUES (?1, ?2)";
    let mut list = connection.prepare_cached(sql)?;
    for person in change.persons() {
        let known = !unknown.contains(person);
        let standing = if known {
            Standing::Member
        } else {
            Standing::Pending
        };
        list.execute(params![person.as_str(), write_standing(standing)])?;
    }
    let bounds = params![segment.key, sequence.cast_signed()];
    let drop_others = "DELETE FROM segue_member WHERE segment = ?1 AND sequence < ?2
         AND person NOT IN (SELECT person FROM segue_listed) RETURNING person, standing";
    for dropped in connection
        .prepare_cached(drop_others)?
        .query_map(bounds, moved)?
    {
        let (person, before) = dropped?;
        tally.moved(id, &person, sequence, Some(before), None);
    }
    // Whoever was a member already is left as they are.
    let join_listed = "INSERT INTO segue_member (segment, person, sequence, standing)
         SELECT ?1, person, ?2, standing FROM segue_listed WHERE true
         ON CONFLICT (segment, person)
         DO UPDATE SET sequence = excluded.sequence, standing = excluded.standing
         WHERE sequence < excluded.sequence AND standing <> 1 RETURNING person, standing";
    for joined in connection
        .prepare_cached(join_listed)?
        .query_map(bounds, moved)?
    {
        let (person, after) = joined?;
        tally.moved(id, &person, sequence, None, Some(after));
    }
    let sql = "SELECT person FROM segue_member JOIN segue_listed USING (person)
               WHERE segment = ?1 AND segue_member.standing = 2";
    let mut pending = connection.prepare_cached(sql)?;
    for found in pending.query_map([segment.key], person)? {
        tally.pending(&found?);
    }
    execute(connection, "DELETE FROM segue_listed")?;
    segment.floor = Some(sequence);
    Ok(true)
}

fn moved(row: &Row<'_>) -> rusqlite::Result<(PersonId, Standing)> {
    Ok((person(row)?, read_standing(row.get(1)?)))
}

const fn read_standing(code: i64) -> Standing {
    match code {
        0 => Standing::Removed,
        1 => Standing::Member,
        _ => Standing::Pending,
    }
}

const fn write_standing(standing: Standing) -> i64 {
    match standing {
        Standing::Removed => 0,
        Standing::Member => 1,
        Standing::Pending => 2,
    }
}
