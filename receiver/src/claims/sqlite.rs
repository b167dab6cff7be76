//! Claims in a SQLite file.

use std::path::Path;

use http::HeaderValue;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::store::{Kept, decide};
use super::{Claim, ClaimKey, Claimed, Claims, CommitError, KeptAnswer};
use crate::segments::{StoreError, StoreFuture};
use crate::sqlite::{OpenError, Writer, writing};

/// Keeps claims in a SQLite file, which may be the host's own.
///
/// A host whose data is in the same file carries a delivery out exactly once by committing the
/// claim in its own transaction:
///
/// ```
/// use axum::http::StatusCode;
/// use axum::response::{IntoResponse, Response};
/// use segue_receiver::claims::{Claim, ClaimKey, CommitError, KeptAnswer, Once, SqliteClaims};
/// use segue_receiver::segments::StoreError;
///
/// fn count(path: &std::path::Path, claim: &Claim) -> Result<KeptAnswer, CommitError> {
///     let error = |error: rusqlite::Error| StoreError::new(error);
///     let mut connection = rusqlite::Connection::open(path).map_err(error)?;
///     let transaction = connection.transaction().map_err(error)?;
///     transaction.execute("UPDATE counter SET value = value + 1", []).map_err(error)?;
///     let answer = KeptAnswer::empty(StatusCode::NO_CONTENT);
///     SqliteClaims::commit_in(&transaction, claim, &answer)?;
///     transaction.commit().map_err(error)?;
///     Ok(answer)
/// }
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("shop.db");
/// # let sql = "CREATE TABLE counter (value INTEGER); INSERT INTO counter VALUES (0)";
/// # rusqlite::Connection::open(&path)?.execute_batch(sql)?;
/// let once = Once::new(SqliteClaims::open(&path)?);
/// let key = ClaimKey { activation: "shop-client".into(), id: "msg_1".into() };
/// let handler = async |claim: Claim| match count(&path, &claim) {
///     Ok(answer) => answer.into_response(),
///     Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
/// };
/// assert_eq!(once.run(key, handler).await.status(), StatusCode::NO_CONTENT);
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Debug)]
pub struct SqliteClaims {
    writer: Writer,
}

impl SqliteClaims {
    /// Opens the file, creating it and its table when they are missing.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let connection = writing(path.as_ref(), include_str!("schema_sqlite.sql"))?;
        Ok(Self {
            writer: Writer::new(connection),
        })
    }

    /// Commits a claim with the host's own changes, in a transaction of the host on the same file.
    ///
    /// # Errors
    ///
    /// [`CommitError::Lost`] when the claim is somebody else's by now: roll back.
    pub fn commit_in(
        connection: &Connection,
        claim: &Claim,
        answer: &KeptAnswer,
    ) -> Result<(), CommitError> {
        match commit(connection, claim, answer) {
            Ok(true) => Ok(()),
            Ok(false) => Err(CommitError::Lost),
            Err(error) => Err(StoreError::new(error).into()),
        }
    }
}

impl Claims for SqliteClaims {
    fn claim<'a>(&'a self, claim: &'a Claim, now: jiff::Timestamp) -> StoreFuture<'a, Claimed> {
        let claim = claim.clone();
        Box::pin(
            self.writer
                .write(move |connection| take(connection, &claim, now)),
        )
    }

    fn commit<'a>(
        &'a self,
        claim: &'a Claim,
        answer: &'a KeptAnswer,
    ) -> StoreFuture<'a, (), CommitError> {
        let (claim, answer) = (claim.clone(), answer.clone());
        Box::pin(async move {
            let committed = self
                .writer
                .write(move |connection| commit(connection, &claim, &answer));
            if committed.await? {
                Ok(())
            } else {
                Err(CommitError::Lost)
            }
        })
    }

    fn release<'a>(&'a self, claim: &'a Claim) -> StoreFuture<'a, ()> {
        let claim = claim.clone();
        Box::pin(self.writer.write(move |connection| {
            let sql = "DELETE FROM segue_handler_claim
                       WHERE activation = ?1 AND id = ?2 AND token = ?3 AND status IS NULL";
            let ClaimKey { activation, id } = &claim.key;
            let mut release = connection.prepare_cached(sql)?;
            release
                .execute([&**activation, &**id, &*claim.token])
                .map(drop)
        }))
    }
}

fn take(connection: &Connection, claim: &Claim, now: jiff::Timestamp) -> rusqlite::Result<Claimed> {
    let sql = "DELETE FROM segue_handler_claim WHERE kept_until <= ?1 AND leased_until <= ?1";
    connection
        .prepare_cached(sql)?
        .execute([now.as_millisecond()])?;
    let ClaimKey { activation, id } = &claim.key;
    let sql = "SELECT token, leased_until, kept_until, status, content_type, body
               FROM segue_handler_claim WHERE activation = ?1 AND id = ?2";
    let kept = connection
        .prepare_cached(sql)?
        .query_row([&**activation, &**id], read)
        .optional()?;
    let claimed = decide(kept, now);
    if claimed == Claimed::Taken {
        let sql = "INSERT OR REPLACE INTO segue_handler_claim
                   (activation, id, token, leased_until, kept_until) VALUES (?1, ?2, ?3, ?4, ?5)";
        connection.prepare_cached(sql)?.execute(params![
            activation,
            id,
            claim.token,
            claim.leased_until.as_millisecond(),
            claim.kept_until.as_millisecond(),
        ])?;
    }
    Ok(claimed)
}

/// Whether the claim still held; the first answer stays.
fn commit(connection: &Connection, claim: &Claim, answer: &KeptAnswer) -> rusqlite::Result<bool> {
    let sql = "UPDATE segue_handler_claim
               SET status = ifnull(status, ?4),
                   content_type = CASE WHEN status IS NULL THEN ?5 ELSE content_type END,
                   body = CASE WHEN status IS NULL THEN ?6 ELSE body END
               WHERE activation = ?1 AND id = ?2 AND token = ?3";
    let answer = answer.clone().short();
    let changed = connection.prepare_cached(sql)?.execute(params![
        claim.key.activation,
        claim.key.id,
        claim.token,
        answer.status().as_u16(),
        answer.content_type().map(HeaderValue::as_bytes),
        &answer.body()[..],
    ])?;
    Ok(changed == 1)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let time = |column| {
        let time = jiff::Timestamp::from_millisecond(row.get(column)?);
        time.map_err(|why| unreadable(column, why.into()))
    };
    let status: Option<u16> = row.get(3)?;
    let answer = match status {
        Some(status) => {
            let answer = KeptAnswer::assemble(status, row.get(4)?, row.get(5)?);
            Some(answer.map_err(|why| unreadable(3, why))?)
        }
        None => None,
    };
    Ok(Kept {
        token: row.get(0)?,
        leased_until: time(1)?,
        kept_until: time(2)?,
        answer,
    })
}

/// A value that this crate would not have written.
fn unreadable(column: usize, why: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    let kind = rusqlite::types::Type::Blob;
    rusqlite::Error::FromSqlConversionFailure(column, kind, why)
}
