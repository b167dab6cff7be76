//! The loop that works off stored jobs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::{PendingError, Receiver};
use crate::clock;
use crate::limits::{JOB_ATTEMPTS_MAX, JOB_BACKOFF_S_MAX, JOB_STEP_PERSONS};
use crate::segments::{JobStep, JobWork, NumberedChange};

/// Counts calls for the worker, so that none is lost while it ends.
#[derive(Debug, Default)]
pub(super) struct Wakeups {
    /// Calls since the worker began; 0 when there is none.
    calls: AtomicU64,
    resumed: AtomicBool,
}

impl Receiver {
    /// Works off stored jobs in a task of the current tokio runtime, unless one does already.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn resume(&self) {
        let wakeups = &self.inner.wakeups;
        wakeups.resumed.store(true, Ordering::Relaxed);
        if wakeups.calls.fetch_add(1, Ordering::AcqRel) == 0 {
            let worker = Worker {
                receiver: self.clone(),
                finished: false,
            };
            drop(tokio::spawn(worker.run()));
        }
    }

    /// Takes up the jobs of an earlier run, once.
    pub(crate) fn resume_once(&self) {
        if !self.inner.wakeups.resumed.load(Ordering::Relaxed) {
            self.resume();
        }
    }
}

/// The right to be the worker; given back also when the runtime ends or work panics.
struct Worker {
    receiver: Receiver,
    finished: bool,
}

impl Worker {
    async fn run(mut self) {
        loop {
            let seen = self.receiver.inner.wakeups.calls.load(Ordering::Acquire);
            work_off(&self.receiver).await;
            // A call in between means another look.
            let calls = &self.receiver.inner.wakeups.calls;
            if calls
                .compare_exchange(seen, 0, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
            {
                self.finished = true;
                return;
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.finished {
            self.receiver
                .inner
                .wakeups
                .calls
                .store(0, Ordering::Release);
        }
    }
}

/// Works off jobs until there is none, or until they fail too often.
async fn work_off(receiver: &Receiver) {
    let mut failures = 0;
    loop {
        let failed = match next(receiver).await {
            Ok(Some(true)) => {
                failures = 0;
                continue;
            }
            Ok(None) => return,
            Ok(Some(false)) => None,
            Err(error) => Some(error),
        };
        failures += 1;
        if let Some(error) = &failed {
            let error: &dyn std::error::Error = error;
            tracing::warn!(target: "cdp::webhook", error, failures, "a job could not go on");
        }
        if failures >= JOB_ATTEMPTS_MAX {
            // The next request tries again.
            receiver
                .inner
                .wakeups
                .resumed
                .store(false, Ordering::Relaxed);
            return;
        }
        let wait_s = (1_u64 << failures.min(10)).min(JOB_BACKOFF_S_MAX);
        tokio::time::sleep(Duration::from_secs(wait_s)).await;
    }
}

/// Works off the oldest job, if there is one; false when somebody else has worked on it.
async fn next(receiver: &Receiver) -> Result<Option<bool>, PendingError> {
    let segments = &receiver.inner.segments;
    let Some(JobWork { job, changes }) = segments.store().next_job().await? else {
        return Ok(None);
    };
    let mut done = job.done;
    while done < changes.len() {
        let step = &changes[done..done + step_len(&changes[done..])];
        let step = JobStep {
            job: job.id.clone(),
            from: done,
            changes: step.to_vec(),
            unknown: receiver.unknown(step).await?,
            kept_until: receiver.kept_until(clock::now()),
        };
        done += step.changes.len();
        if !segments.advance_job(step).await? {
            return Ok(Some(false));
        }
    }
    Ok(Some(true))
}

/// How many changes make one piece: at least one, and not many more persons than the bound.
fn step_len(changes: &[NumberedChange]) -> usize {
    let mut persons = 0;
    let fits = |numbered: &&NumberedChange| {
        persons += numbered.change.persons().len();
        persons <= JOB_STEP_PERSONS
    };
    changes.iter().take_while(fits).count().max(1)
}
