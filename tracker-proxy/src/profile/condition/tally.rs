//! How often which value was seen, to know the most frequent one.

use serde::{Deserialize, Serialize};

use super::Panes;

/// How many different values a tally knows at once.
pub const TALLY_VALUES_MAX: usize = 32;
/// How many pairs of value and pane a tally over a window keeps.
pub const TALLY_CELLS_MAX: usize = 1_024;

/// One value of a [`Tally`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    value: Box<str>,
    count: u32,
    /// By how much `count` may be too high.
    over: u32,
}

/// Counts of values over all of history: exact up to [`TALLY_VALUES_MAX`] different values.
///
/// Beyond that a new value takes the place of the rarest one and its count (Space-Saving), so that
/// a value that is really frequent is never missed. Sorted by value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally(Vec<Entry>);

impl Tally {
    /// Counts one more `value`.
    pub fn add(&mut self, value: &str) {
        let find =
            |entries: &[Entry]| entries.binary_search_by(|entry| entry.value.as_ref().cmp(value));
        if let Ok(place) = find(&self.0) {
            self.0[place].count = self.0[place].count.saturating_add(1);
            return;
        }
        let mut entry = Entry {
            value: value.into(),
            count: 1,
            over: 0,
        };
        if self.0.len() >= TALLY_VALUES_MAX {
            // Of equally rare ones the alphabetically last, which would lose a tie anyway.
            let rarest = (0..self.0.len())
                .rev()
                .min_by_key(|place| self.0[*place].count);
            let gone = self.0.remove(rarest.unwrap_or_default());
            entry.over = gone.count;
            entry.count = gone.count.saturating_add(1);
        }
        let place = find(&self.0).unwrap_or_else(|place| place);
        self.0.insert(place, entry);
    }

    /// The most frequent value and its count; of equally frequent ones the alphabetically first.
    #[must_use]
    pub fn top(&self) -> Option<(&str, u32)> {
        top(self
            .0
            .iter()
            .map(|entry| (entry.value.as_ref(), entry.count)))
    }

    /// True while every value that was ever counted is known.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.0.iter().all(|entry| entry.over == 0)
    }
}

/// Counts of values per pane of time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PanedTally {
    /// Sorted by value.
    values: Vec<(Box<str>, Panes<u32>)>,
    /// True once a value had to be given up.
    lost: bool,
}

impl PanedTally {
    /// Counts one more `value` in `pane`; panes more than `depth` before the newest are dropped.
    pub fn add(&mut self, value: &str, pane: i32, depth: i32) {
        let place = self
            .values
            .binary_search_by(|(known, _)| known.as_ref().cmp(value));
        let place = place.unwrap_or_else(|place| {
            self.values.insert(place, (value.into(), Panes::default()));
            place
        });
        let panes = &mut self.values[place].1;
        panes.add(pane, depth, 1, |sum, one| *sum = sum.saturating_add(one));
        let newest = self
            .values
            .iter()
            .filter_map(|(_, panes)| panes.as_slice().last());
        let floor = newest
            .map(|(pane, _)| *pane)
            .max()
            .unwrap_or(pane)
            .saturating_sub(depth);
        self.drop_before(floor);
        while self.values.len() > TALLY_VALUES_MAX {
            self.drop_rarest();
        }
        while self.cells() > TALLY_CELLS_MAX {
            self.lost = true;
            let oldest = self
                .values
                .iter()
                .filter_map(|(_, panes)| panes.as_slice().first());
            let Some(oldest) = oldest.map(|(pane, _)| *pane).min() else {
                break;
            };
            self.drop_before(oldest.saturating_add(1));
        }
    }

    /// The most frequent value since pane `from`; of equally frequent ones the alphabetically
    /// first.
    #[must_use]
    pub fn top(&self, from: i32) -> Option<(&str, u32)> {
        top(self.values.iter().filter_map(|(value, panes)| {
            let parts = panes.between(from, i32::MAX).iter();
            let count = parts.fold(0_u32, |sum, (_, part)| sum.saturating_add(*part));
            (count > 0).then_some((value.as_ref(), count))
        }))
    }

    /// Every pane in which something was counted, each once, oldest first.
    #[must_use]
    pub fn panes(&self) -> Vec<i32> {
        let parts = self.values.iter().flat_map(|(_, panes)| panes.as_slice());
        let mut panes: Vec<i32> = parts.map(|(pane, _)| *pane).collect();
        panes.sort_unstable();
        panes.dedup();
        panes
    }

    /// True while every value of the window is known.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.lost
    }

    fn cells(&self) -> usize {
        self.values
            .iter()
            .map(|(_, panes)| panes.as_slice().len())
            .sum()
    }

    fn drop_before(&mut self, floor: i32) {
        for (_, panes) in &mut self.values {
            panes.drop_before(floor);
        }
        self.values
            .retain(|(_, panes)| !panes.as_slice().is_empty());
    }

    fn drop_rarest(&mut self) {
        let total = |panes: &Panes<u32>| {
            let parts = panes.as_slice().iter();
            parts.map(|(_, part)| u64::from(*part)).sum::<u64>()
        };
        let places = (0..self.values.len()).rev();
        if let Some(rarest) = places.min_by_key(|place| total(&self.values[*place].1)) {
            self.values.remove(rarest);
            self.lost = true;
        }
    }
}

fn top<'a>(counts: impl Iterator<Item = (&'a str, u32)>) -> Option<(&'a str, u32)> {
    counts.max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equally_frequent_values_the_alphabetically_first_is_on_top() {
        let mut tally = Tally::default();
        for value in ["shoes", "hats", "shoes", "hats", "coats"] {
            tally.add(value);
        }
        assert_eq!(tally.top(), Some(("hats", 2)));
        assert!(tally.is_exact());
    }

    #[test]
    fn a_frequent_value_is_found_among_thousands() {
        let mut tally = Tally::default();
        for n in 0..5_000 {
            tally.add(&format!("rare {n}"));
            if n % 4 == 0 {
                tally.add("often");
            }
        }
        assert_eq!(tally.top().map(|(value, _)| value), Some("often"));
        assert!(!tally.is_exact(), "and it says that it had to guess");
    }

    #[test]
    fn a_window_forgets_and_stays_bounded() {
        let mut tally = PanedTally::default();
        tally.add("hats", 1, 100);
        tally.add("hats", 1, 100);
        tally.add("shoes", 5, 100);
        assert_eq!(tally.top(0), Some(("hats", 2)));
        assert_eq!(tally.top(2), Some(("shoes", 1)));
        assert!(tally.is_exact());
        for n in 0..20_000 {
            tally.add(&format!("v{}", n % 40), n / 10, 100_000);
        }
        assert!(tally.cells() <= TALLY_CELLS_MAX);
        assert!(tally.values.len() <= TALLY_VALUES_MAX);
        assert!(!tally.is_exact());
    }
}
