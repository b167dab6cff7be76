//! What everything that is kept in PostgreSQL shares: a pool, and running statements.

mod tls;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    Client, GenericClient, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, Transaction,
};
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, IsolationLevel, NoTls, Row};

pub use tls::PostgresTls;

use crate::limits::{POSTGRES_CONNECTIONS, POSTGRES_EXPIRE_S, POSTGRES_WAIT_S};

/// The values of a statement.
pub(crate) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The key of the advisory lock that is held while tables are created: "segue" in ASCII.
const SCHEMA_LOCK: i64 = 0x73_65_67_75_65;

/// Why PostgreSQL is not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// Correct the URL; it is not shown, for it may hold a password.
    #[error("the URL of the database cannot be read")]
    Url(#[source] tokio_postgres::Error),
    /// The pool cannot be built.
    #[error("the pool of connections cannot be built")]
    Build(#[from] deadpool_postgres::BuildError),
    /// Look at the address, the password and the server.
    #[error("there is no connection to the database")]
    Connect(#[from] PoolError),
    /// Look at the rights of the user: tables have to be created.
    #[error("the tables cannot be created or read")]
    Schema(#[from] tokio_postgres::Error),
    /// A newer version of this crate has written the tables; use that one.
    #[error("the tables have schema version {found}, this crate knows {known}")]
    Newer {
        /// The version found in the database.
        found: i32,
        /// The version of this crate.
        known: i32,
    },
}

/// A pool without TLS; a URL that requires TLS has no connection then.
pub(crate) fn pool(url: &str) -> Result<Pool, PostgresError> {
    build(read(url)?, NoTls)
}

/// A pool whose connections all have TLS, whatever the URL says.
pub(crate) fn tls_pool(url: &str, tls: impl PostgresTls) -> Result<Pool, PostgresError> {
    let mut config = read(url)?;
    config.ssl_mode(SslMode::Require);
    build(config, tls)
}

fn read(url: &str) -> Result<Config, PostgresError> {
    url.parse().map_err(PostgresError::Url)
}

/// With bounds on its size and on every wait.
fn build(mut config: Config, tls: impl PostgresTls) -> Result<Pool, PostgresError> {
    let wait = Duration::from_secs(POSTGRES_WAIT_S);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(wait);
    }
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = tls.manager(config, recycling);
    let pool = Pool::builder(manager)
        .max_size(POSTGRES_CONNECTIONS)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(wait))
        .create_timeout(Some(wait))
        .recycle_timeout(Some(wait));
    Ok(pool.build()?)
}

/// Creates the tables that are missing, one process at a time.
pub(crate) async fn create(pool: &Pool, schema: &str) -> Result<(), PostgresError> {
    let mut client = pool.get().await?;
    let transaction = begin(&mut client).await?;
    execute(
        &transaction,
        "SELECT pg_advisory_xact_lock($1)",
        &[&SCHEMA_LOCK],
    )
    .await?;
    transaction.batch_execute(schema).await?;
    Ok(transaction.commit().await?)
}

/// When this process last deleted expired rows, in seconds since 1970.
#[derive(Debug, Default)]
pub(crate) struct ExpiryClock(AtomicI64);

impl ExpiryClock {
    /// Whether it is time to delete expired rows; whoever hears so does it.
    pub(crate) fn is_due(&self, now: jiff::Timestamp) -> bool {
        let (last, now) = (self.0.load(Ordering::Relaxed), now.as_second());
        let relaxed = Ordering::Relaxed;
        now - last >= POSTGRES_EXPIRE_S
            && self.0.compare_exchange(last, now, relaxed, relaxed).is_ok()
    }
}

/// Begins a transaction whose statements see what was committed before each of them.
pub(crate) async fn begin(client: &mut Client) -> Result<Transaction<'_>, tokio_postgres::Error> {
    client
        .build_transaction()
        .isolation_level(IsolationLevel::ReadCommitted)
        .start()
        .await
}

pub(crate) async fn execute(
    client: &impl GenericClient,
    sql: &str,
    values: Values<'_>,
) -> Result<u64, tokio_postgres::Error> {
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, values).await
}

pub(crate) async fn query(
    client: &impl GenericClient,
    sql: &str,
    values: Values<'_>,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let statement = client.prepare_cached(sql).await?;
    client.query(&statement, values).await
}

pub(crate) async fn query_opt(
    client: &impl GenericClient,
    sql: &str,
    values: Values<'_>,
) -> Result<Option<Row>, tokio_postgres::Error> {
    let statement = client.prepare_cached(sql).await?;
    client.query_opt(&statement, values).await
}
