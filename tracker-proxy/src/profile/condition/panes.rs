//! Aggregates per pane of time: for windows whose single events are too many to keep.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One part per pane in which something happened, oldest first. Panes are numbered by whoever
/// cuts the time into them.
#[derive(Debug, Clone, PartialEq)]
pub struct Panes<T>(Vec<(i32, T)>);

impl<T> Default for Panes<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Panes<T> {
    /// Adds `part` to a pane; `merge` joins it with what is there. Panes more than `depth` before
    /// the newest are out of every window for good and are dropped, so that what is kept depends
    /// on the events alone and not on their order.
    pub fn add(&mut self, pane: i32, depth: i32, part: T, merge: impl FnOnce(&mut T, T)) {
        match self.0.binary_search_by_key(&pane, |(known, _)| *known) {
            Ok(place) => merge(&mut self.0[place].1, part),
            Err(place) => self.0.insert(place, (pane, part)),
        }
        let newest = self.0.last().map_or(pane, |(pane, _)| *pane);
        let floor = newest.saturating_sub(depth);
        let gone = self.0.partition_point(|(pane, _)| *pane < floor);
        self.0.drain(..gone);
    }

    /// The panes from `from` on and before `to`.
    #[must_use]
    pub fn between(&self, from: i32, to: i32) -> &[(i32, T)] {
        let start = self.0.partition_point(|(pane, _)| *pane < from);
        let end = self.0.partition_point(|(pane, _)| *pane < to);
        &self.0[start..end.max(start)]
    }

    /// All panes.
    #[must_use]
    pub fn as_slice(&self) -> &[(i32, T)] {
        &self.0
    }

    /// Drops the panes before `floor`.
    pub fn drop_before(&mut self, floor: i32) {
        self.0.retain(|(pane, _)| *pane >= floor);
    }
}

// Stored as differences: the next pane is one byte away, its number takes three or four.
impl<T: Serialize> Serialize for Panes<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut before = 0;
        serializer.collect_seq(self.0.iter().map(|(pane, part)| {
            let difference = pane.wrapping_sub(before);
            before = *pane;
            (difference, part)
        }))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Panes<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut panes = Vec::<(i32, T)>::deserialize(deserializer)?;
        let mut before = 0_i32;
        for (pane, _) in &mut panes {
            before = before.wrapping_add(*pane);
            *pane = before;
        }
        Ok(Self(panes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        let (mut left, mut right) = (Panes::default(), Panes::default());
        for pane in [1, 2, 9, 3, 9] {
            left.add(pane, 6, 1_u32, |sum, part| *sum += part);
        }
        for pane in [9, 9, 3, 2, 1] {
            right.add(pane, 6, 1_u32, |sum, part| *sum += part);
        }
        assert_eq!(left, right);
        assert_eq!(left.as_slice(), [(3, 1), (9, 2)]);
        assert_eq!(left.between(4, 10), [(9, 2)]);
        assert!(left.between(10, 4).is_empty());
        let bytes = postcard::to_stdvec(&left).unwrap();
        assert_eq!(postcard::from_bytes(&bytes), Ok(left));
    }
}
