//! Why a client could not be built.

use std::error::Error;

/// Why a client could not be built.
///
/// ```
/// use segue_sdk::{BuildError, Client};
///
/// let error = Client::builder("no address", "wk_secret").build().unwrap_err();
/// assert!(matches!(error, BuildError::InvalidEndpoint(_)));
///
/// let error = Client::builder("http://127.0.0.1:8090", "").build().unwrap_err();
/// assert_eq!(error.to_string(), "the write key is empty or holds a colon or control character");
/// ```
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
    /// The address of the proxy is none: give one such as `http://proxy.example:3128`.
    #[error("the address of the proxy is invalid")]
    InvalidProxy,
    /// The feature `rustls` is off and no client was handed in.
    #[error("without the feature `rustls` a reqwest client must be handed in")]
    NoHttpClient,
    /// The system gave no randomness for message ids.
    #[error("the system gave no randomness: {0}")]
    Randomness(String),
    /// The folder of the spool cannot be made or written: look at its path and rights.
    #[error("the spool cannot be used")]
    Spool(#[source] std::io::Error),
    /// Account or stream id for user data is empty or has a character that none has: copy it again.
    #[error("account or stream id for user data is unusable")]
    InvalidStream,
    /// The default context does not serialise to an object: a bug in its type.
    #[error("the default context is no JSON object")]
    InvalidContext,
    /// The system gave no thread: look at its limits.
    #[error("the system gave no thread")]
    Thread(#[source] std::io::Error),
}
