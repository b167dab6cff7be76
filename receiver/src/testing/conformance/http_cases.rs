//! The cases that are about the request around a message.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use tokio::task::JoinSet;
use tower_service::Service;

use super::{Answer, Finding, Report, Target, ask};
use crate::signature::{SIGNATURE_HEADERS, sign};

/// How much of an endless body a receiver may take before it refuses, in bytes.
const TAKEN_BYTES_MAX: usize = 64 * 1024 * 1024;

const FRAME_BYTES: usize = 64 * 1024;

/// How many copies of one message come at once.
const COPIES: usize = 20;

pub(super) async fn check<S>(service: &S, target: &Target, report: &mut Report)
where
    S: Service<Request<Body>, Response = Response> + Clone + Send + 'static,
    S::Error: std::fmt::Display + Send,
    S::Future: Send,
{
    for (name, why, request) in credentials(target) {
        let answer = ask(service.clone(), request).await;
        let refused = |status: StatusCode| matches!(status.as_u16(), 401 | 403);
        report.push(Finding::new(&name, why, "401 or 403", &answer, refused));
    }
    for (name, request) in contents(target) {
        let answer = ask(service.clone(), request).await;
        let why = "only plain JSON is agreed upon";
        let refused = |status: StatusCode| status.is_client_error();
        report.push(Finding::new(name, why, "4xx", &answer, refused));
    }
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        let name = format!("method/{}", method.as_str().to_lowercase());
        let mut request = good(target, "msg_method");
        *request.method_mut() = method;
        let answer = ask(service.clone(), request).await;
        let allows = answer.as_ref().is_ok_and(|answered| answered.allows);
        let refused = |status: StatusCode| status == StatusCode::METHOD_NOT_ALLOWED && allows;
        let why = "a webhook is a POST";
        report.push(Finding::new(&name, why, "405 with Allow", &answer, refused));
    }
    report.push(endless(service, target).await);
    repeats(service, target, report).await;
}

/// The headers of a good message with this id.
fn signed(target: &Target, id: &str) -> Vec<(&'static str, Vec<u8>)> {
    let now_s = Target::now_s();
    let secret = std::slice::from_ref(&target.keys.secret);
    let signature = sign(secret, id, now_s, &target.body);
    let values = [id.to_owned(), now_s.to_string(), signature];
    let values = values.map(String::into_bytes);
    SIGNATURE_HEADERS.into_iter().zip(values).collect()
}

fn good(target: &Target, id: &str) -> Request<Body> {
    target.request(&signed(target, id), Body::from(target.body.clone()))
}

/// Requests whose signature is good and whose credentials are not.
fn credentials(target: &Target) -> Vec<(String, &'static str, Request<Body>)> {
    let mut cases = Vec::new();
    for (name, value) in &target.credentials {
        let mut push = |case: &str, why, values: &[&[u8]]| {
            let mut request = good(target, "msg_credentials");
            request.headers_mut().remove(name);
            for value in values {
                if let Ok(value) = HeaderValue::from_bytes(value) {
                    request.headers_mut().append(name, value);
                }
            }
            cases.push((format!("credentials/{name}-{case}"), why, request));
        };
        let value = value.as_bytes();
        // Shorter than padding that may be left out.
        let cut = &value[..value.len().saturating_sub(4)];
        let wrong = "a credential counts as a whole";
        push("missing", "without credentials nobody is known", &[]);
        push("empty", "an empty credential is none", &[b""]);
        push("cut", wrong, &[cut]);
        push("lengthened", wrong, &[&[value, b"x"].concat()]);
        push("lower-case", wrong, &[&lower_case_secret(value)]);
        push("not-utf-8", "any bytes may come", &[b"Basic \xff\xfe"]);
        push(
            "twice",
            "which of two was meant cannot be known",
            &[value, value],
        );
        push(
            "64-kib",
            "a long value costs nothing",
            &[&b"x".repeat(64 * 1024)],
        );
    }
    cases
}

/// The same scheme, and a secret that is another one because its case differs.
fn lower_case_secret(value: &[u8]) -> Vec<u8> {
    let start = value.iter().position(|byte| *byte == b' ').unwrap_or(0);
    let mut changed = value.to_vec();
    let letter = changed[start..]
        .iter_mut()
        .find(|byte| byte.is_ascii_alphabetic());
    if let Some(letter) = letter {
        *letter ^= 0x20;
    }
    changed
}

fn contents(target: &Target) -> Vec<(&'static str, Request<Body>)> {
    let with = |name, value: Option<&'static str>| {
        let mut request = good(target, "msg_content");
        request.headers_mut().remove(&name);
        if let Some(value) = value {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        request
    };
    let (kind, encoding) = (header::CONTENT_TYPE, header::CONTENT_ENCODING);
    vec![
        ("content/no-type", with(kind.clone(), None)),
        ("content/text", with(kind.clone(), Some("text/plain"))),
        (
            "content/form",
            with(kind.clone(), Some("application/x-www-form-urlencoded")),
        ),
        (
            "content/json-in-name-only",
            with(kind, Some("text/json-like")),
        ),
        ("content/gzip", with(encoding.clone(), Some("gzip"))),
        ("content/unknown-encoding", with(encoding, Some("x-rot13"))),
    ]
}

/// A body without an end: it has to be refused before much of it is taken.
async fn endless<S>(service: &S, target: &Target) -> Finding
where
    S: Service<Request<Body>, Response = Response> + Clone,
    S::Error: std::fmt::Display,
{
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let frame = Bytes::from(vec![b' '; FRAME_BYTES]);
    let frames = futures_util::stream::repeat_with(move || {
        counted.fetch_add(FRAME_BYTES, Ordering::Relaxed);
        Ok::<_, Infallible>(frame.clone())
    });
    let request = target.request(&signed(target, "msg_endless"), Body::from_stream(frames));
    let answer = ask(service.clone(), request).await;
    let taken = taken.load(Ordering::Relaxed);
    let refused = |status: StatusCode| status.is_client_error() && taken <= TAKEN_BYTES_MAX;
    let why = "nothing is taken beyond the bound";
    Finding::new(
        "body/endless",
        why,
        "4xx after at most 64 MiB",
        &answer,
        refused,
    )
}

/// Repeats get one and the same answer, also at once, and a forged message uses up no id.
async fn repeats<S>(service: &S, target: &Target, report: &mut Report)
where
    S: Service<Request<Body>, Response = Response> + Clone + Send + 'static,
    S::Error: std::fmt::Display + Send,
    S::Future: Send,
{
    let id = |name: &str| format!("msg_conformance_{name}_{}", Target::now_s());
    let (repeat, forged_id, copies_id) = (id("repeat"), id("forged"), id("copies"));
    let first = ask(service.clone(), good(target, &repeat)).await;
    let second = ask(service.clone(), good(target, &repeat)).await;
    let why = "a repeat is acknowledged with the first answer";
    report.push(same("repeat/one-after-the-other", why, &[first, second]));

    let mut forged = good(target, &forged_id);
    let forgery = HeaderValue::from_static("v1,AAAA");
    forged.headers_mut().insert(SIGNATURE_HEADERS[2], forgery);
    let answer = ask(service.clone(), forged).await;
    let why = "a signature counts before the id does";
    let refused = |status: StatusCode| status.is_client_error();
    report.push(Finding::new("repeat/forged", why, "4xx", &answer, refused));
    let answer = ask(service.clone(), good(target, &forged_id)).await;
    let accepted = |status: StatusCode| status.is_success();
    let why = "a forged message does not use up an id";
    report.push(Finding::new(
        "repeat/good-after-forged",
        why,
        "2xx",
        &answer,
        accepted,
    ));

    let mut copies = JoinSet::new();
    for _ in 0..COPIES {
        let (service, request) = (service.clone(), good(target, &copies_id));
        copies.spawn(async move { ask(service, request).await });
    }
    let answers = copies.join_all().await;
    let why = "copies that come at once get one answer";
    report.push(same("repeat/at-once", why, &answers));
}

fn same(name: &str, why: &'static str, answers: &[Answer]) -> Finding {
    let different = answers.iter().find(|answer| **answer != answers[0]);
    let alike = different.is_none();
    let shown = different.unwrap_or(&answers[0]);
    let fits = |status: StatusCode| alike && status.is_success();
    Finding::new(name, why, "2xx, the same for all", shown, fits)
}
