//! Datatrics' messages: the query of a GET, a form or JSON. The first byte chooses.
#![no_main]

use axum::Router;
use axum::body::Body;
use axum::extract::FromRef;
use axum::http::Request;
use axum::routing::any;
use libfuzzer_sys::fuzz_target;
use segue_receiver::payload::AudienceRef;
use segue_receiver::senders::{DatatricsMessage, Mapping};
use segue_receiver::{Receiver, Verified};
use segue_receiver_fuzz::{TOKEN, post, receiver, send};

#[derive(Clone)]
struct Hook(Receiver);

impl FromRef<Hook> for Receiver {
    fn from_ref(hook: &Hook) -> Self {
        hook.0.clone()
    }
}

async fn changes(message: Verified<DatatricsMessage>) -> String {
    let audience = AudienceRef {
        id: "signups".to_owned(),
        name: "Signups".to_owned(),
    };
    let mapping = Mapping::adding("profileid", audience).audience_from("a.b", "c");
    let changes = mapping.changes(message.payload(), jiff::Timestamp::UNIX_EPOCH);
    format!("{changes:?} {:?}", message.payload().get("a.b.c"))
}

fn app() -> Router {
    Router::new().route("/hook", any(changes)).with_state(Hook(receiver()))
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else {
        return;
    };
    let request = match choice % 3 {
        0 => {
            let query = String::from_utf8_lossy(rest);
            let uri = format!("/hook?token={TOKEN}&{query}");
            Request::get(uri).body(Body::empty()).ok()
        }
        1 => post("application/x-www-form-urlencoded", rest),
        _ => post("application/json", rest),
    };
    if let Some(request) = request {
        send(app, request);
    }
});
