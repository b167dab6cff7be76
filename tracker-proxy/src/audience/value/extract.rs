//! Takes from an event's JSON what conditions ask for, and skips the rest.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Path, Source};
use crate::ingest::Event;
use crate::value::Value;

/// The place of an extracted value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(usize);

/// What was extracted of one event: only what is there, in the order of slots.
#[derive(Debug, Clone, Default)]
pub struct Values(Vec<(Slot, Value)>);

impl Values {
    /// The value in `slot`.
    #[must_use]
    pub fn get(&self, slot: Slot) -> Option<&Value> {
        let place = self.0.binary_search_by_key(&slot, |(slot, _)| *slot).ok()?;
        Some(&self.0[place].1)
    }

    /// All values that are there.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &Value)> {
        self.0.iter().map(|(slot, value)| (*slot, value))
    }
}

/// The top-level keys that are wanted of one kind of event.
#[derive(Debug, Clone, Default)]
pub struct Extraction {
    properties: Vec<(Box<str>, Slot)>,
    traits: Vec<(Box<str>, Slot)>,
    context: Vec<(Box<str>, Slot)>,
    slots: usize,
}

impl Extraction {
    /// Wants the value that `path` leads to; its first key's value will be in the slot, and the
    /// path inside the slot's value is returned with it.
    pub fn want(&mut self, path: &Path) -> (Slot, Path) {
        let (source, path) = path.in_event();
        let keys = match source {
            Source::Properties => &mut self.properties,
            Source::Traits => &mut self.traits,
            Source::Context => &mut self.context,
        };
        let place = keys.binary_search_by(|(key, _)| key.as_ref().cmp(path.head()));
        let slot = match place {
            Ok(place) => keys[place].1,
            Err(place) => {
                let slot = Slot(self.slots);
                self.slots += 1;
                keys.insert(place, (path.head().into(), slot));
                slot
            }
        };
        (slot, path)
    }

    /// Reads what is wanted of `event` into `values`. JSON that is broken has no values: it was
    /// checked when it came in.
    pub fn read(&self, event: &Event<'_>, values: &mut Values) {
        let values = &mut values.0;
        values.clear();
        for (keys, json) in [
            (&self.properties, event.properties),
            (&self.traits, event.traits),
            (&self.context, event.context),
        ] {
            if let Some(json) = json
                && !keys.is_empty()
            {
                let mut reader = serde_json::Deserializer::from_str(json);
                drop(reader.deserialize_map(Wanted { keys, values }));
            }
        }
        // Of a key that is given twice the last one counts.
        values.sort_by_key(|(slot, _)| *slot);
        values.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
    }
}

struct Wanted<'a> {
    keys: &'a [(Box<str>, Slot)],
    values: &'a mut Vec<(Slot, Value)>,
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(slot) = map.next_key_seed(Key(self.keys))? {
            match slot {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some(slot) => {
                    let raw: &RawValue = map.next_value()?;
                    let value = Value::from_json(raw.get()).ok();
                    self.values.extend(value.map(|value| (slot, value)));
                }
            }
        }
        Ok(())
    }
}

/// A key of the object, as the slot that wants it.
struct Key<'a>(&'a [(Box<str>, Slot)]);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<Slot>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = Option<Slot>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let place = self
            .0
            .binary_search_by(|(known, _)| known.as_ref().cmp(key));
        Ok(place.ok().map(|place| self.0[place].1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::testing::event;

    #[test]
    fn only_what_is_wanted_is_read() {
        let mut extraction = Extraction::default();
        let (price, path) = extraction.want(&Path::parse("item.price").unwrap());
        let (country, _) = extraction.want(&Path::parse("traits.country").unwrap());
        let (absent, _) = extraction.want(&Path::parse("absent").unwrap());
        let mut event = event("buy", 0);
        event.properties =
            Some(r#"{"junk": [{"a": 1}], "item": 1, "\u0069tem": {"price": 5}, "x": null}"#);
        event.traits = Some(r#"{"country": "PL"}"#);
        let mut values = Values::default();
        extraction.read(&event, &mut values);
        assert_eq!(path.first(values.get(price).unwrap()), Some(&Value::Int(5)));
        assert_eq!(values.get(country), Some(&"PL".into()));
        assert_eq!(values.get(absent), None);
    }

    #[test]
    fn broken_json_has_no_values() {
        let mut extraction = Extraction::default();
        let (slot, _) = extraction.want(&Path::parse("a").unwrap());
        for json in ["", "[1]", "{", "null", "{\"b\":", "{\"a\": }"] {
            let mut event = event("buy", 0);
            event.properties = Some(json);
            let mut values = Values(vec![(slot, Value::Null)]);
            extraction.read(&event, &mut values);
            assert_eq!(values.get(slot), None, "{json}");
        }
    }
}
