//! The routes of ingest.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router, middleware};
use segue_sdk::wire::BatchAnswer;

use super::body::{self, Packing};
use super::cors;
use super::event::EventKind;
use super::intake::{self, Call, Intake};
use super::keys::Source;
use super::parse::parse_batch;
use super::rejection::IngestRejection;
use super::submission::Verdict;
use crate::clock::Clock;
use crate::config::{KeyKind, Limits};
use crate::keys::AccountNo;

#[cfg(test)]
mod tests;

/// Every call, in its long and, where browsers have one, its short form.
const CALLS: [(&str, Call); 17] = [
    ("track", Call::Single(EventKind::Track)),
    ("t", Call::Single(EventKind::Track)),
    ("identify", Call::Single(EventKind::Identify)),
    ("i", Call::Single(EventKind::Identify)),
    ("page", Call::Single(EventKind::Page)),
    ("p", Call::Single(EventKind::Page)),
    ("screen", Call::Single(EventKind::Screen)),
    ("s", Call::Single(EventKind::Screen)),
    ("group", Call::Single(EventKind::Group)),
    ("g", Call::Single(EventKind::Group)),
    ("alias", Call::Single(EventKind::Alias)),
    ("a", Call::Single(EventKind::Alias)),
    ("consent", Call::Single(EventKind::Consent)),
    ("batch", Call::Batch),
    ("b", Call::Batch),
    ("beacon/v1/batch", Call::Batch),
    ("import", Call::Batch),
];

/// Where Snowplow's trackers post, by version 2 of their protocol.
const SNOWPLOW_PATH: &str = "/com.snowplowanalytics.snowplow/tp2";
/// Where those who track at Raptor's ask, with this proxy and `/raptor` as their host.
const RAPTOR_PATH: &str = "/raptor/{file}";

/// All routes of ingest, with and without `/v1` and a slash at the end, as clients write them.
pub fn router(intake: Intake) -> Router {
    let mut router = Router::new();
    for (name, call) in CALLS {
        let any = match call {
            Call::Batch => Call::AnyBatch,
            other => other,
        };
        router = on_both_paths(router, &format!("/v1/{name}"), &taking(call));
        router = on_both_paths(router, &format!("/{name}"), &taking(any));
    }
    router = on_both_paths(router, SNOWPLOW_PATH, &taking(Call::Snowplow));
    router = router.route(RAPTOR_PATH, taking(Call::Raptor));
    router = on_both_paths(router, "/stream/{account}", &taking(Call::UserData));
    // The browser client counts its own doings; we have our own counters.
    let swallow = post(async || Json(BatchAnswer::default())).fallback(not_allowed);
    router = on_both_paths(router, "/v1/m", &swallow);
    on_both_paths(router, "/m", &swallow)
        .layer(middleware::from_fn(cors::answer))
        .with_state(Arc::new(intake))
}

/// The baseline of the load program: it reads and parses the same batches into the same events,
/// asks for no key, throws the events away and answers in the same words.
pub fn discard_router(clock: Clock, limits: Limits) -> Router {
    let anybody = Source {
        account: AccountNo::default(),
        kind: KeyKind::Secret,
        origins: Vec::new(),
        trust_browser_identity: false,
        user_token_keys: [].into(),
    };
    let state = Arc::new((anybody, clock, limits));
    let discard = async |State(state): State<Arc<(Source, Clock, Limits)>>, request: Request| {
        let (anybody, clock, limits) = &*state;
        let (head, body) = request.into_parts();
        let body = body::collect(body, limits.body_bytes_max).await?;
        let packing = Packing::of(&head.headers, &body)?;
        let body = body::unpack(packing, body, limits.body_bytes_max)?;
        let parsed = parse_batch(&body, anybody, clock.now(), limits)?;
        let verdicts = vec![Verdict::Accepted; parsed.positions.len()];
        Ok::<_, IngestRejection>(Json(intake::answer(parsed, &verdicts)))
    };
    Router::new()
        .route("/v1/batch", post(discard))
        .with_state(state)
}

fn taking(call: Call) -> MethodRouter<Arc<Intake>> {
    let take = move |State(intake): State<Arc<Intake>>, request: Request| async move {
        intake.take(call, request).await.map(Json)
    };
    match call {
        Call::Raptor => get(take),
        Call::Batch | Call::Single(_) | Call::AnyBatch | Call::Snowplow | Call::UserData => {
            post(take).fallback(not_allowed)
        }
    }
}

/// With and without a slash at the end.
fn on_both_paths(
    router: Router<Arc<Intake>>,
    path: &str,
    method: &MethodRouter<Arc<Intake>>,
) -> Router<Arc<Intake>> {
    router
        .route(path, method.clone())
        .route(&format!("{path}/"), method.clone())
}

async fn not_allowed() -> IngestRejection {
    IngestRejection::MethodNotAllowed
}
