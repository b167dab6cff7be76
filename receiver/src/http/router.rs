//! The routes.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;

use super::log::Record;
use super::problem::Problem;
use super::{jobs, webhook};
use crate::receiver::Receiver;

pub(crate) fn router<S>(receiver: Receiver) -> Router<S> {
    let path = receiver.inner.path.clone();
    let jobs_path = format!("{path}/jobs/{{job}}");
    let webhook = post(webhook::handle).fallback(method_not_allowed);
    let jobs = get(jobs::handle).fallback(method_not_allowed);
    Router::new()
        .route(&path, webhook.clone())
        .route(&format!("{path}/"), webhook)
        .route(&jobs_path, jobs.clone())
        .route(&format!("{jobs_path}/"), jobs)
        .with_state(receiver)
}

/// The router adds the `Allow` header by itself.
async fn method_not_allowed(State(receiver): State<Receiver>) -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let (code, title) = ("method_not_allowed", "This method is not allowed here");
    Record::start().refused(&receiver, status, code, &title);
    Problem {
        status,
        code,
        title,
    }
    .into_response()
}
