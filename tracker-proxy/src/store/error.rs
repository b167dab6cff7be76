//! What can go wrong with a store.

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk is full. Nothing was written; make room, and the same commit succeeds.
    #[error("the disk that the store is on is full")]
    Full,
    /// Another process owns the store. Stop it, or give this one its own `data_dir`.
    #[error("the store at {0} is in use by another process")]
    InUse(String),
    /// The store was written by a newer version of this program. Install that one.
    #[error("the store has schema {found}, this program knows up to {known}")]
    Newer {
        /// The schema that the store has.
        found: u32,
        /// The newest schema that this program knows.
        known: u32,
    },
    /// What was read makes no sense. Restore a backup.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// A fault that a test asked for.
    #[error("a fault was injected")]
    Injected,
    /// The database failed. Whether the last commit is durable is unknown: reopen and look.
    #[error("the database failed")]
    Database(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            _ => Self::Database(error),
        }
    }
}
