//! Where deliveries go.

use segue_receiver::signature::SigningSecret;
use url::Url;

use crate::secret::Secret;

/// One destination, checked.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The author's id.
    pub id: String,
    /// Absolute http or https URL; its query string is kept.
    pub url: Url,
    /// The HTTP method.
    pub method: Method,
    /// Whether loopback and private addresses are allowed. Metadata and link-local never are.
    pub allow_private: bool,
    /// HTTP Basic credentials.
    pub basic: Option<(String, Secret)>,
    /// Headers of the author's own; their values may be secrets.
    pub headers: Vec<(String, Secret)>,
    /// Standard Webhooks keys: the first signs, all are listed while rotating.
    pub signing_secrets: Vec<SigningSecret>,
    /// How many requests may be under way at once.
    pub concurrency: u16,
    /// For one attempt in all, its response body included, in milliseconds.
    pub timeout_ms: u64,
}

/// The HTTP methods that a destination may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Fields travel in the query string.
    Get,
    /// The default.
    Post,
    /// As POST.
    Put,
    /// Fields travel in the query string.
    Delete,
}
