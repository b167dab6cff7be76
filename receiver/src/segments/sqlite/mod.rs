//! Segments in a SQLite file.
//!
//! One connection writes: what arrives while a commit is in flight is committed together by
//! the next one, each request in a savepoint of its own. Another connection reads. After a
//! crash everything that was answered is there (WAL, `synchronous=FULL`).

mod apply;
mod deliver;
mod groups;
mod jobs;
mod members;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _};

use super::{
    Advance, Delivered, Delivery, Group, GroupError, Job, JobId, JobStep, JobWork, Segment,
    SegmentChange, SegmentStore, StoreError, StoreFuture, Unlock,
};
use crate::payload::PersonId;
use crate::sqlite::{OpenError, Writer, reading, writing};

/// The version of `schema.sql`.
const VERSION: i64 = 1;

/// Keeps everything in a SQLite file; its tables begin with `segue_`, so that the file may be
/// the host's own.
///
/// ```
/// use segue_receiver::segments::{Segments, SqliteStore};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("segments.db");
/// let segments = Segments::new(SqliteStore::open(&path)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    reader: Arc<Mutex<Connection>>,
}

impl SqliteStore {
    /// Opens the file, creating it and its tables when they are missing.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or a newer version of this crate has written it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let connection = writing(path, include_str!("schema.sql"))?;
        check_version(&connection)?;
        let reader = Arc::new(Mutex::new(reading(path)?));
        let writer = Writer::new(connection);
        Ok(Self { writer, reader })
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = Arc::clone(&self.reader);
        let read = move || work(&reader.lock().unwrap_or_else(PoisonError::into_inner));
        let result = tokio::task::spawn_blocking(read)
            .await
            .map_err(StoreError::new)?;
        result.map_err(StoreError::new)
    }
}

fn check_version(connection: &Connection) -> Result<(), OpenError> {
    let sql = "SELECT version FROM segue_schema";
    let found = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    match found {
        Some(VERSION) => {}
        Some(found) => {
            return Err(OpenError::Newer {
                found,
                known: VERSION,
            });
        }
        None => {
            connection.execute("INSERT INTO segue_schema (version) VALUES (?1)", [VERSION])?;
        }
    }
    Ok(())
}

impl SegmentStore for SqliteStore {
    fn create_group<'a>(
        &'a self,
        group: &'a str,
        name: &'a str,
    ) -> StoreFuture<'a, (), GroupError> {
        let (group, name) = (group.to_owned(), name.to_owned());
        Box::pin(async move {
            self.writer
                .write(move |c| groups::create(c, &group, &name))
                .await?
        })
    }

    fn rename_group<'a>(
        &'a self,
        group: &'a str,
        name: &'a str,
    ) -> StoreFuture<'a, (), GroupError> {
        let (group, name) = (group.to_owned(), name.to_owned());
        Box::pin(async move {
            self.writer
                .write(move |c| groups::rename(c, &group, &name))
                .await?
        })
    }

    fn delete_group<'a>(&'a self, group: &'a str) -> StoreFuture<'a, (), GroupError> {
        let group = group.to_owned();
        Box::pin(async move {
            self.writer
                .write(move |c| groups::delete(c, &group))
                .await?
        })
    }

    fn lock_group<'a>(&'a self, group: &'a str) -> StoreFuture<'a, (), GroupError> {
        let group = group.to_owned();
        Box::pin(async move { self.writer.write(move |c| groups::lock(c, &group)).await? })
    }

    fn unlock_group<'a>(
        &'a self,
        group: &'a str,
        unlock: Unlock,
    ) -> StoreFuture<'a, (), GroupError> {
        let group = group.to_owned();
        Box::pin(async move {
            self.writer
                .write(move |c| groups::unlock(c, &group, &unlock))
                .await?
        })
    }

    fn unlocks<'a>(&'a self, group: &'a str) -> StoreFuture<'a, Vec<Unlock>> {
        let group = group.to_owned();
        Box::pin(self.read(move |connection| groups::unlocks(connection, &group)))
    }

    fn group<'a>(&'a self, group: &'a str) -> StoreFuture<'a, Option<Group>> {
        let group = group.to_owned();
        Box::pin(self.read(move |connection| groups::find(connection, &group)))
    }

    fn groups(&self) -> StoreFuture<'_, Vec<Group>> {
        Box::pin(self.read(groups::all))
    }

    fn segments<'a>(&'a self, group: &'a str) -> StoreFuture<'a, Vec<Segment>> {
        let group = group.to_owned();
        Box::pin(self.read(move |connection| members::segments(connection, &group)))
    }

    fn members<'a>(
        &'a self,
        group: &'a str,
        segment: &'a str,
        after: Option<&'a PersonId>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<PersonId>> {
        let (group, segment, after) = (group.to_owned(), segment.to_owned(), after.cloned());
        Box::pin(self.read(move |c| members::members(c, &group, &segment, after.as_ref(), limit)))
    }

    fn segments_of<'a>(
        &'a self,
        group: &'a str,
        person: &'a PersonId,
    ) -> StoreFuture<'a, Vec<Segment>> {
        let (group, person) = (group.to_owned(), person.clone());
        Box::pin(self.read(move |connection| members::segments_of(connection, &group, &person)))
    }

    fn deliver(&self, delivery: Delivery) -> StoreFuture<'_, Delivered> {
        Box::pin(
            self.writer
                .write(move |connection| deliver::deliver(connection, &delivery)),
        )
    }

    fn job<'a>(&'a self, job: &'a JobId) -> StoreFuture<'a, Option<Job>> {
        let job = job.clone();
        Box::pin(self.read(move |connection| jobs::find(connection, &job)))
    }

    fn has_open_job<'a>(&'a self, group: &'a str) -> StoreFuture<'a, bool> {
        let group = group.to_owned();
        Box::pin(self.read(move |connection| jobs::has_open(connection, &group)))
    }

    fn next_job(&self) -> StoreFuture<'_, Option<JobWork>> {
        Box::pin(self.read(jobs::next))
    }

    fn advance_job(&self, step: JobStep) -> StoreFuture<'_, Advance> {
        Box::pin(
            self.writer
                .write(move |connection| jobs::advance(connection, &step)),
        )
    }

    fn pending<'a>(
        &'a self,
        after: Option<&'a PersonId>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<PersonId>> {
        let after = after.cloned();
        Box::pin(self.read(move |connection| members::pending(connection, after.as_ref(), limit)))
    }

    fn settle(&self, persons: Vec<PersonId>) -> StoreFuture<'_, Vec<SegmentChange>> {
        Box::pin(
            self.writer
                .write(move |connection| members::settle(connection, &persons)),
        )
    }
}

#[cfg(test)]
mod tests;
