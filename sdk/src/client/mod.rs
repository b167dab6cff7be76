//! The client: a handle for any thread, and a worker of its own that sends.
//!
//! A call serialises its event on the caller's thread, appends the bytes to the open chunk of the
//! [`queue`] and returns. The [`worker`] takes chunks that are full or due and starts a flight for
//! each; a flight ([`deliver`]) tries until every event is settled. What an answer means
//! ([`classify`]) and when to try again ([`schedule`]) are pure functions.

mod builder;
pub use builder::{BuildError, ClientBuilder, OverflowPolicy};

mod person;
pub use person::Person;

mod identity;
pub use identity::{Anonymous, Identity, Known, User, Visitor};

mod options;
pub use options::Options;

mod receipt;
pub use receipt::{MessageId, Receipt};

mod report;
pub use report::{DropReason, Dropped, Report};

mod rejection;
pub use rejection::Rejection;

mod chunk;
mod queue;

mod worker;

mod deliver;

mod classify;
mod schedule;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::ThreadId;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::oneshot;

use crate::clock;
use crate::limits::{ANSWER_MARGIN, DROP_TIMEOUT, SCRATCH_BYTES_MAX};
use crate::random::Random;
use crate::secret::WriteKey;
use crate::wire::Outgoing;
use queue::Queue;

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

#[derive(Debug)]
struct Inner {
    queue: Arc<Queue>,
    random: Arc<Random>,
    overflow: OverflowPolicy,
    worker: ThreadId,
}

impl Client {
    fn new(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
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

    /// What became of the events so far.
    #[must_use]
    pub fn stats(&self) -> Report {
        self.inner.queue.report()
    }

    /// Sends what is queued now, and waits until all of it is settled or the time is up.
    ///
    /// Works in any async runtime. The report counts everything since the client was built.
    pub async fn flush(&self, timeout: Duration) -> Report {
        let (tell, told) = oneshot::channel();
        self.inner
            .queue
            .flush(timeout, Box::new(move |report| drop(tell.send(report))));
        told.await.unwrap_or_else(|_| self.stats())
    }

    /// Like [`flush`](Self::flush), blocking this thread.
    #[expect(
        clippy::must_use_candidate,
        reason = "the report may not matter to the caller"
    )]
    pub fn flush_blocking(&self, timeout: Duration) -> Report {
        let (tell, told) = mpsc::channel();
        self.inner
            .queue
            .flush(timeout, Box::new(move |report| drop(tell.send(report))));
        told.recv_timeout(timeout.saturating_add(ANSWER_MARGIN))
            .unwrap_or_else(|_| self.stats())
    }

    /// Takes no more events, sends what is pending until the time is up, and ends the worker.
    ///
    /// Works in any async runtime. When it returns nothing of the client runs any more; what the
    /// report has as pending was not confirmed in time. Only a callback or transport of the host's
    /// that blocks the worker can make it late.
    pub async fn shutdown(&self, timeout: Duration) -> Report {
        let (tell, told) = oneshot::channel();
        self.inner
            .queue
            .shutdown(timeout, Box::new(move |report| drop(tell.send(report))));
        told.await.unwrap_or_else(|_| self.stats())
    }

    /// Like [`shutdown`](Self::shutdown), blocking this thread.
    #[expect(
        clippy::must_use_candidate,
        reason = "the report may not matter to the caller"
    )]
    pub fn shutdown_blocking(&self, timeout: Duration) -> Report {
        self.inner.shutdown_blocking(timeout)
    }

    /// Writes one event once, and queues it.
    fn send<P: Serialize + ?Sized>(&self, event: &Outgoing<'_, P>, options: &Options) -> Receipt {
        let now = clock::now();
        let id = match &options.message_id {
            Some(id) => MessageId::from_text(id.clone()),
            None => {
                let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
                MessageId::from_uuid(self.inner.random.uuid(millis))
            }
        };
        let queued = self
            .inner
            .enqueue(event, &id, options.at.unwrap_or(now), options);
        Receipt::new(id, queued)
    }
}

thread_local! {
    /// Taken while in use, so that an event whose serialisation tracks another one is no harm.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Inner {
    fn enqueue<P: Serialize + ?Sized>(
        &self,
        event: &Outgoing<'_, P>,
        id: &MessageId,
        at: jiff::Timestamp,
        options: &Options,
    ) -> Result<(), DropReason> {
        let OverflowPolicy::DropNewest = self.overflow;
        if event.user_id.is_none() && event.anonymous_id.is_none() {
            return self.queue.refuse(DropReason::EmptyIdentity);
        }
        let context = match &options.context {
            None => None,
            Some(Ok(context)) => Some(context.as_ref()),
            Some(Err(_)) => return self.queue.refuse(DropReason::Unserializable),
        };
        let mut id_text = [0; 36];
        let mut time = TimeText::default();
        let event = Outgoing {
            message_id: id.encode(&mut id_text),
            timestamp: time.write(at),
            context,
            ..*event
        };
        let mut json = SCRATCH.try_with(Cell::take).unwrap_or_default();
        let queued = match event.write_to(&mut json) {
            Ok(()) => self.queue.push(&json),
            Err(_) => self.queue.refuse(DropReason::Unserializable),
        };
        json.clear();
        if json.capacity() <= SCRATCH_BYTES_MAX {
            // A thread that is ending has no scratch any more; the buffer is freed then.
            SCRATCH
                .try_with(|scratch| scratch.set(json))
                .unwrap_or_default();
        }
        queued
    }

    fn shutdown_blocking(&self, timeout: Duration) -> Report {
        let (tell, told) = mpsc::channel();
        self.queue
            .shutdown(timeout, Box::new(move |report| drop(tell.send(report))));
        if std::thread::current().id() == self.worker {
            // A callback let go of the last handle: the worker cannot wait for itself.
            return self.queue.report();
        }
        told.recv_timeout(timeout.saturating_add(ANSWER_MARGIN))
            .unwrap_or_else(|_| self.queue.report())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let report = match self.queue.is_running() {
            true => self.shutdown_blocking(DROP_TIMEOUT),
            false => return,
        };
        if report.pending > 0 {
            tracing::warn!(
                events = report.pending,
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
