//! Building a client: every setting has a default.

mod connection;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::chunk::ENVELOPE_BYTES;
use super::engine::Engine;
use super::middleware::{Chain, Middleware};
use super::queue::Bounds;
#[cfg(feature = "spool")]
use super::spool::Spool;
use super::verdict::Verdict;
use super::{BuildError, Client, OverflowPolicy, Settings, UserData};
use crate::limits;
use crate::secret::WriteKey;
use crate::transport::{HttpOptions, HttpTransport, Transport};
use crate::user_data::{Stream, StreamId};

/// The settings of a [`Client`].
///
/// ```
/// use std::time::Duration;
///
/// use segue_sdk::{Client, Outcome, OverflowPolicy};
///
/// let client = Client::builder("http://127.0.0.1:8090", "wk_secret")
///     .batch_interval(Duration::from_millis(50))
///     .overflow(OverflowPolicy::DropOldest)
///     .on_verdict(|verdict| match verdict.outcome() {
///         Outcome::Delivered => {}
///         other => tracing::warn!(id = ?verdict.message_id(), ?other),
///     })
///     .build()?;
/// # client.shutdown_blocking(Duration::ZERO);
/// # Ok::<(), segue_sdk::BuildError>(())
/// ```
///
/// Bounds for a host with little memory:
///
/// ```
/// use std::time::Duration;
///
/// use segue_sdk::Client;
///
/// let client = Client::builder("http://127.0.0.1:8090", "wk_secret")
///     .queue_events_max(10_000)
///     .queue_bytes_max(4 * 1024 * 1024)
///     .batch_events_max(100)
///     .batch_bytes_max(64 * 1024)
///     .event_bytes_max(16 * 1024)
///     .in_flight_max(1) // events arrive in the order of the calls
///     .request_timeout(Duration::from_secs(10))
///     .retry_for(Duration::from_secs(60 * 60))
///     .build()?;
/// # client.shutdown_blocking(Duration::ZERO);
/// # Ok::<(), segue_sdk::BuildError>(())
/// ```
#[must_use]
pub struct ClientBuilder {
    endpoint: String,
    write_key: WriteKey,
    http: HttpOptions,
    default_context: Result<Map<String, Value>, ()>,
    user_data: Option<Stream>,
    user_data_endpoint: Option<String>,
    settings: Settings,
}

impl ClientBuilder {
    pub(super) fn new(endpoint: String, write_key: WriteKey) -> Self {
        Self {
            endpoint,
            write_key,
            http: HttpOptions::default(),
            default_context: Ok(Map::new()),
            user_data: None,
            user_data_endpoint: None,
            settings: Settings {
                bounds: Bounds {
                    batch_events_max: limits::BATCH_EVENTS_MAX,
                    batch_bytes_max: limits::BATCH_BYTES_MAX,
                    envelope_bytes: ENVELOPE_BYTES,
                    batch_interval: limits::BATCH_INTERVAL,
                    event_bytes_max: limits::EVENT_BYTES_MAX,
                    queue_events_max: limits::QUEUE_EVENTS_MAX,
                    queue_bytes_max: limits::QUEUE_BYTES_MAX,
                },
                in_flight_max: limits::IN_FLIGHT_MAX,
                request_timeout: limits::REQUEST_TIMEOUT,
                retry_for: limits::RETRY_FOR,
                overflow: OverflowPolicy::default(),
                on_verdict: None,
                middleware: Chain::default(),
                context: Arc::from("{}"),
                #[cfg(feature = "spool")]
                spool: None,
                user_data: None,
            },
        }
    }

    /// Keeps events on disk too, so that they outlive the process. Default: in memory alone.
    ///
    /// ```
    /// use segue_sdk::{Client, Spool};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// let client = Client::builder("http://127.0.0.1:8090", "wk_secret")
    ///     .spool(Spool::new(folder.join("events")))
    ///     .build()?;
    /// # client.shutdown_blocking(std::time::Duration::ZERO);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "spool")]
    pub fn spool(mut self, spool: Spool) -> Self {
        self.settings.spool = Some(spool);
        self
    }

    /// Context of every event, such as the app's name and version: an object. An event's own
    /// context wins, member by member. Default: the SDK's name and version as `library`.
    ///
    /// ```
    /// use segue_sdk::Client;
    /// use segue_sdk::testing::TestClient;
    /// use serde_json::json;
    ///
    /// let builder = Client::builder("http://127.0.0.1:8090", "wk_secret")
    ///     .context(&json!({"app": {"name": "shop", "version": "1.4"}}));
    /// # TestClient::with(builder);
    /// ```
    pub fn context<C: Serialize + ?Sized>(mut self, context: &C) -> Self {
        self.default_context = match serde_json::to_value(context) {
            Ok(Value::Object(members)) => Ok(members),
            _ => Err(()),
        };
        self
    }

    /// Lets the client stream user data to this account's stream. Default: it cannot.
    ///
    /// ```
    /// use segue_sdk::Client;
    ///
    /// let client = Client::builder("http://127.0.0.1:8090", "wk_secret")
    ///     .user_data("12345", "00000000-00000000-00000000-00000000")
    ///     .build()?;
    /// # client.shutdown_blocking(std::time::Duration::ZERO);
    /// # Ok::<(), segue_sdk::BuildError>(())
    /// ```
    pub fn user_data(mut self, account: impl Into<String>, stream_id: impl Into<StreamId>) -> Self {
        self.user_data = Some(Stream {
            account: account.into(),
            id: stream_id.into(),
        });
        self
    }

    /// Where user data goes, such as `https://in.raptorsmartadvisor.com`. Default: the endpoint of
    /// the events.
    ///
    /// ```
    /// use segue_sdk::Client;
    ///
    /// // Events to a proxy of one's own, people to Raptor's Data Manager.
    /// let client = Client::builder("http://127.0.0.1:8090", "wk_secret")
    ///     .user_data("12345", "00000000-00000000-00000000-00000000")
    ///     .user_data_endpoint("https://in.raptorsmartadvisor.com")
    ///     .build()?;
    /// # client.shutdown_blocking(std::time::Duration::ZERO);
    /// # Ok::<(), segue_sdk::BuildError>(())
    /// ```
    pub fn user_data_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.user_data_endpoint = Some(endpoint.into());
        self
    }

    /// Lets a middleware see every event before it is queued. They run in the order given.
    ///
    /// ```
    /// use segue_sdk::Client;
    /// use segue_sdk::middleware::Redact;
    /// use segue_sdk::testing::TestClient;
    /// use serde_json::json;
    ///
    /// let builder = Client::builder("http://127.0.0.1:8090", "wk_secret")
    ///     .middleware(Redact::new(["traits.card_number"]));
    /// # let client = TestClient::with(builder);
    /// client.user("42").identify(&json!({"plan": "pro", "card_number": "4111"}));
    /// assert_eq!(client.events()[0]["traits"], json!({"plan": "pro"}));
    /// ```
    pub fn middleware(mut self, middleware: impl Middleware) -> Self {
        self.settings.middleware.add(middleware);
        self
    }

    /// Most events in one request. Default: 1,000.
    pub const fn batch_events_max(mut self, events: usize) -> Self {
        self.settings.bounds.batch_events_max = events;
        self
    }

    /// Most bytes in one request body. Default: 512 KiB.
    pub const fn batch_bytes_max(mut self, bytes: usize) -> Self {
        self.settings.bounds.batch_bytes_max = bytes;
        self
    }

    /// Longest time that an event waits for company. Default: 200 ms.
    pub const fn batch_interval(mut self, interval: Duration) -> Self {
        self.settings.bounds.batch_interval = interval;
        self
    }

    /// Most bytes in one event; larger ones are dropped. Default: 32 KiB.
    pub const fn event_bytes_max(mut self, bytes: usize) -> Self {
        self.settings.bounds.event_bytes_max = bytes;
        self
    }

    /// Most events held in memory, in flight included. Default: 250,000.
    pub const fn queue_events_max(mut self, events: usize) -> Self {
        self.settings.bounds.queue_events_max = events;
        self
    }

    /// Most bytes of events held in memory, in flight included. Default: 64 MiB.
    pub const fn queue_bytes_max(mut self, bytes: usize) -> Self {
        self.settings.bounds.queue_bytes_max = bytes;
        self
    }

    /// Requests in flight at the same time. Default: 2.
    ///
    /// With one, events arrive in the order of their calls, except for retries of parts of a
    /// batch that was too large. With more, batches may overtake each other; what happened when
    /// is said by the events' timestamps.
    pub const fn in_flight_max(mut self, requests: usize) -> Self {
        self.settings.in_flight_max = requests;
        self
    }

    /// Time for one attempt, until the answer is complete. Default: 30 s.
    pub const fn request_timeout(mut self, timeout: Duration) -> Self {
        self.settings.request_timeout = timeout;
        self
    }

    /// Time from a batch's first attempt until it is dropped as expired. Default: 6 h.
    pub const fn retry_for(mut self, time: Duration) -> Self {
        self.settings.retry_for = time;
        self
    }

    /// What happens when the queue is full. Default: the new event is dropped and counted.
    pub const fn overflow(mut self, policy: OverflowPolicy) -> Self {
        self.settings.overflow = policy;
        self
    }

    /// Tells what became of each event that was taken. Default: they are only counted.
    ///
    /// It runs on the SDK's thread, or for an event that was pushed out of the queue on the thread
    /// whose event took its place: return soon, or nothing is sent meanwhile.
    pub fn on_verdict(mut self, callback: impl Fn(&Verdict<'_>) + Send + Sync + 'static) -> Self {
        self.settings.on_verdict = Some(Arc::new(callback));
        self
    }

    /// Starts the client, which sends over HTTP.
    ///
    /// # Errors
    /// When endpoint, key, bounds or context are unusable, or the system gives no TLS, folder or
    /// thread. Whether the endpoint answers is not looked at.
    pub fn build(mut self) -> Result<Client, BuildError> {
        let settings = self.settings()?;
        let (endpoint, key, http) = (self.endpoint, self.write_key, self.http);
        let connect = move || HttpTransport::with_options(&endpoint, &key, &http);
        let engine = Engine::start(&settings, connect()?)?;
        let restart = move || {
            let transport = connect().ok().filter(HttpTransport::is_own)?;
            Engine::start(&settings, transport).ok()
        };
        Ok(Client::new(engine, Box::new(restart)))
    }

    /// Starts the client with a transport of the caller's; endpoint and key are not used.
    ///
    /// A child process cannot go on with it after a fork.
    ///
    /// # Errors
    /// When the bounds or the context are unusable, or the system gives no folder or thread.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use segue_sdk::Client;
    /// use segue_sdk::testing::Recording;
    ///
    /// let recording = Recording::new();
    /// let client = Client::builder("", "").build_with(recording.clone())?;
    /// client.user("42").track_named("visit", &serde_json::json!({}));
    /// client.shutdown_blocking(Duration::from_secs(5));
    /// assert_eq!(recording.events().len(), 1);
    /// # Ok::<(), segue_sdk::BuildError>(())
    /// ```
    pub fn build_with<T: Transport>(mut self, transport: T) -> Result<Client, BuildError> {
        let settings = self.settings()?;
        let engine = Engine::start(&settings, transport)?;
        Ok(Client::new(engine, Box::new(|| None)))
    }

    /// The settings, complete and checked.
    fn settings(&mut self) -> Result<Arc<Settings>, BuildError> {
        let default = std::mem::replace(&mut self.default_context, Ok(Map::new()));
        let mut context = default.map_err(|()| BuildError::InvalidContext)?;
        let library = json!({"name": "segue-sdk", "version": env!("CARGO_PKG_VERSION")});
        context.entry("library").or_insert(library);
        let context = Value::Object(context).to_string();
        self.settings.bounds.envelope_bytes = ENVELOPE_BYTES + context.len();
        self.settings.context = Arc::from(context);
        self.settings.user_data = self.user_data.take().map(|stream| UserData {
            endpoint: self
                .user_data_endpoint
                .take()
                .unwrap_or_else(|| self.endpoint.clone()),
            stream,
            http: self.http.clone(),
        });
        self.check()?;
        Ok(Arc::new(self.settings.clone()))
    }

    fn check(&self) -> Result<(), BuildError> {
        let Bounds {
            batch_events_max,
            batch_bytes_max,
            envelope_bytes,
            event_bytes_max,
            ..
        } = self.settings.bounds;
        let impossible = [
            (batch_events_max == 0, "batch_events_max is 0"),
            (event_bytes_max == 0, "event_bytes_max is 0"),
            (
                batch_bytes_max < event_bytes_max.saturating_add(envelope_bytes + 1),
                "batch_bytes_max has no room for an event of event_bytes_max",
            ),
            (
                self.settings.bounds.queue_events_max == 0,
                "queue_events_max is 0",
            ),
            (
                self.settings.bounds.queue_bytes_max < event_bytes_max,
                "queue_bytes_max is below one event",
            ),
            (self.settings.in_flight_max == 0, "in_flight_max is 0"),
            (
                self.settings.request_timeout.is_zero(),
                "request_timeout is 0",
            ),
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
            .field("bounds", &self.settings.bounds)
            .finish_non_exhaustive()
    }
}
