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

mod enqueue;
use enqueue::enqueue;

mod worker;

mod deliver;

pub(crate) mod classify;
pub(crate) mod schedule;

mod user_data;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::oneshot;

use crate::clock;
use crate::limits::DROP_TIMEOUT;
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
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// client.anonymous("a-7").page("Shoes", &serde_json::json!({"path": "/shoes"}));
    /// # assert_eq!(client.events()[0]["anonymousId"], "a-7");
    /// ```
    #[must_use]
    pub const fn anonymous<'a>(&'a self, anonymous_id: &'a str) -> Person<'a, Anonymous<'a>> {
        Person::new(self, Anonymous::new(anonymous_id))
    }

    /// A user whose anonymous id is known too.
    ///
    /// What is tracked belongs to the user; only [`identify`](Person::identify) links the two.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// // Both ids in one identify: what the visitor did before the log-in becomes the user's.
    /// client.visitor("42", "a-7").identify(&serde_json::json!({"plan": "pro"}));
    /// # assert_eq!(client.events()[0]["anonymousId"], "a-7");
    /// ```
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
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// use segue_sdk::context::RequestContext;
    ///
    /// RequestContext::new().user("42").sync_scope(|| {
    ///     client.current().track_named("cart_viewed", &serde_json::json!({}));
    /// });
    /// # assert_eq!(client.events()[0]["userId"], "42");
    /// ```
    #[must_use]
    pub fn current(&self) -> Person<'_, Requester> {
        Person::new(self, Requester::at_hand())
    }

    /// What became of the events so far. After a fork: of this process's.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// client.user("42").track_named("visit", &serde_json::json!({}));
    /// let report = client.stats();
    /// assert_eq!(report.tracked, 1);
    /// assert_eq!(report.dropped.total(), 0);
    /// ```
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
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// use std::time::Duration;
    ///
    /// # async fn before_the_freeze(client: segue_sdk::Client) {
    /// // A function that the platform freezes as soon as it has answered.
    /// let report = client.flush(Duration::from_secs(2)).await;
    /// if report.pending > 0 {
    ///     tracing::warn!(%report, "some events wait for the next call");
    /// }
    /// # }
    /// # futures_util::future::FutureExt::now_or_never(before_the_freeze(client.clone()));
    /// ```
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
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// use std::time::Duration;
    ///
    /// client.user("42").track_named("visit", &serde_json::json!({}));
    /// assert_eq!(client.flush_blocking(Duration::from_secs(2)).delivered, 1);
    /// ```
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
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # async fn end(client: segue_sdk::Client) {
    /// let report = client.shutdown(Duration::from_secs(5)).await;
    /// if !report.is_complete() {
    ///     tracing::error!(%report, "not everything arrived");
    /// }
    /// # }
    /// ```
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
