//! The memories of all leaves of one person.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};

use super::packed::{Packed, Writer};
use super::{Late, LeafState};
use crate::keys::LeafNo;
use crate::profile::sorted::Sorted;

/// The memories of all leaves that were ever touched: those that events changed lately open, to be
/// changed again, the others packed as they are stored.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Conditions {
    /// Goes before what is packed of the same leaf. In profiles that older programs stored all
    /// memories are here.
    open: Sorted<LeafNo, LeafState>,
    /// Which leaves wait to be folded from history again.
    late: Late,
    #[serde(skip)]
    packed: Packed,
}

impl Conditions {
    /// The memory of `leaf`, if an event ever touched it.
    #[must_use]
    pub fn get(&self, leaf: LeafNo) -> Option<Cow<'_, LeafState>> {
        match self.open.get(leaf) {
            Some(state) => Some(Cow::Borrowed(state)),
            None => self.packed.unpack(leaf).map(Cow::Owned),
        }
    }

    /// The memory of `leaf` to be changed, if there is one.
    pub fn get_mut(&mut self, leaf: LeafNo) -> Option<&mut LeafState> {
        self.get_or_put(leaf, || None)
    }

    /// The memory of `leaf` to be changed; where there is none, `fresh` makes one, or none either.
    pub fn get_or_put(
        &mut self,
        leaf: LeafNo,
        fresh: impl FnOnce() -> Option<LeafState>,
    ) -> Option<&mut LeafState> {
        let place = match self.open.place(leaf) {
            Ok(place) => place,
            Err(place) => {
                let state = self.packed.unpack(leaf).or_else(fresh)?;
                self.open.insert(place, leaf, state);
                place
            }
        };
        Some(self.open.at_mut(place))
    }

    /// Puts `state` in the place of what `leaf` remembered.
    pub fn put(&mut self, leaf: LeafNo, state: LeafState) {
        match self.open.place(leaf) {
            Ok(place) => *self.open.at_mut(place) = state,
            Err(place) => self.open.insert(place, leaf, state),
        }
    }

    /// Forgets what `leaf` remembered and returns it.
    pub fn take(&mut self, leaf: LeafNo) -> Option<LeafState> {
        let open = self.open.remove(leaf);
        let state = open.or_else(|| self.packed.unpack(leaf));
        self.packed.retain(|no| no != leaf);
        state
    }

    /// Notes which keys another profile, which becomes part of this one, has told already: a
    /// basket that was left is told once, by whichever of the two. What is remembered of both is
    /// for a fold from both histories.
    pub fn keep_told(&mut self, other: &Self) {
        for leaf in other.leaves() {
            let Some(state) = other.get(leaf) else {
                continue;
            };
            let LeafState::Armed(theirs) = &*state else {
                continue;
            };
            match self.get_mut(leaf) {
                Some(LeafState::Armed(ours)) => ours.told_like(theirs),
                Some(_) => {}
                None => self.put(leaf, state.into_owned()),
            }
        }
    }

    /// The leaves of which something is remembered, each once.
    pub fn leaves(&self) -> impl Iterator<Item = LeafNo> {
        let open = self.open.iter().map(|(no, _)| no);
        let packed = self.packed.iter().map(|(no, _)| no);
        open.chain(packed.filter(|no| self.open.place(*no).is_err()))
    }

    /// Forgets leaves that are no more.
    pub fn retain(&mut self, keep: impl Fn(LeafNo) -> bool) {
        self.open.retain(&keep);
        self.packed.retain(&keep);
        self.late.retain(keep);
    }

    /// Which leaves an event came too late for.
    #[must_use]
    pub fn late(&self) -> &Late {
        &self.late
    }

    /// The same, to be changed.
    pub fn late_mut(&mut self) -> &mut Late {
        &mut self.late
    }

    /// How many leaves are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.leaves().count()
    }

    /// True if nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.leaves().next().is_none()
    }

    /// Appends all memories to `out` as [`Self::close`] takes them back.
    pub fn pack_into(&self, out: &mut Vec<u8>) {
        let mut writer = Writer::to(out);
        let mut open = self.open.iter().peekable();
        for (no, memory) in self.packed.iter() {
            while let Some((before, state)) = open.next_if(|(open, _)| *open < no) {
                writer.pack(before, state);
            }
            match open.next_if(|(open, _)| *open == no) {
                Some((_, newer)) => writer.pack(no, newer),
                None => writer.copy(no, memory),
            }
        }
        open.for_each(|(no, state)| writer.pack(no, state));
    }

    /// Closes all memories: `packed` is what [`Self::pack_into`] made of them.
    pub fn close(&mut self, packed: &[u8]) {
        self.packed = Packed::new(packed);
        self.open = Sorted::default();
    }

    /// Opens all memories, for where all of them are looked at.
    pub fn open(&mut self) {
        for (no, state) in self.packed.unpack_all() {
            if let Err(place) = self.open.place(no) {
                self.open.insert(place, no, state);
            }
        }
        self.packed = Packed::default();
    }

    /// How many memories are open.
    #[must_use]
    pub fn open_len(&self) -> usize {
        self.open.len()
    }

    /// How many bytes are packed.
    #[must_use]
    pub fn packed_bytes(&self) -> usize {
        self.packed.bytes()
    }

    /// Serializes everything but the memories, where older programs stored them all.
    pub(in crate::profile) fn without_memories<S: Serializer>(
        &self,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        (Sorted::<LeafNo, LeafState>::default(), &self.late).serialize(serializer)
    }
}

/// Equal memories, whichever of them are open.
impl PartialEq for Conditions {
    fn eq(&self, other: &Self) -> bool {
        let same = |leaf| {
            self.get(leaf)
                .is_some_and(|state| other.get(leaf) == Some(state))
        };
        self.late == other.late && self.len() == other.len() && self.leaves().all(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TimeMs;
    use crate::profile::condition::{Sum, Times};

    fn packed(conditions: &Conditions) -> Vec<u8> {
        let mut bytes = Vec::new();
        conditions.pack_into(&mut bytes);
        bytes
    }

    /// Leaves that count, closed.
    fn counts(leaves: &[u32]) -> Conditions {
        let mut conditions = Conditions::default();
        for no in leaves {
            conditions.put(LeafNo(*no), LeafState::Count(u64::from(*no)));
        }
        let bytes = packed(&conditions);
        conditions.close(&bytes);
        conditions
    }

    fn count(conditions: &Conditions, leaf: u32) -> Option<u64> {
        match *conditions.get(LeafNo(leaf))? {
            LeafState::Count(count) => Some(count),
            _ => None,
        }
    }

    #[test]
    fn memories_are_the_same_packed_and_take_little() {
        let mut conditions = Conditions::default();
        let mut times = Times::default();
        for at in [1_700_000_000_000, 1_700_000_500_000, 1_600_000_000_000] {
            times.keep_newest(TimeMs(at), 3);
        }
        conditions.put(LeafNo(7), LeafState::Newest(times));
        conditions.put(LeafNo(3), LeafState::Sum(Sum::of(19.99)));
        let bytes = packed(&conditions);
        let mut closed = Conditions::default();
        closed.close(&bytes);
        assert_eq!(closed, conditions);
        assert!(bytes.len() < 34, "{} bytes", bytes.len());
    }

    #[test]
    fn what_is_changed_is_opened_and_the_rest_stays_packed() {
        let mut conditions = counts(&[2, 5, 9]);
        let Some(LeafState::Count(five)) = conditions.get_mut(LeafNo(5)) else {
            panic!("it counts")
        };
        *five += 100;
        let fresh = || Some(LeafState::Count(1));
        assert!(conditions.get_or_put(LeafNo(7), fresh).is_some());
        assert!(conditions.get_mut(LeafNo(8)).is_none());
        assert_eq!((conditions.open_len(), conditions.len()), (2, 4));
        let bytes = packed(&conditions);
        conditions.close(&bytes);
        assert_eq!(conditions.open_len(), 0);
        let all = [2, 5, 7, 8, 9].map(|leaf| count(&conditions, leaf));
        assert_eq!(all, [Some(2), Some(105), Some(1), None, Some(9)]);
    }

    #[test]
    fn what_is_forgotten_does_not_come_back_from_what_is_packed() {
        let mut conditions = counts(&[2, 5, 9]);
        conditions.put(LeafNo(5), LeafState::Count(0));
        assert_eq!(conditions.take(LeafNo(5)), Some(LeafState::Count(0)));
        assert_eq!(count(&conditions, 5), None);
        conditions.retain(|no| no != LeafNo(2));
        assert_eq!(conditions.leaves().collect::<Vec<_>>(), [LeafNo(9)]);
    }
}
