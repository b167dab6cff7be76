//! In which order changed profiles are written back: in that of their rows, round and round.
//!
//! Rows that share a page are then written together, however long ago the one or the other
//! changed. Profiles without a row go last, in the order of the index that has to find them.

use super::cache::Cache;
use crate::keys::ProfileId;

/// One round over the profiles that had changed when it began.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    /// What is left of it, the next one last.
    left: Vec<ProfileId>,
}

impl Sweep {
    pub(super) fn clear(&mut self) {
        self.left.clear();
    }

    /// Up to `limit` changed profiles, each once. A round that ends is followed by the next one.
    pub(super) fn take(&mut self, cache: &Cache, limit: usize) -> Vec<ProfileId> {
        let mut taken = Vec::with_capacity(limit.min(cache.dirty_len()));
        self.go_on(cache, limit, &mut taken);
        if taken.len() < limit && taken.len() < cache.dirty_len() {
            self.begin(cache, &taken);
            self.go_on(cache, limit, &mut taken);
        }
        taken
    }

    fn go_on(&mut self, cache: &Cache, limit: usize, taken: &mut Vec<ProfileId>) {
        while taken.len() < limit
            && let Some(id) = self.left.pop()
        {
            if cache.get(id).is_some_and(|cached| cached.is_dirty()) {
                taken.push(id);
            }
        }
    }

    fn begin(&mut self, cache: &Cache, taken: &[ProfileId]) {
        let row = |id| cache.get(id).and_then(|cached| cached.row);
        let taken: std::collections::HashSet<_> = taken.iter().collect();
        let dirty = cache.dirty().map(|(_, id)| id);
        let mut places: Vec<_> = dirty
            .filter(|id| !taken.contains(id))
            .map(|id| (row(id).unwrap_or(i64::MAX), id.part(), id))
            .collect();
        places.sort_unstable_by(|one, other| other.cmp(one));
        self.left = places.into_iter().map(|(.., id)| id).collect();
    }
}
