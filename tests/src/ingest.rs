//! Events over plain HTTP, for tests that have to know exactly what was acknowledged.

use serde_json::{Value as Json, json};

use crate::http::{self, Answer};

/// One write key at one proxy.
#[derive(Debug, Clone)]
pub struct Ingest {
    client: reqwest::Client,
    base: String,
    key: String,
}

impl Ingest {
    /// A sender with the write key `key`.
    #[must_use]
    pub fn new(base: &str, key: &str) -> Self {
        Self {
            client: http::client(),
            base: base.to_owned(),
            key: key.to_owned(),
        }
    }

    /// The same with another key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            ..self.clone()
        }
    }

    /// Posts a body as it is.
    ///
    /// # Errors
    ///
    /// There was no answer: whether it arrived is not known.
    pub async fn try_post(&self, path: &str, body: Vec<u8>) -> Result<Answer, reqwest::Error> {
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .basic_auth(&self.key, Some(""))
            .header("content-type", "application/json")
            .body(body);
        Answer::read(request.send().await?).await
    }

    /// Posts a body as it is, to a proxy that is there.
    pub async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let answer = self.try_post(path, body.into()).await;
        answer.expect("the proxy is there and answers")
    }

    /// Sends a batch.
    ///
    /// # Errors
    ///
    /// There was no answer: whether it arrived is not known.
    pub async fn try_batch(&self, events: &[Json]) -> Result<Answer, reqwest::Error> {
        let body = json!({ "batch": events }).to_string();
        self.try_post("/v1/batch", body.into_bytes()).await
    }

    /// Sends a batch to a proxy that is there, all of which has to be accepted.
    pub async fn batch(&self, events: &[Json]) -> Answer {
        let answer = self.try_batch(events).await;
        let answer = answer.expect("the proxy is there and answers").expect(200);
        assert_eq!(answer.json["accepted"], events.len(), "{}", answer.text);
        answer
    }
}

/// A track call as JSON.
#[must_use]
pub fn track(user: &str, event: &str, properties: &Json) -> Json {
    json!({ "type": "track", "userId": user, "event": event, "properties": properties })
}

/// The same event with a time, in milliseconds.
#[must_use]
pub fn at(mut event: Json, ms: i64) -> Json {
    let time = jiff::Timestamp::from_millisecond(ms).expect("tests stay within the calendar");
    event["timestamp"] = format!("{time:.3}").into();
    event
}
