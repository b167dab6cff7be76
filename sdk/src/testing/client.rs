//! A client that tracks into memory.

use std::ops::Deref;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{Recording, contains};
use crate::client::{Client, ClientBuilder};

/// How long an assertion waits for what was tracked before.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(10);

/// A client whose events stay in memory, to be looked at.
///
/// It can be used wherever a [`Client`] is; clone the client out of it for code that wants to own
/// one. Every look at it first waits for what was tracked before.
///
/// ```
/// use segue_sdk::testing::TestClient;
/// use serde_json::json;
///
/// let tracker = TestClient::new();
/// tracker.user("42").identify(&json!({"plan": "pro", "seats": 3}));
/// tracker.assert_identified("42", json!({"plan": "pro"}));
/// assert_eq!(tracker.events().len(), 1);
///
/// tracker.clear();
/// tracker.assert_nothing();
/// ```
#[derive(Debug)]
pub struct TestClient {
    client: Client,
    recording: Recording,
}

impl TestClient {
    /// One with default settings.
    ///
    /// # Panics
    /// When the system gives no thread.
    #[must_use]
    #[track_caller]
    #[expect(clippy::new_without_default, reason = "it starts a thread")]
    pub fn new() -> Self {
        Self::with(Client::builder("", ""))
    }

    /// One with settings of one's own, such as middlewares; the endpoint is not used.
    ///
    /// # Panics
    /// When the settings contradict each other, or the system gives no thread.
    ///
    /// ```
    /// use segue_sdk::Client;
    /// use segue_sdk::middleware::Sample;
    /// use segue_sdk::testing::TestClient;
    ///
    /// let tracker = TestClient::with(Client::builder("", "").middleware(Sample::new(["search"], 0.0)));
    /// tracker.user("42").track_named("search", &serde_json::json!({}));
    /// tracker.assert_nothing();
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with(builder: ClientBuilder) -> Self {
        let recording = Recording::new();
        let client = builder
            .build_with(recording.clone())
            .unwrap_or_else(|error| panic!("the test client cannot be built: {error}"));
        Self { client, recording }
    }

    /// Everything that was tracked, in the order of arrival, as JSON.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.client.flush_blocking(FLUSH_TIMEOUT);
        self.recording.events()
    }

    /// Forgets what was tracked before.
    pub fn clear(&self) {
        self.client.flush_blocking(FLUSH_TIMEOUT);
        self.recording.clear();
    }

    /// An event of this name was tracked, with at least these properties; returns the first.
    ///
    /// # Panics
    /// When there is none; the message lists what was tracked instead.
    #[track_caller]
    pub fn assert_tracked<P: Serialize>(&self, name: &str, properties: P) -> Value {
        self.find("track", "properties", &properties, |event| {
            event["event"] == name
        })
        .unwrap_or_else(|all| panic!("no `{name}` with these properties among:\n{all}"))
    }

    /// No event of this name was tracked.
    ///
    /// # Panics
    /// When there is one.
    #[track_caller]
    pub fn assert_not_tracked(&self, name: &str) {
        let found = self
            .events()
            .into_iter()
            .find(|event| event["event"] == name);
        assert_eq!(found, None, "`{name}` was tracked");
    }

    /// This user was identified, with at least these traits; returns the event.
    ///
    /// # Panics
    /// When that did not happen; the message lists what was tracked instead.
    #[track_caller]
    pub fn assert_identified<P: Serialize>(&self, user_id: &str, traits: P) -> Value {
        self.find("identify", "traits", &traits, |event| {
            event["userId"] == user_id
        })
        .unwrap_or_else(|all| panic!("no `{user_id}` with these traits among:\n{all}"))
    }

    /// Nothing was tracked.
    ///
    /// # Panics
    /// When something was.
    #[track_caller]
    pub fn assert_nothing(&self) {
        let events = self.events();
        assert!(
            events.is_empty(),
            "something was tracked:\n{}",
            list(&events)
        );
    }

    fn find<P: Serialize>(
        &self,
        kind: &str,
        member: &str,
        expected: &P,
        is_meant: impl Fn(&Value) -> bool,
    ) -> Result<Value, String> {
        let expected = serde_json::to_value(expected).map_err(|error| error.to_string())?;
        let events = self.events();
        let found = events.iter().find(|event| {
            event["type"] == kind && is_meant(event) && contains(&event[member], &expected)
        });
        found.cloned().ok_or_else(|| list(&events))
    }
}

fn list(events: &[Value]) -> String {
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    lines.join("\n")
}

impl Deref for TestClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
