//! Sums that do not depend on the order in which they were added up.

use serde::{Deserialize, Serialize};

/// Values count up to this magnitude; what is beyond it counts as this much.
const VALUE_MAX: f64 = 1e20;
/// The smallest difference that a sum knows.
const PER_UNIT: f64 = 1e6;

/// How many values there were and what they come to, in millionths.
///
/// Whole millionths add up to the same in any order, which floats do not: a profile that is
/// folded again after a crash, or merged, has to have the very same sum. And `0.1 + 0.2` is `0.3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sum {
    count: u32,
    millionths: i128,
}

impl Sum {
    /// One value. A number that is none counts as zero.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "clamped far below the bound of the integer; the cast of a NaN is zero"
    )]
    pub fn of(value: f64) -> Self {
        let millionths = (value.clamp(-VALUE_MAX, VALUE_MAX) * PER_UNIT).round() as i128;
        Self {
            count: 1,
            millionths,
        }
    }

    /// Adds another sum.
    pub fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.millionths = self.millionths.saturating_add(other.millionths);
    }

    /// What the values come to.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to nine thousand million"
    )]
    pub fn total(self) -> f64 {
        self.millionths as f64 / PER_UNIT
    }

    /// The average, if there were values.
    #[must_use]
    pub fn average(self) -> Option<f64> {
        (self.count > 0).then(|| self.total() / f64::from(self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_exact_in_any_order() {
        let mut values = [0.1, 0.2, 19.99, -5.5, 1e15, -1e15];
        let add = |values: &[f64]| {
            let mut sum = Sum::default();
            values.iter().for_each(|value| sum.add(Sum::of(*value)));
            sum
        };
        let forth = add(&values);
        values.reverse();
        assert_eq!(forth, add(&values));
        assert_eq!(add(&[0.1, 0.2]).total(), 0.3);
        assert_eq!(add(&[1.0, 2.0]).average(), Some(1.5));
    }

    #[test]
    fn absurd_values_do_no_harm() {
        let mut sum = Sum::of(f64::MAX);
        sum.add(Sum::of(f64::NAN));
        sum.add(Sum::of(f64::NEG_INFINITY));
        assert_eq!(sum.total(), 0.0);
    }
}
