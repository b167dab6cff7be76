//! What the targets share: one app per process, one request at a time.

use std::cell::OnceCell;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use segue_receiver::{Activation, Credentials, Receiver, SignatureMode};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

/// The token that opens the routes of the senders.
pub const TOKEN: &str = "fuzz-secret";

thread_local! {
    static APP: OnceCell<(Runtime, Router)> = const { OnceCell::new() };
}

/// Sends a request to the app that `build` makes once; an answer must not be a server error.
///
/// # Panics
///
/// When it is one.
pub fn send(build: fn() -> Router, request: Request<Body>) {
    APP.with(|cell| {
        let (runtime, app) = cell.get_or_init(|| {
            let runtime = Builder::new_current_thread().enable_time().build();
            (runtime.expect("a runtime starts"), build())
        });
        let answer = runtime.block_on(app.clone().oneshot(request));
        let status = answer.expect("a router answers").status();
        assert!(!status.is_server_error(), "{status}");
    });
}

/// A receiver for a sender that has nothing but a token.
///
/// # Panics
///
/// Never: the settings are right.
pub fn receiver() -> Receiver {
    Receiver::builder()
        .credentials([Credentials::query_token()])
        .signatures(SignatureMode::Off)
        .activation(Activation::new("fuzz-client", "shop").secret(TOKEN))
        .build()
        .expect("the settings are right")
}

/// A POST of this body, with the token; none when the content type cannot be one.
pub fn post(content_type: &str, body: &[u8]) -> Option<Request<Body>> {
    Request::post(format!("/hook?token={TOKEN}"))
        .header("content-type", content_type)
        .body(Body::from(body.to_vec()))
        .ok()
}
