//! Where in an event or in an attribute a value is.

use serde::Serialize;

use crate::value::Value;

/// How many steps a path may have.
const STEPS_MAX: usize = 16;

/// Which object of an event a path starts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// What the event says of itself; the default.
    Properties,
    /// Paths that start with `traits.`
    Traits,
    /// Paths that start with `context.`
    Context,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// The member of an object.
    Key(Box<str>),
    /// Any element of a list.
    Any,
}

/// A dotted path: `address.country`, `orders[*].total`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Path {
    /// The first key.
    head: Box<str>,
    rest: Vec<Step>,
}

impl Path {
    /// Reads a path; `None` if it has an empty step or too many.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        for part in text.split('.') {
            let key = part.trim_end_matches("[*]");
            if key.is_empty() {
                return None;
            }
            steps.push(Step::Key(key.into()));
            let any = (part.len() - key.len()) / "[*]".len();
            steps.extend(std::iter::repeat_n(Step::Any, any));
        }
        if steps.len() > STEPS_MAX {
            return None;
        }
        match steps.remove(0) {
            Step::Key(head) => Some(Self { head, rest: steps }),
            Step::Any => None,
        }
    }

    /// The path of one key, whatever is in it.
    #[must_use]
    pub fn of_key(key: &str) -> Self {
        Self {
            head: key.into(),
            rest: Vec::new(),
        }
    }

    /// The first key.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The object of an event in which this path starts, and the path inside it.
    #[must_use]
    pub fn in_event(&self) -> (Source, Self) {
        let source = match self.head.as_ref() {
            "properties" => Source::Properties,
            "traits" => Source::Traits,
            "context" => Source::Context,
            _ => return (Source::Properties, self.clone()),
        };
        match self.rest.split_first() {
            Some((Step::Key(head), rest)) => {
                let inner = Self {
                    head: head.clone(),
                    rest: rest.to_vec(),
                };
                (source, inner)
            }
            _ => (Source::Properties, self.clone()),
        }
    }

    /// True if `holds` says so of a value that this path leads to; `root` is the value of the
    /// path's first key. What is missing or null is no value.
    pub fn any(&self, root: &Value, mut holds: impl FnMut(&Value) -> bool) -> bool {
        walk(root, &self.rest, &mut holds)
    }

    /// The first value that this path leads to.
    #[must_use]
    pub fn first<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        first(root, &self.rest)
    }

    /// True if the path leads to one value at the most.
    #[must_use]
    pub fn is_single(&self) -> bool {
        !self.rest.contains(&Step::Any)
    }
}

fn walk(value: &Value, steps: &[Step], holds: &mut impl FnMut(&Value) -> bool) -> bool {
    match steps.split_first() {
        None => *value != Value::Null && holds(value),
        Some((Step::Key(key), rest)) => {
            value.get(key).is_some_and(|inner| walk(inner, rest, holds))
        }
        Some((Step::Any, rest)) => match value {
            Value::List(items) => items.iter().any(|item| walk(item, rest, holds)),
            _ => false,
        },
    }
}

fn first<'a>(value: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    match steps.split_first() {
        None => (*value != Value::Null).then_some(value),
        Some((Step::Key(key), rest)) => first(value.get(key)?, rest),
        Some((Step::Any, rest)) => match value {
            Value::List(items) => items.iter().find_map(|item| first(item, rest)),
            _ => None,
        },
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.head)?;
        for step in &self.rest {
            match step {
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Any => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_into_objects_and_lists() {
        let root = Value::from_json(r#"[{"total": 5}, {"total": 80, "tags": ["x"]}]"#).unwrap();
        let path = Path::parse("orders[*].total").unwrap();
        assert!(path.any(&root, |value| *value == Value::Int(80)));
        assert!(!path.any(&root, |value| *value == Value::Int(81)));
        assert_eq!(path.first(&root), Some(&Value::Int(5)));
        assert_eq!(path.to_string(), "orders[*].total");
        let tags = Path::parse("orders[*].tags[*]").unwrap();
        assert_eq!(tags.first(&root), Some(&"x".into()));
    }

    #[test]
    fn a_path_may_name_another_object_of_the_event() {
        let path = Path::parse("context.page.url").unwrap();
        let (source, inner) = path.in_event();
        assert_eq!(
            (source, inner.to_string().as_str()),
            (Source::Context, "page.url")
        );
        let plain = Path::parse("context").unwrap();
        assert_eq!(plain.in_event().0, Source::Properties);
    }

    #[test]
    fn broken_paths_are_refused() {
        for text in ["", ".", "a.", ".a", "[*]", "a..b", &"a.".repeat(40)] {
            assert_eq!(Path::parse(text), None, "{text}");
        }
    }
}
