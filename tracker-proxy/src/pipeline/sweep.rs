//! In which order changed profiles are written back: in that of their rows, round and round.
//!
//! Rows that share a page are then written together, however long ago the one or the other
//! changed. Profiles without a row go last, in the order of the index that has to find them.
//!
//! Before them go the cold ones, which only wait for that to leave memory.

use std::collections::HashSet;

use super::cache::{Cache, Cached};
use crate::clock::TimeMs;
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

    /// What is written back next, each once: cold profiles, all of them, and up to `limit` others
    /// that changed. A round that ends is followed by the next one, over those that have differed
    /// from the store since `before` or longer.
    pub(super) fn take(&mut self, cache: &Cache, limit: usize, before: TimeMs) -> Vec<ProfileId> {
        let mut taken = in_order(cache.cold());
        let limit = limit.saturating_add(taken.len()).min(cache.dirty_len());
        let cold = taken.len();
        self.go_on(cache, limit, &mut taken);
        if taken.len() < limit {
            let have: HashSet<_> = taken[cold..].iter().collect();
            let dirty = cache
                .dirty()
                .filter_map(|(_, id)| Some((id, cache.get(id)?)));
            let others = dirty.filter(|(id, cached)| {
                cached.dirty_at() <= before && !cached.is_cold() && !have.contains(id)
            });
            self.left = in_order(others);
            self.left.reverse();
            self.go_on(cache, limit, &mut taken);
        }
        taken
    }

    fn go_on(&mut self, cache: &Cache, limit: usize, taken: &mut Vec<ProfileId>) {
        while taken.len() < limit
            && let Some(id) = self.left.pop()
        {
            let cached = cache.get(id);
            if cached.is_some_and(|cached| cached.is_dirty() && !cached.is_cold()) {
                taken.push(id);
            }
        }
    }
}

/// Ids in the order of their rows.
fn in_order<'a>(profiles: impl Iterator<Item = (ProfileId, &'a Cached)>) -> Vec<ProfileId> {
    let mut places: Vec<_> = profiles
        .map(|(id, cached)| (cached.row.unwrap_or(i64::MAX), id.part(), id))
        .collect();
    places.sort_unstable();
    places.into_iter().map(|(.., id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{AccountNo, CatalogVersion, JournalSeq};
    use crate::profile::Profile;

    #[test]
    fn a_round_for_the_sake_of_age_leaves_out_who_changed_lately() {
        let mut cache = Cache::new(usize::MAX);
        for (n, at) in [(1, TimeMs(0)), (2, TimeMs(5_000)), (3, TimeMs(2_000))] {
            let (id, row) = (ProfileId([n; 16]), JournalSeq(1));
            let profile = Profile::new(id, row, at, CatalogVersion(0));
            cache.insert(id, Cached::new(AccountNo(0), profile));
            cache.mark_dirty(id, row, at);
        }
        let taken = |before| {
            let ids = Sweep::default().take(&cache, usize::MAX, before);
            ids.iter().map(|id| id.0[0]).collect::<Vec<_>>()
        };
        assert_eq!(taken(TimeMs(2_500)), [1, 3]);
        assert_eq!(taken(TimeMs::MAX), [1, 2, 3]);
    }
}
