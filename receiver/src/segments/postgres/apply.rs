//! Applying changes to segments and members: few statements for many changes.

use std::collections::{BTreeMap, HashMap, HashSet};

use deadpool_postgres::GenericClient;

use super::rows::{member, number, person, read_standing, text, write_standing};
use crate::payload::{Change, PersonId};
use crate::postgres::{execute, query};
use crate::segments::decide::renames;
use crate::segments::{Member, NumberedChange, Standing, StoreError, Tally, decide};

/// One transaction's view of a segment, whose row it has locked.
struct Segment<'a> {
    key: i64,
    newest: u64,
    floor: Option<u64>,
    /// The newest name in this transaction, when there is one to be written.
    renamed: Option<&'a str>,
    /// The rows of everybody whom the changes name one by one.
    rows: HashMap<&'a PersonId, Member>,
    /// Whose rows have to be written.
    written: HashSet<&'a PersonId>,
}

pub(super) async fn apply(
    client: &impl GenericClient,
    group: &str,
    changes: &[NumberedChange],
    unknown: &HashSet<PersonId>,
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let mut segments = lock(client, group, changes).await?;
    for (audience, segment) in &mut segments {
        segment.read(client, audience, changes).await?;
    }
    for NumberedChange { index, change } in changes {
        let id = change.audience().id.as_str();
        let segment = segments
            .get_mut(id)
            .ok_or_else(|| StoreError::new("a segment went while it was locked"))?;
        if renames(change.sequence(), segment.newest) {
            segment.newest = change.sequence();
            segment.renamed = Some(&change.audience().name);
        }
        let applied = match change {
            Change::Add { person, .. } | Change::Remove { person, .. } => {
                segment.single(change, person, unknown, tally)
            }
            Change::Replace { .. } => {
                segment.write_rows(client).await?;
                let applied = replace(client, segment, change, unknown, tally).await?;
                segment.read(client, id, changes).await?;
                applied
            }
        };
        if applied {
            tally.applied()
        } else {
            tally.stale(*index)
        }
    }
    for segment in segments.values_mut() {
        segment.write_rows(client).await?;
        segment.write(client).await?;
    }
    Ok(())
}

/// Creates the segments that are new, and locks them all, in the order of their ids.
async fn lock<'a>(
    client: &impl GenericClient,
    group: &str,
    changes: &'a [NumberedChange],
) -> Result<BTreeMap<&'a str, Segment<'a>>, StoreError> {
    let mut first: BTreeMap<&str, &Change> = BTreeMap::new();
    for NumberedChange { change, .. } in changes {
        first.entry(&change.audience().id).or_insert(change);
    }
    let ids: Vec<&str> = first.keys().copied().collect();
    let names: Vec<_> = first.values().map(|c| text(&c.audience().name)).collect();
    let newest: Vec<i64> = first.values().map(|c| c.sequence().cast_signed()).collect();
    let sql = "INSERT INTO segue_segment (group_id, audience, name, newest)
               SELECT $1, * FROM unnest($2::text[], $3::text[], $4::bigint[])
               ON CONFLICT (group_id, audience) DO NOTHING";
    execute(client, sql, &[&group, &ids, &names, &newest]).await?;
    let sql = "SELECT audience, key, newest, floor FROM segue_segment
               WHERE group_id = $1 AND audience = ANY($2) ORDER BY audience FOR UPDATE";
    let mut segments = BTreeMap::new();
    for row in query(client, sql, &[&group, &ids]).await? {
        let audience: &str = row.try_get(0)?;
        let Some((id, _)) = first.get_key_value(audience) else {
            continue;
        };
        let floor: i64 = row.try_get(3)?;
        let segment = Segment {
            key: row.try_get(1)?,
            newest: number(&row, 2)?,
            floor: u64::try_from(floor).ok(),
            renamed: None,
            rows: HashMap::new(),
            written: HashSet::new(),
        };
        segments.insert(*id, segment);
    }
    Ok(segments)
}

impl<'a> Segment<'a> {
    /// Reads the rows of everybody whom the changes of this segment name one by one.
    async fn read(
        &mut self,
        client: &impl GenericClient,
        audience: &str,
        changes: &'a [NumberedChange],
    ) -> Result<(), StoreError> {
        let named = changes.iter().map(|numbered| &numbered.change);
        let named = named.filter(|change| change.audience().id == audience);
        let named: HashMap<&str, &PersonId> = named
            .filter_map(|change| match change {
                Change::Add { person, .. } | Change::Remove { person, .. } => Some(person),
                Change::Replace { .. } => None,
            })
            .map(|person| (person.as_str(), person))
            .collect();
        self.rows.clear();
        if named.is_empty() {
            return Ok(());
        }
        let persons: Vec<&str> = named.keys().copied().collect();
        let sql = "SELECT person, sequence, standing FROM segue_member
                   WHERE segment = $1 AND person = ANY($2)";
        for row in query(client, sql, &[&self.key, &persons]).await? {
            if let Some(person) = named.get(row.try_get::<_, &str>(0)?) {
                self.rows.insert(person, member(&row, 1)?);
            }
        }
        Ok(())
    }

    fn single(
        &mut self,
        change: &Change,
        person: &'a PersonId,
        unknown: &HashSet<PersonId>,
        tally: &mut Tally,
    ) -> bool {
        let before = self.rows.get(person).copied();
        let Some(row) = decide(change, before, self.floor, !unknown.contains(person)) else {
            return false;
        };
        if row.standing == Standing::Pending {
            tally.pending(person);
        }
        let before = before.map(|row| row.standing);
        let id = &change.audience().id;
        tally.moved(id, person, row.sequence, before, Some(row.standing));
        self.rows.insert(person, row);
        self.written.insert(person);
        true
    }

    async fn write_rows(&mut self, client: &impl GenericClient) -> Result<(), StoreError> {
        if self.written.is_empty() {
            return Ok(());
        }
        let (mut persons, mut sequences, mut standings) = (Vec::new(), Vec::new(), Vec::new());
        for person in self.written.drain() {
            if let Some(row) = self.rows.get(person) {
                persons.push(person.as_str());
                sequences.push(row.sequence.cast_signed());
                standings.push(write_standing(row.standing));
            }
        }
        let sql = "INSERT INTO segue_member (segment, person, sequence, standing)
                   SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::smallint[])
                   ON CONFLICT (segment, person)
                   DO UPDATE SET sequence = excluded.sequence, standing = excluded.standing";
        execute(client, sql, &[&self.key, &persons, &sequences, &standings]).await?;
        Ok(())
    }

    async fn write(&self, client: &impl GenericClient) -> Result<(), StoreError> {
        let sql = "UPDATE segue_segment SET newest = $2, floor = $3, name = coalesce($4, name)
                   WHERE key = $1";
        let floor = self.floor.map_or(-1, u64::cast_signed);
        let renamed = self.renamed.map(text);
        let newest = self.newest.cast_signed();
        execute(client, sql, &[&self.key, &newest, &floor, &renamed]).await?;
        Ok(())
    }
}

/// The rule of `decide_replace`, said in SQL so that the segment need not be read into memory.
async fn replace(
    client: &impl GenericClient,
    segment: &mut Segment<'_>,
    change: &Change,
    unknown: &HashSet<PersonId>,
    tally: &mut Tally,
) -> Result<bool, StoreError> {
    let (id, sequence) = (&change.audience().id, change.sequence());
    if Some(sequence) <= segment.floor {
        return Ok(false);
    }
    let listed: HashSet<&PersonId> = change.persons().iter().collect();
    let standing = |person: &&PersonId| {
        let known = !unknown.contains(*person);
        write_standing(if known {
            Standing::Member
        } else {
            Standing::Pending
        })
    };
    let standings: Vec<i16> = listed.iter().map(standing).collect();
    let persons: Vec<&str> = listed.iter().map(|person| person.as_str()).collect();
    let (key, signed) = (segment.key, sequence.cast_signed());
    let drop_others = "WITH listed AS (SELECT unnest($3::text[]) AS person)
         DELETE FROM segue_member WHERE segment = $1 AND sequence < $2
         AND NOT EXISTS (SELECT 1 FROM listed WHERE listed.person = segue_member.person)
         RETURNING person, standing";
    for row in query(client, drop_others, &[&key, &signed, &persons]).await? {
        let before = read_standing(row.try_get(1)?);
        tally.moved(id, &person(&row, 0)?, sequence, Some(before), None);
    }
    // Whoever was a member already is left as they are.
    let join_listed = "INSERT INTO segue_member AS kept (segment, person, sequence, standing)
         SELECT $1, listed.person, $2, listed.standing
         FROM unnest($3::text[], $4::smallint[]) AS listed (person, standing)
         ON CONFLICT (segment, person)
         DO UPDATE SET sequence = excluded.sequence, standing = excluded.standing
         WHERE kept.sequence < excluded.sequence AND kept.standing <> 1
         RETURNING person, standing";
    for row in query(client, join_listed, &[&key, &signed, &persons, &standings]).await? {
        let after = read_standing(row.try_get(1)?);
        tally.moved(id, &person(&row, 0)?, sequence, None, Some(after));
    }
    let pending = "SELECT member.person FROM segue_member AS member
         JOIN unnest($2::text[]) AS listed (person) USING (person)
         WHERE member.segment = $1 AND member.standing = 2";
    for row in query(client, pending, &[&key, &persons]).await? {
        tally.pending(&person(&row, 0)?);
    }
    segment.floor = Some(sequence);
    Ok(true)
}
