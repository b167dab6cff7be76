//! Sends one request to one destination and says what came of it.
//!
//! In: a destination and a frozen body. Out: an [`Attempt`], always, within the destination's
//! deadline. Nothing is retried, redirected or decompressed here, no proxy is taken from the
//! environment, and no more of the response is read than [`RESPONSE_BYTES_MAX`].

mod answer;
mod error;
mod outgoing;
mod tls;

use std::time::{Duration, Instant};

use bytes::Bytes;

pub use answer::{Answer, EXCERPT_BYTES_MAX, RESPONSE_BYTES_MAX};
pub use error::SendError;
pub(super) use outgoing::is_reserved_header;
pub use outgoing::{Preview, preview};
pub use tls::config as tls_config;

use super::destination::Destination;
use super::guard::{GuardedResolver, Reach, check_url};
use crate::clock::TimeMs;
use outgoing::Outgoing;

/// Connections without work are closed after this time, in seconds: a little before the shortest
/// usual time after which servers close them (5 s), so that no request meets a closing one.
const IDLE_S: u64 = 4;
/// So many connections without work are kept per host.
const IDLE_PER_HOST_MAX: usize = 64;
/// Who we say we are, unless the destination's headers say otherwise.
const USER_AGENT: &str = concat!("segue-tracker-proxy/", env!("CARGO_PKG_VERSION"));

/// What the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContentType {
    /// `application/json`
    #[default]
    Json,
    /// `text/plain`
    Text,
}

impl ContentType {
    /// The value of the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}

/// What is sent: the same on every attempt.
#[derive(Debug, Clone)]
pub struct Frozen {
    /// The `webhook-id`.
    pub id: String,
    /// The body.
    pub body: Bytes,
    /// What the body is.
    pub content_type: ContentType,
}

/// What came of one request.
#[derive(Debug)]
pub struct Attempt {
    /// The answer; an answer whose body broke off or came too slowly is an answer.
    pub answer: Result<Answer, SendError>,
    /// How long it took.
    pub duration: Duration,
}

/// No client could be built: the TLS library refused its own defaults.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client can be built")]
pub struct ClientError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Sends requests. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    /// Kept apart, so that no connection that was allowed for one destination is re-used by
    /// another which may not have it.
    public: reqwest::Client,
    private: reqwest::Client,
}

impl Client {
    /// Builds both clients, with the machine's own certificates.
    ///
    /// # Errors
    ///
    /// The TLS library refused its defaults.
    pub fn new() -> Result<Self, ClientError> {
        let tls = tls::config().map_err(|error| ClientError(error.into()))?;
        let build = |reach| {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .dns_resolver(GuardedResolver::new(reach))
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                // With HTTP/2 one dead connection would be shared by everything that follows.
                .http1_only()
                .user_agent(USER_AGENT)
                .pool_idle_timeout(Duration::from_secs(IDLE_S))
                .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
                .build()
                .map_err(|error| ClientError(error.into()))
        };
        Ok(Self {
            public: build(Reach::Public)?,
            private: build(Reach::Private)?,
        })
    }

    /// Sends `frozen` to `destination`; `now` is the attempt's time.
    pub async fn send(&self, destination: &Destination, frozen: &Frozen, now: TimeMs) -> Attempt {
        let started = Instant::now();
        let deadline = Duration::from_millis(destination.timeout_ms);
        // Outlives the exchange, so that a status is not lost when the body takes too long.
        let mut answer = None;
        let exchange = self.exchange(destination, frozen, now, &mut answer);
        let end = tokio::time::timeout(deadline, exchange).await;
        let error = match end {
            Ok(Ok(())) | Err(_) => SendError::Timeout,
            Ok(Err(error)) => error,
        };
        Attempt {
            answer: answer.ok_or(error),
            duration: started.elapsed(),
        }
    }

    async fn exchange(
        &self,
        destination: &Destination,
        frozen: &Frozen,
        now: TimeMs,
        answer: &mut Option<Answer>,
    ) -> Result<(), SendError> {
        // No resolver ever sees the address in `http://127.0.0.1/`.
        check_url(&destination.url, destination.allow_private)?;
        let request = Outgoing::build(destination, frozen, now)?.into_request();
        let client = match Reach::of(destination.allow_private) {
            Reach::Public => &self.public,
            Reach::Private => &self.private,
        };
        let response = client.execute(request).await?;
        let answer = answer.insert(Answer::of(&response, now));
        answer.read(response).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
