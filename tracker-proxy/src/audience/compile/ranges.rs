//! Thresholds in order, so that a number finds those that it passes and looks at no other.

/// Matchers that need a number at or beyond a threshold.
#[derive(Debug, Default)]
pub(crate) struct Ranges {
    /// Those that need at least so much, ascending.
    at_least: Vec<(f64, usize)>,
    /// Those that need at most so much, ascending.
    at_most: Vec<(f64, usize)>,
}

/// A side of a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Threshold {
    AtLeast(f64),
    AtMost(f64),
}

impl Ranges {
    pub(super) fn add(&mut self, threshold: Threshold, matcher: usize) {
        let (list, bound) = match threshold {
            Threshold::AtLeast(bound) => (&mut self.at_least, bound),
            Threshold::AtMost(bound) => (&mut self.at_most, bound),
        };
        let place = list.partition_point(|(known, _)| *known <= bound);
        list.insert(place, (bound, matcher));
    }

    /// The matchers whose thresholds `number` passes.
    pub(crate) fn passed(&self, number: f64) -> impl Iterator<Item = usize> {
        let low = self.at_least.partition_point(|(bound, _)| *bound <= number);
        let high = self.at_most.partition_point(|(bound, _)| *bound < number);
        let passed = self.at_least[..low].iter().chain(&self.at_most[high..]);
        passed.map(|(_, matcher)| *matcher)
    }
}
