//! The one text that equal scalars have in common.

use std::borrow::Cow;

use crate::document::Node;
use crate::value::Value;

/// The text by which a scalar is compared: `42`, `42.0` and `"42"` are equal, since shops send ids
/// as one and write them in definitions as the other. Lists, objects and null have none.
#[must_use]
pub fn canonical(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(text) => Some(Cow::Borrowed(text)),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Int(whole) => Some(Cow::Owned(whole.to_string())),
        Value::Float(number) => Some(Cow::Owned(number_text(*number))),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// The same for a scalar of a definition.
#[must_use]
pub fn canonical_node(node: &Node) -> Option<Box<str>> {
    let text = node.as_text()?;
    if let Some(truth) = node.as_bool() {
        return Some(if truth { "true" } else { "false" }.into());
    }
    // What starts with a zero or a plus is an id or a phone number, whoever wrote it.
    let digits = text.trim_start_matches('-');
    let id = text.starts_with('+')
        || (digits.starts_with('0') && digits.len() > 1 && !digits.starts_with("0."));
    if id {
        return Some(text.into());
    }
    if let Some(whole) = node.as_i64() {
        return Some(whole.to_string().into());
    }
    Some(
        node.as_f64()
            .map_or_else(|| text.into(), |number| number_text(number).into()),
    )
}

fn number_text(number: f64) -> String {
    // Minus zero is zero.
    (number + 0.0).to_string()
}

/// The number that a value is, or that its text says.
#[must_use]
pub fn number_of(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Text(text) => {
            let start = text.trim_start_matches('-').as_bytes().first()?;
            if !start.is_ascii_digit() && *start != b'.' {
                return None;
            }
            text.parse().ok()?
        }
        other => other.as_number()?,
    };
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::parse;

    #[test]
    fn equal_scalars_have_one_text() {
        for (json, written) in [
            ("42", "42"),
            ("42.0", "42"),
            ("\"42\"", "42"),
            ("-0.0", "0"),
            ("1.5", "1.50"),
            ("\"00123\"", "00123"),
            ("\"+48600\"", "+48600"),
            ("true", "true"),
            ("2103807459595387724", "2103807459595387724"),
        ] {
            let value = Value::from_json(json).unwrap();
            let node = parse(written).unwrap();
            assert_eq!(
                canonical(&value).as_deref(),
                canonical_node(&node).as_deref(),
                "{json}"
            );
        }
        assert_eq!(canonical(&Value::Null), None);
    }

    #[test]
    fn text_that_says_a_number_is_one() {
        assert_eq!(number_of(&"19.99".into()), Some(19.99));
        assert_eq!(number_of(&"-3".into()), Some(-3.0));
        for text in ["", "inf", "NaN", "12 EUR", "-", "1e999"] {
            assert_eq!(number_of(&text.into()), None, "{text}");
        }
    }
}
