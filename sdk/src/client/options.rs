//! What can be said about a single event besides the event itself.

use std::time::SystemTime;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::priority::Priority;

/// A message id, a time, a context or a priority of the caller's own for one event.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use segue_sdk::Options;
///
/// let yesterday = SystemTime::UNIX_EPOCH + Duration::from_secs(1_763_546_400);
/// let options = Options::new()
///     .message_id("order-77-line-1") // a retry of the caller's counts once
///     .at(yesterday)
///     .context(&serde_json::json!({"ip": "203.0.113.7"}));
/// # drop(options);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub(super) message_id: Option<String>,
    pub(super) at: Option<Timestamp>,
    pub(super) context: Option<Result<Box<RawValue>, Unserializable>>,
    pub(super) priority: Option<Priority>,
}

/// The context's type refused to be serialised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unserializable;

impl Options {
    /// Nothing of the caller's own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A message id from the app, such as one made from an order's number, instead of a new one.
    ///
    /// Two events with one message id count once for at least 24 h. An empty id is ignored.
    #[must_use]
    pub fn message_id(mut self, id: impl Into<String>) -> Self {
        self.message_id = Some(id.into()).filter(|id| !id.is_empty());
        self
    }

    /// When it happened, instead of now.
    #[must_use]
    pub fn at(mut self, time: SystemTime) -> Self {
        // Outside the calendar's range: as far back as it goes, for the proxy to judge.
        self.at = Some(Timestamp::try_from(time).unwrap_or(Timestamp::MIN));
        self
    }

    /// Where and how it happened: anything that serialises to an object.
    #[must_use]
    pub fn context<C: Serialize + ?Sized>(mut self, context: &C) -> Self {
        self.context = Some(serde_json::value::to_raw_value(context).map_err(|_| Unserializable));
        self
    }

    /// How much it matters when not everything can be kept, instead of what its kind says.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// use segue_sdk::{Options, Priority};
    ///
    /// let options = Options::new().priority(Priority::High);
    /// client.user("42").track_named_with("refund", &serde_json::json!({}), &options);
    /// # client.assert_tracked("refund", serde_json::json!({}));
    /// ```
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }
}
