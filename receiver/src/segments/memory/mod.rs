//! Segments in memory: for tests, and for hosts that ask for a `replace` at each start.

mod claims;
mod deliver;
mod state;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{
    Advance, Delivered, Delivery, Group, GroupError, Job, JobId, JobState, JobStep, JobWork,
    Segment, SegmentChange, SegmentStore, Standing, StoreError, StoreFuture, Unlock,
};
use crate::payload::PersonId;
use state::{GroupState, State, StoredJob};

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
            self.unlocked(group, |groups| groups.remove(group))?;
            let other = |job: &StoredJob| job.work.job.segment_group != group;
            self.state().jobs.retain(other);
            Ok(())
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

    fn unlock_group<'a>(
        &'a self,
        group: &'a str,
        unlock: Unlock,
    ) -> StoreFuture<'a, (), GroupError> {
        Box::pin(async move {
            let mut state = self.state();
            let found = state.groups.get_mut(group).ok_or(GroupError::Unknown)?;
            found.locked = false;
            state
                .unlocks
                .entry(group.to_owned())
                .or_default()
                .push(unlock);
            Ok(())
        })
    }

    fn unlocks<'a>(&'a self, group: &'a str) -> StoreFuture<'a, Vec<Unlock>> {
        Box::pin(async move { Ok(self.state().unlocks.get(group).cloned().unwrap_or_default()) })
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

    fn deliver(&self, delivery: Delivery) -> StoreFuture<'_, Delivered> {
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

    fn has_open_job<'a>(&'a self, group: &'a str) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let open = |stored: &StoredJob| {
                stored.work.job.segment_group == group && stored.work.job.state != JobState::Done
            };
            Ok(self.state().jobs.iter().any(open))
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

    fn settle(&self, persons: Vec<PersonId>) -> StoreFuture<'_, Vec<SegmentChange>> {
        Box::pin(async move { Ok::<_, StoreError>(self.state().settle(&persons)) })
    }
}
