//! The one HTTP client of the tests.

use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use serde_json::Value as Json;

/// A client for plain HTTP on this machine.
///
/// It brings a TLS set-up of its own all the same, because a client without one cannot be built.
#[must_use]
pub fn client() -> reqwest::Client {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .expect("the provider has the default versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
        .expect("a client without special wishes can be built")
}

/// An answer that was read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header, where there was one.
    pub retry_after: Option<String>,
    /// The body, null where it is no JSON.
    pub json: Json,
    /// The body.
    pub text: String,
}

impl Answer {
    /// Reads an answer to its end.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub async fn read(response: reqwest::Response) -> Result<Self, reqwest::Error> {
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.and_then(|value| Some(value.to_str().ok()?.to_owned()));
        let text = response.text().await?;
        let json = serde_json::from_str(&text).unwrap_or_default();
        Ok(Self {
            status,
            retry_after,
            json,
            text,
        })
    }

    /// The same answer, after a look at its status.
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "the answer was: {}", self.text);
        self
    }
}
