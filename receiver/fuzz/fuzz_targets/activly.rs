//! Activly's events, into a feed: an answer that is no server error, and nothing else shown.
#![no_main]

use axum::Router;
use libfuzzer_sys::fuzz_target;
use segue_receiver::senders::{ActivlyFeed, activly_router};
use segue_receiver_fuzz::{post, receiver, send};

fn app() -> Router {
    activly_router("/hook", &receiver(), &ActivlyFeed::new(100))
}

fuzz_target!(|body: &[u8]| {
    if let Some(request) = post("application/json", body) {
        send(app, request);
    }
});
