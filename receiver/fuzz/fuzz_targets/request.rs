//! Whole requests: any headers, any query, any body. None ends in a server error or a panic.
//!
//! An input is a query, lines of `name: value`, an empty line, and the body. Signatures are
//! optional and all places for credentials are allowed; with the secret `fuzz-secret` the body is
//! reached.
#![no_main]

use std::cell::OnceCell;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request};
use libfuzzer_sys::fuzz_target;
use segue_receiver::segments::{MemoryStore, Segments};
use segue_receiver::{Activation, Credentials, Receiver, SignatureMode};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

thread_local! {
    static APP: OnceCell<(Runtime, Router)> = const { OnceCell::new() };
}

/// Everything that is logged is made and thrown away.
fn app() -> (Runtime, Router) {
    let silent = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(std::io::sink);
    silent.init();
    let runtime = Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime starts");
    let segments = Segments::new(MemoryStore::new());
    let group = runtime.block_on(segments.create_group("shop", "Shop"));
    group.expect("it is the first group");
    let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse();
    let activation = Activation::new("fuzz-client", "shop")
        .secret("fuzz-secret")
        .signing_secret(secret.expect("it is a secret"));
    let receiver = Receiver::builder()
        .segments(segments)
        .activation(activation)
        .signatures(SignatureMode::Optional)
        .log_bodies(200)
        .credentials([
            Credentials::Basic,
            Credentials::headers(),
            Credentials::api_key(),
            Credentials::Bearer,
            Credentials::query_token(),
            Credentials::json(),
        ])
        .build();
    (runtime, receiver.expect("the settings are right").router())
}

fn request(input: &[u8]) -> Option<Request<Body>> {
    let mut lines = input.split(|byte| *byte == b'\n');
    let query = std::str::from_utf8(lines.next()?).ok()?;
    let mut request = Request::post(format!("/cdp/webhook?{query}")).body(()).ok()?;
    let headers = request.headers_mut();
    let mut read = query.len() + 1;
    for line in lines {
        read += line.len() + 1;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        headers.append(name, value);
    }
    let body = input.get(read..).unwrap_or_default().to_vec();
    Some(request.map(|()| Body::from(body)))
}

fuzz_target!(|input: &[u8]| {
    let Some(request) = request(input) else {
        return;
    };
    APP.with(|cell| {
        let (runtime, app) = cell.get_or_init(app);
        let answer = runtime.block_on(app.clone().oneshot(request));
        let status = answer.expect("a router answers").status();
        assert!(!status.is_server_error(), "{status}");
    });
});
