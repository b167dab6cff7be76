//! Running a handler once for all copies of a delivery.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Claim, ClaimKey, Claimed, Claims, CommitError, KeptAnswer};
use crate::clock;
use crate::http::unavailable;
use crate::limits::{CLAIM_HOURS, CLAIM_LEASE_S, CLAIM_POLL_MS, CLAIM_WAIT_S};
use crate::segments::StoreError;

/// Runs a handler once for all copies of a delivery; see [`claims`](crate::claims) for what it promises.
///
/// Cloning is cheap. All clones, and all processes that share the store, work together.
#[derive(Clone, Debug)]
pub struct Once {
    claims: Arc<dyn Claims>,
    /// Some claim of this process was committed or released.
    settled: Arc<Notify>,
    lease: Duration,
    kept_for: jiff::SignedDuration,
    wait: Duration,
}

impl Once {
    /// Keeps claims in this store.
    #[must_use]
    pub fn new(claims: impl Claims) -> Self {
        Self::from(Arc::new(claims) as Arc<dyn Claims>)
    }

    /// How long a handler may run; then it is cancelled and the resend may run. After a crash the
    /// resend has to wait for as long. Default: 60 seconds.
    #[must_use]
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// For how many hours an answer is kept for repeats: longer than the sender retries.
    /// Default: 168.
    #[must_use]
    pub fn claim_hours(mut self, hours: u32) -> Self {
        self.kept_for = jiff::SignedDuration::from_hours(hours.into());
        self
    }

    /// How long a copy waits for the one that is carried out, before it is told to come again
    /// (503). Default: 10 seconds.
    #[must_use]
    pub const fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Runs the handler, or gives the answer that it gave before.
    ///
    /// A 2xx answer is kept, any other releases the claim. When the store fails before the
    /// handler has begun, the answer is 503 with `Retry-After`.
    pub async fn run<R: IntoResponse>(
        &self,
        key: ClaimKey,
        handler: impl AsyncFnOnce(Claim) -> R,
    ) -> Response {
        match self.claim(key).await {
            Ok(Ok(held)) => held.run(handler, self.lease).await,
            Ok(Err(Some(answer))) => answer.into_response(),
            Ok(Err(None)) => unavailable(),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(target: "cdp::webhook", error, "a delivery could not be claimed");
                unavailable()
            }
        }
    }

    /// The claim, or the answer of whoever had it, or neither when it takes too long.
    async fn claim(&self, key: ClaimKey) -> Result<Result<Held, Option<KeptAnswer>>, StoreError> {
        let deadline = Instant::now() + self.wait;
        loop {
            // Listened for before the store is asked, so that nothing is missed in between.
            let settled = self.settled.notified();
            let claim = self.wanted(key.clone());
            match self.claims.claim(&claim, clock::now()).await? {
                Claimed::Taken => {
                    return Ok(Ok(Held {
                        once: self.clone(),
                        claim: Some(claim),
                    }));
                }
                Claimed::Answered(answer) => return Ok(Err(Some(answer))),
                Claimed::Busy if Instant::now() >= deadline => return Ok(Err(None)),
                // Another process does not notify; it is asked again.
                Claimed::Busy => {
                    let poll = Duration::from_millis(CLAIM_POLL_MS);
                    drop(tokio::time::timeout(poll, settled).await);
                }
            }
        }
    }

    fn wanted(&self, key: ClaimKey) -> Claim {
        let now = clock::now();
        let after = |time: jiff::SignedDuration| now.checked_add(time);
        let lease = jiff::SignedDuration::try_from(self.lease);
        let lease = lease.unwrap_or(jiff::SignedDuration::MAX);
        Claim {
            key,
            token: uuid::Uuid::new_v4().simple().to_string(),
            leased_until: after(lease).unwrap_or(jiff::Timestamp::MAX),
            kept_until: after(self.kept_for).unwrap_or(jiff::Timestamp::MAX),
        }
    }
}

impl From<Arc<dyn Claims>> for Once {
    fn from(claims: Arc<dyn Claims>) -> Self {
        Self {
            claims,
            settled: Arc::default(),
            lease: Duration::from_secs(CLAIM_LEASE_S),
            kept_for: jiff::SignedDuration::from_hours(i64::from(CLAIM_HOURS)),
            wait: Duration::from_secs(CLAIM_WAIT_S),
        }
    }
}

/// A claim that is held; whatever happens to the handler, it is committed or given back.
struct Held {
    once: Once,
    claim: Option<Claim>,
}

impl Held {
    async fn run<R: IntoResponse>(
        mut self,
        handler: impl AsyncFnOnce(Claim) -> R,
        lease: Duration,
    ) -> Response {
        let Some(claim) = self.claim.clone() else {
            return unavailable();
        };
        let Ok(response) = tokio::time::timeout(lease, handler(claim.clone())).await else {
            tracing::error!(target: "cdp::webhook", "a handler ran longer than its lease");
            return unavailable();
        };
        let response = response.into_response();
        if !response.status().is_success() {
            return response;
        }
        let Ok((response, answer)) = KeptAnswer::read(response).await else {
            return unavailable();
        };
        match self.once.claims.commit(&claim, &answer).await {
            Ok(()) => {}
            Err(error @ (CommitError::Lost | CommitError::Store(_))) => {
                // What the handler did stays done; a repeat may do it again.
                let error: &dyn std::error::Error = &error;
                tracing::warn!(target: "cdp::webhook", error, "an answer is not kept");
            }
        }
        self.claim = None;
        self.once.settled.notify_waiters();
        response
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (Some(claim), Ok(runtime)) = (self.claim.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let once = self.once.clone();
        drop(runtime.spawn(async move {
            // When this fails, the lease ends by itself.
            if let Err(error) = once.claims.release(&claim).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(target: "cdp::webhook", error, "a claim waits for its lease to end");
            }
            once.settled.notify_waiters();
        }));
    }
}
