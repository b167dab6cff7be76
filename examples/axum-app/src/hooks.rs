//! What other systems send: each on a route of its own, with a secret of its own.
//!
//! ```text
//! curl -X POST "http://127.0.0.1:8080/hooks/activly?token=$ACTIVLY_TOKEN" \
//!   -H 'Content-Type: application/json' \
//!   -d '{"event":"purchase","first_name":"Alex","city":"Berlin","country":"DE",
//!        "product":"Pro Plan","timestamp":"2026-02-28T12:00:00Z"}'
//! ```

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use segue_receiver::payload::AudienceRef;
use segue_receiver::segments::Segments;
use segue_receiver::senders::{
    ActivlyFeed, CleverTapMessage, DatatricsMessage, Mapping, Notification, PiwikProMessage,
    activly_router, router,
};
use segue_receiver::{Activation, BuildError, Credentials, Receiver, Secret, SignatureMode};

use crate::config::Hooks;

/// The account of the shop at Activly, and the client id of the other senders.
const ACCOUNT: &str = "shop";

/// How many notifications `GET /feed` shows.
const SHOWN: usize = 20;

/// A route for each sender that has a secret, and `GET /feed` for what Activly's has sent.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(
    hooks: &Hooks,
    segments: &Segments,
    group: &str,
) -> Result<Router<S>, BuildError> {
    let receiver = |credentials: Credentials, secret: &Secret| {
        Receiver::builder()
            .credentials([credentials])
            // None of these senders signs what it sends.
            .signatures(SignatureMode::Off)
            .segments(segments.clone())
            .activation(Activation::new(ACCOUNT, group).secret(secret.clone()))
            .build()
    };
    let mut routes = Router::new();
    if let Some(token) = &hooks.activly {
        let receiver = receiver(Credentials::query_token(), token)?;
        let feed = ActivlyFeed::default();
        routes = routes
            .merge(activly_router("/hooks/activly", &receiver, &feed))
            .merge(Router::new().route("/feed", get(newest)).with_state(feed));
    }
    if let Some(secret) = &hooks.clevertap {
        let receiver = receiver(Credentials::Basic, secret)?;
        let mapping = Mapping::adding("Identity", audience("clevertap", "CleverTap campaigns"))
            .audience_from("key_values.segment", "key_values.segment_name");
        let path = "/hooks/clevertap";
        routes = routes.merge(router::<CleverTapMessage, S>(path, &receiver, mapping));
    }
    if let Some(token) = &hooks.piwik_pro {
        let receiver = receiver(Credentials::query_token(), token)?;
        let mapping = Mapping::adding("user_id", audience("piwik_pro", "Piwik PRO activations"))
            .audience_from("audience_id", "audience_name");
        let path = "/hooks/piwik-pro";
        routes = routes.merge(router::<PiwikProMessage, S>(path, &receiver, mapping));
    }
    if let Some(key) = &hooks.datatrics {
        let receiver = receiver(Credentials::api_key(), key)?;
        let mapping = Mapping::adding("profileid", audience("datatrics", "Datatrics triggers"));
        let path = "/hooks/datatrics";
        routes = routes.merge(router::<DatatricsMessage, S>(path, &receiver, mapping));
    }
    Ok(routes)
}

async fn newest(State(feed): State<ActivlyFeed>) -> Json<Vec<Notification>> {
    Json(feed.newest(ACCOUNT, SHOWN))
}

fn audience(id: &str, name: &str) -> AudienceRef {
    AudienceRef {
        id: id.to_owned(),
        name: name.to_owned(),
    }
}
