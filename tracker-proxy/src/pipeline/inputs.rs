//! What a turn folds: submissions, due timers, and profiles that newer definitions have to warm.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::Pipeline;
use super::failure::refuse;
use super::journal::Entry;
use crate::clock::TimeMs;
use crate::ingest::{Submission, Unavailable, Verdict};
use crate::store::StoreError;

/// How many submissions are folded at least before the store gets them, if there are so many:
/// enough to be worth a sync, and few enough that the store does not wait for long.
const SUBMISSIONS_PER_SLICE: usize = 8;
/// How many timers fire in one commit, so that a wave of them does not hold up live events; where
/// more events than that go along, as many as those, so that timers keep up with what arms them.
const TIMERS_PER_COMMIT: usize = 256;
/// How many profiles are warmed in one commit.
const WARMED_PER_COMMIT: u32 = 256;

/// Where verdicts go.
pub(super) type Reply = oneshot::Sender<Result<Vec<Verdict>, Unavailable>>;

impl Pipeline {
    /// Folds what arrived, until the store has nothing to do: then what is folded goes to it, and
    /// the rest is folded meanwhile. Who sent it waits for the commit.
    pub(super) fn fold_submissions(
        &mut self,
        now: TimeMs,
        submissions: &mut VecDeque<Submission>,
    ) -> Result<(), StoreError> {
        if submissions.is_empty() {
            return Ok(());
        }
        if self.tail.unfolded_bytes() > self.bounds.tail_bytes {
            refuse(submissions.drain(..));
            return Ok(());
        }
        let mut folded = 0;
        while let Some(submission) = submissions.pop_front() {
            self.store.hold()?;
            let verdicts = self.take_all(&submission, now);
            let error = verdicts.as_ref().err().map(ToString::to_string);
            self.waiting
                .push((submission.reply, verdicts.unwrap_or_default()));
            if let Some(error) = error {
                return Err(StoreError::Damaged(error));
            }
            folded += 1;
            self.land()?;
            if self.flight.is_none() && folded >= SUBMISSIONS_PER_SLICE {
                break;
            }
        }
        Ok(())
    }

    /// Folds what is due by itself: timers, and the next profiles that newer definitions have to
    /// warm.
    pub(super) fn fold_due(&mut self, now: TimeMs) -> Result<(), StoreError> {
        self.store.hold()?;
        let wants = self.timers.wants_reading(now, self.timers_left());
        if wants && !self.shared.is_doubtful() {
            self.read_timers(now)?;
        }
        self.fire_timers(now)?;
        self.warm_slice(now)
    }

    /// Fires timers that are due, while a commit is under way.
    pub(super) fn fire_meanwhile(&mut self, now: TimeMs) -> Result<(), StoreError> {
        self.store.hold()?;
        self.fire_timers(now)
    }

    /// How many more timers may fire in this row.
    fn timers_left(&self) -> usize {
        let events: usize = self
            .waiting
            .iter()
            .map(|(_, verdicts)| verdicts.len())
            .sum();
        events.max(TIMERS_PER_COMMIT).saturating_sub(self.fired)
    }

    fn take_all(
        &mut self,
        submission: &Submission,
        now: TimeMs,
    ) -> Result<Vec<Verdict>, StoreError> {
        let at = self.position(now);
        let mut verdicts = Vec::with_capacity(submission.count);
        let mut rest = submission.events.as_slice();
        while !rest.is_empty() {
            let (event, after) = crate::ingest::Event::decode(rest)
                .map_err(|error| StoreError::Damaged(error.to_string()))?;
            let bytes = &rest[..rest.len() - after.len()];
            let verdict = self.take(submission.account, &event, bytes, at);
            verdicts.push(verdict.inspect_err(|error| {
                tracing::error!(%error, "an event could not be folded");
            })?);
            rest = after;
        }
        Ok(verdicts)
    }

    fn read_timers(&mut self, now: TimeMs) -> Result<(), StoreError> {
        let unwritten: Vec<_> = self
            .cache
            .dirty()
            .filter_map(|(_, id)| {
                let cached = self.cache.get(id)?;
                Some((cached.due()?, id, cached.account))
            })
            .collect();
        self.timers
            .read(self.store.as_ref(), now, unwritten.into_iter())
    }

    fn fire_timers(&mut self, now: TimeMs) -> Result<(), StoreError> {
        if self.shared.is_doubtful() {
            return Ok(());
        }
        let taken = self.timers.take(now, self.timers_left());
        if taken.is_empty() {
            return Ok(());
        }
        self.fired += taken.len();
        let at = self.position(now);
        for (profile, account) in taken {
            if !self.load_living(account, profile)? {
                continue;
            }
            let Some(cached) = self.cache.get(profile) else {
                continue;
            };
            let (due, stale) = (cached.due(), cached.has_stale_timer(now));
            if due.is_none_or(|due| due > now) {
                if let Some(due) = due {
                    self.timers.arm(due, profile, account);
                }
                if stale {
                    self.cache.mark_dirty(profile, at.seq, now);
                }
                continue;
            }
            let entry = Entry::Fire { account, profile };
            self.packer.push(&entry);
            self.fold(&entry, at)?;
        }
        Ok(())
    }

    /// Warms the next profiles for the newest definitions, some with every commit.
    fn warm_slice(&mut self, now: TimeMs) -> Result<(), StoreError> {
        let Some(until) = self.warm_until else {
            return Ok(());
        };
        let at = self.position(now);
        let slice = self
            .store
            .profiles_after(self.head.warmed_row, WARMED_PER_COMMIT)?;
        for stored in &slice {
            if self.follow(stored.account, stored.id)? != stored.id {
                continue;
            }
            if self.cache.get(stored.id).is_none() {
                let cached = super::codec::decode(stored)?;
                self.cache.insert(stored.id, cached);
            }
            let wanted = self.wanted(stored.account);
            if self
                .cache
                .get(stored.id)
                .is_some_and(|cached| cached.profile().warm < wanted)
            {
                let entry = Entry::Warm {
                    account: stored.account,
                    profile: stored.id,
                };
                self.packer.push(&entry);
                self.fold(&entry, at)?;
            }
        }
        self.head.warmed_row = slice.last().map_or(until, |stored| stored.row);
        if self.head.warmed_row >= until {
            self.warm_until = None;
        }
        Ok(())
    }
}
