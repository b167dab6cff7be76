//! What works behind a client in one process: queue, worker thread, message ids.
//!
//! A fork takes only the calling thread along: in the child the worker is missing, and the locks
//! may be held by nobody. So nothing of the parent's engine is touched there; the client starts
//! another one in its place.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread::ThreadId;
use std::time::Duration;

use super::deliver::Route;
use super::middleware::{Draft, Flow};
use super::queue::{Caller, Queue, Ticket};
use super::report::{DropReason, Report};
use super::spool::Store;
use super::verdict::{Outcome, Verdict};
use super::worker::{Closing, Worker};
use super::{BuildError, Settings};
use crate::limits::ANSWER_MARGIN;
use crate::priority::Priority;
use crate::random::Random;
use crate::transport::Transport;

#[derive(Debug)]
pub(super) struct Engine {
    process: u32,
    pub(super) queue: Arc<Queue>,
    pub(super) random: Arc<Random>,
    runtime: tokio::runtime::Handle,
    worker: ThreadId,
    settings: Arc<Settings>,
    /// The engine of a process that was forked from this one's.
    child: OnceLock<Option<Box<Self>>>,
}

/// Starts an engine in a child process; `None` where that is impossible.
pub(super) type Restart = dyn Fn() -> Option<Engine> + Send + Sync;

impl Engine {
    /// Starts queue and worker.
    pub(super) fn start<T: Transport>(
        settings: &Arc<Settings>,
        transport: T,
    ) -> Result<Self, BuildError> {
        let random = Random::seeded().map_err(|error| BuildError::Randomness(error.to_string()))?;
        let random = Arc::new(random);
        let store = open_store(settings, &random)?;
        let queue = Arc::new(Queue::new(settings.bounds, settings.overflow, store));
        let route = Route {
            transport,
            queue: Arc::clone(&queue),
            random: Arc::clone(&random),
            request_timeout: settings.request_timeout,
            retry_for: settings.retry_for,
            on_verdict: settings.on_verdict.clone(),
            context: Arc::clone(&settings.context),
            pause: Mutex::new(None),
        };
        let bounds = &settings.bounds;
        let worker = Worker {
            route: Arc::new(route),
            in_flight_max: settings.in_flight_max,
            batch_events_max: bounds.batch_events_max,
            batch_bytes_max: bounds.batch_bytes_max - bounds.envelope_bytes,
        };
        let (worker, runtime) = spawn(worker, Arc::clone(&queue)).map_err(BuildError::Thread)?;
        Ok(Self {
            process: std::process::id(),
            queue,
            random,
            runtime,
            worker,
            settings: Arc::clone(settings),
            child: OnceLock::new(),
        })
    }

    /// The engine of the process that asks, started if this one was forked away.
    pub(super) fn here(&self, restart: &Restart) -> Option<&Self> {
        let process = std::process::id();
        let mut engine = self;
        while engine.process != process {
            let start = || restart().map(Box::new);
            engine = engine.child.get_or_init(start).as_deref()?;
        }
        Some(engine)
    }

    /// The engine of the process that asks, if there is one already.
    pub(super) fn if_here(&self) -> Option<&Self> {
        let process = std::process::id();
        let mut engine = self;
        while engine.process != process {
            engine = engine.child.get()?.as_deref()?;
        }
        Some(engine)
    }

    /// The runtime of the worker's thread.
    pub(super) const fn runtime(&self) -> &tokio::runtime::Handle {
        &self.runtime
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Queues an event that `write` appends to a buffer as JSON.
    pub(super) fn enqueue(
        &self,
        json: &mut Vec<u8>,
        priority: Priority,
        write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
    ) -> Result<Ticket, DropReason> {
        // Foreign code runs here: its panic costs its event and never the host.
        let written = catch_unwind(AssertUnwindSafe(|| {
            write(json).map_err(|_| DropReason::Unserializable)?;
            self.rewrite(json)
        }));
        match written {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => return Err(self.queue.refuse(reason)),
            Err(_) => return Err(self.queue.refuse(DropReason::Panicked)),
        }
        let caller = Caller {
            priority,
            may_block: std::thread::current().id() != self.worker,
            keep_evicted: self.settings.on_verdict.is_some(),
        };
        let (taken, evicted) = self.queue.push(json, caller);
        if let Some(callback) = &self.settings.on_verdict {
            let outcome = Outcome::Dropped(DropReason::QueueFull);
            for event in evicted
                .iter()
                .filter_map(|evicted| evicted.event.as_deref())
            {
                callback(&Verdict::new(event, outcome));
            }
        }
        taken
    }

    /// Lets the middlewares at the event.
    fn rewrite(&self, json: &mut Vec<u8>) -> Result<(), DropReason> {
        let chain = &self.settings.middleware;
        if chain.is_empty() {
            return Ok(());
        }
        let mut draft = Draft::read(json).map_err(|_| DropReason::Unserializable)?;
        if chain.handle(&mut draft) == Flow::Drop {
            return Err(DropReason::Filtered);
        }
        json.clear();
        let written = draft.write_to(json);
        written.map_err(|_| DropReason::Unserializable)
    }

    pub(super) fn flush_blocking(&self, timeout: Duration) -> Report {
        let (tell, told) = mpsc::channel();
        self.queue
            .flush(timeout, Box::new(move |report| drop(tell.send(report))));
        self.wait_for(&told, timeout)
    }

    pub(super) fn shutdown_blocking(&self, timeout: Duration) -> Report {
        let (tell, told) = mpsc::channel();
        self.queue
            .shutdown(timeout, Box::new(move |report| drop(tell.send(report))));
        self.wait_for(&told, timeout)
    }

    fn wait_for(&self, told: &mpsc::Receiver<Report>, timeout: Duration) -> Report {
        if std::thread::current().id() == self.worker {
            // A callback asks: the worker cannot wait for itself.
            return self.queue.report();
        }
        told.recv_timeout(timeout.saturating_add(ANSWER_MARGIN))
            .unwrap_or_else(|_| self.queue.report())
    }
}

#[cfg(feature = "spool")]
fn open_store(settings: &Settings, random: &Random) -> Result<Option<Store>, BuildError> {
    let Some(spool) = &settings.spool else {
        return Ok(None);
    };
    let millis = u64::try_from(crate::clock::now().as_millisecond()).unwrap_or_default();
    let id = random.uuid(millis).to_string();
    let event_bytes_max = settings.bounds.event_bytes_max;
    Store::open(spool, &id, &settings.context, event_bytes_max)
        .map(Some)
        .map_err(BuildError::Spool)
}

#[cfg(not(feature = "spool"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature it can fail")]
const fn open_store(_: &Settings, _: &Random) -> Result<Option<Store>, BuildError> {
    Ok(None)
}

/// Starts the thread; its runtime is built here, so that a failure has a caller to go to.
fn spawn<T: Transport>(
    worker: Worker<T>,
    queue: Arc<Queue>,
) -> std::io::Result<(ThreadId, tokio::runtime::Handle)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let handle = runtime.handle().clone();
    let thread = std::thread::Builder::new()
        .name("segue-sdk".to_owned())
        .spawn(move || {
            // Last to go: whoever waits for the end is told when nothing runs any more.
            let _closing = Closing(queue);
            runtime.block_on(worker.run());
            // Not a plain drop, which would wait for a name look-up that hangs.
            runtime.shutdown_background();
        })?;
    Ok((thread.thread().id(), handle))
}
