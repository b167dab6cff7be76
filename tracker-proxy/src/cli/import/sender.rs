//! Batches to the proxy, again and again until it has them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use http::StatusCode;
use http::header::RETRY_AFTER;
use segue_sdk::wire::BatchAnswer;

use crate::clock::Clock;
use crate::config::{KeyKind, Limits};
use crate::delivery;
use crate::ingest::{Source, parse_batch};
use crate::keys::AccountNo;
use crate::secret::Secret;

/// How long one request may take, in seconds: a batch on a busy proxy takes far less.
const REQUEST_SECONDS_MAX: u64 = 60;
/// How often a batch is tried: with the pauses below, a quarter of an hour.
const TRIES_MAX: u32 = 35;
/// The first pause, in milliseconds; each further one is twice as long, up to the longest.
const PAUSE_MS: u64 = 250;
/// The longest pause, in milliseconds, also where the proxy asks for a longer one.
const PAUSE_MS_MAX: u64 = 30_000;

/// Where batches go.
#[derive(Debug)]
pub(super) enum Sender {
    /// To a proxy.
    Proxy {
        client: reqwest::Client,
        url: String,
        write_key: Secret,
    },
    /// Nowhere: they are read as the proxy would.
    Nowhere {
        source: Box<Source>,
        limits: Limits,
        clock: Clock,
    },
}

/// What came of a batch.
#[derive(Debug)]
pub(super) enum Sent {
    /// Each event has its verdict.
    Answered(BatchAnswer),
    /// It is too long: send it in pieces.
    TooLong,
}

/// The import cannot go on now; a later call continues it.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// Mend what the proxy complains about.
    #[error("the proxy refuses: {status} {text}")]
    Refused { status: StatusCode, text: String },
    /// Look whether the proxy runs, then call again.
    #[error("the proxy cannot be reached: {0}")]
    GaveUp(String),
}

impl Sender {
    pub(super) fn to(url: &str, write_key: Secret) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(delivery::tls_config()?)
            .timeout(Duration::from_secs(REQUEST_SECONDS_MAX))
            .build()?;
        let url = format!("{}/v1/import", url.trim_end_matches('/'));
        Ok(Self::Proxy {
            client,
            url,
            write_key,
        })
    }

    pub(super) fn nowhere(clock: Clock) -> Self {
        Self::Nowhere {
            source: Box::new(Source {
                account: AccountNo::default(),
                kind: KeyKind::Secret,
                origins: Vec::new(),
                trust_browser_identity: false,
                user_token_keys: Arc::new([]),
            }),
            limits: Limits::default(),
            clock,
        }
    }

    /// Sends a batch until there is an answer.
    pub(super) async fn send(&self, body: String) -> Result<Sent, SendError> {
        match self {
            Self::Nowhere {
                source,
                limits,
                clock,
            } => {
                let parsed = parse_batch(body.as_bytes(), source, clock.now(), limits);
                Ok(match parsed {
                    Err(_) => Sent::TooLong,
                    Ok(parsed) => Sent::Answered(BatchAnswer {
                        success: true,
                        accepted: parsed.positions.len(),
                        rejected: parsed.rejected,
                        ..BatchAnswer::default()
                    }),
                })
            }
            Self::Proxy {
                client,
                url,
                write_key,
            } => {
                let body = Bytes::from(body);
                let mut pause = PAUSE_MS;
                let mut tried = 0;
                loop {
                    tried += 1;
                    let request = client
                        .post(url)
                        .header("x-write-key", write_key.expose())
                        .header("content-type", "application/json")
                        .body(body.clone());
                    let why = match attempt(request).await? {
                        Attempt::Sent(sent) => return Ok(sent),
                        Attempt::Again { why, after_ms } => {
                            pause = pause.max(after_ms).min(PAUSE_MS_MAX);
                            why
                        }
                    };
                    if tried >= TRIES_MAX {
                        return Err(SendError::GaveUp(why));
                    }
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    pause = (pause * 2).min(PAUSE_MS_MAX);
                }
            }
        }
    }
}

enum Attempt {
    Sent(Sent),
    Again { why: String, after_ms: u64 },
}

async fn attempt(request: reqwest::RequestBuilder) -> Result<Attempt, SendError> {
    let again = |error: reqwest::Error| Attempt::Again {
        // The address is what the user gave; the key is in a header.
        why: error.to_string(),
        after_ms: 0,
    };
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return Ok(again(error)),
    };
    let status = answer.status();
    let wait = answer.headers().get(RETRY_AFTER);
    let seconds = wait.and_then(|wait| wait.to_str().ok()?.parse::<u64>().ok());
    let text = match answer.text().await {
        Ok(text) => text,
        Err(error) => return Ok(again(error)),
    };
    let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    if status.is_server_error() || later.contains(&status) {
        let after_ms = seconds.unwrap_or(0).saturating_mul(1_000);
        let why = status.to_string();
        return Ok(Attempt::Again { why, after_ms });
    }
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Ok(Attempt::Sent(Sent::TooLong));
    }
    match serde_json::from_str(&text) {
        Ok(answer) if status.is_success() => Ok(Attempt::Sent(Sent::Answered(answer))),
        _ => Err(SendError::Refused { status, text }),
    }
}
