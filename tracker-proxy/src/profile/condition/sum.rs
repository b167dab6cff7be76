//! Sums that do not depend on the order in which they were added up.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values count up to this magnitude; what is beyond it counts as this much.
const VALUE_MAX: f64 = 1e20;
/// The smallest difference that a sum knows.
const PER_UNIT: f64 = 1e6;
/// Millionths in a hundredth.
const PER_CENT: i128 = 10_000;
/// Sums stop here, in millionths: far beyond any number of such values, and with room to be
/// stored.
const MILLIONTHS_MAX: i128 = i128::MAX / 4;

/// As many values are counted: more than anybody can send.
const COUNT_MAX: u64 = u64::MAX >> BESIDE_BITS;

/// How many values there were and what they come to, in millionths.
///
/// Whole millionths add up to the same in any order, which floats do not: a profile that is
/// folded again after a crash, or merged, has to have the very same sum. And `0.1 + 0.2` is `0.3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    count: u64,
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
        self.count = self.count.saturating_add(other.count).min(COUNT_MAX);
        let millionths = self.millionths.saturating_add(other.millionths);
        self.millionths = millionths.clamp(-MILLIONTHS_MAX, MILLIONTHS_MAX);
    }

    /// What is left without `part`, which was added before.
    #[must_use]
    pub fn without(self, part: Self) -> Self {
        Self {
            count: self.count.saturating_sub(part.count),
            millionths: self.millionths.saturating_sub(part.millionths),
        }
    }

    /// True if the values come to less than nothing.
    #[must_use]
    pub fn is_below_zero(self) -> bool {
        self.millionths < 0
    }

    /// What the values come to.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to nine thousand million"
    )]
    pub fn total(self) -> f64 {
        // The same number either way; the short one is what processors can do by themselves.
        let millionths =
            i64::try_from(self.millionths).map_or_else(|_| wide(self.millionths), |all| all as f64);
        millionths / PER_UNIT
    }

    /// The average, if there were values.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "nobody does a thing 2^53 times")]
    pub fn average(self) -> Option<f64> {
        (self.count > 0).then(|| self.total() / self.count as f64)
    }
}

#[cold]
#[expect(clippy::cast_precision_loss, reason = "as exact as a float is")]
fn wide(millionths: i128) -> f64 {
    millionths as f64
}

/// The lowest bit of what stands before a stored sum: it is in hundredths.
const IN_CENTS: u64 = 1;
/// The next bit: it is below zero.
const NEGATIVE: u64 = 2;
/// How much the count beside these bits is shifted by.
const BESIDE_BITS: u32 = 2;

// Stored in hundredths where that loses nothing: most sums are of money. What it is stored as
// stands beside the count, so that a day's sum of up to 163.83 takes three bytes.
impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut head = self.count << BESIDE_BITS;
        let mut stored = self.millionths.unsigned_abs();
        if self.millionths < 0 {
            head |= NEGATIVE;
        }
        if self.millionths % PER_CENT == 0 {
            head |= IN_CENTS;
            stored /= PER_CENT.unsigned_abs();
        }
        (head, stored).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (head, stored) = <(u64, u128)>::deserialize(deserializer)?;
        let stored = i128::try_from(stored).unwrap_or(i128::MAX);
        let unit = if head & IN_CENTS == 0 { 1 } else { PER_CENT };
        let millionths = stored.saturating_mul(unit).min(MILLIONTHS_MAX);
        Ok(Self {
            count: head >> BESIDE_BITS,
            millionths: if head & NEGATIVE == 0 {
                millionths
            } else {
                -millionths
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_stored_small_and_everything_exactly() {
        for (value, bytes) in [
            (19.99, 3),
            (-0.01, 2),
            (0.000_001, 2),
            (-7.123_456, 5),
            (1e20, 14),
        ] {
            let mut sum = Sum::of(value);
            let stored = postcard::to_stdvec(&sum).unwrap();
            assert_eq!(stored.len(), bytes, "{value}");
            assert_eq!(postcard::from_bytes(&stored), Ok(sum));
            for _ in 0..300 {
                sum.add(sum);
            }
            let stored = postcard::to_stdvec(&sum).unwrap();
            assert_eq!(postcard::from_bytes(&stored), Ok(sum), "at the bound");
        }
    }

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
