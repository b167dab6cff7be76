//! Building a client: every setting has a default.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::chunk::ENVELOPE_BYTES;
use super::deliver::Route;
use super::queue::{Bounds, Queue};
use super::rejection::{OnRejected, Rejection};
use super::worker::{Closing, Worker};
use super::{Client, Inner};
use crate::limits;
use crate::random::Random;
use crate::secret::WriteKey;
use crate::transport::{HttpTransport, Transport};

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The endpoint is no address: give one such as `https://cdp.example`.
    #[error("the endpoint is invalid: {0}")]
    InvalidEndpoint(String),
    /// The write key is empty or has a colon or control character: copy it again.
    #[error("the write key is empty or holds a colon or control character")]
    InvalidWriteKey,
    /// Two bounds contradict each other, or one is zero: the text says which.
    #[error("the bound is impossible: {0}")]
    InvalidBound(&'static str),
    /// TLS could not be set up: install certificate authorities, or hand in a client.
    #[error("TLS could not be set up")]
    Tls(#[source] Box<dyn Error + Send + Sync>),
    /// The feature `rustls` is off and no client was handed in.
    #[error("without the feature `rustls` a reqwest client must be handed in")]
    NoHttpClient,
    /// The system gave no randomness for message ids.
    #[error("the system gave no randomness: {0}")]
    Randomness(String),
    /// The system gave no thread: look at its limits.
    #[error("the system gave no thread")]
    Thread(#[source] std::io::Error),
}

/// What happens to an event for which the queue has no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OverflowPolicy {
    /// It is dropped and counted as [`QueueFull`](super::DropReason::QueueFull).
    #[default]
    DropNewest,
}

/// The settings of a [`Client`].
///
/// ```
/// use std::time::Duration;
///
/// use segue_sdk::Client;
///
/// let client = Client::builder("http://127.0.0.1:8090", "wk_secret")
///     .batch_interval(Duration::from_millis(50))
///     .on_rejected(|rejection| eprintln!("{:?}: {}", rejection.code(), rejection.reason()))
///     .build()?;
/// # client.shutdown_blocking(Duration::ZERO);
/// # Ok::<(), segue_sdk::BuildError>(())
/// ```
#[must_use]
pub struct ClientBuilder {
    endpoint: String,
    write_key: WriteKey,
    http_client: Option<reqwest::Client>,
    bounds: Bounds,
    in_flight_max: usize,
    request_timeout: Duration,
    retry_for: Duration,
    overflow: OverflowPolicy,
    on_rejected: Option<OnRejected>,
}

impl ClientBuilder {
    pub(super) fn new(endpoint: String, write_key: WriteKey) -> Self {
        Self {
            endpoint,
            write_key,
            http_client: None,
            bounds: Bounds {
                batch_events_max: limits::BATCH_EVENTS_MAX,
                batch_bytes_max: limits::BATCH_BYTES_MAX,
                batch_interval: limits::BATCH_INTERVAL,
                event_bytes_max: limits::EVENT_BYTES_MAX,
                queue_events_max: limits::QUEUE_EVENTS_MAX as u64,
                queue_bytes_max: limits::QUEUE_BYTES_MAX,
            },
            in_flight_max: limits::IN_FLIGHT_MAX,
            request_timeout: limits::REQUEST_TIMEOUT,
            retry_for: limits::RETRY_FOR,
            overflow: OverflowPolicy::default(),
            on_rejected: None,
        }
    }

    /// Sends with this HTTP client: its proxy, TLS and redirects. Default: one of the SDK's own.
    ///
    /// Its connections will live on the SDK's thread, so give one that nothing else uses.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Most events in one request. Default: 1,000.
    pub const fn batch_events_max(mut self, events: usize) -> Self {
        self.bounds.batch_events_max = events;
        self
    }

    /// Most bytes in one request body. Default: 512 KiB.
    pub const fn batch_bytes_max(mut self, bytes: usize) -> Self {
        self.bounds.batch_bytes_max = bytes;
        self
    }

    /// Longest time that an event waits for company. Default: 200 ms.
    pub const fn batch_interval(mut self, interval: Duration) -> Self {
        self.bounds.batch_interval = interval;
        self
    }

    /// Most bytes in one event; larger ones are dropped. Default: 32 KiB.
    pub const fn event_bytes_max(mut self, bytes: usize) -> Self {
        self.bounds.event_bytes_max = bytes;
        self
    }

    /// Most events held in memory, in flight included. Default: 250,000.
    pub const fn queue_events_max(mut self, events: usize) -> Self {
        self.bounds.queue_events_max = events as u64;
        self
    }

    /// Most bytes of events held in memory, in flight included. Default: 64 MiB.
    pub const fn queue_bytes_max(mut self, bytes: usize) -> Self {
        self.bounds.queue_bytes_max = bytes;
        self
    }

    /// Requests in flight at the same time. Default: 2.
    ///
    /// With one, events arrive in the order of their calls, except for retries of parts of a
    /// batch that was too large. With more, batches may overtake each other; what happened when
    /// is said by the events' timestamps.
    pub const fn in_flight_max(mut self, requests: usize) -> Self {
        self.in_flight_max = requests;
        self
    }

    /// Time for one attempt, until the answer is complete. Default: 30 s.
    pub const fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Time from a batch's first attempt until it is dropped as expired. Default: 6 h.
    pub const fn retry_for(mut self, time: Duration) -> Self {
        self.retry_for = time;
        self
    }

    /// What happens when the queue is full. Default: the new event is dropped and counted.
    pub const fn overflow(mut self, policy: OverflowPolicy) -> Self {
        self.overflow = policy;
        self
    }

    /// Tells each event that the endpoint refused. Default: they are only counted.
    ///
    /// It runs on the SDK's thread: return soon, or nothing is sent meanwhile.
    pub fn on_rejected(
        mut self,
        callback: impl Fn(&Rejection<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.on_rejected = Some(Arc::new(callback));
        self
    }

    /// Starts the client, which sends over HTTP.
    ///
    /// # Errors
    /// When endpoint, key or bounds are unusable, or the system gives no TLS or thread. Whether
    /// the endpoint answers is not looked at.
    pub fn build(mut self) -> Result<Client, BuildError> {
        let transport = match self.http_client.take() {
            Some(client) => HttpTransport::with_client(&self.endpoint, &self.write_key, client)?,
            None => HttpTransport::new(&self.endpoint, &self.write_key)?,
        };
        self.build_with(transport)
    }

    /// Starts the client with a transport of the caller's; endpoint and key are not used.
    ///
    /// # Errors
    /// When the bounds are unusable, or the system gives no thread.
    pub fn build_with<T: Transport>(self, transport: T) -> Result<Client, BuildError> {
        self.check()?;
        let random = Random::seeded().map_err(|error| BuildError::Randomness(error.to_string()))?;
        let random = Arc::new(random);
        let queue = Arc::new(Queue::new(self.bounds));
        let route = Route {
            transport,
            queue: Arc::clone(&queue),
            random: Arc::clone(&random),
            request_timeout: self.request_timeout,
            retry_for: self.retry_for,
            on_rejected: self.on_rejected,
            pause: Mutex::new(None),
        };
        let worker = Worker {
            route: Arc::new(route),
            in_flight_max: self.in_flight_max,
        };
        let thread = start(worker, Arc::clone(&queue)).map_err(BuildError::Thread)?;
        Ok(Client::new(Inner {
            queue,
            random,
            overflow: self.overflow,
            worker: thread,
        }))
    }

    fn check(&self) -> Result<(), BuildError> {
        let Bounds {
            batch_events_max,
            batch_bytes_max,
            event_bytes_max,
            ..
        } = self.bounds;
        let impossible = [
            (batch_events_max == 0, "batch_events_max is 0"),
            (event_bytes_max == 0, "event_bytes_max is 0"),
            (
                batch_bytes_max < event_bytes_max.saturating_add(ENVELOPE_BYTES),
                "batch_bytes_max has no room for an event of event_bytes_max",
            ),
            (self.bounds.queue_events_max == 0, "queue_events_max is 0"),
            (
                self.bounds.queue_bytes_max < event_bytes_max,
                "queue_bytes_max is below one event",
            ),
            (self.in_flight_max == 0, "in_flight_max is 0"),
            (self.request_timeout.is_zero(), "request_timeout is 0"),
        ];
        match impossible.into_iter().find(|(is_so, _)| *is_so) {
            Some((_, reason)) => Err(BuildError::InvalidBound(reason)),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("endpoint", &self.endpoint)
            .field("write_key", &self.write_key)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

/// Starts the thread; its runtime is built here, so that a failure has a caller to go to.
fn start<T: Transport>(
    worker: Worker<T>,
    queue: Arc<Queue>,
) -> std::io::Result<std::thread::ThreadId> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread = std::thread::Builder::new()
        .name("segue-sdk".to_owned())
        .spawn(move || {
            // Last to go: whoever waits for the end is told when nothing runs any more.
            let _closing = Closing(queue);
            runtime.block_on(worker.run());
            // Not a plain drop, which would wait for a name look-up that hangs.
            runtime.shutdown_background();
        })?;
    Ok(thread.thread().id())
}
