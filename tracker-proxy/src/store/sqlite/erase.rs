//! Removing a person: one transaction, nothing left but tombstones that say nothing.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

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
    let row: Option<i64> = tx
        .prepare_cached("SELECT row FROM profile WHERE account = ?1 AND part = ?2 AND id = ?3")?
        .query_row(params![account, erasure.profile.part().0, profile], |row| {
            row.get(0)
        })
        .optional()?;
    if let Some(row) = row {
        super::write::delete_profile(&tx, row)?;
    }
    tx.execute(
        "DELETE FROM alias WHERE account = ?1 AND profile = ?2",
        params![account, profile],
    )?;
    for id in erasure.ids.iter().map(|row| row.id) {
        if !lives(&tx, erasure.account, id)? {
            leave_audiences(&tx, erasure, id)?;
            leave_outbox(&tx, id)?;
        }
    }
    take_back(&tx, erasure)?;
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

/// Profiles that were merged into the person have left rows under their own ids; but under such
/// an id somebody else may live by now.
fn lives(tx: &Transaction<'_>, account: AccountNo, id: ProfileId) -> Result<bool, StoreError> {
    let lives = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM profile WHERE account = ?1 AND part = ?2 AND id = ?3)",
        )?
        .query_row(params![account.0, id.part().0, id.0.as_slice()], |row| {
            row.get(0)
        })?;
    Ok(lives)
}

fn leave_audiences(
    tx: &Transaction<'_>,
    erasure: &Erasure,
    id: ProfileId,
) -> Result<(), StoreError> {
    let mut left = tx.prepare_cached(
        "DELETE FROM membership
         WHERE account = ?1 AND audience = ?2 AND part = ?3 AND profile = ?4",
    )?;
    for audience in &erasure.audiences {
        let (account, audience) = (erasure.account.0, audience.0);
        left.execute(params![account, audience, id.part().0, id.0.as_slice()])?;
    }
    Ok(())
}

/// What was said of the person goes, with the deliveries that said nothing else.
fn leave_outbox(tx: &Transaction<'_>, id: ProfileId) -> Result<(), StoreError> {
    let profile = id.0.as_slice();
    let mut rows = tx.prepare_cached(
        "SELECT DISTINCT delivery FROM outbox WHERE profile = ?1 AND delivery IS NOT NULL",
    )?;
    let deliveries: Vec<i64> =
        super::columns::collect(rows.query_map([profile], |row| row.get(0))?)?;
    tx.prepare_cached("DELETE FROM outbox WHERE profile = ?1")?
        .execute([profile])?;
    for delivery in deliveries {
        tx.prepare_cached(
            "DELETE FROM delivery WHERE row = ?1
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE delivery = ?1)",
        )?
        .execute([delivery])?;
    }
    Ok(())
}

/// Deliveries about the person alone go, whatever became of them; from others they are taken out.
fn take_back(tx: &Transaction<'_>, erasure: &Erasure) -> Result<(), StoreError> {
    for Rewritten { id, instead } in &erasure.deliveries {
        match instead {
            None => {
                let of_it = "(SELECT row FROM delivery WHERE id = ?1)";
                tx.execute(
                    &format!("DELETE FROM outbox WHERE delivery = {of_it}"),
                    [id],
                )?;
                tx.execute("DELETE FROM delivery WHERE id = ?1", [id])?
            }
            Some((other, body)) => tx.execute(
                "UPDATE delivery SET id = ?2, body = ?3 WHERE id = ?1",
                params![id, other, body],
            )?,
        };
    }
    Ok(())
}
