//! Whether the process lives, and whether it can take events.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::pipeline::Handle;

/// `/healthz` and `/readyz`.
pub(super) fn router(handle: Handle) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(handle)
}

async fn ready(State(handle): State<Handle>) -> (StatusCode, &'static str) {
    if handle.shared.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}
