//! What became of the events of one chunk, for those who hold their receipts.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::report::DropReason;
use crate::wire::RejectCode;

/// Why an event was not acknowledged.
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::NotDelivered;
///
/// # async fn paid(client: &segue_sdk::Client) {
/// let receipt = client.user("42").track_named("paid", &serde_json::json!({}));
/// match receipt.deliver().await {
///     Ok(()) => {}
///     Err(NotDelivered::Unconfirmed) => { /* it may arrive: try again with its message id */ }
///     Err(error) => tracing::error!(%error),
/// }
/// # }
/// # futures_util::future::FutureExt::now_or_never(paid(&client));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotDelivered {
    /// The endpoint refused it for good: sending it again changes nothing.
    #[error("the endpoint rejected the event ({}): {reason}", code.as_str())]
    Rejected {
        /// The reason, for programs.
        code: RejectCode,
        /// The reason, for people.
        reason: String,
    },
    /// The client gave it up.
    #[error("the event was dropped: {0}")]
    Dropped(DropReason),
    /// The client ended, or the time was up, before the endpoint answered. It may still arrive:
    /// with the same message id it can be tracked again without counting twice.
    #[error("the event was not confirmed in time")]
    Unconfirmed,
}

pub(super) type Verdict = Result<(), NotDelivered>;

type Tell = Box<dyn FnOnce(Verdict) + Send>;

/// The side of the receipts.
pub(super) struct Fate {
    state: Mutex<State>,
    wake: Arc<Notify>,
}

#[derive(Default)]
struct State {
    /// What is settled, by place in the chunk.
    verdicts: Vec<(Range<u32>, Verdict)>,
    waiting: Vec<(u32, Tell)>,
    /// Somebody waits, so that the chunk should not wait for company.
    urgent: bool,
    /// Nothing more will be settled.
    closed: bool,
}

impl Fate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the verdict on one event, now or when it is known.
    pub(super) fn when_known(&self, index: u32, tell: Tell) {
        let mut state = self.state();
        let known = state.verdicts.iter().find(|(of, _)| of.contains(&index));
        let known = known.map(|(_, verdict)| verdict.clone());
        let known = known.or_else(|| state.closed.then_some(Err(NotDelivered::Unconfirmed)));
        match known {
            Some(verdict) => {
                drop(state);
                tell(verdict);
            }
            None => {
                state.urgent = true;
                state.waiting.push((index, tell));
                drop(state);
                self.wake.notify_one();
            }
        }
    }
}

impl std::fmt::Debug for Fate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fate").finish_non_exhaustive()
    }
}

/// The side of the events: parts of a chunk share it, and the last to go closes it.
#[derive(Debug)]
pub(super) struct Decider(Arc<Fate>);

impl Decider {
    pub(super) fn new(wake: &Arc<Notify>) -> Self {
        Self(Arc::new(Fate {
            state: Mutex::default(),
            wake: Arc::clone(wake),
        }))
    }

    pub(super) fn fate(&self) -> Arc<Fate> {
        Arc::clone(&self.0)
    }

    /// Whether somebody waits for one of the events.
    pub(super) fn is_urgent(&self) -> bool {
        self.is_watched() && self.0.state().urgent
    }

    /// Settles some events. Without receipts nobody can ever ask, and nothing is kept.
    pub(super) fn settle(&self, events: Range<u32>, verdict: &Verdict) {
        if events.is_empty() || !self.is_watched() {
            return;
        }
        let told: Vec<(u32, Tell)> = {
            let mut state = self.0.state();
            state.verdicts.push((events.clone(), verdict.clone()));
            let about = |(index, _): &mut (u32, Tell)| events.contains(index);
            state.waiting.extract_if(.., about).collect()
        };
        for (_, tell) in told {
            tell(verdict.clone());
        }
    }

    fn is_watched(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

impl Drop for Decider {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.0.state();
            state.closed = true;
            std::mem::take(&mut state.waiting)
        };
        for (_, tell) in waiting {
            tell(Err(NotDelivered::Unconfirmed));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    fn ask(fate: &Fate, index: u32) -> Receiver<Verdict> {
        let (tell, told) = channel();
        fate.when_known(index, Box::new(move |verdict| tell.send(verdict).unwrap()));
        told
    }

    #[test]
    fn who_asks_before_and_who_asks_after_hear_the_same() {
        let decider = Decider::new(&Arc::default());
        let fate = decider.fate();
        let early = ask(&fate, 1);
        assert!(decider.is_urgent());
        decider.settle(0..1, &Ok(()));
        assert!(early.try_recv().is_err(), "another event was settled");
        decider.settle(1..3, &Err(NotDelivered::Dropped(DropReason::Expired)));
        assert_eq!(early.try_recv(), ask(&fate, 2).try_recv());
        assert_eq!(ask(&fate, 0).try_recv(), Ok(Ok(())));
    }

    #[test]
    fn the_end_answers_who_still_waits() {
        let decider = Decider::new(&Arc::default());
        let fate = decider.fate();
        let early = ask(&fate, 0);
        drop(decider);
        assert_eq!(early.try_recv(), Ok(Err(NotDelivered::Unconfirmed)));
        assert_eq!(ask(&fate, 0).try_recv(), Ok(Err(NotDelivered::Unconfirmed)));
    }

    #[test]
    fn without_a_receipt_nothing_is_kept() {
        let decider = Decider::new(&Arc::default());
        decider.settle(0..9, &Ok(()));
        assert!(decider.fate().state().verdicts.is_empty());
    }
}
