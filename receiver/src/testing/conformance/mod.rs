//! Throws the adversarial cases at a receiver and reports what came out.

mod http_cases;
mod report;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use tower_service::Service;

use super::corpus::{Case, Expect, Keys, cases};
use crate::clock;
use crate::signature::{SigningKey, SigningSecret};

pub use report::{Finding, Report};

/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// A membership delivery that is checked in full and changes nothing.
const TEST_SEND: &str = r#"{"type":"audience.membership","timestamp":"2026-11-20T13:00:00Z","data":{"activation":{"id":"conformance","name":"Conformance"},"test":true,"changes":[]}}"#;

/// Where the cases go, and what a good request there looks like.
#[derive(Clone, Debug)]
#[must_use]
pub struct Target {
    uri: String,
    keys: Keys,
    credentials: HeaderMap,
    body: Vec<u8>,
}

impl Target {
    /// A receiver at this path that takes messages signed with this secret.
    pub fn new(path: impl Into<String>, secret: &SigningSecret) -> Self {
        let keys = Keys {
            secret: secret.clone(),
            key: None,
        };
        Self {
            uri: path.into(),
            keys,
            credentials: HeaderMap::new(),
            body: TEST_SEND.into(),
        }
    }

    /// A header with credentials.
    pub fn credential(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.credentials.append(name, value);
        self
    }

    /// The ed25519 key whose public half the receiver has; without one there are no `v1a` cases.
    pub fn key(mut self, key: &SigningKey) -> Self {
        self.keys.key = Some(key.clone());
        self
    }

    /// A body that the receiver takes. Default: a membership delivery that is a test send.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn now_s() -> i64 {
        clock::now().as_second()
    }

    /// A request with these signature headers, right in everything else.
    fn request(&self, signature: &[(&'static str, Vec<u8>)], body: Body) -> Request<Body> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.parse().unwrap_or_default();
        let headers = request.headers_mut();
        *headers = self.credentials.clone();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        for (name, value) in signature {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(*name, value);
            }
        }
        request
    }
}

/// Throws every case at a service: a router, anything else that is a tower service, or a
/// [`HttpTarget`](super::HttpTarget).
///
/// ```
/// use segue_receiver::signature::SigningSecret;
/// use segue_receiver::testing::conformance::{Target, check};
///
/// # async fn example(app: axum::Router) -> Result<(), Box<dyn std::error::Error>> {
/// let secret: SigningSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?;
/// let target = Target::new("/cdp/webhook", &secret).credential(
///     http::header::AUTHORIZATION,
///     "Basic c2hvcC1jbGllbnQ6c2VjcmV0".parse()?,
/// );
/// let report = check(app, &target).await;
/// assert!(report.passed(), "{report}");
/// # Ok(())
/// # }
/// ```
pub async fn check<S>(service: S, target: &Target) -> Report
where
    S: Service<Request<Body>, Response = Response> + Clone + Send + 'static,
    S::Error: std::fmt::Display + Send,
    S::Future: Send,
{
    let mut report = Report::default();
    for case in cases(&target.keys, Target::now_s(), &target.body) {
        if !case.survives_http() {
            report.skipped += 1;
            continue;
        }
        let request = target.request(&case.headers, Body::from(case.body.clone()));
        let answer = ask(service.clone(), request).await;
        report.push(judge(&case, &target.body, &answer));
    }
    http_cases::check(&service, target, &mut report).await;
    report.compare_refusals();
    report
}

/// What came back, or why nothing did.
pub(super) type Answer = Result<Answered, String>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) allows: bool,
    pub(super) body: Vec<u8>,
}

async fn ask<S>(mut service: S, request: Request<Body>) -> Answer
where
    S: Service<Request<Body>, Response = Response>,
    S::Error: std::fmt::Display,
{
    std::future::poll_fn(|context| service.poll_ready(context))
        .await
        .map_err(|error| error.to_string())?;
    let answer = service.call(request).await;
    let (parts, body) = answer.map_err(|error| error.to_string())?.into_parts();
    let body = axum::body::to_bytes(body, ANSWER_BYTES_MAX).await;
    Ok(Answered {
        status: parts.status,
        allows: parts.headers.contains_key(header::ALLOW),
        body: body.map_err(|error| error.to_string())?.to_vec(),
    })
}

fn judge(case: &Case, usual: &[u8], answer: &Answer) -> Finding {
    let (expected, fits): (_, fn(StatusCode) -> bool) = match case.expect {
        _ if case.is_free => ("no crash", |status| !status.is_server_error()),
        Expect::Refused => ("4xx", |status| status.is_client_error()),
        Expect::Verifies if case.body == usual => ("2xx", |status| status.is_success()),
        // The receiver may not like the content, but the signature is good.
        Expect::Verifies => ("anything but 401, 403 and 5xx", |status| {
            !status.is_server_error() && !matches!(status.as_u16(), 401 | 403)
        }),
    };
    Finding::new(&case.name, case.why, expected, answer, fits)
}
