//! The store's writing side, on a thread of its own: while one commit is being synced, the next
//! is folded.
//!
//! In: work, done in the order in which it was given. Out: its results. The pipeline gives it what was
//! folded and the write-back that follows it; whatever else writes, waits until both have landed.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::Notify;

use super::codec::{Encoder, Leaving};
use super::journal;
use crate::store::{Commit, Erasure, Reader, Store, StoreError, Written};

type Work = Box<dyn FnOnce(&mut (dyn Store + Send), &mut Encoder) + Send>;

/// A commit that was tried.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) commit: Commit,
    pub(super) written: Result<Vec<Written>, StoreError>,
    /// Commits have left work behind.
    pub(super) wants_tending: bool,
}

/// Gives work to the writer's thread, which ends with it.
#[derive(Debug)]
pub(super) struct Writer {
    work: Option<mpsc::Sender<Work>>,
    landed: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(mut store: Box<dyn Store + Send>) -> Result<Self, StoreError> {
        let (work, given) = mpsc::channel::<Work>();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                let mut encoder = Encoder::default();
                for work in given {
                    work(store.as_mut(), &mut encoder);
                }
            })
            .map_err(|error| StoreError::Damaged(format!("no thread for the store: {error}")))?;
        Ok(Self {
            work: Some(work),
            landed: Arc::default(),
            thread: Some(thread),
        })
    }

    fn give(&self, work: impl FnOnce(&mut (dyn Store + Send), &mut Encoder) + Send + 'static) {
        if let Some(given) = &self.work {
            // Where the thread is gone, whoever waits for the result hears of it.
            given.send(Box::new(work)).unwrap_or_default();
        }
    }

    /// Does something with the store and waits for it.
    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut (dyn Store + Send)) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.give(move |store, _| drop(reply.send(work(store))));
        answer.recv().unwrap_or_else(|_| Err(gone()))
    }

    /// Begins a commit of these inputs, still to be compressed, and these profiles, still to be
    /// encoded: folding goes on meanwhile. [`Writer::landed`] says when its result can be had.
    pub(super) fn commit(
        &self,
        mut commit: Commit,
        leaving: Vec<Leaving>,
    ) -> mpsc::Receiver<Tried> {
        let (reply, tried) = mpsc::sync_channel(1);
        let landed = self.landed.clone();
        self.give(move |store, encoder| {
            if let Some(row) = &mut commit.append {
                row.body = journal::compress(&row.body);
            }
            let profiles = leaving.into_iter();
            commit.write_back.profiles = profiles.map(|one| encoder.encode(one)).collect();
            let begun = std::time::Instant::now();
            let written = store.commit(&commit);
            metrics::histogram!("segue_commit_seconds").record(begun.elapsed().as_secs_f64());
            let wants_tending = store.wants_tending();
            let tried = Tried {
                commit,
                written,
                wants_tending,
            };
            drop(reply.send(tried));
            landed.notify_one();
        });
        tried
    }

    /// Begins the work that commits left behind.
    pub(super) fn tend(&self) -> mpsc::Receiver<Result<(), StoreError>> {
        let (reply, done) = mpsc::sync_channel(1);
        let landed = self.landed.clone();
        self.give(move |store, _| {
            drop(reply.send(store.tend()));
            landed.notify_one();
        });
        done
    }

    /// What tells that something has landed since it was asked last.
    pub(super) fn landed(&self) -> Arc<Notify> {
        self.landed.clone()
    }

    pub(super) fn erase(&self, erasure: Erasure) -> Result<Erasure, StoreError> {
        self.ask(move |store| store.erase(&erasure).map(|()| erasure))
    }

    pub(super) fn snapshot(&self) -> Result<Box<dyn Reader + Send>, StoreError> {
        self.ask(|store| store.snapshot())
    }

    pub(super) fn reader(&self) -> Result<Box<dyn Reader + Send>, StoreError> {
        self.ask(|store| store.reader())
    }
}

impl Drop for Writer {
    /// Waits until everything is written and the store is closed.
    fn drop(&mut self) {
        drop(self.work.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's thread has panicked");
        }
    }
}

/// The store's thread has panicked: nothing can be written any more.
pub(super) fn gone() -> StoreError {
    StoreError::Damaged("the store's thread is gone".to_owned())
}
