//! One request, right until it is told to be wrong.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use serde::Serialize;

use crate::clock;
use crate::signature::{SIGNATURE_HEADERS, SigningKey, SigningSecret, sign};

/// A signed webhook request for a test; it is right in every way until [`SignedRequest::wrong`]
/// says otherwise.
#[derive(Clone, Debug)]
#[must_use]
pub struct SignedRequest {
    uri: String,
    id: String,
    timestamp_s: i64,
    secrets: Vec<SigningSecret>,
    keys: Vec<SigningKey>,
    headers: HeaderMap,
    body: Vec<u8>,
    wrong: Option<Wrong>,
}

/// One way in which a request can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wrong {
    /// It has none of the credentials' headers.
    NoCredentials,
    /// It has none of the three signature headers.
    NoSignature,
    /// It is signed with a secret that nobody has.
    AnotherSecret,
    /// One bit of the body was changed after signing.
    ChangedBody,
    /// The id was changed after signing.
    ChangedId,
    /// The timestamp was changed after signing.
    ChangedTimestamp,
    /// It was signed an hour ago.
    Old,
    /// It was signed an hour ahead of now.
    Early,
    /// The id has a dot.
    DottedId,
    /// The id is empty.
    EmptyId,
    /// The signature header is there twice.
    RepeatedSignature,
    /// The signature is of 31 bytes.
    TruncatedSignature,
    /// The HMAC is called an ed25519 signature.
    AnotherVersion,
    /// The content is called plain text.
    NotJsonContent,
    /// The body says that it is compressed.
    EncodedBody,
    /// The body is not JSON, but signed.
    NotJson,
    /// The body has 16 MiB.
    TooLarge,
}

impl Wrong {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::NoCredentials,
        Self::NoSignature,
        Self::AnotherSecret,
        Self::ChangedBody,
        Self::ChangedId,
        Self::ChangedTimestamp,
        Self::Old,
        Self::Early,
        Self::DottedId,
        Self::EmptyId,
        Self::RepeatedSignature,
        Self::TruncatedSignature,
        Self::AnotherVersion,
        Self::NotJsonContent,
        Self::EncodedBody,
        Self::NotJson,
        Self::TooLarge,
    ];

    /// The status with which a receiver that requires signatures and JSON refuses it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NotJsonContent | Self::EncodedBody => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotJson => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }
}

impl SignedRequest {
    /// A request of now with an id of its own, signed with this secret. It goes to
    /// `/cdp/webhook` with the body `{}` and no credentials.
    pub fn new(secret: &SigningSecret) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let timestamp_s = clock::now().as_second();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            uri: "/cdp/webhook".to_owned(),
            id: format!("msg_test_{}_{number}", std::process::id()),
            timestamp_s,
            secrets: vec![secret.clone()],
            keys: Vec::new(),
            headers: HeaderMap::new(),
            body: b"{}".to_vec(),
            wrong: None,
        }
    }

    /// Where it goes: a path, or a whole URL.
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.uri = uri.into();
        self
    }

    /// Its `webhook-id`.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// When it is signed, in seconds since 1970.
    pub const fn at(mut self, timestamp_s: i64) -> Self {
        self.timestamp_s = timestamp_s;
        self
    }

    /// Signs with one more secret, as a sender that rotates does.
    pub fn secret(mut self, secret: &SigningSecret) -> Self {
        self.secrets.push(secret.clone());
        self
    }

    /// Signs with an ed25519 key too.
    pub fn key(mut self, key: &SigningKey) -> Self {
        self.keys.push(key.clone());
        self
    }

    /// HTTP Basic credentials.
    ///
    /// # Panics
    ///
    /// Never: base64 is ASCII.
    pub fn basic(self, client_id: &str, client_secret: &str) -> Self {
        let encoded = STANDARD.encode(format!("{client_id}:{client_secret}"));
        let value = HeaderValue::try_from(format!("Basic {encoded}")).expect("it is ASCII");
        self.header(header::AUTHORIZATION, value)
    }

    /// Any other header: credentials in a place of their own, for example.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Its body, byte for byte.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Its body, as compact JSON.
    ///
    /// # Panics
    ///
    /// When the value cannot be JSON.
    pub fn json(self, value: &impl Serialize) -> Self {
        self.body(serde_json::to_vec(value).expect("the value of a test can be JSON"))
    }

    /// Makes it wrong in one way.
    pub const fn wrong(mut self, wrong: Wrong) -> Self {
        self.wrong = Some(wrong);
        self
    }

    /// The request.
    ///
    /// # Panics
    ///
    /// When the address or the id cannot be in a request.
    #[must_use]
    pub fn build(mut self) -> Request<Body> {
        self.before_signing();
        let mut signed = self.signed_headers();
        self.after_signing(&mut signed);
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.parse().expect("the address of a test is right");
        let json = HeaderValue::from_static("application/json");
        let headers = request.headers_mut();
        *headers = self.headers;
        headers.entry(header::CONTENT_TYPE).or_insert(json);
        for (name, value) in signed {
            let value = HeaderValue::try_from(value).expect("the id of a test is right");
            headers.append(name, value);
        }
        request
    }

    fn before_signing(&mut self) {
        match self.wrong {
            Some(Wrong::NoCredentials) => self.headers.clear(),
            Some(Wrong::AnotherSecret) => {
                let secret = SigningSecret::from_bytes(&[0x5a; 32]);
                self.secrets = secret.into_iter().collect();
                self.keys.clear();
            }
            Some(Wrong::Old) => self.timestamp_s -= 3_600,
            Some(Wrong::Early) => self.timestamp_s += 3_600,
            Some(Wrong::DottedId) => self.id.push_str(".1"),
            Some(Wrong::EmptyId) => self.id.clear(),
            Some(Wrong::AnotherVersion | Wrong::TruncatedSignature) => self.keys.clear(),
            Some(Wrong::NotJsonContent) => self.set(header::CONTENT_TYPE, "text/plain"),
            Some(Wrong::EncodedBody) => self.set(header::CONTENT_ENCODING, "gzip"),
            Some(Wrong::NotJson) => self.body = b"not json".to_vec(),
            Some(Wrong::TooLarge) => self.body = vec![b' '; 16 * 1024 * 1024],
            _ => {}
        }
    }

    fn set(&mut self, name: HeaderName, value: &'static str) {
        self.headers.insert(name, HeaderValue::from_static(value));
    }

    fn signed_headers(&self) -> Vec<(&'static str, String)> {
        let mut signature = sign(&self.secrets, &self.id, self.timestamp_s, &self.body);
        for key in &self.keys {
            signature.push(' ');
            signature.push_str(&key.sign(&self.id, self.timestamp_s, &self.body));
        }
        let [id, timestamp, list] = SIGNATURE_HEADERS;
        vec![
            (id, self.id.clone()),
            (timestamp, self.timestamp_s.to_string()),
            (list, signature),
        ]
    }

    fn after_signing(&mut self, signed: &mut Vec<(&'static str, String)>) {
        match self.wrong {
            Some(Wrong::NoSignature) => signed.clear(),
            Some(Wrong::ChangedBody) => match self.body.first_mut() {
                Some(byte) => *byte ^= 1,
                None => self.body.push(b' '),
            },
            Some(Wrong::ChangedId) => signed[0].1.push('x'),
            Some(Wrong::ChangedTimestamp) => signed[1].1 = (self.timestamp_s - 1).to_string(),
            Some(Wrong::RepeatedSignature) => signed.push(signed[2].clone()),
            Some(Wrong::TruncatedSignature) => {
                signed[2].1 = format!("v1,{}", STANDARD.encode([0x5a; 31]));
            }
            Some(Wrong::AnotherVersion) => signed[2].1 = signed[2].1.replace("v1,", "v1a,"),
            _ => {}
        }
    }
}
