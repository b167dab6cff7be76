//! When each of the newest different values was seen last.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::TimeMs;

/// How many different values one leaf knows at the most.
pub const DISTINCT_MAX: usize = 256;

/// Hashes of values, each with the newest time at which it was seen, oldest first.
///
/// To know whether `k` different values were seen in the last `W`, the `k` values that were seen
/// last are enough, whatever `W` is. A value that was let go can only come back by a newer time, so
/// that what is kept does not depend on the order of arrival.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Distinct(Vec<(TimeMs, u64)>);

impl Distinct {
    /// Notes that a value was seen, and keeps the `cap` values that were seen last.
    pub fn keep_newest(&mut self, at: TimeMs, value: &str, cap: usize) {
        let hash = rapidhash::v3::rapidhash_v3(value.as_bytes());
        if let Some(place) = self.0.iter().position(|(_, known)| *known == hash) {
            if self.0[place].0 >= at {
                return;
            }
            self.0.remove(place);
        }
        let place = self.0.partition_point(|known| *known <= (at, hash));
        self.0.insert(place, (at, hash));
        let over = self.0.len().saturating_sub(cap);
        self.0.drain(..over);
    }

    /// The newest time of each value, oldest first.
    pub fn times(&self) -> impl Iterator<Item = TimeMs> + Clone {
        self.0.iter().map(|(at, _)| *at)
    }
}

// Stored as differences, as event times are.
impl Serialize for Distinct {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut before = 0;
        serializer.collect_seq(self.0.iter().map(|(at, hash)| {
            let difference = at.0.wrapping_sub(before);
            before = at.0;
            (difference, hash.to_le_bytes())
        }))
    }
}

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Vec::<(i64, [u8; 8])>::deserialize(deserializer)?;
        let mut at = 0_i64;
        let values = stored.into_iter().map(|(difference, hash)| {
            at = at.wrapping_add(difference);
            (TimeMs(at), u64::from_le_bytes(hash))
        });
        Ok(Self(values.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        let seen = [(5, "a"), (1, "b"), (9, "a"), (3, "c"), (9, "d"), (2, "d")];
        let (mut left, mut right) = (Distinct::default(), Distinct::default());
        for (at, value) in seen {
            left.keep_newest(TimeMs(at), value, 3);
        }
        for (at, value) in seen.iter().rev() {
            right.keep_newest(TimeMs(*at), value, 3);
        }
        assert_eq!(left, right);
        let times: Vec<i64> = left.times().map(|at| at.0).collect();
        assert_eq!(times, [3, 9, 9]);
        let bytes = postcard::to_stdvec(&left).unwrap();
        assert_eq!(postcard::from_bytes(&bytes), Ok(left));
    }
}
