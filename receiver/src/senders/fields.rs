//! Looking into JSON of any shape.

use serde_json::{Map, Value};

/// Members of a JSON object.
pub(super) type Fields = Map<String, Value>;

/// The value at a path of names between dots; a name may hold dots itself.
pub(super) fn find<'a>(fields: &'a Fields, path: &str) -> Option<&'a Value> {
    if let Some(value) = fields.get(path) {
        return Some(value);
    }
    path.match_indices('.').find_map(|(at, _)| {
        let inner = fields.get(&path[..at])?.as_object()?;
        find(inner, &path[at + 1..])
    })
}

/// A string, or a number as a string; nothing else names anybody.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Takes a member out, as text.
pub(super) fn take_text(fields: &mut Fields, name: &str) -> Option<String> {
    fields.remove(name).as_ref().and_then(text)
}

/// Takes a member out, as an object; empty when it is missing or anything else.
pub(super) fn take_object(fields: &mut Fields, name: &str) -> Fields {
    match fields.remove(name) {
        Some(Value::Object(members)) => members,
        Some(_) | None => Fields::new(),
    }
}

/// Pairs of a query or a form; a name that comes again makes a list.
pub(super) fn from_pairs(encoded: &[u8]) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in form_urlencoded::parse(encoded) {
        let (name, value) = (name.into_owned(), Value::String(value.into_owned()));
        match fields.get_mut(&name) {
            None => drop(fields.insert(name, value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    fields
}
