//! One commit, in the order in which a reader of the file would want to find it.

use rusqlite::{Connection, Transaction, params};

use super::outbound;
use crate::store::{
    Apply, ChunkNo, Commit, Faults, HistoryCut, JournalRow, ProfileRow, Step, StoreError,
    TimerWrite, WriteBack, Written,
};

pub(super) fn commit(
    db: &mut Connection,
    commit: &Commit,
    faults: &Faults,
) -> Result<Vec<Written>, StoreError> {
    faults.pass(Step::Begin)?;
    let tx = db.transaction()?;
    advance(&tx, commit)?;
    if let Some(row) = &commit.append {
        append(&tx, row)?;
        faults.pass(Step::Append)?;
    }
    if let Some(catalog) = &commit.catalog {
        tx.prepare_cached("INSERT INTO catalog VALUES (?1, ?2)")?
            .execute(params![catalog.version, catalog.body])?;
    }
    apply(&tx, &commit.apply, faults)?;
    let profiles = commit.write_back.profiles.iter();
    let written = profiles
        .map(|profile| write_profile(&tx, profile))
        .collect::<Result<Vec<_>, _>>()?;
    if !written.is_empty() {
        faults.pass(Step::WriteBack)?;
    }
    drop_folded(&tx, &commit.write_back)?;
    faults.pass(Step::Drop)?;
    tx.commit()?;
    faults.pass(Step::Committed)?;
    Ok(written)
}

/// Moves the head; a head that moved without us means that somebody else owns the store.
fn advance(tx: &Transaction<'_>, commit: &Commit) -> Result<(), StoreError> {
    let journal = commit.append.as_ref().map(|row| row.seq.0);
    let moved = tx
        .prepare_cached(
            "UPDATE head SET commits = commits + 1, clock = max(clock, ?2), sequence = ?3,
             journal = coalesce(?4, journal), folded = max(folded, ?5), warmed_row = ?6
             WHERE commits = ?1",
        )?
        .execute(params![
            commit.follows,
            commit.clock.0,
            commit.sequence,
            journal,
            commit.write_back.folded.0,
            commit.warmed_row
        ])?;
    if moved == 1 {
        Ok(())
    } else {
        Err(StoreError::Damaged("the head moved".to_owned()))
    }
}

fn append(tx: &Transaction<'_>, row: &JournalRow) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO journal VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![row.seq.0, row.at.0, row.catalog, row.body])?;
    Ok(())
}

pub(super) fn apply(
    tx: &Transaction<'_>,
    apply: &Apply,
    faults: &Faults,
) -> Result<(), StoreError> {
    for alias in &apply.aliases {
        tx.prepare_cached("INSERT OR REPLACE INTO alias VALUES (?1, ?2, ?3)")?
            .execute(params![
                alias.account.0,
                alias.id.0.as_slice(),
                alias.profile.0.as_slice()
            ])?;
    }
    faults.pass(Step::Aliases)?;
    for (account, audience) in &apply.dropped_audiences {
        tx.prepare_cached("DELETE FROM membership WHERE account = ?1 AND audience = ?2")?
            .execute(params![account.0, audience.0])?;
    }
    for row in &apply.memberships {
        tx.prepare_cached("INSERT OR REPLACE INTO membership VALUES (?1,?2,?3,?4,?5,?6,?7)")?
            .execute(params![
                row.account.0,
                row.audience.0,
                row.profile.part().0,
                row.profile.0.as_slice(),
                row.member,
                row.since.0,
                row.number
            ])?;
    }
    faults.pass(Step::Memberships)?;
    // A delivery's row number is what its outbox rows point with.
    let rows = outbound::insert(tx, &apply.deliveries)?;
    outbound::append(tx, &apply.outbox, &rows)?;
    faults.pass(Step::Outbox)?;
    for row in &apply.outcomes {
        outbound::settle(tx, row)?;
    }
    outbound::note_resyncs(tx, &apply.resyncs)?;
    outbound::prune(tx, &apply.pruned)?;
    take_away(tx, apply)?;
    faults.pass(Step::Deliveries)
}

/// Parts of somebody's past.
fn take_away(tx: &Transaction<'_>, apply: &Apply) -> Result<(), StoreError> {
    for row in &apply.rewritten {
        tx.prepare_cached("UPDATE journal SET body = ?2 WHERE seq = ?1")?
            .execute(params![row.seq.0, row.body])?;
    }
    if let Some(HistoryCut { gone, first_left }) = &apply.history_cut {
        for chunk in gone {
            tx.prepare_cached("DELETE FROM history WHERE chunk = ?1")?
                .execute([chunk.0])?;
        }
        tx.prepare_cached("UPDATE history SET before = NULL WHERE chunk = ?1")?
            .execute([first_left.0])?;
    }
    Ok(())
}

/// Removes a profile, with the chunks of its history one after the other.
pub(super) fn delete_profile(tx: &Transaction<'_>, row: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "WITH RECURSIVE past(chunk) AS (
             SELECT newest FROM profile WHERE row = ?1
             UNION ALL SELECT before FROM history JOIN past USING (chunk))
         DELETE FROM history WHERE chunk IN (SELECT chunk FROM past)",
    )?
    .execute([row])?;
    tx.prepare_cached("DELETE FROM profile WHERE row = ?1")?
        .execute([row])?;
    Ok(())
}

fn write_profile(tx: &Transaction<'_>, profile: &ProfileRow) -> Result<Written, StoreError> {
    for absorbed in &profile.absorbed {
        delete_profile(tx, *absorbed)?;
    }
    let newest = append_chunk(tx, profile)?;
    let row = match profile.row {
        None => insert_profile(tx, profile, newest)?,
        Some(row) => {
            update_profile(tx, row, profile, newest)?;
            row
        }
    };
    Ok(Written { row, newest })
}

/// Chunks go to the end of their table whosever they are, so that many share a page; the profiles
/// stay small, and many share a page as well.
fn append_chunk(tx: &Transaction<'_>, profile: &ProfileRow) -> Result<Option<ChunkNo>, StoreError> {
    if profile.events.is_empty() {
        return Ok(profile.newest);
    }
    let before = profile.newest.map(|chunk| chunk.0);
    tx.prepare_cached("INSERT INTO history VALUES (NULL, ?1, ?2)")?
        .execute(params![before, profile.events])?;
    Ok(Some(ChunkNo(tx.last_insert_rowid())))
}

fn update_profile(
    tx: &Transaction<'_>,
    row: i64,
    profile: &ProfileRow,
    newest: Option<ChunkNo>,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE profile SET folded = ?2, newest = ?3, recent = ?4, state = ?5 WHERE row = ?1",
    )?
    .execute(params![
        row,
        profile.folded.0,
        newest.map(|chunk| chunk.0),
        profile.recent,
        profile.state
    ])?;
    // A statement of its own: one that names the column writes its index as well, whether the
    // value changes or not.
    if let TimerWrite::Set(due) = profile.timer {
        tx.prepare_cached("UPDATE profile SET due = ?2 WHERE row = ?1")?
            .execute(params![row, due.map(|due| due.0)])?;
    }
    Ok(())
}

fn insert_profile(
    tx: &Transaction<'_>,
    profile: &ProfileRow,
    newest: Option<ChunkNo>,
) -> Result<i64, StoreError> {
    let due = match profile.timer {
        TimerWrite::Set(due) => due,
        TimerWrite::Keep => None,
    };
    tx.prepare_cached("INSERT INTO profile VALUES (NULL,?1,?2,?3,?4,?5,?6,?7,?8)")?
        .execute(params![
            profile.account.0,
            profile.id.part().0,
            profile.id.0.as_slice(),
            profile.folded.0,
            due.map(|due| due.0),
            newest.map(|chunk| chunk.0),
            profile.recent,
            profile.state
        ])?;
    Ok(tx.last_insert_rowid())
}

fn drop_folded(tx: &Transaction<'_>, write_back: &WriteBack) -> Result<(), StoreError> {
    if write_back.drop_through.0 > 0 {
        tx.prepare_cached("DELETE FROM journal WHERE seq <= ?1")?
            .execute([write_back.drop_through.0])?;
    }
    Ok(())
}
