//! Claims in PostgreSQL.

use deadpool_postgres::{Client, Pool};
use http::HeaderValue;
use tokio_postgres::{GenericClient, Row};

use super::store::{Kept, decide};
use super::{Claim, ClaimKey, Claimed, Claims, CommitError, KeptAnswer};
use crate::postgres::{
    ExpiryClock, PostgresError, PostgresTls, create, execute, pool, query_opt, tls_pool,
};
use crate::segments::{StoreError, StoreFuture};

/// Keeps claims in PostgreSQL (13 or newer), in a database that may be the host's own.
///
/// A host whose data is in the same database carries a delivery out exactly once by committing
/// the claim in its own transaction:
///
/// ```no_run
/// use axum::http::StatusCode;
/// use segue_receiver::claims::{Claim, CommitError, KeptAnswer, PostgresClaims};
/// use segue_receiver::segments::StoreError;
///
/// async fn count(
///     client: &mut tokio_postgres::Client,
///     claim: &Claim,
/// ) -> Result<KeptAnswer, CommitError> {
///     let transaction = client.transaction().await.map_err(StoreError::new)?;
///     let sql = "UPDATE counter SET value = value + 1";
///     transaction.execute(sql, &[]).await.map_err(StoreError::new)?;
///     let answer = KeptAnswer::empty(StatusCode::NO_CONTENT);
///     PostgresClaims::commit_in(&transaction, claim, &answer).await?;
///     transaction.commit().await.map_err(StoreError::new)?;
///     Ok(answer)
/// }
/// ```
#[derive(Debug)]
pub struct PostgresClaims {
    pool: Pool,
    expiry: ExpiryClock,
}

impl PostgresClaims {
    /// Connects without TLS, and creates the table when it is missing; a URL with
    /// `sslmode=require` is not connected.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, PostgresError> {
        Self::new(pool(url)?).await
    }

    /// Connects with TLS, and creates the table when it is missing; see
    /// [`PostgresStore::connect_tls`](crate::segments::PostgresStore::connect_tls).
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, has no TLS or another certificate than it should
    /// have.
    pub async fn connect_tls(url: &str, tls: impl PostgresTls) -> Result<Self, PostgresError> {
        Self::new(tls_pool(url, tls)?).await
    }

    /// Uses a pool of the host's own, with its TLS and its bounds, and creates the table when it
    /// is missing.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached.
    pub async fn new(pool: Pool) -> Result<Self, PostgresError> {
        create(&pool, include_str!("schema_postgres.sql")).await?;
        Ok(Self {
            pool,
            expiry: ExpiryClock::default(),
        })
    }

    /// Commits a claim with the host's own changes, in a transaction of the host on the same
    /// database.
    ///
    /// # Errors
    ///
    /// [`CommitError::Lost`] when the claim is somebody else's by now: roll back.
    pub async fn commit_in(
        transaction: &(impl GenericClient + Sync),
        claim: &Claim,
        answer: &KeptAnswer,
    ) -> Result<(), CommitError> {
        let answer = answer.clone().short();
        let ClaimKey { activation, id } = &claim.key;
        let status = answer.status().as_u16().cast_signed();
        let kind = answer.content_type().map(HeaderValue::as_bytes);
        let row: crate::postgres::Values<'_> = &[
            &&**activation,
            id,
            &claim.token,
            &status,
            &kind,
            &&answer.body()[..],
        ];
        match transaction.execute(COMMIT, row).await {
            Ok(1) => Ok(()),
            Ok(_) => Err(CommitError::Lost),
            Err(error) => Err(StoreError::new(error).into()),
        }
    }

    async fn client(&self) -> Result<Client, StoreError> {
        self.pool.get().await.map_err(StoreError::new)
    }
}

/// The first answer stays.
const COMMIT: &str = "UPDATE segue_handler_claim
    SET status = coalesce(status, $4),
        content_type = CASE WHEN status IS NULL THEN $5 ELSE content_type END,
        body = CASE WHEN status IS NULL THEN $6 ELSE body END
    WHERE activation = $1 AND id = $2 AND token = $3";

impl Claims for PostgresClaims {
    fn claim<'a>(&'a self, claim: &'a Claim, now: jiff::Timestamp) -> StoreFuture<'a, Claimed> {
        Box::pin(async move {
            let client = self.client().await?;
            if self.expiry.is_due(now) {
                let sql = "DELETE FROM segue_handler_claim
                           WHERE kept_until <= $1 AND leased_until <= $1";
                execute(&client, sql, &[&now.as_millisecond()]).await?;
            }
            let ClaimKey { activation, id } = &claim.key;
            let sql = "INSERT INTO segue_handler_claim AS kept
                       (activation, id, token, leased_until, kept_until)
                       VALUES ($1, $2, $3, $4, $5)
                       ON CONFLICT (activation, id) DO UPDATE
                       SET token = excluded.token, leased_until = excluded.leased_until,
                           kept_until = excluded.kept_until, status = NULL,
                           content_type = NULL, body = NULL
                       WHERE CASE WHEN kept.status IS NULL THEN kept.leased_until <= $6
                                  ELSE kept.kept_until <= $6 END";
            let leased_until = claim.leased_until.as_millisecond();
            let kept_until = claim.kept_until.as_millisecond();
            let now_ms = now.as_millisecond();
            let row: crate::postgres::Values<'_> = &[
                &&**activation,
                id,
                &claim.token,
                &leased_until,
                &kept_until,
                &now_ms,
            ];
            if execute(&client, sql, row).await? == 1 {
                return Ok(Claimed::Taken);
            }
            let sql = "SELECT token, leased_until, kept_until, status, content_type, body
                       FROM segue_handler_claim WHERE activation = $1 AND id = $2";
            let found = query_opt(&client, sql, &[&&**activation, id]).await?;
            let kept = found.as_ref().map(read).transpose()?;
            // Given back in between: whoever asks again may have it.
            Ok(match decide(kept, now) {
                Claimed::Taken => Claimed::Busy,
                other @ (Claimed::Busy | Claimed::Answered(_)) => other,
            })
        })
    }

    fn commit<'a>(
        &'a self,
        claim: &'a Claim,
        answer: &'a KeptAnswer,
    ) -> StoreFuture<'a, (), CommitError> {
        Box::pin(async move {
            let client = self.client().await?;
            Self::commit_in(&**client, claim, answer).await
        })
    }

    fn release<'a>(&'a self, claim: &'a Claim) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let client = self.client().await?;
            let sql = "DELETE FROM segue_handler_claim
                       WHERE activation = $1 AND id = $2 AND token = $3 AND status IS NULL";
            let ClaimKey { activation, id } = &claim.key;
            execute(&client, sql, &[&&**activation, id, &claim.token]).await?;
            Ok(())
        })
    }
}

fn read(row: &Row) -> Result<Kept, StoreError> {
    let time = |column| {
        let time = jiff::Timestamp::from_millisecond(row.try_get(column)?);
        time.map_err(StoreError::new)
    };
    let status: Option<i16> = row.try_get(3)?;
    let answer = match status {
        Some(status) => {
            let (kind, body) = (row.try_get(4)?, row.try_get(5)?);
            let answer = KeptAnswer::assemble(status.cast_unsigned(), kind, body);
            Some(answer.map_err(StoreError::new)?)
        }
        None => None,
    };
    Ok(Kept {
        token: row.try_get(0)?,
        leased_until: time(1)?,
        kept_until: time(2)?,
        answer,
    })
}
