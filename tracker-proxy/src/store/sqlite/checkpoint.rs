//! Copying the log into the file, beside the commits.
//!
//! A checkpoint of a full log takes hundreds of milliseconds. Commits may go on meanwhile, but then
//! the log grows on as well: it starts anew only after a checkpoint that leaves nothing behind. So
//! most of it is copied here while commits go on, and what is left while there are none. That is also
//! when the file is synced, so some of the waiting for the disk stays.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::configure;
use crate::store::StoreError;

/// The log should start anew when it has this many pages (4 KB each).
const LOG_PAGES: u32 = 16_384;
/// At so many pages commits wait, however much is left.
const LOG_PAGES_MAX: u32 = 2 * LOG_PAGES;
/// So many pages are copied at once; fewer are left for when commits wait.
const COPY_PAGES: u32 = LOG_PAGES / 4;
/// SQLite's own page cache for this, in KiB: a checkpoint reads past it.
const CACHE_KIB: i32 = 64;

/// Where the log is, in pages.
#[derive(Debug, Default)]
struct Log {
    /// How long it is.
    pages: AtomicU32,
    /// How much of it is in the file.
    copied: AtomicU32,
    /// Some of it is being copied.
    busy: AtomicBool,
}

/// What the thread is to do.
enum Work {
    /// Copy what is there.
    Copy,
    /// The same, and say how it went.
    Finish(mpsc::SyncSender<Result<(), StoreError>>),
}

/// Copies on a thread of its own, which ends with it.
#[derive(Debug)]
pub(super) struct Checkpointer {
    log: Arc<Log>,
    work: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// For the store at `path`, whose connections are `synced` like this.
    pub(super) fn start(path: PathBuf, synced: &str) -> Result<Self, StoreError> {
        let log = Arc::new(Log::default());
        let (work, given) = mpsc::channel();
        let copier = Copier {
            path,
            synced: synced.to_owned(),
            log: Arc::clone(&log),
            db: None,
        };
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || copier.run(given))
            .map_err(|error| StoreError::Damaged(format!("no thread for checkpoints: {error}")))?;
        Ok(Self {
            log,
            work: Some(work),
            thread: Some(thread),
        })
    }

    /// What the writer's connection calls after each commit, with the length of the log.
    pub(super) fn watch(&self, writer: &mut Connection) -> Result<(), StoreError> {
        let log = Arc::clone(&self.log);
        // Instead of SQLite's own checkpoints in the middle of commits.
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            let pages = u32::try_from(pages).unwrap_or(0);
            if pages < log.pages.swap(pages, Ordering::Relaxed) {
                // It was copied as a whole, and has started anew by itself.
                log.copied.store(0, Ordering::Relaxed);
            }
            Ok(())
        }))?;
        Ok(())
    }

    /// Has a long log copied; true once so little is left that commits should wait for it.
    pub(super) fn wants_finishing(&self) -> bool {
        let pages = self.log.pages.load(Ordering::Relaxed);
        if pages >= LOG_PAGES_MAX {
            return true;
        }
        if self.log.busy.load(Ordering::Acquire) {
            return false;
        }
        let left = pages.saturating_sub(self.log.copied.load(Ordering::Relaxed));
        if left >= COPY_PAGES {
            self.log.busy.store(true, Ordering::Relaxed);
            self.give(Work::Copy);
        }
        pages >= LOG_PAGES && left < COPY_PAGES
    }

    /// Copies all that is left, while there are no commits.
    pub(super) fn finish(&self) -> Result<(), StoreError> {
        let (reply, done) = mpsc::sync_channel(1);
        self.give(Work::Finish(reply));
        let gone = StoreError::Damaged("the thread for checkpoints is gone".to_owned());
        let finished = done.recv().unwrap_or(Err(gone));
        // The next commit starts the log anew, or finds that it is as long as it was.
        self.log.pages.store(0, Ordering::Relaxed);
        self.log.copied.store(0, Ordering::Relaxed);
        finished
    }

    fn give(&self, work: Work) {
        if let Some(given) = &self.work {
            // Where the thread is gone, `finish` says so.
            given.send(work).unwrap_or_default();
        }
    }
}

impl Drop for Checkpointer {
    /// Waits for the thread: its connection has to be closed before the last one is, which leaves
    /// no log behind.
    fn drop(&mut self) {
        drop(self.work.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread for checkpoints has panicked");
        }
    }
}

/// The thread's side.
struct Copier {
    path: PathBuf,
    synced: String,
    log: Arc<Log>,
    /// Opened when it is needed, which for most stores is never.
    db: Option<Connection>,
}

impl Copier {
    fn run(mut self, given: mpsc::Receiver<Work>) {
        for work in given {
            match work {
                Work::Copy => {
                    // What fails is tried again by `finish`, which says so.
                    let copied = self.copy().unwrap_or(u32::MAX);
                    self.log.copied.store(copied, Ordering::Relaxed);
                    self.log.busy.store(false, Ordering::Release);
                }
                Work::Finish(reply) => drop(reply.send(self.copy().map(|_| ()))),
            }
        }
    }

    /// Copies what is in the log now; returns how many of its pages are in the file.
    fn copy(&mut self) -> Result<u32, StoreError> {
        let db = match self.db.take() {
            Some(db) => db,
            None => self.open()?,
        };
        let db = self.db.insert(db);
        let copied: i64 = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(2))?;
        // Without a log it says -1.
        Ok(u32::try_from(copied).unwrap_or(0))
    }

    fn open(&self) -> Result<Connection, StoreError> {
        let db = Connection::open(&self.path)?;
        configure(&db, CACHE_KIB)?;
        db.pragma_update(None, "synchronous", &self.synced)?;
        Ok(db)
    }
}
