//! How a batch gets to the endpoint: over HTTP, or by whatever implements [`Transport`].

pub(crate) mod http;
pub(crate) use http::HttpOptions;
pub use http::HttpTransport;

#[cfg(feature = "rustls")]
mod tls;

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

/// Sends one batch and brings the answer back.
///
/// It runs on the SDK's own thread, inside a tokio runtime. Retries, back-off and timing are the
/// client's business: one call is one attempt.
///
/// ```
/// use segue_sdk::transport::{Request, Response, Transport, TransportError};
///
/// /// Throws everything away, for tests of something else.
/// struct Nowhere;
///
/// impl Transport for Nowhere {
///     async fn send(&self, _request: Request) -> Result<Response, TransportError> {
///         Ok(Response::new(200, "{}"))
///     }
/// }
///
/// # fn main() -> Result<(), segue_sdk::BuildError> {
/// let client = segue_sdk::Client::builder("http://unused", "key").build_with(Nowhere)?;
/// # drop(client);
/// # Ok(())
/// # }
/// ```
pub trait Transport: Send + Sync + 'static {
    /// One attempt to deliver one batch.
    ///
    /// # Errors
    /// When no answer came; the client tries again with the same message ids.
    fn send(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, TransportError>> + Send;
}

impl<T: Transport> Transport for Arc<T> {
    fn send(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, TransportError>> + Send {
        T::send(self, request)
    }
}

/// One attempt to deliver one batch.
///
/// ```
/// use segue_sdk::transport::{Request, Response, Transport, TransportError};
///
/// /// Hands batches to a queue of the host's.
/// struct Handed(tokio::sync::mpsc::Sender<Vec<u8>>);
///
/// impl Transport for Handed {
///     async fn send(&self, request: Request) -> Result<Response, TransportError> {
///         tracing::debug!(events = request.events, attempt = request.attempt);
///         self.0.send(request.body).await.map_err(TransportError::new)?;
///         Ok(Response::new(200, "{}"))
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The body: JSON as [`wire::Batch`](crate::wire::Batch) reads it.
    pub body: Vec<u8>,
    /// How many events the body holds.
    pub events: usize,
    /// Which try it is for these events, from 0.
    pub attempt: u32,
}

/// What the endpoint answered.
///
/// ```
/// use segue_sdk::transport::Response;
///
/// let busy = Response::new(429, "").with_retry_after("2");
/// assert_eq!((busy.status, busy.retry_after.as_deref()), (429, Some("2")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The header `Retry-After`, as it was written.
    pub retry_after: Option<String>,
    /// The body, cut at a bound.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer with a status and a body.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            retry_after: None,
            body: body.into(),
        }
    }

    /// The same answer asking for a pause: whole seconds or an HTTP date.
    #[must_use]
    pub fn with_retry_after(mut self, header: impl Into<String>) -> Self {
        self.retry_after = Some(header.into());
        self
    }
}

/// No answer came: the network, the endpoint or TLS failed.
///
/// ```
/// use std::error::Error;
///
/// use segue_sdk::transport::TransportError;
///
/// let error = TransportError::new(std::io::Error::other("the socket is gone"));
/// assert_eq!(error.source().unwrap().to_string(), "the socket is gone");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the request got no answer")]
pub struct TransportError {
    source: Box<dyn Error + Send + Sync>,
}

impl TransportError {
    /// Wraps what went wrong.
    #[must_use]
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: source.into(),
        }
    }
}
