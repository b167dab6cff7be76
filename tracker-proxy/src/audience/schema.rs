//! The JSON Schema of an audience, for editors.
//!
//! It says what keys there are and what goes into them; what keys mean together is for the
//! compiler. A test holds it to what the readers of definitions take.

use serde_json::{Map, Value, json};

use super::definition::CONDITIONS_MAX;
use crate::document::{DESCRIPTION_CHARS_MAX, ID_BYTES_MAX, NAME_CHARS_MAX};
use crate::profile::condition::STEPS_MAX;

/// The schema of one audience.
#[must_use]
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Segue audience",
        "type": "object",
        "required": ["id", "when"],
        "additionalProperties": false,
        "properties": {
            "id": { "type": ["string", "integer"], "maxLength": ID_BYTES_MAX },
            "name": { "type": "string", "minLength": 1, "maxLength": NAME_CHARS_MAX },
            "description": { "type": "string", "maxLength": DESCRIPTION_CHARS_MAX },
            "when": one("condition"),
            "membership_duration": one("duration"),
        },
        "$defs": definitions(),
    })
}

/// A reference to one of the definitions.
fn one(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// An object with these properties and no others.
fn object(properties: Value) -> Value {
    let mut object = json!({ "type": "object", "additionalProperties": false });
    object["properties"] = properties;
    object
}

/// The same with the operators among them.
fn with(mut properties: Value, more: Value) -> Value {
    if let (Value::Object(all), Value::Object(more)) = (&mut properties, more) {
        all.extend(more);
    }
    properties
}

fn definitions() -> Value {
    let conditions = json!({
        "type": "array", "items": one("condition"), "minItems": 1, "maxItems": CONDITIONS_MAX,
    });
    let heads = ["all", "any", "none", "did", "did_not", "in_order", "have"];
    let heads: Vec<Value> = heads
        .iter()
        .map(|head| json!({ "required": [head] }))
        .collect();
    let mut condition = object(json!({
        "all": conditions, "any": conditions, "none": conditions,
        "did": one("did"), "did_not": one("did"), "have": one("have"),
        "in_order": {
            "type": "array", "items": one("step"), "minItems": 2, "maxItems": STEPS_MAX,
        },
        "then_not": one("event"), "within": one("duration"), "wait": one("duration"),
        "in": one("duration"), "match": one("path"), "rearm": { "enum": ["first", "last"] },
        "stay": one("duration"), "stay_until": { "anyOf": [one("duration"), one("event")] },
    }));
    condition["oneOf"] = heads.into();
    let mut all = Map::new();
    all.insert("condition".into(), condition);
    all.extend(events());
    all.extend(people());
    all.extend(values());
    Value::Object(all)
}

/// What is said of events.
fn events() -> Map<String, Value> {
    let measured = with(json!({ "of": one("path") }), bounds());
    let measured = object(measured);
    let did = object(json!({
        "event": { "type": "string" }, "where": one("where"), "in": one("window"),
        "count": { "anyOf": [{ "type": "integer", "minimum": 0 }, object(bounds())] },
        "sum": measured, "avg": measured, "min": measured, "max": measured, "distinct": measured,
        "by": one("path"), "min_age": one("duration"),
    }));
    let event = object(json!({ "event": { "type": "string" }, "where": one("where") }));
    let filtered = object(json!({ "where": one("where") }));
    let step = json!({ "anyOf": [
        one("event"),
        { "type": "object", "maxProperties": 1, "additionalProperties": filtered },
    ] });
    let window = json!({ "anyOf": [
        one("duration"),
        { "const": "ever" },
        object(json!({
            "from": one("moment"), "to": one("moment"),
            "more_than": one("duration"), "at_most": one("duration"),
        })),
    ] });
    let where_ = json!({
        "type": "object",
        "additionalProperties": { "anyOf": [
            one("scalar"), one("scalars"), object(operators()),
        ] },
    });
    let mut all = Map::new();
    all.insert(
        "did".into(),
        json!({ "anyOf": [{ "type": "string" }, did] }),
    );
    all.insert(
        "event".into(),
        json!({ "anyOf": [{ "type": "string" }, event] }),
    );
    all.insert("step".into(), step);
    all.insert("window".into(), window);
    all.insert("where".into(), where_);
    all
}

/// What is said of people.
fn people() -> Map<String, Value> {
    let property = json!({ "anyOf": [
        { "type": "string" },
        object(json!({
            "event": { "type": "string" }, "where": one("where"), "of": one("path"),
        })),
    ] });
    let names = json!({ "anyOf": [
        { "type": "string" },
        { "type": "array", "items": { "type": "string" }, "minItems": 1 },
    ] });
    let subjects = json!({
        "trait": one("path"), "attribute": one("path"), "path": one("path"),
        "take": { "enum": ["first", "last", "all"] },
        "total": property, "top": property, "first": property, "last": property,
        "at_least": { "type": "integer", "minimum": 1 },
        "audience": { "type": "string" }, "list": { "type": "string" }, "consent": names,
    });
    let mut have = object(with(subjects, operators()));
    // Beside `top` it is a window, elsewhere a list of values.
    have["properties"]["in"] = json!({ "anyOf": [one("scalars"), one("window")] });
    let mut all = Map::new();
    all.insert("have".into(), have);
    all
}

fn values() -> Map<String, Value> {
    let moment = r"^\d{4}-\d{2}-\d{2}";
    let duration = r"^\s*(\d+(ms|s|m|h|d|w)\s*)+$";
    let all = json!({
        "duration": { "type": "string", "pattern": duration },
        "moment": { "type": "string", "pattern": moment },
        "path": { "type": "string", "minLength": 1 },
        "scalar": { "type": ["string", "number", "boolean"] },
        "scalars": { "type": "array", "items": one("scalar"), "minItems": 1 },
    });
    match all {
        Value::Object(all) => all,
        _ => Map::new(),
    }
}

/// Comparisons of a number that is computed.
fn bounds() -> Value {
    let number = json!({ "type": "number" });
    let pair = json!({ "type": "array", "items": number, "minItems": 2, "maxItems": 2 });
    json!({
        "eq": number, "ne": number, "gt": number, "gte": number, "lt": number, "lte": number,
        "between": pair,
    })
}

/// Questions about a value.
fn operators() -> Value {
    let (scalar, scalars, flag) = (one("scalar"), one("scalars"), json!({ "type": "boolean" }));
    let text = json!({ "type": ["string", "number"] });
    json!({
        "eq": scalar, "ne": scalar, "gt": text, "gte": text, "lt": text, "lte": text,
        "between": bounds()["between"], "in": scalars, "not_in": scalars,
        "any_of": scalars, "all_of": scalars, "none_of": scalars,
        "exists": flag, "missing": flag,
        "contains": scalar, "starts_with": scalar, "ends_with": scalar,
        "matches": { "type": "string" }, "some": one("where"),
        "before": one("moment"), "after": one("moment"),
        "in_last": one("duration"), "in_next": one("duration"),
        "anniversary_in_next": one("duration"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::Definition;
    use crate::document::{Mistakes, parse};

    /// The keys that the reader of definitions takes at a place; `HERE` stands for it.
    fn is_taken(place: &str, key: &str) -> bool {
        let text = format!(
            "{{id: x, when: {}}}",
            place.replace("HERE", &format!("'{key}': [[]]"))
        );
        let mut mistakes = Mistakes::default();
        // A key that is given twice is one that is taken.
        let Ok(node) = parse(&text) else { return true };
        drop(Definition::read(&node, &mut mistakes));
        let unknown = format!("unknown key `{key}`");
        !mistakes
            .into_sorted()
            .iter()
            .any(|one| one.message.contains(&unknown))
    }

    fn keys(of: &Value) -> Vec<String> {
        of["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    }

    #[test]
    fn the_schema_has_the_keys_that_are_read_and_no_others() {
        let schema = schema();
        let defs = &schema["$defs"];
        let anyof = |name: &str, n: usize| defs[name]["anyOf"][n].clone();
        let places = [
            ("{did: {event: e, HERE}}", anyof("did", 1)),
            ("{have: {trait: a, HERE}}", defs["have"].clone()),
            (
                "{did: e, then_not: {event: e, HERE}, within: 1s}",
                anyof("event", 1),
            ),
            (
                "{did: {event: e, where: {a: {HERE}}}}",
                defs["where"]["additionalProperties"]["anyOf"][2].clone(),
            ),
            ("{did: {event: e, in: {HERE}}}", anyof("window", 2)),
            (
                "{did: {event: e, sum: {of: a, HERE}}}",
                anyof("did", 1)["properties"]["sum"].clone(),
            ),
        ];
        let mut all: Vec<String> = places.iter().flat_map(|(_, of)| keys(of)).collect();
        all.extend(keys(&defs["condition"]));
        all.sort();
        all.dedup();
        assert!(all.len() > 60, "{all:?}");
        for (place, of) in &places {
            let known = keys(of);
            for key in &all {
                // A second subject is refused as such, whatever else is wrong.
                let beside = place.contains("trait") && known.contains(key);
                let taken = beside || is_taken(place, key);
                assert_eq!(known.contains(key), taken, "`{key}` in {place}");
            }
        }
        for key in keys(&defs["condition"]) {
            let in_order = "{in_order: [a, b], HERE}";
            let then_not = "{did: e, then_not: e, within: 1s, HERE}";
            let given =
                in_order.contains(&format!("{key}:")) || then_not.contains(&format!("{key}:"));
            assert!(
                given || is_taken(in_order, &key) || is_taken(then_not, &key),
                "{key}"
            );
        }
    }
}
