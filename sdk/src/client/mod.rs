//! The client: a handle for any thread, and a worker of its own that sends.
//!
//! A call serialises its event on the caller's thread, appends the bytes to the open chunk of its
//! priority's lane in the [`queue`] and returns. The [`worker`] takes chunks that are full or due,
//! writes them to the [`spool`] where there is one, and starts a flight for each; a flight
//! ([`deliver`]) tries until every event is settled. What an answer means ([`classify`]) and when
//! to try again ([`schedule`]) are pure functions. Queue and worker together are the [`engine`] of
//! one process; after a fork the child gets its own.

mod builder;
pub use builder::ClientBuilder;

mod error;
pub use error::BuildError;

mod settings;
pub use settings::OverflowPolicy;
use settings::{Settings, UserData};

mod person;
pub use person::Person;

mod identity;
pub use identity::{Anonymous, Identity, Known, KnownRequester, Requester, User, Visitor};

mod options;
pub use options::Options;

mod receipt;
pub use receipt::{MessageId, Receipt};

mod fate;
pub use fate::NotDelivered;

mod report;
pub use report::{DropReason, Dropped, Report};

mod verdict;
pub use verdict::{Outcome, Verdict};

pub(crate) mod middleware;

mod chunk;
mod queue;

mod spool;
#[cfg(feature = "spool")]
pub use spool::{Spool, SpoolMode};

mod engine;

mod worker;

mod deliver;

pub(crate) mod classify;
pub(crate) mod schedule;

mod user_data;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::oneshot;

use crate::clock;
use crate::context::Current;
use crate::limits::{DROP_TIMEOUT, SCRATCH_BYTES_MAX};
use crate::priority::Priority;
use crate::random::Random;
use crate::secret::WriteKey;
use crate::wire::Outgoing;
use engine::{Engine, Restart};

/// Sends events to a tracker-proxy: clone it, share it, call it from anywhere.
///
/// No call blocks or panics, and none needs a runtime. Dropping the last clone waits up to 2 s for
/// what is pending, unless the client was shut down before: prefer [`shutdown`](Self::shutdown)
/// where the process ends, because it says what became of the events.
///
/// ```
/// use std::time::Duration;
///
/// use segue_sdk::Client;
/// use segue_sdk::events::Visit;
///
/// # fn main() -> Result<(), segue_sdk::BuildError> {
/// let client = Client::builder("http://127.0.0.1:8090", "wk_secret").build()?;
/// client.user("42").identify(&serde_json::json!({"email": "ada@example.com"}));
/// client.user("42").track(&Visit { product_id: "p-1", ..Visit::default() });
/// let report = client.shutdown_blocking(Duration::ZERO);
/// assert_eq!(report.tracked, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    restart: Box<Restart>,
    /// Events of a child process in which no engine could be started.
    forked: AtomicU64,
}

impl Client {
    fn new(engine: Engine, restart: Box<Restart>) -> Self {
        Self {
            inner: Arc::new(Inner {
                engine,
                restart,
                forked: AtomicU64::new(0),
            }),
        }
    }

    /// Settings for a client that sends to `endpoint`, such as `https://cdp.example`.
    pub fn builder(endpoint: impl Into<String>, write_key: impl Into<WriteKey>) -> ClientBuilder {
        ClientBuilder::new(endpoint.into(), write_key.into())
    }

    /// A user, known by the app's own id.
    #[must_use]
    pub const fn user<'a>(&'a self, user_id: &'a str) -> Person<'a, User<'a>> {
        Person::new(self, User::new(user_id))
    }

    /// A visitor of whom only an anonymous id is known.
    #[must_use]
    pub const fn anonymous<'a>(&'a self, anonymous_id: &'a str) -> Person<'a, Anonymous<'a>> {
        Person::new(self, Anonymous::new(anonymous_id))
    }

    /// A user whose anonymous id is known too.
    ///
    /// What is tracked belongs to the user; only [`identify`](Person::identify) links the two.
    #[must_use]
    pub const fn visitor<'a>(
        &'a self,
        user_id: &'a str,
        anonymous_id: &'a str,
    ) -> Person<'a, Visitor<'a>> {
        Person::new(self, Visitor::new(user_id, anonymous_id))
    }

    /// Whoever made the request at hand, as its [`RequestContext`](crate::context::RequestContext)
    /// says. Without one, events are dropped and counted as without identity.
    #[must_use]
    pub fn current(&self) -> Person<'_, Requester> {
        Person::new(self, Requester::at_hand())
    }

    /// What became of the events so far. After a fork: of this process's.
    #[must_use]
    pub fn stats(&self) -> Report {
        match self.inner.engine() {
            Some(engine) => engine.queue.report(),
            None => self.inner.forked_report(),
        }
    }

    /// Sends what is queued now, and waits until all of it is settled or the time is up.
    ///
    /// Works in any async runtime. The report counts everything since the client was built.
    pub async fn flush(&self, timeout: Duration) -> Report {
        let Some(engine) = self.inner.engine() else {
            return self.inner.forked_report();
        };
        let (tell, told) = oneshot::channel();
        let answer = Box::new(move |report| drop(tell.send(report)));
        engine.queue.flush(timeout, answer);
        told.await.unwrap_or_else(|_| engine.queue.report())
    }

    /// Like [`flush`](Self::flush), blocking this thread.
    #[expect(
        clippy::must_use_candidate,
        reason = "the report may not matter to the caller"
    )]
    pub fn flush_blocking(&self, timeout: Duration) -> Report {
        match self.inner.engine() {
            Some(engine) => engine.flush_blocking(timeout),
            None => self.inner.forked_report(),
        }
    }

    /// Takes no more events, sends what is pending until the time is up, and ends the worker.
    ///
    /// Works in any async runtime. When it returns nothing of the client runs any more; what the
    /// report has as pending was not confirmed in time. Only a callback or transport of the host's
    /// that blocks the worker can make it late.
    pub async fn shutdown(&self, timeout: Duration) -> Report {
        let Some(engine) = self.inner.engine() else {
            return self.inner.forked_report();
        };
        let (tell, told) = oneshot::channel();
        let answer = Box::new(move |report| drop(tell.send(report)));
        engine.queue.shutdown(timeout, answer);
        told.await.unwrap_or_else(|_| engine.queue.report())
    }

    /// Like [`shutdown`](Self::shutdown), blocking this thread.
    #[expect(
        clippy::must_use_candidate,
        reason = "the report may not matter to the caller"
    )]
    pub fn shutdown_blocking(&self, timeout: Duration) -> Report {
        match self.inner.engine() {
            Some(engine) => engine.shutdown_blocking(timeout),
            None => self.inner.forked_report(),
        }
    }

    /// Writes one event once, and queues it.
    fn send<P: Serialize + ?Sized>(
        &self,
        event: &Outgoing<'_, P>,
        priority: Priority,
        options: &Options,
    ) -> Receipt {
        let now = clock::now();
        let Some(engine) = self.inner.engine() else {
            self.inner.forked.fetch_add(1, Ordering::Relaxed);
            let id = MessageId::from_text(options.message_id.clone().unwrap_or_default());
            return Receipt::new(id, Err(DropReason::Forked));
        };
        let id = match &options.message_id {
            Some(id) => MessageId::from_text(id.clone()),
            None => MessageId::from_uuid(new_uuid(&engine.random, now)),
        };
        let at = options.at.unwrap_or(now);
        let priority = options.priority.unwrap_or(priority);
        let taken = enqueue(engine, event, &id, at, priority, options);
        Receipt::new(id, taken)
    }
}

fn new_uuid(random: &Random, now: jiff::Timestamp) -> uuid::Uuid {
    random.uuid(u64::try_from(now.as_millisecond()).unwrap_or_default())
}

impl Inner {
    fn engine(&self) -> Option<&Engine> {
        self.engine.here(&*self.restart)
    }

    fn forked_report(&self) -> Report {
        let events = self.forked.load(Ordering::Relaxed);
        let mut report = Report {
            tracked: events,
            ..Report::default()
        };
        report.dropped.add(DropReason::Forked, events);
        report
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.engine.fmt(f)
    }
}

thread_local! {
    /// Taken while in use, so that an event whose serialisation tracks another one is no harm.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

fn enqueue<P: Serialize + ?Sized>(
    engine: &Engine,
    event: &Outgoing<'_, P>,
    id: &MessageId,
    at: jiff::Timestamp,
    priority: Priority,
    options: &Options,
) -> Result<queue::Ticket, DropReason> {
    if event.user_id.is_none() && event.anonymous_id.is_none() {
        return Err(engine.queue.refuse(DropReason::EmptyIdentity));
    }
    let own = match &options.context {
        None => None,
        Some(Ok(context)) => Some(context.as_ref()),
        Some(Err(_)) => return Err(engine.queue.refuse(DropReason::Unserializable)),
    };
    let request = Current::get();
    let merged = match (&request, own) {
        (Some(request), Some(own)) => request.under(own),
        _ => None,
    };
    let around = request.as_deref().and_then(Current::json);
    let mut id_text = [0; 36];
    let mut time = TimeText::default();
    let event = Outgoing {
        message_id: id.encode(&mut id_text),
        timestamp: time.write(at),
        anonymous_id: event
            .anonymous_id
            .or_else(|| visitor_of(request.as_deref(), event.user_id)),
        context: merged.as_deref().or(own).or(around),
        ..*event
    };
    let mut json = SCRATCH.try_with(Cell::take).unwrap_or_default();
    let taken = engine.enqueue(&mut json, priority, |json| event.write_to(json));
    json.clear();
    if json.capacity() <= SCRATCH_BYTES_MAX {
        // A thread that is ending has no scratch any more; the buffer is freed then.
        SCRATCH
            .try_with(|scratch| scratch.set(json))
            .unwrap_or_default();
    }
    taken
}

/// The anonymous id of the request at hand, where the event is about who made it.
///
/// An event about somebody else, such as one that an administrator causes, must not get it.
fn visitor_of<'a>(request: Option<&'a Current>, user_id: Option<&str>) -> Option<&'a str> {
    let request = request?;
    (request.user_id().is_some() && request.user_id() == user_id)
        .then(|| request.anonymous_id())
        .flatten()
}

impl Drop for Inner {
    fn drop(&mut self) {
        // After a fork the parent's engine is not touched: it works on, over there.
        let Some(engine) = self.engine.if_here() else {
            return;
        };
        if !engine.queue.is_running() {
            return;
        }
        let report = engine.shutdown_blocking(DROP_TIMEOUT);
        if report.pending > report.spooled {
            tracing::warn!(
                events = report.pending - report.spooled,
                "dropped a client with events pending"
            );
        }
    }
}

/// An event's time as text on the stack: RFC 3339 with milliseconds.
#[derive(Default)]
struct TimeText {
    bytes: [u8; 32],
}

impl TimeText {
    fn write(&mut self, at: jiff::Timestamp) -> &str {
        use std::io::Write;

        let mut rest = &mut self.bytes[..];
        write!(rest, "{at:.3}").expect("32 bytes hold every time that there is");
        let written = 32 - rest.len();
        std::str::from_utf8(&self.bytes[..written]).expect("a time is ASCII")
    }
}
