//! What goes into the worker and what comes out of it.

use bytes::Bytes;

use crate::clock::TimeMs;
use crate::delivery::classify::Failure;
use crate::delivery::client::ContentType;
use crate::keys::{AccountNo, ActivationNo, ProfileId};

/// A frozen body on its way to one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The `webhook-id` of every attempt.
    pub id: String,
    /// Whose it is.
    pub account: AccountNo,
    /// What caused it.
    pub activation: ActivationNo,
    /// The account's own id of the destination.
    pub destination: String,
    /// The one person whom it is about, if it is one.
    pub profile: Option<ProfileId>,
    /// The body.
    pub body: Bytes,
    /// What the body is.
    pub content_type: ContentType,
    /// How many attempts were made so far.
    pub attempts: u32,
    /// When the next one is due.
    pub next: TimeMs,
}

/// What the worker tells the pipeline.
#[derive(Debug)]
pub enum Report {
    /// An attempt has ended.
    Attempt(Box<AttemptResult>),
    /// The queue of this destination is longer than fits into memory: of all that waits there
    /// this one is due last and goes back. What is due later need not be sent before there is
    /// room.
    GivenBack {
        /// The account.
        account: AccountNo,
        /// Its destination.
        destination: String,
        /// The delivery.
        id: String,
        /// When it is due.
        due: TimeMs,
    },
    /// There is room again: send what the store holds for this destination and was not sent, or
    /// was given back.
    Room {
        /// The account.
        account: AccountNo,
        /// Its destination.
        destination: String,
    },
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptResult {
    /// The delivery as it was sent in. To retry it, count the attempt, set `next` and send it in
    /// again.
    pub delivery: Delivery,
    /// When the attempt began.
    pub at: TimeMs,
    /// The first attempt is 1. Without a request (`Skipped`, and `Failed` because the destination
    /// is gone) no attempt was used up and it is the number of those before.
    pub attempt_no: u32,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Why there was none.
    pub error: Option<String>,
    /// The beginning of the answer's body.
    pub excerpt: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// What follows.
    pub outcome: Outcome,
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing: it has arrived.
    Delivered,
    /// Another attempt at that time.
    RetryAt(TimeMs),
    /// Nothing: it failed for good.
    Failed(Failure),
    /// Nothing: the hook said why it is not sent.
    Skipped(&'static str),
    /// Nothing, and the destination is to be disabled: it said that it is gone.
    DestinationGone,
}

impl Outcome {
    /// The outcome as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::RetryAt(_) => "retry",
            Self::Failed(_) => "failed",
            Self::Skipped(_) => "skipped",
            Self::DestinationGone => "gone",
        }
    }
}
