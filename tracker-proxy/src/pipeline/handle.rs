//! How the rest of the program talks to the pipeline, and what it shows while it runs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use parking_lot::RwLock;
use tokio::sync::{mpsc, oneshot};

use super::Pipeline;
use super::catalog::Catalog;
use crate::ingest::Unavailable;
use crate::keys::{AccountNo, AudienceNo};

/// A question: it runs on the pipeline's thread between two turns.
pub(super) struct Question {
    /// Everything that was folded is committed first.
    pub(super) sees_only_durable: bool,
    pub(super) run: Box<dyn FnOnce(&mut Pipeline) + Send>,
}

/// The answer to a question, or that nobody is there to answer.
pub type Asked<T> = Result<T, Unavailable>;

/// How far background warming is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The last row that is warm.
    pub done: i64,
    /// The last row that has to be; 0 when all are.
    pub until: i64,
}

impl Progress {
    /// True while profiles are still being warmed.
    #[must_use]
    pub fn is_warming(self) -> bool {
        self.until > 0
    }
}

/// What anybody may read without asking the pipeline.
#[derive(Debug)]
pub struct Shared {
    catalog: RwLock<Arc<Catalog>>,
    sizes: RwLock<HashMap<(AccountNo, AudienceNo), i64>>,
    /// Deliveries that must not be sent any more: their person was erased.
    revoked: RwLock<HashSet<String>>,
    working: AtomicBool,
    doubtful: AtomicBool,
    warmed: AtomicI64,
    warm_until: AtomicI64,
    profiles: AtomicU64,
}

impl Shared {
    pub(super) fn new(catalog: Arc<Catalog>) -> Self {
        Self {
            catalog: RwLock::new(catalog),
            sizes: RwLock::default(),
            revoked: RwLock::default(),
            working: AtomicBool::new(false),
            doubtful: AtomicBool::new(false),
            warmed: AtomicI64::new(0),
            warm_until: AtomicI64::new(0),
            profiles: AtomicU64::new(0),
        }
    }

    /// The definitions in force.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.read().clone()
    }

    /// How many members an audience has.
    #[must_use]
    pub fn size(&self, account: AccountNo, audience: AudienceNo) -> u64 {
        let size = self.sizes.read().get(&(account, audience)).copied();
        u64::try_from(size.unwrap_or(0)).unwrap_or(0)
    }

    /// True if events can be made durable.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.working.load(Ordering::Acquire)
    }

    /// True if events can be made durable and the time is known.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_working() && !self.doubtful.load(Ordering::Acquire)
    }

    /// How far background warming is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            done: self.warmed.load(Ordering::Relaxed),
            until: self.warm_until.load(Ordering::Relaxed),
        }
    }

    /// How many profiles there are.
    #[must_use]
    pub fn profiles(&self) -> u64 {
        self.profiles.load(Ordering::Relaxed)
    }

    /// True if a delivery must not be sent any more.
    #[must_use]
    pub fn is_revoked(&self, delivery: &str) -> bool {
        let revoked = self.revoked.read();
        !revoked.is_empty() && revoked.contains(delivery)
    }

    pub(super) fn revoke(&self, delivery: String) {
        self.revoked.write().insert(delivery);
    }

    pub(super) fn publish(&self, catalog: Arc<Catalog>) {
        *self.catalog.write() = catalog;
    }

    pub(super) fn grow(&self, growth: HashMap<(AccountNo, AudienceNo), i64>) {
        if growth.is_empty() {
            return;
        }
        let mut sizes = self.sizes.write();
        for (audience, by) in growth {
            *sizes.entry(audience).or_default() += by;
        }
    }

    pub(super) fn reset_sizes(&self, sizes: Vec<(AccountNo, AudienceNo, u64)>) {
        let sized = |(account, audience, size)| {
            ((account, audience), i64::try_from(size).unwrap_or(i64::MAX))
        };
        *self.sizes.write() = sizes.into_iter().map(sized).collect();
    }

    pub(super) fn forget(&self, audiences: &[(AccountNo, AudienceNo)]) {
        let mut sizes = self.sizes.write();
        for audience in audiences {
            sizes.remove(audience);
        }
    }

    pub(super) fn set_working(&self, working: bool) {
        self.working.store(working, Ordering::Release);
    }

    /// Notes whether the clock is believed; true if that is news.
    pub(super) fn set_doubtful(&self, doubtful: bool) -> bool {
        self.doubtful.swap(doubtful, Ordering::AcqRel) != doubtful
    }

    pub(super) fn is_doubtful(&self) -> bool {
        self.doubtful.load(Ordering::Acquire)
    }

    pub(super) fn show(&self, progress: Progress, profiles: u64) {
        self.warmed.store(progress.done, Ordering::Relaxed);
        self.warm_until.store(progress.until, Ordering::Relaxed);
        self.profiles.store(profiles, Ordering::Relaxed);
    }
}

/// A way to ask the pipeline. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(super) questions: mpsc::Sender<Question>,
    /// What can be read without asking.
    pub shared: Arc<Shared>,
}

impl Handle {
    /// Runs `question` on the pipeline's thread and returns its answer. It sees what is durable,
    /// and may write.
    ///
    /// # Errors
    ///
    /// The pipeline has stopped, or its store does not work.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Pipeline) -> T + Send + 'static,
    ) -> Asked<T> {
        self.put(true, question).await
    }

    /// As [`Handle::ask`], without waiting for a commit: it sees what was folded, though it may
    /// not be durable yet, and must not write.
    ///
    /// # Errors
    ///
    /// As for [`Handle::ask`].
    pub async fn peek<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Pipeline) -> T + Send + 'static,
    ) -> Asked<T> {
        self.put(false, question).await
    }

    async fn put<T: Send + 'static>(
        &self,
        sees_only_durable: bool,
        question: impl FnOnce(&mut Pipeline) -> T + Send + 'static,
    ) -> Asked<T> {
        let (reply, answer) = oneshot::channel();
        let run = Box::new(move |pipeline: &mut Pipeline| {
            // Whoever asked may have gone away meanwhile.
            drop(reply.send(question(pipeline)));
        });
        let question = Question {
            sees_only_durable,
            run,
        };
        self.questions
            .send(question)
            .await
            .map_err(|_| Unavailable)?;
        answer.await.map_err(|_| Unavailable)
    }
}
