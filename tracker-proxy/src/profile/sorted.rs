//! Small maps that are looked into for every event.

use std::marker::PhantomData;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many pairs there is room made for before they are read: the length that damaged bytes tell
/// may be any.
const ROOM_MAX: usize = 1_024;

/// Values in the order of their keys. The keys lie by themselves, close together: looking one up
/// touches a line or two of memory, whatever size the values have. Stored as a list of pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sorted<K, V> {
    keys: Vec<K>,
    values: Vec<V>,
}

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            values: Vec::new(),
        }
    }
}

impl<K: Ord + Copy, V> Sorted<K, V> {
    /// Where the key is, or where it would have to be.
    pub(super) fn place(&self, key: K) -> Result<usize, usize> {
        self.keys.binary_search(&key)
    }

    pub(super) fn at(&self, place: usize) -> &V {
        &self.values[place]
    }

    pub(super) fn at_mut(&mut self, place: usize) -> &mut V {
        &mut self.values[place]
    }

    /// Inserts at a place that [`Self::place`] gave.
    pub(super) fn insert(&mut self, place: usize, key: K, value: V) {
        self.keys.insert(place, key);
        self.values.insert(place, value);
    }

    pub(super) fn get(&self, key: K) -> Option<&V> {
        self.place(key).ok().map(|place| &self.values[place])
    }

    pub(super) fn remove(&mut self, key: K) -> Option<V> {
        let place = self.place(key).ok()?;
        self.keys.remove(place);
        Some(self.values.remove(place))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.keys.iter().copied().zip(&self.values)
    }

    pub(super) fn retain(&mut self, keep: impl Fn(K) -> bool) {
        let mut keys = self.keys.iter();
        self.values
            .retain(|_| keys.next().is_some_and(|key| keep(*key)));
        self.keys.retain(|key| keep(*key));
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}

impl<K: Serialize + Ord + Copy, V: Serialize> Serialize for Sorted<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Sorted<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Pairs(PhantomData))
    }
}

/// Reads pairs without a list of them in between.
struct Pairs<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Pairs<K, V> {
    type Value = Sorted<K, V>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of pairs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pairs: A) -> Result<Self::Value, A::Error> {
        let room = pairs.size_hint().unwrap_or_default().min(ROOM_MAX);
        let (mut keys, mut values) = (Vec::with_capacity(room), Vec::with_capacity(room));
        while let Some((key, value)) = pairs.next_element()? {
            keys.push(key);
            values.push(value);
        }
        Ok(Sorted { keys, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_stored_as_a_list_of_pairs() {
        let mut sorted = Sorted::default();
        for key in [7_u32, 300, 5] {
            let place = sorted.place(key).unwrap_err();
            sorted.insert(place, key, key * 2);
        }
        let bytes = postcard::to_stdvec(&sorted).unwrap();
        let pairs = vec![(5_u32, 10_u32), (7, 14), (300, 600)];
        assert_eq!(bytes, postcard::to_stdvec(&pairs).unwrap());
        assert_eq!(postcard::from_bytes(&bytes), Ok(sorted.clone()));
        sorted.retain(|key| key != 7);
        assert_eq!(sorted.remove(5), Some(10));
        assert_eq!(sorted.iter().collect::<Vec<_>>(), [(300, &600)]);
    }
    #[test]
    fn a_damaged_length_is_an_error() {
        let bytes = postcard::to_stdvec(&(u64::MAX / 2, 7_u8)).unwrap();
        assert!(postcard::from_bytes::<Sorted<u32, u32>>(&bytes).is_err());
    }
}
