//! Segments in memory: for tests, and for hosts that ask for a `replace` at each start.

mod claims;
mod state;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{
    Advance, Answer, Delivery, DeliveryOutcome, Group, GroupError, Job, JobId, JobState, JobStep,
    JobWork, Plan, Segment, SegmentStore, Standing, StoreError, StoreFuture, Tally,
};
use crate::payload::PersonId;
use state::{GroupState, JobState as StoredJob, State};

/// Keeps everything in memory; a restart forgets it.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic in a host's own thread must not take the segments away.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `change` on a group that is there and not locked.
    fn unlocked<T>(
        &self,
        group: &str,
        change: impl FnOnce(&mut BTreeMap<String, GroupState>) -> T,
    ) -> Result<T, GroupError> {
        let mut state = self.state();
        match state.groups.get(group) {
            None => Err(GroupError::Unknown),
            Some(group) if group.locked => Err(GroupError::Locked),
            Some(_) => Ok(change(&mut state.groups)),
        }
    }
}

impl State {
    fn deliver(&mut self, delivery: Delivery) -> DeliveryOutcome {
        self.claims.expire(delivery.now);
        if let Some(answer) = delivery
            .claim
            .as_ref()
            .and_then(|key| self.claims.answer(key))
        {
            return DeliveryOutcome::Repeated(answer);
        }
        let Some(group) = self.groups.get_mut(&delivery.group) else {
            return DeliveryOutcome::UnknownGroup;
        };
        let mut tally = Tally::new(delivery.skipped);
        let answer = match delivery.plan {
            Plan::Try => {
                let mut scratch = group.scratch(&delivery.changes);
                scratch.apply(&delivery.changes, &delivery.unknown, &mut tally);
                return DeliveryOutcome::Answered(Answer::Applied(tally.finish()));
            }
            Plan::Apply => {
                group.apply(&delivery.changes, &delivery.unknown, &mut tally);
                self.pending.extend(delivery.unknown);
                Answer::Applied(tally.finish())
            }
            Plan::Store(id) => {
                let job = Job {
                    id: id.clone(),
                    activation: delivery.activation,
                    segment_group: delivery.group,
                    state: JobState::of(0, delivery.changes.len()),
                    changes: delivery.changes.len(),
                    done: 0,
                    applied: 0,
                    skipped: tally.finish().skipped,
                    pending: 0,
                };
                let kept =
                    |job: &StoredJob| job.kept_until.is_none_or(|until| until > delivery.now);
                self.jobs.retain(kept);
                let work = JobWork {
                    job,
                    changes: delivery.changes,
                };
                self.jobs.push(StoredJob {
                    work,
                    kept_until: None,
                });
                Answer::Accepted { job: id }
            }
        };
        group.locked = true;
        if let Some(key) = delivery.claim {
            self.claims
                .keep(key, answer.clone(), delivery.claimed_until);
        }
        DeliveryOutcome::Answered(answer)
    }

    fn advance(&mut self, step: JobStep) -> Advance {
        let Some(stored) = self
            .jobs
            .iter_mut()
            .find(|stored| stored.work.job.id == step.job)
        else {
            return Advance::Lost;
        };
        let job = &mut stored.work.job;
        let Some(group) = self.groups.get_mut(&job.segment_group) else {
            return Advance::Lost;
        };
        if job.done != step.from || job.state == JobState::Done {
            return Advance::Lost;
        }
        let mut tally = Tally::new(std::mem::take(&mut job.skipped));
        group.apply(&step.changes, &step.unknown, &mut tally);
        let summary = tally.finish();
        job.done += step.changes.len();
        job.applied += summary.applied;
        job.pending += summary.pending;
        job.skipped = summary.skipped;
        job.state = JobState::of(job.done, job.changes);
        if job.state == JobState::Done {
            stored.work.changes = Vec::new();
            stored.kept_until = Some(step.kept_until);
        }
        self.pending.extend(step.unknown);
        Advance::Applied
    }

    fn settle(&mut self, persons: &[PersonId]) -> usize {
        let mut settled = 0;
        for person in persons {
            self.pending.remove(person);
            for segment in self
                .groups
                .values_mut()
                .flat_map(|group| group.segments.values_mut())
            {
                if let Some(row) = segment.rows.get_mut(person)
                    && row.standing == Standing::Pending
                {
                    row.standing = Standing::Member;
                    settled += 1;
                }
            }
        }
        settled
    }
}

impl SegmentStore for MemoryStore {
    fn create_group<'a>(
        &'a self,
        group: &'a str,
        name: &'a str,
    ) -> StoreFuture<'a, (), GroupError> {
        Box::pin(async move {
            match self.state().groups.entry(group.to_owned()) {
                Entry::Occupied(_) => Err(GroupError::Exists),
                Entry::Vacant(vacant) => {
                    vacant.insert(GroupState::new(name));
                    Ok(())
                }
            }
        })
    }

    fn rename_group<'a>(
        &'a self,
        group: &'a str,
        name: &'a str,
    ) -> StoreFuture<'a, (), GroupError> {
        Box::pin(async move {
            self.unlocked(group, |groups| {
                if let Some(group) = groups.get_mut(group) {
                    name.clone_into(&mut group.name);
                }
            })
        })
    }

    fn delete_group<'a>(&'a self, group: &'a str) -> StoreFuture<'a, (), GroupError> {
        Box::pin(async move {
            self.unlocked(group, |groups| groups.remove(group))
                .map(drop)
        })
    }

    fn lock_group<'a>(&'a self, group: &'a str) -> StoreFuture<'a, (), GroupError> {
        Box::pin(async move {
            let mut state = self.state();
            state
                .groups
                .get_mut(group)
                .ok_or(GroupError::Unknown)?
                .locked = true;
            Ok(())
        })
    }

    fn group<'a>(&'a self, group: &'a str) -> StoreFuture<'a, Option<Group>> {
        Box::pin(async move {
            Ok(self
                .state()
                .groups
                .get(group)
                .map(|state| state.describe(group)))
        })
    }

    fn groups(&self) -> StoreFuture<'_, Vec<Group>> {
        Box::pin(async move {
            Ok(self
                .state()
                .groups
                .iter()
                .map(|(group, state)| state.describe(group))
                .collect())
        })
    }

    fn segments<'a>(&'a self, group: &'a str) -> StoreFuture<'a, Vec<Segment>> {
        Box::pin(async move {
            let state = self.state();
            let segments = state
                .groups
                .get(group)
                .into_iter()
                .flat_map(|group| &group.segments);
            Ok(segments.map(|(id, segment)| segment.describe(id)).collect())
        })
    }

    fn members<'a>(
        &'a self,
        group: &'a str,
        segment: &'a str,
        after: Option<&'a PersonId>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<PersonId>> {
        Box::pin(async move {
            let state = self.state();
            let segment = state
                .groups
                .get(group)
                .and_then(|group| group.segments.get(segment));
            Ok(segment
                .map(|segment| segment.members(after, limit))
                .unwrap_or_default())
        })
    }

    fn segments_of<'a>(
        &'a self,
        group: &'a str,
        person: &'a PersonId,
    ) -> StoreFuture<'a, Vec<Segment>> {
        Box::pin(async move {
            let state = self.state();
            let segments = state
                .groups
                .get(group)
                .into_iter()
                .flat_map(|group| &group.segments);
            let member = segments.filter(|(_, segment)| {
                segment
                    .rows
                    .get(person)
                    .is_some_and(|row| row.standing == Standing::Member)
            });
            Ok(member.map(|(id, segment)| segment.describe(id)).collect())
        })
    }

    fn deliver(&self, delivery: Delivery) -> StoreFuture<'_, DeliveryOutcome> {
        Box::pin(async move { Ok(self.state().deliver(delivery)) })
    }

    fn job<'a>(&'a self, job: &'a JobId) -> StoreFuture<'a, Option<Job>> {
        Box::pin(async move {
            let state = self.state();
            Ok(state
                .jobs
                .iter()
                .map(|stored| &stored.work.job)
                .find(|known| known.id == *job)
                .cloned())
        })
    }

    fn next_job(&self) -> StoreFuture<'_, Option<JobWork>> {
        Box::pin(async move {
            let state = self.state();
            let open = state
                .jobs
                .iter()
                .find(|stored| stored.work.job.state != JobState::Done);
            Ok(open.map(|stored| stored.work.clone()))
        })
    }

    fn advance_job(&self, step: JobStep) -> StoreFuture<'_, Advance> {
        Box::pin(async move { Ok(self.state().advance(step)) })
    }

    fn pending<'a>(
        &'a self,
        after: Option<&'a PersonId>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<PersonId>> {
        Box::pin(async move {
            let state = self.state();
            Ok(state
                .pending
                .range::<PersonId, _>(state::above(after))
                .take(limit)
                .cloned()
                .collect())
        })
    }

    fn settle(&self, persons: Vec<PersonId>) -> StoreFuture<'_, usize> {
        Box::pin(async move { Ok::<_, StoreError>(self.state().settle(&persons)) })
    }
}
