//! Sums per pane of time, kept as running totals: what a window comes to is one difference,
//! however many panes it has.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Sum;

/// What is added up. Whole numbers only: with them a difference of totals is the very sum of the
/// panes in between, whatever order they came in.
pub trait Summand: Copy + Default + PartialEq {
    /// Both together.
    #[must_use]
    fn plus(self, other: Self) -> Self;

    /// What is left without a part of it.
    #[must_use]
    fn minus(self, part: Self) -> Self;

    /// True if it makes a sum smaller.
    fn is_negative(self) -> bool;
}

impl Summand for u64 {
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }

    fn minus(self, part: Self) -> Self {
        self.saturating_sub(part)
    }

    fn is_negative(self) -> bool {
        false
    }
}

impl Summand for Sum {
    fn plus(mut self, other: Self) -> Self {
        self.add(other);
        self
    }

    fn minus(self, part: Self) -> Self {
        self.without(part)
    }

    fn is_negative(self) -> bool {
        self.is_below_zero()
    }
}

/// The panes in which something happened, oldest first, each with the total of all panes up to it.
/// Panes are numbered by whoever cuts the time into them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Totals<T> {
    panes: Vec<i32>,
    totals: Vec<T>,
    /// How many panes make the total smaller.
    negative: usize,
}

impl<T: Summand> Totals<T> {
    /// Adds `part` to a pane. Panes more than `depth` before the newest are out of every window
    /// for good and are dropped, so that what is kept depends on the events alone and not on their
    /// order.
    pub fn add(&mut self, pane: i32, depth: i32, part: T) {
        let place = match self.panes.last() {
            // Nearly every event is of the newest pane.
            Some(newest) if *newest == pane => self.panes.len() - 1,
            _ => self.panes.partition_point(|known| *known < pane),
        };
        if self.panes.get(place) == Some(&pane) {
            let before = self.part(place);
            let gone = usize::from(before.is_negative());
            let come = usize::from(before.plus(part).is_negative());
            self.negative = (self.negative + come).saturating_sub(gone);
        } else {
            self.panes.insert(place, pane);
            self.totals.insert(place, self.before(place));
            self.negative += usize::from(part.is_negative());
        }
        for total in &mut self.totals[place..] {
            *total = total.plus(part);
        }
        let newest = self.panes.last().map_or(pane, |pane| *pane);
        let floor = newest.saturating_sub(depth);
        if self.panes[0] < floor {
            self.drop_before(floor);
        }
    }

    fn drop_before(&mut self, floor: i32) {
        let gone = self.panes.partition_point(|pane| *pane < floor);
        let negative = (0..gone).filter(|place| self.part(*place).is_negative());
        self.negative = self.negative.saturating_sub(negative.count());
        let before = self.before(gone);
        self.panes.drain(..gone);
        self.totals.drain(..gone);
        for total in &mut self.totals {
            *total = total.minus(before);
        }
    }

    /// The panes, oldest first.
    #[must_use]
    pub fn panes(&self) -> &[i32] {
        &self.panes
    }

    /// The panes from `from` on and before `to`.
    #[must_use]
    pub fn between(&self, from: i32, to: i32) -> Window<'_, T> {
        let start = self.panes.partition_point(|pane| *pane < from);
        let end = match self.panes.last() {
            Some(newest) if *newest >= to => self.panes.partition_point(|pane| *pane < to),
            _ => self.panes.len(),
        };
        let places = start..end.max(start);
        Window {
            before: self.before(start),
            panes: &self.panes[places.clone()],
            totals: &self.totals[places],
            falls: self.negative == 0,
        }
    }

    /// The total of everything before a place.
    fn before(&self, place: usize) -> T {
        match place.checked_sub(1) {
            Some(place) => self.totals[place],
            None => T::default(),
        }
    }

    fn part(&self, place: usize) -> T {
        self.totals[place].minus(self.before(place))
    }
}

/// Some panes that follow one another.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a, T> {
    /// The total of everything before them.
    before: T,
    panes: &'a [i32],
    totals: &'a [T],
    falls: bool,
}

impl<'a, T: Summand> Window<'a, T> {
    /// The panes, oldest first.
    #[must_use]
    pub fn panes(&self) -> &'a [i32] {
        self.panes
    }

    /// What they come to; nothing where there are none.
    #[must_use]
    pub fn sum(&self) -> Option<T> {
        self.left(0)
    }

    /// What they come to without the `gone` oldest; nothing where none is left.
    #[must_use]
    pub fn left(&self, gone: usize) -> Option<T> {
        let total = *self.totals.get(gone..)?.last()?;
        let before = gone
            .checked_sub(1)
            .map_or(self.before, |gone| self.totals[gone]);
        Some(total.minus(before))
    }

    /// True if what is left gets less with each pane that goes, or stays as it is.
    #[must_use]
    pub fn falls(&self) -> bool {
        self.falls
    }

    /// How many of the oldest panes, one at least, have to go until what is left is not `above`
    /// any more, in a window that [falls](Self::falls); all of them where it stays above as long
    /// as something is left.
    #[must_use]
    pub fn gone_until_not(&self, above: impl Fn(T) -> bool) -> usize {
        let Some((total, older)) = self.totals.split_last() else {
            return 0;
        };
        1 + older.partition_point(|gone| above(total.minus(*gone)))
    }
}

// Stored as differences: the next pane is one byte away, its number takes three or four, and a
// pane's part is smaller than a total.
impl<T: Summand + Serialize> Serialize for Totals<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut before = 0;
        serializer.collect_seq(self.panes.iter().enumerate().map(|(place, pane)| {
            let difference = pane.wrapping_sub(before);
            before = *pane;
            (difference, self.part(place))
        }))
    }
}

impl<'de, T: Summand + Deserialize<'de>> Deserialize<'de> for Totals<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Vec::<(i32, T)>::deserialize(deserializer)?;
        let mut kept = Self {
            panes: Vec::with_capacity(stored.len()),
            totals: Vec::with_capacity(stored.len()),
            negative: 0,
        };
        let (mut pane, mut total) = (0_i32, T::default());
        for (difference, part) in stored {
            pane = pane.wrapping_add(difference);
            total = total.plus(part);
            kept.panes.push(pane);
            kept.totals.push(total);
            kept.negative += usize::from(part.is_negative());
        }
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::condition::Panes;

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        let events = [
            (1, 5.0),
            (2, -7.25),
            (9, 0.1),
            (3, 0.2),
            (9, -0.3),
            (4, -1.0),
        ];
        let (mut left, mut right) = (Totals::default(), Totals::default());
        for (pane, value) in events {
            left.add(pane, 6, Sum::of(value));
        }
        for (pane, value) in events.into_iter().rev() {
            right.add(pane, 6, Sum::of(value));
        }
        assert_eq!(left, right);
        assert_eq!(left.panes(), [3, 4, 9]);
        let all = left.between(i32::MIN, i32::MAX).sum();
        assert_eq!(all.map(Sum::total), Some(-1.0));
        assert_eq!(left.between(5, 9).sum(), None);
        assert_eq!(left.between(9, 4).sum(), None);
    }

    #[test]
    fn what_a_window_comes_to_is_the_sum_of_its_panes() {
        let (mut totals, mut panes) = (Totals::<Sum>::default(), Panes::<Sum>::default());
        // Out of order, gains and losses.
        for n in 0..2_000_i32 {
            let pane = n / 10 + (n * 7_919) % 23;
            let part = Sum::of(f64::from(n % 17) - 6.5);
            totals.add(pane, 90, part);
            panes.add(pane, 90, part, Sum::add);
        }
        for from in 90..230 {
            let to = from + from % 40;
            let parts = panes.between(from, to);
            let one_by_one = parts.iter().map(|(_, part)| *part).reduce(Sum::plus);
            assert_eq!(totals.between(from, to).sum(), one_by_one);
        }
        let losses = panes.as_slice().iter();
        let losses = losses.filter(|(_, part)| part.total() < 0.0).count();
        assert_eq!(totals.negative, losses);
        assert!(losses > 0 && !totals.between(0, 1).falls());
    }

    #[test]
    fn it_is_stored_as_panes_are() {
        let (mut totals, mut panes) = (Totals::<Sum>::default(), Panes::<Sum>::default());
        for (pane, value) in [(20_000, 19.99), (20_003, 5.0), (20_001, -1.5)] {
            totals.add(pane, 90, Sum::of(value));
            panes.add(pane, 90, Sum::of(value), Sum::add);
        }
        let bytes = postcard::to_stdvec(&totals).unwrap();
        assert_eq!(bytes, postcard::to_stdvec(&panes).unwrap());
        assert_eq!(postcard::from_bytes(&bytes), Ok(totals));
    }
}
