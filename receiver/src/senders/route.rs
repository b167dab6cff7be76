//! A ready route that turns payloads into membership changes.

use axum::extract::{FromRef, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;

use super::{Mapping, Records};
use crate::http::unavailable;
use crate::receiver::Receiver;
use crate::segments::Summary;
use crate::{ApplyError, Verified, clock};

#[derive(Clone)]
struct Mapped {
    receiver: Receiver,
    mapping: Mapping,
}

impl FromRef<Mapped> for Receiver {
    fn from_ref(mapped: &Mapped) -> Self {
        mapped.receiver.clone()
    }
}

/// A route that takes the payloads of one sender and applies what the mapping makes of them, for a
/// host with any state.
///
/// The answer is always exactly 200 when all went well, for tests too: CleverTap accepts nothing
/// else. It has the shape of a membership delivery's answer.
pub fn router<P: Records, S>(path: &str, receiver: &Receiver, mapping: Mapping) -> Router<S> {
    let mut methods = post(handle::<P>);
    if P::TAKES_GET {
        methods = methods.merge(get(handle::<P>));
    }
    let state = Mapped {
        receiver: receiver.clone(),
        mapping,
    };
    Router::new().route(path, methods).with_state(state)
}

async fn handle<P: Records>(State(mapped): State<Mapped>, payload: Verified<P>) -> Response {
    if payload.payload().is_test() {
        return (StatusCode::OK, Json(Summary::default())).into_response();
    }
    let changes = mapped.mapping.changes(payload.payload(), clock::now());
    match mapped.receiver.apply(payload.sender(), changes).await {
        Ok(answer) => (StatusCode::OK, Json(answer)).into_response(),
        Err(
            error @ (ApplyError::UnknownGroup | ApplyError::Store(_) | ApplyError::Directory(_)),
        ) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(target: "cdp::webhook", error, "a payload could not be applied");
            unavailable()
        }
    }
}
