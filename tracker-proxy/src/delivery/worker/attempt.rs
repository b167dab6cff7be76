//! One attempt, as a task of its own.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;

use super::lane::Start;
use super::report::{AttemptResult, Delivery, Outcome};
use super::{Precheck, PrecheckFn};
use crate::clock::{Clock, TimeMs};
use crate::delivery::classify::{Blame, Class, Failure, classify};
use crate::delivery::client::{Attempt, Client, Frozen, SendError};
use crate::delivery::destination::Destination;
use crate::delivery::schedule::{self, Next};

/// A destination that asks for fewer requests and does not say for how long is left alone for
/// this long, in milliseconds.
const OVERLOADED_PAUSE_MS: i64 = 1_000;

/// What all attempts share.
pub(super) struct Sender {
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) precheck: PrecheckFn,
    pub(super) attempts_max: u32,
}

/// The end of an attempt.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) lane: u64,
    /// Whether it was the breaker's probe.
    pub(super) probe: bool,
    pub(super) result: Box<AttemptResult>,
    pub(super) news: News,
}

/// What an attempt says about its destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// It works.
    Well,
    /// It did not answer, or badly.
    Struggling,
    /// It will answer the same to everything.
    Misconfigured,
    /// It wants to be left alone, for so many milliseconds.
    Overloaded(i64),
    /// Nothing: there was no request.
    None,
}

impl Sender {
    /// Makes the attempt. It always ends by itself and with a result: a panic counts as a failed
    /// attempt, because otherwise the delivery and its slot would be lost.
    pub(super) async fn attempt(self: Arc<Self>, start: Start) -> Finished {
        let (lane, probe) = (start.lane, start.probe);
        let Start {
            delivery,
            destination,
            ..
        } = start;
        let at = self.clock.now();
        let attempt = self.try_once(&delivery, destination.as_deref(), at);
        let (draft, news) = match AssertUnwindSafe(attempt).catch_unwind().await {
            Ok(end) => end,
            Err(_panic) => self.panicked(&delivery),
        };
        metrics::counter!("segue_delivery_attempts_total", "outcome" => draft.outcome.as_str())
            .increment(1);
        Finished {
            lane,
            probe,
            result: Box::new(draft.complete(delivery, at)),
            news,
        }
    }

    async fn try_once(
        &self,
        delivery: &Delivery,
        destination: Option<&Destination>,
        at: TimeMs,
    ) -> (Draft, News) {
        let Some(destination) = destination else {
            let inactive = Outcome::Failed(Failure::Inactive);
            return (Draft::without_request(delivery, inactive), News::None);
        };
        if let Precheck::Skip(reason) = (self.precheck)(delivery).await {
            let skipped = Outcome::Skipped(reason);
            return (Draft::without_request(delivery, skipped), News::None);
        }
        let frozen = Frozen {
            id: delivery.id.clone(),
            body: delivery.body.clone(),
            content_type: delivery.content_type,
        };
        let attempt = self.client.send(destination, &frozen, at).await;
        metrics::histogram!("segue_delivery_duration_seconds").record(attempt.duration);
        self.judge(delivery, attempt)
    }

    fn judge(&self, delivery: &Delivery, attempt: Attempt) -> (Draft, News) {
        let attempt_no = delivery.attempts.saturating_add(1);
        let (status, retry_after_ms) = match &attempt.answer {
            Ok(answer) => (Ok(answer.status), answer.retry_after_ms),
            Err(error) => (Err(error), None),
        };
        let (outcome, news) = match classify(status) {
            Class::Delivered => (Outcome::Delivered, News::Well),
            Class::Gone => (Outcome::DestinationGone, News::Misconfigured),
            Class::Failed(Failure::Unsendable) => {
                (Outcome::Failed(Failure::Unsendable), News::None)
            }
            Class::Failed(why) => (Outcome::Failed(why), News::Well),
            Class::Retry(blame) => {
                let news = match blame {
                    Blame::Struggling => News::Struggling,
                    Blame::Misconfigured => News::Misconfigured,
                    Blame::Overloaded => {
                        News::Overloaded(retry_after_ms.unwrap_or(OVERLOADED_PAUSE_MS))
                    }
                };
                (self.retry(attempt_no, retry_after_ms), news)
            }
        };
        let draft = match attempt.answer {
            Ok(answer) => Draft {
                status: Some(answer.status),
                excerpt: answer.excerpt,
                ..Draft::new(attempt_no, outcome)
            },
            Err(error) => {
                log_failure(delivery, &error);
                Draft {
                    error: Some(error.to_string()),
                    ..Draft::new(attempt_no, outcome)
                }
            }
        };
        let duration_ms = u32::try_from(attempt.duration.as_millis()).unwrap_or(u32::MAX);
        let draft = Draft {
            duration_ms,
            ..draft
        };
        (draft, news)
    }

    fn retry(&self, attempts: u32, retry_after_ms: Option<i64>) -> Outcome {
        // Without a random number the jitter is the same for all, which is no harm worth a panic.
        let random = getrandom::u32().unwrap_or_default();
        let now = self.clock.now();
        match schedule::next(attempts, self.attempts_max, now, retry_after_ms, random) {
            Next::At(next) => Outcome::RetryAt(next),
            Next::GaveUp => Outcome::Failed(Failure::GaveUp),
        }
    }

    fn panicked(&self, delivery: &Delivery) -> (Draft, News) {
        tracing::error!(delivery = delivery.id, "an attempt panicked");
        let attempt_no = delivery.attempts.saturating_add(1);
        let draft = Draft {
            error: Some("internal error".to_owned()),
            ..Draft::new(attempt_no, self.retry(attempt_no, None))
        };
        (draft, News::None)
    }
}

fn log_failure(delivery: &Delivery, error: &SendError) {
    tracing::debug!(
        delivery = delivery.id,
        destination = delivery.destination,
        %error,
        "an attempt failed"
    );
}

/// An [`AttemptResult`] that does not own its delivery yet.
#[derive(Debug)]
struct Draft {
    attempt_no: u32,
    status: Option<u16>,
    error: Option<String>,
    excerpt: String,
    duration_ms: u32,
    outcome: Outcome,
}

impl Draft {
    const fn new(attempt_no: u32, outcome: Outcome) -> Self {
        Self {
            attempt_no,
            status: None,
            error: None,
            excerpt: String::new(),
            duration_ms: 0,
            outcome,
        }
    }

    const fn without_request(delivery: &Delivery, outcome: Outcome) -> Self {
        Self::new(delivery.attempts, outcome)
    }

    fn complete(self, delivery: Delivery, at: TimeMs) -> AttemptResult {
        AttemptResult {
            delivery,
            at,
            attempt_no: self.attempt_no,
            status: self.status,
            error: self.error,
            excerpt: self.excerpt,
            duration_ms: self.duration_ms,
            outcome: self.outcome,
        }
    }
}
