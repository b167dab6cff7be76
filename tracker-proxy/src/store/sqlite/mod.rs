//! One SQLite file: WAL, a sync per commit, deleted content overwritten.

mod checkpoint;
mod columns;
mod erase;
mod outbound;
mod outbox;
mod read;
mod schema;
mod write;

use std::cell::Cell;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use self::checkpoint::Checkpointer;
use super::{Commit, Erasure, Faults, Reader, Store, StoreError, Written};

/// How long a statement waits for a lock, in milliseconds. Only readers and the checkpointer of
/// this same process can hold one.
const BUSY_TIMEOUT_MS: u64 = 10_000;
/// SQLite's own page cache of the writer, in KiB. The system caches the file as well; and as long
/// as the file is small, SQLite looks through its whole cache after a commit that split a page.
const WRITER_CACHE_KIB: i32 = 32_768;
/// SQLite's own page cache of a reader, in KiB. Most of what a reader reads it reads once.
const READER_CACHE_KIB: i32 = 8_192;
/// Prepared statements that stay prepared.
const STATEMENTS_KEPT: usize = 64;

/// The embedded store.
#[derive(Debug)]
pub struct SqliteStore {
    /// Closed before the writer's connection is, which leaves no log behind then.
    checkpoints: Checkpointer,
    own: SqliteReader,
    path: PathBuf,
    faults: Faults,
    /// Held for as long as this process owns the store.
    _owner: File,
}

/// A connection with what it is read by.
#[derive(Debug)]
struct SqliteReader {
    db: Connection,
    /// A read transaction is open.
    holding: Cell<bool>,
}

impl SqliteReader {
    fn new(db: Connection) -> Self {
        let holding = Cell::new(false);
        Self { db, holding }
    }
}

impl SqliteStore {
    /// Opens the store in the folder `data_dir`, creating both where they are missing.
    ///
    /// # Errors
    ///
    /// Another process owns it, it is of a newer program, or it cannot be opened.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(data_dir, Faults::default())
    }

    /// Opens a store that fails where a test wants it to.
    ///
    /// # Errors
    ///
    /// As for [`SqliteStore::open`].
    pub fn open_with(data_dir: &Path, faults: Faults) -> Result<Self, StoreError> {
        Self::open_synced(data_dir, faults, "FULL")
    }

    /// Opens a store whose commits survive this process and not a power failure: for tests that
    /// commit a million times.
    ///
    /// # Errors
    ///
    /// As for [`SqliteStore::open`].
    pub fn open_unsynced(data_dir: &Path) -> Result<Self, StoreError> {
        Self::open_synced(data_dir, Faults::default(), "OFF")
    }

    fn open_synced(data_dir: &Path, faults: Faults, synced: &str) -> Result<Self, StoreError> {
        let unusable = |error: std::io::Error| {
            StoreError::Damaged(format!("{} cannot be used: {error}", data_dir.display()))
        };
        std::fs::create_dir_all(data_dir).map_err(unusable)?;
        let owner = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(data_dir.join("owner.lock"))
            .map_err(unusable)?;
        match owner.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse(data_dir.display().to_string()));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let path = data_dir.join("segue.db");
        let mut db = Connection::open(&path)?;
        // What people did is nobody else's business on this machine.
        restrict(&path).map_err(unusable)?;
        configure(&db, WRITER_CACHE_KIB)?;
        db.pragma_update(None, "synchronous", synced)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "secure_delete", "ON")?;
        schema::prepare(&mut db)?;
        let checkpoints = Checkpointer::start(path.clone(), synced)?;
        checkpoints.watch(&mut db)?;
        Ok(Self {
            checkpoints,
            own: SqliteReader::new(db),
            path,
            faults,
            _owner: owner,
        })
    }
}

#[cfg(unix)]
fn restrict(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

fn configure(db: &Connection, cache_kib: i32) -> Result<(), StoreError> {
    db.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS))?;
    db.pragma_update(None, "cache_size", -cache_kib)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(())
}

impl Store for SqliteStore {
    fn commit(&mut self, commit: &Commit) -> Result<Vec<Written>, StoreError> {
        self.release()?;
        write::commit(&mut self.own.db, commit, &self.faults)
    }

    fn erase(&mut self, erasure: &Erasure) -> Result<(), StoreError> {
        self.release()?;
        erase::erase(&mut self.own.db, erasure)
    }

    fn wants_tending(&self) -> bool {
        self.checkpoints.wants_finishing()
    }

    fn tend(&mut self) -> Result<(), StoreError> {
        self.release()?;
        self.checkpoints.finish()
    }

    fn snapshot(&self) -> Result<Box<dyn Reader + Send>, StoreError> {
        let reader = self.open_reader()?;
        // What is held is what is there when something is read first.
        reader.hold()?;
        reader.head()?;
        Ok(Box::new(reader))
    }

    fn reader(&self) -> Result<Box<dyn Reader + Send>, StoreError> {
        Ok(Box::new(self.open_reader()?))
    }
}

impl SqliteStore {
    fn open_reader(&self) -> Result<SqliteReader, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&self.path, flags)?;
        configure(&db, READER_CACHE_KIB)?;
        Ok(SqliteReader::new(db))
    }
}

#[cfg(test)]
mod tests;
