//! Where deliveries go.

use segue_receiver::signature::SigningSecret;
use url::Url;

use crate::secret::Secret;

/// One destination, checked.
#[derive(Clone)]
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

impl std::fmt::Debug for Destination {
    /// Without what may hold a token: path, query and user of the URL.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Destination")
            .field("id", &self.id)
            .field("origin", &self.url.origin().ascii_serialization())
            .field("method", &self.method)
            .field("allow_private", &self.allow_private)
            .field("concurrency", &self.concurrency)
            .field("timeout_ms", &self.timeout_ms)
            .finish_non_exhaustive()
    }
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

#[cfg(test)]
mod tests {
    use crate::delivery::testing::{destination, with_headers};

    #[test]
    fn nothing_secret_is_printed() {
        let url = "https://ada:lovelace@crm.example/hooks/t0ken?key=s3cret";
        let destination = with_headers(destination(url), &[("x-api-key", "k3y")]);
        let printed = format!("{destination:?}");
        for secret in ["lovelace", "t0ken", "s3cret", "k3y"] {
            assert!(!printed.contains(secret), "{printed}");
        }
        assert!(printed.contains("https://crm.example"), "{printed}");
    }
}
