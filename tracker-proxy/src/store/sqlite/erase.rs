//! Removing a person: one transaction, nothing left but tombstones that say nothing.

use rusqlite::{Connection, Transaction, params};

use crate::keys::{AccountNo, ProfileId};
use crate::store::{Erasure, Faults, Rewritten, StoreError};

pub(super) fn erase(db: &mut Connection, erasure: &Erasure) -> Result<(), StoreError> {
    let tx = db.transaction()?;
    let moved = tx.execute(
        "UPDATE head SET commits = commits + 1, clock = max(clock, ?2), sequence = ?3
         WHERE commits = ?1",
        params![erasure.follows, erasure.clock.0, erasure.sequence],
    )?;
    if moved != 1 {
        return Err(StoreError::Damaged("the head moved".to_owned()));
    }
    for row in &erasure.rewritten {
        tx.prepare_cached("UPDATE journal SET body = ?2 WHERE seq = ?1")?
            .execute(params![row.seq.0, row.body])?;
    }
    let (account, profile) = (erasure.account.0, erasure.profile.0.as_slice());
    tx.execute(
        "DELETE FROM history WHERE profile IN
         (SELECT row FROM profile WHERE account = ?1 AND part = ?2 AND id = ?3)",
        params![account, erasure.profile.part().0, profile],
    )?;
    tx.execute(
        "DELETE FROM profile WHERE account = ?1 AND part = ?2 AND id = ?3",
        params![account, erasure.profile.part().0, profile],
    )?;
    tx.execute(
        "DELETE FROM alias WHERE account = ?1 AND profile = ?2",
        params![account, profile],
    )?;
    for id in erasure.ids.iter().map(|row| row.id) {
        forget(&tx, erasure.account, id)?;
    }
    for Rewritten { id, instead } in &erasure.deliveries {
        match instead {
            None => tx.execute("DELETE FROM delivery WHERE id = ?1", [id])?,
            Some((other, body)) => {
                tx.execute(
                    "UPDATE outbox SET delivery = ?2 WHERE delivery = ?1",
                    [id, other],
                )?;
                tx.execute(
                    "UPDATE delivery SET id = ?2, body = ?3 WHERE id = ?1",
                    params![id, other, body],
                )?
            }
        };
    }
    for tombstone in &erasure.ids {
        tx.prepare_cached("INSERT OR REPLACE INTO tombstone VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                account,
                tombstone.id.0.as_slice(),
                tombstone.erased.0,
                tombstone.until.0
            ])?;
    }
    tx.execute("DELETE FROM tombstone WHERE until < ?1", [erasure.clock.0])?;
    super::write::apply(&tx, &erasure.apply, &Faults::default())?;
    tx.commit()?;
    Ok(())
}

/// Removes what was derived from a profile. Those that were merged into the person have left rows
/// under their own ids; an id under which somebody else lives is left alone.
fn forget(tx: &Transaction<'_>, account: AccountNo, id: ProfileId) -> Result<(), StoreError> {
    let (part, id) = (id.part().0, id.0.as_slice());
    let lives: bool = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM profile WHERE account = ?1 AND part = ?2 AND id = ?3)",
        )?
        .query_row(params![account.0, part, id], |row| row.get(0))?;
    if lives {
        return Ok(());
    }
    tx.execute(
        "DELETE FROM membership WHERE account = ?1 AND part = ?2 AND profile = ?3",
        params![account.0, part, id],
    )?;
    tx.execute("DELETE FROM delivery WHERE profile = ?1", [id])?;
    tx.execute("DELETE FROM outbox WHERE profile = ?1", [id])?;
    Ok(())
}
