//! From what an author wrote to a [`Payload`].

use std::collections::HashSet;

use segue_receiver::limits::IDENTIFIER_BYTES_MAX;

use crate::activation::placeholder::{Piece, pieces};
use crate::activation::{Extraction, Field, FieldSource, Payload, SegueFields};
use crate::document::{Fields, Mistakes, Node, NodeKind, suggestion};

/// The person identifier of a membership delivery that names none.
const DEFAULT_PERSON_IDENTIFIER: &str = "userid";
/// The kinds, for messages.
const KINDS: [&str; 3] = ["segue", "simple", "template"];

/// Reads `payload:`; its kind says which other keys it has.
pub(super) fn read_payload(node: &Node, mistakes: &mut Mistakes) -> Option<Payload> {
    let mut fields = Fields::of(node, "`payload`", mistakes)?;
    let kind = fields.required("kind", mistakes)?;
    let payload = match kind.as_text() {
        Some("segue") => read_segue(&mut fields, mistakes).map(Payload::Segue),
        Some("simple") => read_simple(&mut fields, mistakes).map(Payload::Simple),
        Some("template") => read_template(&mut fields, mistakes).map(Payload::Template),
        other => {
            let meant = suggestion(other.unwrap_or_default(), KINDS)
                .map(|kind| format!("; did you mean `{kind}`?"))
                .unwrap_or_default();
            let message = format!("`kind` has to be `segue`, `simple` or `template`{meant}");
            mistakes.add(kind.place, message);
            // Which other keys there may be is not known, so none of them is a mistake.
            return None;
        }
    };
    fields.finish(mistakes);
    payload
}

fn read_segue(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<SegueFields> {
    let segment_group = fields.required_text("segment_group", mistakes);
    let person_identifier = match fields.optional("person_identifier") {
        Some(_) => fields.required_text("person_identifier", mistakes),
        None => Some(DEFAULT_PERSON_IDENTIFIER.to_owned()),
    };
    for (key, text) in [
        ("segment_group", &segment_group),
        ("person_identifier", &person_identifier),
    ] {
        if text
            .as_ref()
            .is_some_and(|text| text.len() > IDENTIFIER_BYTES_MAX)
        {
            let message = format!("`{key}` is longer than {IDENTIFIER_BYTES_MAX} bytes");
            mistakes.add(fields.place(), message);
        }
    }
    Some(SegueFields {
        segment_group: segment_group?,
        person_identifier: person_identifier?,
    })
}

fn read_simple(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<Vec<Field>> {
    let node = fields.required("fields", mistakes)?;
    let items = fields.list("fields", mistakes);
    if items.is_empty() && node.as_list().is_some() {
        mistakes.add(node.place, "`fields` has to have at least one field");
    }
    let mut keys = HashSet::new();
    let mut read = Vec::with_capacity(items.len());
    for item in items {
        let Some(field) = read_field(item, mistakes) else {
            continue;
        };
        if !keys.insert(field.key.clone()) {
            let message = format!("the key `{}` is in the payload already", field.key);
            mistakes.add(item.place, message);
        }
        read.push(field);
    }
    Some(read)
}

/// `{ key: mail, attribute: email, take: last }` or `{ key: source, constant: segue }`.
fn read_field(node: &Node, mistakes: &mut Mistakes) -> Option<Field> {
    let mut fields = Fields::of(node, "a field", mistakes)?;
    let key = fields.required_text("key", mistakes);
    let attribute = match fields.optional("attribute") {
        Some(_) => fields.required_text("attribute", mistakes),
        None => None,
    };
    let takes = [
        ("first", Extraction::First),
        ("last", Extraction::Last),
        ("all", Extraction::All),
    ];
    let take = fields.choice("take", &takes, mistakes);
    let constant = fields.text("constant", mistakes);
    let source = match (attribute, constant) {
        (Some(attribute), None) => {
            let take = take.unwrap_or(Extraction::Last);
            Some(FieldSource::Attribute(attribute, take))
        }
        (None, Some(constant)) => {
            if take.is_some() {
                mistakes.add(node.place, "`take` is for an `attribute`");
            }
            Some(FieldSource::Constant(constant))
        }
        // One that is there and wrong has its mistake already.
        (None, None) if node.get("attribute").or(node.get("constant")).is_some() => None,
        (Some(_), Some(_)) | (None, None) => {
            let message = "a field has either an `attribute` or a `constant`";
            mistakes.add(node.place, message);
            None
        }
    };
    fields.finish(mistakes);
    Some(Field {
        key: key?,
        source: source?,
    })
}

fn read_template(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<serde_json::Value> {
    let body = fields.required("body", mistakes)?;
    if let NodeKind::Scalar { .. } = body.kind {
        let message = "`body` has to be the JSON itself, a map or a list, and not a text";
        mistakes.add(body.place, message);
        return None;
    }
    check_placeholders(body, mistakes);
    Some(body.to_json())
}

fn check_placeholders(node: &Node, mistakes: &mut Mistakes) {
    match &node.kind {
        NodeKind::Scalar { text, .. } => {
            if let Err(problem) = pieces(text) {
                mistakes.add(node.place, problem);
            }
        }
        NodeKind::List(items) => {
            for item in items {
                check_placeholders(item, mistakes);
            }
        }
        NodeKind::Map(entries) => {
            for (key, place, value) in entries {
                let holds_one = pieces(key)
                    .is_ok_and(|pieces| pieces.iter().any(|p| matches!(p, Piece::Value { .. })));
                if holds_one {
                    let message = "a key stands for itself: a placeholder can only be in a value";
                    mistakes.add(*place, message);
                }
                check_placeholders(value, mistakes);
            }
        }
    }
}
