//! What the tests of this stage share.

use std::time::Duration;

use axum::Router;
use bytes::Bytes;

use super::{ContentType, Destination, Frozen, Method};
use crate::clock::TimeMs;
use crate::secret::Secret;

/// 2026-11-20T13:00:00Z
pub(super) const NOW: TimeMs = TimeMs(1_795_179_600_000);
/// No test waits longer than this for what it expects.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A destination on this machine with nothing but a URL.
pub(super) fn destination(url: &str) -> Destination {
    Destination {
        id: "shop".to_owned(),
        url: url.parse().unwrap(),
        method: Method::Post,
        allow_private: true,
        basic: None,
        headers: Vec::new(),
        signing_secrets: Vec::new(),
        concurrency: 8,
        timeout_ms: 10_000,
    }
}

pub(super) fn with_headers(mut destination: Destination, headers: &[(&str, &str)]) -> Destination {
    let secret = |(name, value): &(&str, &str)| ((*name).to_owned(), Secret::new(*value));
    destination.headers = headers.iter().map(secret).collect();
    destination
}

pub(super) fn frozen(body: &str) -> Frozen {
    Frozen {
        id: "0123abcd".to_owned(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        content_type: ContentType::Json,
    }
}

/// Serves `router` until the test's runtime ends; returns its URL.
pub(super) async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(tokio::spawn(async move {
        axum::serve(listener, router).await.unwrap();
    }));
    format!("http://{address}/")
}
