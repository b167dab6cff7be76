//! Segments in PostgreSQL.
//!
//! Each request is one transaction. What two of them could disagree about is locked in one
//! order: the claim, the group, the job, the segments by id, the members. Several processes may
//! work on one database.

mod apply;
mod deliver;
mod groups;
mod jobs;
mod members;
mod rows;

use deadpool_postgres::{Client, Pool};

use super::{
    Advance, Delivered, Delivery, Group, GroupError, Job, JobId, JobStep, JobWork, Segment,
    SegmentChange, SegmentStore, StoreError, StoreFuture, Unlock,
};
use crate::payload::PersonId;
use crate::postgres::{ExpiryClock, PostgresError, PostgresTls, begin, create, pool, tls_pool};

/// The version of `schema.sql`.
const VERSION: i32 = 1;

/// Keeps everything in PostgreSQL (13 or newer); its tables begin with `segue_`, so that the
/// database may be the host's own.
///
/// ```no_run
/// use segue_receiver::segments::{PostgresStore, Segments};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::connect("postgres://shop:secret@127.0.0.1/shop").await?;
/// let segments = Segments::new(store);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PostgresStore {
    pool: Pool,
    expiry: ExpiryClock,
}

impl PostgresStore {
    /// Connects without TLS, and creates the tables when they are missing.
    ///
    /// For a database on this machine or in a network of its own: everything but the password
    /// (with SCRAM) goes over the wire as it is. A URL with `sslmode=require` is not connected;
    /// use [`PostgresStore::connect_tls`].
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, or a newer version of this crate has written it.
    pub async fn connect(url: &str) -> Result<Self, PostgresError> {
        Self::new(pool(url)?).await
    }

    /// Connects with TLS, and creates the tables when they are missing.
    ///
    /// Every connection has TLS or there is none, whatever the URL's `sslmode` says. How far the
    /// server is checked is the connector's affair: rustls checks its certificate and its name
    /// (what libpq calls `verify-full`; tokio-postgres does not know that word, leave it out).
    ///
    /// ```no_run
    /// use rustls::{ClientConfig, RootCertStore};
    /// use segue_receiver::segments::PostgresStore;
    /// use tokio_postgres_rustls::MakeRustlsConnect;
    ///
    /// # async fn example(certificate_of_the_provider: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut roots = RootCertStore::empty();
    /// roots.add(certificate_of_the_provider.to_vec().into())?;
    /// let tls = ClientConfig::builder()
    ///     .with_root_certificates(roots)
    ///     .with_no_client_auth();
    /// let url = "postgres://shop:secret@db.example/shop";
    /// let store = PostgresStore::connect_tls(url, MakeRustlsConnect::new(tls)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, has no TLS or another certificate than it should
    /// have, or when a newer version of this crate has written it.
    pub async fn connect_tls(url: &str, tls: impl PostgresTls) -> Result<Self, PostgresError> {
        Self::new(tls_pool(url, tls)?).await
    }

    /// Uses a pool of the host's own, with its TLS and its bounds, and creates the tables when
    /// they are missing.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, or a newer version of this crate has written it.
    pub async fn new(pool: Pool) -> Result<Self, PostgresError> {
        create(&pool, include_str!("schema.sql")).await?;
        let client = pool.get().await?;
        let insert = "INSERT INTO segue_schema (version)
                      SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM segue_schema)";
        client.execute(insert, &[&VERSION]).await?;
        let row = client.query_one("SELECT max(version) FROM segue_schema", &[]);
        let found: i32 = row.await?.try_get(0)?;
        if found > VERSION {
            return Err(PostgresError::Newer {
                found,
                known: VERSION,
            });
        }
        drop(client);
        Ok(Self {
            pool,
            expiry: ExpiryClock::default(),
        })
    }

    async fn client(&self) -> Result<Client, StoreError> {
        self.pool.get().await.map_err(StoreError::new)
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::new(error)
    }
}

impl From<tokio_postgres::Error> for GroupError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Store(error.into())
    }
}

impl SegmentStore for PostgresStore {
    fn create_group<'a>(
        &'a self,
        group: &'a str,
        name: &'a str,
    ) -> StoreFuture<'a, (), GroupError> {
        Box::pin(async move { groups::create(&self.client().await?, group, name).await })
    }

    fn rename_group<'a>(
        &'a self,
        group: &'a str,
        name: &'a str,
    ) -> StoreFuture<'a, (), GroupError> {
        Box::pin(async move { groups::rename(&self.client().await?, group, name).await })
    }

    fn delete_group<'a>(&'a self, group: &'a str) -> StoreFuture<'a, (), GroupError> {
        Box::pin(async move {
            let mut client = self.client().await?;
            let transaction = begin(&mut client).await?;
            groups::delete(&transaction, group).await?;
            Ok(transaction.commit().await?)
        })
    }

    fn lock_group<'a>(&'a self, group: &'a str) -> StoreFuture<'a, (), GroupError> {
        Box::pin(async move { groups::lock(&self.client().await?, group).await })
    }

    fn unlock_group<'a>(
        &'a self,
        group: &'a str,
        unlock: Unlock,
    ) -> StoreFuture<'a, (), GroupError> {
        Box::pin(async move {
            let mut client = self.client().await?;
            let transaction = begin(&mut client).await?;
            groups::unlock(&transaction, group, &unlock).await?;
            Ok(transaction.commit().await?)
        })
    }

    fn unlocks<'a>(&'a self, group: &'a str) -> StoreFuture<'a, Vec<Unlock>> {
        Box::pin(async move { groups::unlocks(&self.client().await?, group).await })
    }

    fn group<'a>(&'a self, group: &'a str) -> StoreFuture<'a, Option<Group>> {
        Box::pin(async move { groups::find(&self.client().await?, group).await })
    }

    fn groups(&self) -> StoreFuture<'_, Vec<Group>> {
        Box::pin(async move { groups::all(&self.client().await?).await })
    }

    fn segments<'a>(&'a self, group: &'a str) -> StoreFuture<'a, Vec<Segment>> {
        Box::pin(async move { members::segments(&self.client().await?, group).await })
    }

    fn members<'a>(
        &'a self,
        group: &'a str,
        segment: &'a str,
        after: Option<&'a PersonId>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<PersonId>> {
        Box::pin(async move {
            members::members(&self.client().await?, group, segment, after, limit).await
        })
    }

    fn segments_of<'a>(
        &'a self,
        group: &'a str,
        person: &'a PersonId,
    ) -> StoreFuture<'a, Vec<Segment>> {
        Box::pin(async move { members::segments_of(&self.client().await?, group, person).await })
    }

    fn deliver(&self, delivery: Delivery) -> StoreFuture<'_, Delivered> {
        Box::pin(async move {
            let mut client = self.client().await?;
            if self.expiry.is_due(delivery.now) {
                deliver::expire(&client, delivery.now).await?;
            }
            let transaction = begin(&mut client).await?;
            deliver::deliver(transaction, &delivery).await
        })
    }

    fn job<'a>(&'a self, job: &'a JobId) -> StoreFuture<'a, Option<Job>> {
        Box::pin(async move { jobs::find(&self.client().await?, job).await })
    }

    fn has_open_job<'a>(&'a self, group: &'a str) -> StoreFuture<'a, bool> {
        Box::pin(async move { jobs::has_open(&self.client().await?, group).await })
    }

    fn next_job(&self) -> StoreFuture<'_, Option<JobWork>> {
        Box::pin(async move { jobs::next(&self.client().await?).await })
    }

    fn advance_job(&self, step: JobStep) -> StoreFuture<'_, Advance> {
        Box::pin(async move {
            let mut client = self.client().await?;
            let transaction = begin(&mut client).await?;
            let advance = jobs::advance(&transaction, &step).await?;
            transaction.commit().await?;
            Ok(advance)
        })
    }

    fn pending<'a>(
        &'a self,
        after: Option<&'a PersonId>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<PersonId>> {
        Box::pin(async move { members::pending(&self.client().await?, after, limit).await })
    }

    fn settle(&self, persons: Vec<PersonId>) -> StoreFuture<'_, Vec<SegmentChange>> {
        Box::pin(async move {
            let mut client = self.client().await?;
            let transaction = begin(&mut client).await?;
            let settled = members::settle(&transaction, &persons).await?;
            transaction.commit().await?;
            Ok(settled)
        })
    }
}
