//! `POST /hooks/activly?token=…`.

use axum::Router;
use axum::extract::{FromRef, State};
use axum::routing::post;
use http::StatusCode;

use super::{ActivlyEvent, ActivlyFeed, Queued};
use crate::receiver::Receiver;
use crate::{Verified, clock};

#[derive(Clone)]
struct Hook {
    receiver: Receiver,
    feed: ActivlyFeed,
}

impl FromRef<Hook> for Receiver {
    fn from_ref(hook: &Hook) -> Self {
        hook.receiver.clone()
    }
}

/// A route that puts events into a feed and answers 202, for a host with any state.
///
/// Each activation of the receiver is an account, and its secrets are the tokens; two may be active
/// while one is replaced.
///
/// ```
/// use axum::Router;
/// use segue_receiver::senders::{ActivlyFeed, activly_router};
/// use segue_receiver::{Activation, Credentials, Receiver, SignatureMode};
///
/// let receiver = Receiver::builder()
///     .credentials([Credentials::query_token()])
///     .signatures(SignatureMode::Off)
///     .activation(Activation::new("shop", "shop").secret("a long random token"))
///     .build()?;
/// let feed = ActivlyFeed::default();
/// let app: Router = activly_router("/hooks/activly", &receiver, &feed);
/// assert!(feed.newest("shop", 10).is_empty());
/// # Ok::<(), segue_receiver::BuildError>(())
/// ```
pub fn activly_router<S>(path: &str, receiver: &Receiver, feed: &ActivlyFeed) -> Router<S> {
    let state = Hook {
        receiver: receiver.clone(),
        feed: feed.clone(),
    };
    Router::new().route(path, post(handle)).with_state(state)
}

async fn handle(State(hook): State<Hook>, event: Verified<ActivlyEvent>) -> StatusCode {
    let account = event.client_id().to_owned();
    // A repeat is accepted too, or its sender would go on.
    match hook.feed.push(&account, event.into_payload(), clock::now()) {
        Queued::New | Queued::Repeat => StatusCode::ACCEPTED,
    }
}
