//! Whole requests: any headers, any query, any body. None ends in a server error or a panic.
//!
//! An input is a query, lines of `name: value`, an empty line, and the body. Signatures are
//! optional and all places for credentials are allowed; with the secret `fuzz-secret` the body is
//! reached.
#![no_main]

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request};
use libfuzzer_sys::fuzz_target;
use segue_receiver::segments::{MemoryStore, Segments};
use segue_receiver::{Activation, Credentials, Receiver, SignatureMode};

/// Everything that is logged is made and thrown away.
fn app() -> Router {
    let silent = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(std::io::sink);
    silent.init();
    let segments = Segments::new(MemoryStore::new());
    // A memory store answers at once.
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime starts");
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
    receiver.expect("the settings are right").router()
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
    if let Some(request) = request(input) {
        segue_receiver_fuzz::send(app, request);
    }
});
