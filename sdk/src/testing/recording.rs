//! A transport for tests: it keeps what is sent and answers as told.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::transport::{Request, Response, Transport, TransportError};

/// Keeps every event that is sent, and acknowledges it; clones share what is kept.
///
/// ```
/// use std::time::Duration;
///
/// use segue_sdk::Client;
/// use segue_sdk::testing::Recording;
///
/// # fn main() -> Result<(), segue_sdk::BuildError> {
/// let recording = Recording::new();
/// let client = Client::builder("http://unused", "key").build_with(recording.clone())?;
/// client.user("42").track_named("visit", &serde_json::json!({"product_id": "p-1"}));
/// client.shutdown_blocking(Duration::from_secs(5));
/// assert_eq!(recording.named("visit")[0]["properties"]["product_id"], "p-1");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Recording {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    answers: VecDeque<Result<Response, TransportError>>,
    events: Vec<Value>,
}

impl Recording {
    /// One that acknowledges everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers the next request that has no answer yet with this; then the next one.
    ///
    /// After the last of them everything is acknowledged again.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use segue_sdk::Client;
    /// use segue_sdk::testing::Recording;
    /// use segue_sdk::transport::Response;
    ///
    /// let recording = Recording::new();
    /// recording.answer_next(Ok(Response::new(503, "")));
    /// let client = Client::builder("", "").build_with(recording.clone())?;
    /// client.user("42").track_named("visit", &serde_json::json!({}));
    /// client.shutdown_blocking(Duration::from_secs(5));
    /// assert_eq!(recording.requests().len(), 2); // the attempt that failed, and the next
    /// assert_eq!(recording.events().len(), 1);
    /// # Ok::<(), segue_sdk::BuildError>(())
    /// ```
    pub fn answer_next(&self, answer: Result<Response, TransportError>) {
        self.state().answers.push_back(answer);
    }

    /// Every attempt so far, failed ones included.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use segue_sdk::Client;
    /// use segue_sdk::testing::Recording;
    ///
    /// let recording = Recording::new();
    /// let client = Client::builder("", "").build_with(recording.clone())?;
    /// client.user("42").track_named("visit", &serde_json::json!({}));
    /// client.flush_blocking(Duration::from_secs(5));
    /// assert_eq!((recording.requests()[0].events, recording.requests()[0].attempt), (1, 0));
    /// recording.clear();
    /// assert!(recording.requests().is_empty() && recording.events().is_empty());
    /// # client.shutdown_blocking(Duration::ZERO);
    /// # Ok::<(), segue_sdk::BuildError>(())
    /// ```
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// The events of every request that was answered with success, in the order of arrival.
    ///
    /// ```
    /// use segue_sdk::Client;
    /// use segue_sdk::testing::Recording;
    ///
    /// let recording = Recording::new();
    /// let client = Client::builder("", "").build_with(recording.clone())?;
    /// client.user("42").identify(&serde_json::json!({"plan": "pro"}));
    /// client.flush_blocking(std::time::Duration::from_secs(5));
    /// assert_eq!(recording.events()[0]["traits"]["plan"], "pro");
    /// # client.shutdown_blocking(std::time::Duration::ZERO);
    /// # Ok::<(), segue_sdk::BuildError>(())
    /// ```
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.state().events.clone()
    }

    /// The tracked events of this name that arrived.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<Value> {
        let mut events = self.events();
        events.retain(|event| event["event"] == name);
        events
    }

    /// Forgets requests and events; answers that were asked for stay.
    ///
    /// ```
    /// use segue_sdk::testing::Recording;
    ///
    /// let recording = Recording::new();
    /// recording.clear();
    /// assert!(recording.events().is_empty());
    /// ```
    pub fn clear(&self) {
        let mut state = self.state();
        state.requests.clear();
        state.events.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("events", &self.state().events.len())
            .finish()
    }
}

impl Transport for Recording {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut state = self.state();
        let answer = state
            .answers
            .pop_front()
            .unwrap_or_else(|| Ok(Response::new(200, r#"{"success":true}"#)));
        if answer
            .as_ref()
            .is_ok_and(|response| (200..300).contains(&response.status))
        {
            let mut body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            if let Value::Array(events) = body["batch"].take() {
                state.events.extend(events);
            }
        }
        state.requests.push(request);
        answer
    }
}
