//! Which column becomes what.

use std::str::FromStr;

use serde_json::{Map, Value as Json};

/// Names of columns that are understood without a word, as exports write them.
const KNOWN: [(&str, &str); 18] = [
    ("type", "type"),
    ("event", "event"),
    ("name", "name"),
    ("category", "category"),
    ("userId", "userId"),
    ("user_id", "userId"),
    ("anonymousId", "anonymousId"),
    ("anonymous_id", "anonymousId"),
    ("previousId", "previousId"),
    ("groupId", "groupId"),
    ("messageId", "messageId"),
    ("message_id", "messageId"),
    ("timestamp", "timestamp"),
    ("originalTimestamp", "originalTimestamp"),
    ("properties", "properties"),
    ("traits", "traits"),
    ("context", "context"),
    ("consents", "consents"),
];

/// Where the value of a column goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A member of the event itself.
    Member(String),
    /// A member of `properties`, `traits` or `context`, at any depth.
    Within(String, Vec<String>),
    /// Nowhere.
    Nowhere,
}

/// What text in a cell stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Number,
    Integer,
    Boolean,
    Json,
}

/// `TARGET=COLUMN[:TYPE]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    target: Target,
    column: String,
    as_type: Option<Type>,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (target, rest) = text
            .split_once('=')
            .ok_or("a mapping is TARGET=COLUMN or TARGET=COLUMN:TYPE")?;
        // Names of columns may hold colons; only a type behind the last one is a type.
        let (column, as_type) = match rest.rsplit_once(':') {
            Some((column, word)) => match Type::of(word) {
                Some(as_type) => (column, Some(as_type)),
                None => (rest, None),
            },
            None => (rest, None),
        };
        Ok(Self {
            target: target.parse()?,
            column: column.to_owned(),
            as_type,
        })
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::Nowhere);
        }
        if let Some((object, path)) = text.split_once('.') {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            let known = ["properties", "traits", "context", "consents"].contains(&object);
            if known && path.iter().all(|name| !name.is_empty()) {
                return Ok(Self::Within(object.to_owned(), path));
            }
        } else if KNOWN.iter().any(|(_, member)| *member == text) {
            return Ok(Self::Member(text.to_owned()));
        }
        Err(format!("`{text}` is nothing that an event has"))
    }
}

impl Type {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "text" => Self::Text,
            "number" => Self::Number,
            "integer" => Self::Integer,
            "boolean" => Self::Boolean,
            "json" => Self::Json,
            _ => return None,
        })
    }

    /// The value that the text of a cell stands for.
    fn read(self, text: &str) -> Result<Json, &'static str> {
        let trimmed = text.trim();
        match self {
            Self::Text => Ok(text.into()),
            Self::Number => trimmed
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite())
                .map(Json::from)
                .ok_or("is no number"),
            Self::Integer => trimmed
                .parse::<i64>()
                .map(Json::from)
                .map_err(|_| "is no whole number"),
            Self::Boolean => match trimmed.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Ok(true.into()),
                "false" | "no" | "0" => Ok(false.into()),
                _ => Err("is neither true nor false"),
            },
            Self::Json => serde_json::from_str(trimmed).map_err(|_| "is no JSON"),
        }
    }
}

/// All assignments, and where everything else goes.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) assignments: Vec<Assignment>,
    /// The object of the columns that nobody named.
    pub(super) rest: &'static str,
}

impl Mapping {
    /// Puts each column of a row in its place.
    pub(super) fn apply(&self, row: Map<String, Json>) -> Result<Map<String, Json>, String> {
        let mut event = Map::new();
        for (column, value) in row {
            let mut named = self
                .assignments
                .iter()
                .filter(|assignment| assignment.column == column)
                .peekable();
            if named.peek().is_none() {
                place(&mut event, &self.usual(&column), value)?;
                continue;
            }
            for assignment in named {
                let value = match (&value, assignment.as_type) {
                    (Json::String(text), Some(_)) if text.trim().is_empty() => continue,
                    (Json::String(text), Some(as_type)) => as_type
                        .read(text)
                        .map_err(|wrong| format!("`{column}` {wrong}"))?,
                    _ => value.clone(),
                };
                place(&mut event, &assignment.target, value)?;
            }
        }
        Ok(event)
    }

    /// The columns that are named and not among these.
    pub(super) fn missing<'a>(
        &'a self,
        columns: &'a [String],
    ) -> impl Iterator<Item = &'a str> + 'a {
        let named = self.assignments.iter().map(|one| one.column.as_str());
        named.filter(|name| columns.iter().all(|column| column != name))
    }

    fn usual(&self, column: &str) -> Target {
        // A file of refused rows can be mended and imported.
        if column == super::rejects::ROW || column == super::rejects::REASON {
            return Target::Nowhere;
        }
        match KNOWN.iter().find(|(known, _)| *known == column) {
            Some((_, member)) => Target::Member((*member).to_owned()),
            None => Target::Within(self.rest.to_owned(), vec![column.to_owned()]),
        }
    }
}

/// Sets one value. Empty text is absent: that is how a CSV file writes nothing.
fn place(event: &mut Map<String, Json>, target: &Target, value: Json) -> Result<(), String> {
    if value.as_str().is_some_and(str::is_empty) {
        return Ok(());
    }
    match target {
        Target::Nowhere => {}
        Target::Member(member) => match (event.get_mut(member), value) {
            // Columns of their own may have been put into it before.
            (Some(Json::Object(there)), Json::Object(more)) => there.extend(more),
            (_, value) => {
                event.insert(member.clone(), value);
            }
        },
        Target::Within(object, path) => {
            let mut at = event.entry(object).or_insert_with(|| Map::new().into());
            let (last, parents) = path.split_last().ok_or("an empty path")?;
            for name in parents {
                let inside = at.as_object_mut().ok_or(format!("`{object}` is taken"))?;
                at = inside.entry(name).or_insert_with(|| Map::new().into());
            }
            let inside = at.as_object_mut().ok_or(format!("`{object}` is taken"))?;
            inside.insert(last.clone(), value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn apply(assignments: &[&str], row: &Json) -> Result<Json, String> {
        let assignments = assignments.iter().map(|text| text.parse().unwrap());
        let mapping = Mapping {
            assignments: assignments.collect(),
            rest: "properties",
        };
        let row = row.as_object().unwrap().clone();
        mapping.apply(row).map(Json::Object)
    }

    #[test]
    fn columns_go_where_they_are_told_and_the_rest_are_properties() {
        let row = json!({
            "Customer": "007", "What": "buy", "Total: net": "19.50", "Paid": "yes", "Junk": "x",
            "sku": "00123", "note": "", "timestamp": "2026-11-20T10:00:00Z",
        });
        let event = apply(
            &[
                "userId=Customer",
                "event=What",
                "properties.total=Total: net:number",
                "properties.paid=Paid:boolean",
                "context.order.customer=Customer",
                "-=Junk",
            ],
            &row,
        );
        assert_eq!(
            event.unwrap(),
            json!({
                "userId": "007", "event": "buy", "timestamp": "2026-11-20T10:00:00Z",
                "context": { "order": { "customer": "007" } },
                "properties": { "total": 19.5, "paid": true, "sku": "00123" },
            })
        );
    }

    #[test]
    fn an_event_as_the_api_has_it_stays_as_it_is() {
        let event = json!({
            "type": "track", "event": "buy", "userId": 42, "properties": { "a": [1] },
            "context": { "ip": "::1" },
        });
        assert_eq!(apply(&[], &event).unwrap(), event);
    }

    #[test]
    fn a_cell_of_the_wrong_type_is_named() {
        let error = apply(&["properties.n=n:integer"], &json!({ "n": "1.5" })).unwrap_err();
        assert_eq!(error, "`n` is no whole number");
        let empty = apply(&["properties.n=n:integer"], &json!({ "n": " " }));
        assert_eq!(empty.unwrap(), json!({}), "an empty cell is no value");
    }

    #[test]
    fn what_an_event_does_not_have_is_no_target() {
        for text in [
            "user=a",
            "a.b=c",
            "properties.=c",
            "properties..a=c",
            "userId",
        ] {
            assert!(text.parse::<Assignment>().is_err(), "{text}");
        }
    }
}
