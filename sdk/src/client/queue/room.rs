//! Making room for an event when the queue is full.

use std::sync::{MutexGuard, PoisonError};
use std::time::Instant;

use super::{Admission, Caller, Queue, State};
use crate::client::OverflowPolicy;
use crate::client::chunk::Evicted;
use crate::client::report::DropReason;
use crate::clock;

impl Queue {
    /// Returns when there is room, or with the reason why there will be none.
    ///
    /// What is on disk too gives up its memory first. Then the policy decides; a caller that may
    /// block waits before anything of less importance is let go.
    pub(super) fn make_room<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        bytes: usize,
        caller: Caller,
        evicted: &mut Vec<Evicted>,
    ) -> (MutexGuard<'a, State>, Result<(), DropReason>) {
        let mut deadline = None;
        loop {
            match state.admit(&self.bounds, bytes) {
                Admission::Taken => return (state, Ok(())),
                Admission::Never(reason) => return (state, Err(reason)),
                Admission::Full => {}
            }
            if state.spill() {
                continue;
            }
            if let Some(wait) = self.wait(caller, &mut deadline) {
                let waited = self.room.wait_timeout(state, wait);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let let_go = match self.overflow {
                OverflowPolicy::Refuse => None,
                OverflowPolicy::DropOldest => {
                    state.evict(caller.keep_evicted, |lane| lane <= caller.priority)
                }
                OverflowPolicy::DropNewest | OverflowPolicy::Block(_) => {
                    state.evict(caller.keep_evicted, |lane| lane < caller.priority)
                }
            };
            match let_go {
                Some(event) => evicted.push(event),
                None => return (state, Err(DropReason::QueueFull)),
            }
        }
    }

    /// How much longer the caller waits for room, if it does.
    fn wait(&self, caller: Caller, deadline: &mut Option<Instant>) -> Option<std::time::Duration> {
        let OverflowPolicy::Block(timeout) = self.overflow else {
            return None;
        };
        let now = clock::instant();
        let deadline = *deadline.get_or_insert_with(|| clock::after(now, timeout));
        (caller.may_block && now < deadline).then(|| deadline - now)
    }
}
