//! The one connection that writes, and the queue in front of it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::limits::SQLITE_COMMIT_MAX;
use crate::segments::StoreError;

/// Carries out writes one after the other, and commits together what waits together.
pub(crate) struct Writer {
    shared: Arc<Shared>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

struct Shared {
    connection: Mutex<Connection>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Box<dyn Write>>,
    /// Whether somebody drains the queue already.
    draining: bool,
}

/// One write, its result, and the one who waits for it.
trait Write: Send {
    fn run(&mut self, connection: &Connection);
    fn reply(self: Box<Self>, committed: Result<(), Arc<CommitError>>);
}

struct Task<T, F> {
    work: Option<F>,
    result: Option<rusqlite::Result<T>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl Writer {
    pub(crate) fn new(connection: Connection) -> Self {
        let shared = Shared {
            connection: Mutex::new(connection),
            queue: Mutex::new(Queue::default()),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Runs `work` in a savepoint; its changes are durable when the answer is `Ok`.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let task = Task {
            work: Some(work),
            result: None,
            reply,
        };
        let idle = {
            let mut queue = self.shared.queue();
            queue.waiting.push_back(Box::new(task));
            !std::mem::replace(&mut queue.draining, true)
        };
        if idle {
            let drain = Drain {
                shared: Arc::clone(&self.shared),
                finished: false,
                batch: VecDeque::new(),
            };
            drop(tokio::task::spawn_blocking(move || drain.run()));
        }
        answer.await.map_err(StoreError::new)?
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits now, or nothing; then the draining is over.
    fn next(&self) -> VecDeque<Box<dyn Write>> {
        let mut queue = self.queue();
        let rest = queue.waiting.len().min(SQLITE_COMMIT_MAX);
        let batch: VecDeque<_> = queue.waiting.drain(..rest).collect();
        queue.draining = !batch.is_empty();
        batch
    }
}

/// The right to drain the queue; given back also when the runtime drops it or work panics.
struct Drain {
    shared: Arc<Shared>,
    finished: bool,
    /// What is being committed. It goes after the right is given back: whoever is told that a
    /// write failed may write again at once.
    batch: VecDeque<Box<dyn Write>>,
}

impl Drain {
    fn run(mut self) {
        loop {
            self.batch = self.shared.next();
            if self.batch.is_empty() {
                self.finished = true;
                return;
            }
            let connection = self
                .shared
                .connection
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            commit(&connection, &mut self.batch);
        }
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        if !self.finished {
            // Whoever waits gets an error, and the next write starts a new drain.
            let mut queue = self.shared.queue();
            queue.draining = false;
            queue.waiting.clear();
        }
    }
}

/// Runs all writes of a batch in one transaction, then replies to all of them.
fn commit(connection: &Connection, batch: &mut VecDeque<Box<dyn Write>>) {
    let committed = transaction(connection, batch).map_err(Arc::new);
    for write in batch.drain(..) {
        write.reply(committed.clone());
    }
}

fn transaction(
    connection: &Connection,
    batch: &mut VecDeque<Box<dyn Write>>,
) -> Result<(), CommitError> {
    if !connection.is_autocommit() {
        // The commit before failed, or its work panicked.
        execute(connection, "ROLLBACK")?;
    }
    execute(connection, "BEGIN IMMEDIATE")?;
    for write in batch {
        write.run(connection);
        if connection.is_autocommit() {
            return Err(CommitError::RolledBack);
        }
    }
    Ok(execute(connection, "COMMIT")?)
}

impl<T, F> Write for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, connection: &Connection) {
        if let Some(work) = self.work.take() {
            self.result = Some(in_savepoint(connection, work));
        }
    }

    fn reply(self: Box<Self>, committed: Result<(), Arc<CommitError>>) {
        let answer = match (self.result, committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(own)), _) => Err(StoreError::new(own)),
            (_, Err(cause)) => Err(StoreError::new(cause)),
            (None, Ok(())) => Err(StoreError::new(CommitError::RolledBack)),
        };
        // The one who asked may have gone; the write is durable all the same.
        drop(self.reply.send(answer));
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    execute(connection, "SAVEPOINT segue_write")?;
    let result = work(connection);
    if result.is_err() && !connection.is_autocommit() {
        execute(connection, "ROLLBACK TO segue_write")?;
    }
    if !connection.is_autocommit() {
        execute(connection, "RELEASE segue_write")?;
    }
    result
}

pub(crate) fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// Why nothing of a batch is durable.
#[derive(Debug, thiserror::Error)]
enum CommitError {
    #[error("the transaction failed")]
    Sqlite(#[from] rusqlite::Error),
    /// A full disk, for example, makes SQLite roll everything back by itself.
    #[error("the transaction was rolled back")]
    RolledBack,
}
