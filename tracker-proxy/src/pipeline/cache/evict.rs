//! Letting go of profiles, so that what is in memory stays within its bound.

use super::{Cache, Cached, Slot};
use crate::keys::ProfileId;

/// How many ids are looked at after one commit.
const STEPS_MAX: usize = 16_384;
/// How many changed profiles may wait to be written and let go of: they go with one commit, and
/// the next one waits for it.
const COLD_MAX: usize = 4_096;

impl Cache {
    /// Lets go of profiles that nobody asked for again lately, until the bound holds. Changed ones
    /// are [cold](Self::cold) from then on: they go when they are written. Where other ids lead
    /// is only let go of with `redirects`, when the store knows all of it, and after the profile
    /// to which they lead.
    ///
    /// Whoever is folding may count on what it has loaded: nothing goes but here.
    pub(in crate::pipeline) fn evict(&mut self, redirects: bool) {
        self.let_go_of_written();
        for _ in 0..STEPS_MAX {
            if self.bytes - self.cold_bytes <= self.bytes_max || self.cold.len() >= COLD_MAX {
                return;
            }
            let Some(id) = self.queues.next() else {
                return;
            };
            match self.slots.get_mut(&id) {
                None => {}
                Some(Slot::Profile(cached)) if cached.used => {
                    cached.used = false;
                    self.queues.stays(id);
                }
                // An id can stand in the queues twice, if it was let go of and came again.
                Some(Slot::Profile(cached)) if cached.cold => {}
                Some(Slot::Profile(cached)) if cached.is_dirty() => {
                    cached.cold = true;
                    self.cold_bytes += cached.bytes;
                    self.cold.push(id);
                }
                Some(Slot::Profile(_)) => self.forget(id),
                Some(Slot::Redirect(to)) => {
                    let to = *to;
                    if redirects && self.get(to).is_none() {
                        self.forget(id);
                    } else {
                        self.queues.stays(id);
                    }
                }
            }
        }
    }

    fn let_go_of_written(&mut self) {
        for id in std::mem::take(&mut self.cold) {
            match self.get(id) {
                Some(cached) if cached.cold && cached.is_dirty() => self.cold.push(id),
                Some(cached) if cached.cold => self.forget(id),
                _ => {}
            }
        }
    }

    /// Changed profiles that only wait to be written before they are let go of.
    pub(in crate::pipeline) fn cold(&self) -> impl Iterator<Item = (ProfileId, &Cached)> {
        let cold = self
            .cold
            .iter()
            .filter_map(|id| Some((*id, self.get(*id)?)));
        cold.filter(|(_, cached)| cached.cold && cached.is_dirty())
    }
}

#[cfg(test)]
mod tests {
    use super::super::cached::OVERHEAD_BYTES;
    use super::super::{Found, Snapshot};
    use super::*;
    use crate::clock::TimeMs;
    use crate::keys::{AccountNo, CatalogVersion, JournalSeq};
    use crate::profile::Profile;
    use crate::store::Written;

    const NOW: TimeMs = TimeMs(0);

    fn id(n: u8) -> ProfileId {
        ProfileId([n; 16])
    }

    /// A cache with room for ten.
    fn with_room() -> Cache {
        Cache::new(10 * OVERHEAD_BYTES)
    }

    /// Someone comes into memory with a journal row.
    fn come(cache: &mut Cache, n: u8, row: u64) {
        let profile = Profile::new(id(n), JournalSeq(row), NOW, CatalogVersion(0));
        cache.insert(id(n), Cached::new(AccountNo(0), profile));
        cache.mark_dirty(id(n), JournalSeq(row), NOW);
    }

    /// The store has it, and `meanwhile` happened while it was written.
    fn write(cache: &mut Cache, n: u8, meanwhile: impl FnOnce(&mut Cache)) {
        let leaving = cache.take_off(id(n), NOW, NOW).unwrap();
        meanwhile(cache);
        let written = Written {
            row: i64::from(n),
            newest: None,
        };
        cache.written(&Snapshot::of(&leaving), written, (JournalSeq(9), NOW), &[]);
    }

    fn cold(cache: &Cache) -> Vec<ProfileId> {
        cache.cold().map(|(id, _)| id).collect()
    }

    #[test]
    fn a_changed_profile_goes_once_it_is_written() {
        let mut cache = with_room();
        (0..11).for_each(|n| come(&mut cache, n, 1));
        cache.evict(true);
        assert_eq!((cache.len(), cold(&cache)), (11, vec![id(0)]));
        cache.evict(true);
        assert_eq!(cold(&cache), [id(0)], "one is enough");
        write(&mut cache, 0, |_| {});
        assert!(cache.get(id(0)).is_some(), "somebody may be folding it");
        cache.evict(true);
        assert_eq!((cache.len(), cache.bytes()), (10, 10 * OVERHEAD_BYTES));
        assert!(cache.get(id(0)).is_none());
    }

    #[test]
    fn who_comes_again_while_they_are_written_stay() {
        let mut cache = with_room();
        (0..11).for_each(|n| come(&mut cache, n, 1));
        cache.evict(true);
        write(&mut cache, 0, |cache| {
            cache.mark_dirty(id(0), JournalSeq(2), NOW);
        });
        cache.evict(true);
        assert!(cache.get(id(0)).is_some());
        assert_eq!(cold(&cache), [id(1)], "it is the next one's turn");
    }

    #[test]
    fn one_that_is_erased_while_it_waits_leaves_nothing_behind() {
        let mut cache = with_room();
        (0..11).for_each(|n| come(&mut cache, n, 1));
        cache.evict(true);
        cache.forget(id(0));
        cache.evict(true);
        assert_eq!(cold(&cache), []);
        come(&mut cache, 11, 1);
        cache.evict(true);
        assert_eq!(cold(&cache), [id(1)]);
    }

    #[test]
    fn where_an_id_leads_is_known_for_as_long_as_the_profile_is_there() {
        let mut cache = with_room();
        come(&mut cache, 0, 1);
        cache.mark_dirty(id(0), JournalSeq(2), NOW);
        cache.redirect(id(250), id(0));
        cache.redirect(id(251), id(249));
        for stranger in 2..50 {
            come(&mut cache, stranger, 3);
            cache.evict(true);
            for one in cold(&cache) {
                write(&mut cache, one.0[0], |_| {});
            }
        }
        assert_eq!(cache.find(id(250)), Found::Redirect(id(0)));
        assert_eq!(cache.find(id(251)), Found::Nothing);
    }

    #[test]
    fn who_comes_again_outlives_a_stream_of_strangers() {
        let mut cache = with_room();
        come(&mut cache, 0, 1);
        cache.mark_dirty(id(0), JournalSeq(1), NOW);
        come(&mut cache, 1, 1);
        cache.mark_dirty(id(1), JournalSeq(2), NOW);
        for stranger in 2..200 {
            come(&mut cache, stranger, 3);
            cache.evict(true);
            for one in cold(&cache) {
                write(&mut cache, one.0[0], |_| {});
            }
        }
        assert!(
            cache.get(id(0)).is_none(),
            "two events in one row are one visit"
        );
        assert!(cache.get(id(1)).is_some());
    }
}
