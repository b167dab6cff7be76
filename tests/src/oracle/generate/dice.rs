//! Choices.

use crate::random::Random;

/// Makes choices; the same ones for the same seed.
#[derive(Debug)]
pub(super) struct Dice(Random);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    /// True in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.0.below(100) < percent
    }

    /// A number from `low` to `high`, both possible.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low + 1).expect("the bounds are in order");
        low + i64::try_from(self.0.below(span)).expect("the span is small")
    }

    /// An index below `count`.
    pub(super) fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.0.below(count as u64)).expect("it is an index")
    }

    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.index(all.len())]
    }

    /// One or two different ones, in order.
    pub(super) fn some<T: Clone>(&mut self, all: &[T]) -> Vec<T> {
        let first = self.index(all.len());
        let mut some = vec![all[first].clone()];
        if self.chance(50) && first + 1 < all.len() {
            some.push(all[first + 1].clone());
        }
        some
    }
}
