//! Claims in memory: for tests, and for hosts whose handlers may run again after a restart.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::store::{Kept, decide};
use super::{Claim, ClaimKey, Claimed, Claims, CommitError, KeptAnswer};
use crate::limits::MEMORY_CLAIMS_MAX;
use crate::segments::StoreFuture;

/// Keeps claims in memory; a restart forgets them.
///
/// Beyond [`MEMORY_CLAIMS_MAX`] the oldest is forgotten first.
#[derive(Debug, Default)]
pub struct MemoryClaims {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: HashMap<ClaimKey, Kept>,
    /// Every claim that was taken, in order; those that were given back are skipped.
    taken: VecDeque<(ClaimKey, String)>,
}

impl MemoryClaims {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic in a host's own thread must not take the claims away.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets what is over: from the oldest on, as long as it is expired or there are too many.
    fn expire(&mut self, now: jiff::Timestamp) {
        while let Some((key, token)) = self.taken.front() {
            let kept = self.kept.get(key).filter(|kept| kept.token == *token);
            let holds = kept.is_some_and(|kept| match kept.answer {
                Some(_) => kept.kept_until > now,
                None => kept.leased_until > now,
            });
            if holds && self.taken.len() < MEMORY_CLAIMS_MAX {
                return;
            }
            if kept.is_some() {
                self.kept.remove(&key.clone());
            }
            self.taken.pop_front();
        }
    }
}

impl Claims for MemoryClaims {
    fn claim<'a>(&'a self, claim: &'a Claim, now: jiff::Timestamp) -> StoreFuture<'a, Claimed> {
        Box::pin(async move {
            let mut state = self.state();
            state.expire(now);
            let claimed = decide(state.kept.get(&claim.key).cloned(), now);
            if claimed == Claimed::Taken {
                let kept = Kept {
                    token: claim.token.clone(),
                    leased_until: claim.leased_until,
                    kept_until: claim.kept_until,
                    answer: None,
                };
                state.kept.insert(claim.key.clone(), kept);
                state
                    .taken
                    .push_back((claim.key.clone(), claim.token.clone()));
            }
            Ok(claimed)
        })
    }

    fn commit<'a>(
        &'a self,
        claim: &'a Claim,
        answer: &'a KeptAnswer,
    ) -> StoreFuture<'a, (), CommitError> {
        Box::pin(async move {
            let mut state = self.state();
            let kept = state.kept.get_mut(&claim.key);
            let kept = kept.filter(|kept| kept.token == claim.token);
            let kept = kept.ok_or(CommitError::Lost)?;
            kept.answer.get_or_insert_with(|| answer.clone().short());
            Ok(())
        })
    }

    fn release<'a>(&'a self, claim: &'a Claim) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut state = self.state();
            let mine = |kept: &&Kept| kept.token == claim.token && kept.answer.is_none();
            if state.kept.get(&claim.key).filter(mine).is_some() {
                state.kept.remove(&claim.key);
            }
            Ok(())
        })
    }
}
