//! Opening the file.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// Why the file is not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Look at the path, the rights and the disk.
    #[error("the SQLite file cannot be opened")]
    Sqlite(#[from] rusqlite::Error),
    /// A newer version of this crate has written the file; use that one.
    #[error("the SQLite file has schema version {found}, this crate knows {known}")]
    Newer {
        /// The version found in the file.
        found: i64,
        /// The version of this crate.
        known: i64,
    },
}

/// A connection that writes: what it commits is on the disk. The tables of `schema` are there.
pub(crate) fn writing(path: &Path, schema: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    common(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.execute_batch(schema)?;
    Ok(connection)
}

pub(crate) fn reading(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    common(&connection)?;
    Ok(connection)
}

fn common(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.busy_timeout(Duration::from_secs(5))
}
