//! Opening the file.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

/// The version of `schema.sql`.
const VERSION: i64 = 1;

/// Why the file is not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Look at the path, the rights and the disk.
    #[error("the SQLite file cannot be opened")]
    Sqlite(#[from] rusqlite::Error),
    /// A newer version of this crate has written the file; use that one.
    #[error("the SQLite file has schema version {found}, this crate knows {VERSION}")]
    Newer {
        /// The version found in the file.
        found: i64,
    },
}

pub(super) fn writing(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open(path)?;
    common(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.execute_batch(include_str!("schema.sql"))?;
    let found = connection
        .query_row("SELECT version FROM segue_schema", [], |row| {
            row.get::<_, i64>(0)
        })
        .optional()?;
    match found {
        Some(VERSION) => {}
        Some(found) => return Err(OpenError::Newer { found }),
        None => {
            connection.execute("INSERT INTO segue_schema (version) VALUES (?1)", [VERSION])?;
        }
    }
    Ok(connection)
}

pub(super) fn reading(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    common(&connection)?;
    Ok(connection)
}

fn common(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.busy_timeout(Duration::from_secs(5))
}
