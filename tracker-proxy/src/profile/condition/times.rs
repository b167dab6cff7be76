//! A few event times, kept in order.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::TimeMs;

/// How many times one leaf keeps at the most; conditions on larger counts use panes.
pub const TIMES_MAX: usize = 64;

/// Event times, oldest first. Equal times are kept as often as they happened.
///
/// To know whether something happened `k` times in the last `W`, the newest `k` times are enough,
/// whatever `W` is; and `t_k + W` is the very instant at which that ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Times(Vec<TimeMs>);

impl Times {
    /// Adds a time and keeps the newest `cap`.
    pub fn keep_newest(&mut self, at: TimeMs, cap: usize) {
        let place = self.0.partition_point(|kept| *kept <= at);
        self.0.insert(place, at);
        let over = self.0.len().saturating_sub(cap);
        self.0.drain(..over);
    }

    /// Adds a time and keeps the oldest `cap`.
    pub fn keep_oldest(&mut self, at: TimeMs, cap: usize) {
        let place = self.0.partition_point(|kept| *kept <= at);
        self.0.insert(place, at);
        self.0.truncate(cap);
    }

    /// The times, oldest first.
    #[must_use]
    pub fn as_slice(&self) -> &[TimeMs] {
        &self.0
    }
}

// Stored as differences: a neighbour's difference takes two to five bytes, a time takes six.
impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut before = 0;
        serializer.collect_seq(self.0.iter().map(|time| {
            let difference = time.0.wrapping_sub(before);
            before = time.0;
            difference
        }))
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let differences = Vec::<i64>::deserialize(deserializer)?;
        let mut time = 0_i64;
        Ok(Self(
            differences
                .into_iter()
                .map(|difference| {
                    time = time.wrapping_add(difference);
                    TimeMs(time)
                })
                .collect(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        let (mut left, mut right) = (Times::default(), Times::default());
        for at in [5, 1, 9, 3, 9] {
            left.keep_newest(TimeMs(at), 3);
        }
        for at in [9, 9, 1, 3, 5] {
            right.keep_newest(TimeMs(at), 3);
        }
        assert_eq!(left, right);
        assert_eq!(left.as_slice(), [TimeMs(5), TimeMs(9), TimeMs(9)]);
    }

    #[test]
    fn the_oldest_are_kept_where_they_are_asked_for() {
        let mut times = Times::default();
        for at in [5, 1, 9, 3] {
            times.keep_oldest(TimeMs(at), 2);
        }
        assert_eq!(times.as_slice(), [TimeMs(1), TimeMs(3)]);
    }
}
