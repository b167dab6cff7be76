//! The tree of a document.

use super::Place;

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the value starts.
    pub place: Place,
    /// The value.
    pub kind: NodeKind,
}

/// Whether a text is a number as JSON writes them. `00123`, `+1` and `.5` are texts: a secret or a
/// postal code would otherwise lose what makes it one.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let starts = digits.starts_with(|c: char| c.is_ascii_digit());
    let zeros = digits.starts_with('0') && digits[1..].starts_with(|c: char| c.is_ascii_digit());
    let ends = digits.ends_with(|c: char| c.is_ascii_digit());
    let known = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    starts && !zeros && ends && digits.chars().all(known) && !digits.contains(".e")
}

/// What a node is. Scalars keep the text as written, so that `00123` stays a secret of five
/// characters where text is wanted and is a number only where a number is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// A scalar; `plain` when it was written without quotes.
    Scalar {
        /// The text without its quotes.
        text: String,
        /// Only plain scalars can be null, booleans or numbers.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map in the order written; each key with its place.
    Map(Vec<(String, Place, Node)>),
}

impl Node {
    /// A map without entries, for readers that go on with defaults.
    #[must_use]
    pub fn empty_map(place: Place) -> Self {
        Self {
            place,
            kind: NodeKind::Map(Vec::new()),
        }
    }

    /// The text of any scalar but null.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// True for `null`, `~` and nothing at all.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// A plain `true` or `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            NodeKind::Scalar { text, plain: true } => match text.as_str() {
                "true" | "True" | "TRUE" => Some(true),
                "false" | "False" | "FALSE" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A plain whole number.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match &self.kind {
            NodeKind::Scalar { text, plain: true } if is_number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A plain finite number.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match &self.kind {
            NodeKind::Scalar { text, plain: true } if is_number(text) => {
                text.parse().ok().filter(|n: &f64| n.is_finite())
            }
            _ => None,
        }
    }

    /// The elements of a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.kind {
            NodeKind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value under `key` of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            NodeKind::Map(entries) => entries
                .iter()
                .find(|(name, ..)| name == key)
                .map(|(.., node)| node),
            _ => None,
        }
    }

    /// What this node is, in the words of a message.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            _ if self.is_null() => "nothing",
            _ if self.as_bool().is_some() => "a boolean",
            _ if self.as_f64().is_some() => "a number",
            NodeKind::Scalar { .. } => "text",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }

    /// The node as JSON: how definitions are kept in the store.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.kind {
            NodeKind::List(items) => items.iter().map(Self::to_json).collect(),
            NodeKind::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, _, node)| (key.clone(), node.to_json()))
                    .collect(),
            ),
            NodeKind::Scalar { text, .. } => {
                if self.is_null() {
                    Value::Null
                } else if let Some(truth) = self.as_bool() {
                    truth.into()
                } else if let Some(whole) = self.as_i64() {
                    whole.into()
                } else if let Some(number) = self.as_f64() {
                    number.into()
                } else {
                    text.as_str().into()
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::document::parse;

    #[test]
    fn only_what_json_calls_a_number_is_one_and_the_rest_keeps_its_digits() {
        let node = parse("[00123, 0123.5, +1, .5, 5., 1e, 0, -7, 1.50, 2e3, '4']").unwrap();
        assert_eq!(
            node.to_json(),
            json!([
                "00123", "0123.5", "+1", ".5", "5.", "1e", 0, -7, 1.5, 2000.0, "4"
            ])
        );
    }
}
