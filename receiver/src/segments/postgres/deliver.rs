//! Carrying out a delivery: claim, changes and answer in one transaction.

use deadpool_postgres::{GenericClient, Transaction};

use super::{apply, jobs};
use crate::postgres::{execute, query_opt};
use crate::segments::{
    Answer, ClaimKey, Delivered, Delivery, DeliveryOutcome, Plan, StoreError, Tally,
};

pub(super) async fn deliver(
    transaction: Transaction<'_>,
    delivery: &Delivery,
) -> Result<Delivered, StoreError> {
    // A twin that is under way is waited for here: it leaves its answer, or nothing.
    if let Some(key) = &delivery.claim
        && let Some(answer) = claim(&transaction, key, delivery).await?
    {
        transaction.rollback().await?;
        return Ok(DeliveryOutcome::Repeated(answer).into());
    }
    let sql = "SELECT locked FROM segue_group WHERE id = $1 FOR KEY SHARE";
    let Some(row) = query_opt(&transaction, sql, &[&delivery.group]).await? else {
        transaction.rollback().await?;
        return Ok(DeliveryOutcome::UnknownGroup.into());
    };
    let locked: bool = row.try_get(0)?;
    let (answer, changes) = match &delivery.plan {
        Plan::Apply | Plan::Try => {
            let mut tally = Tally::new(delivery.skipped.clone());
            let Delivery {
                group,
                changes,
                unknown,
                ..
            } = delivery;
            apply::apply(&transaction, group, changes, unknown, &mut tally).await?;
            let (summary, changes) = tally.finish(group);
            (Answer::Applied(summary), changes)
        }
        Plan::Store(id) => {
            jobs::store(&transaction, id, delivery).await?;
            (Answer::Accepted { job: id.clone() }, Vec::new())
        }
    };
    if delivery.plan == Plan::Try {
        transaction.rollback().await?;
        return Ok(DeliveryOutcome::Answered(answer).into());
    }
    if !locked {
        let sql = "UPDATE segue_group SET locked = true WHERE id = $1";
        execute(&transaction, sql, &[&delivery.group]).await?;
    }
    if let Some(key) = &delivery.claim {
        let json = serde_json::to_string(&answer).map_err(StoreError::new)?;
        let sql = "UPDATE segue_claim SET answer = $3 WHERE activation = $1 AND id = $2";
        execute(&transaction, sql, &[&&*key.activation, &key.id, &json]).await?;
    }
    transaction.commit().await?;
    Ok(Delivered {
        outcome: DeliveryOutcome::Answered(answer),
        changes,
    })
}

/// Takes the claim, or gives the answer that is kept under it.
async fn claim(
    client: &impl GenericClient,
    key: &ClaimKey,
    delivery: &Delivery,
) -> Result<Option<Answer>, StoreError> {
    let sql = "INSERT INTO segue_claim (activation, id, answer, kept_until)
               VALUES ($1, $2, '', $3)
               ON CONFLICT (activation, id)
               DO UPDATE SET answer = '', kept_until = excluded.kept_until
               WHERE segue_claim.kept_until <= $4";
    let until = delivery.claimed_until.as_millisecond();
    let now = delivery.now.as_millisecond();
    if execute(client, sql, &[&&*key.activation, &key.id, &until, &now]).await? == 1 {
        return Ok(None);
    }
    let sql = "SELECT answer FROM segue_claim WHERE activation = $1 AND id = $2";
    let found = query_opt(client, sql, &[&&*key.activation, &key.id]).await?;
    // Whoever deletes expired claims may have been faster.
    let found = found.ok_or_else(|| StoreError::new("the claim went meanwhile"))?;
    let answer = serde_json::from_str(found.try_get(0)?).map_err(StoreError::new)?;
    Ok(Some(answer))
}

pub(super) async fn expire(
    client: &impl GenericClient,
    now: jiff::Timestamp,
) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM segue_claim WHERE kept_until <= $1",
        "DELETE FROM segue_job WHERE kept_until <= $1",
    ] {
        execute(client, sql, &[&now.as_millisecond()]).await?;
    }
    Ok(())
}
