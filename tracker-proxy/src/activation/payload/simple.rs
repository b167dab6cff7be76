//! Ordered key-value pairs, sent as a flat JSON object.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;

use super::lookup::find_in_profile;
use super::{BODY_BYTES_MAX, RenderError, weight};
use crate::activation::{Field, FieldSource};
use crate::profile::Profile;

/// The body, in the order of the fields; what the person does not have is null.
///
/// # Errors
///
/// The body would be too large.
///
/// # Panics
///
/// Never: JSON values write into memory.
pub fn render(fields: &[Field], profile: &Profile) -> Result<Vec<u8>, RenderError> {
    let mut pairs = Vec::with_capacity(fields.len());
    let mut left = BODY_BYTES_MAX;
    for Field { key, source } in fields {
        let value = match source {
            FieldSource::Constant(text) => Json::from(text.as_str()),
            FieldSource::Attribute(name, take) => {
                find_in_profile(name, *take, profile).unwrap_or_default()
            }
        };
        left = left
            .checked_sub(key.len() + weight(&value))
            .ok_or(RenderError::TooLarge)?;
        pairs.push((key.as_str(), value));
    }
    Ok(serde_json::to_vec(&Ordered(pairs)).expect("JSON values write into memory"))
}

/// An object that keeps its order, which a map of `serde_json` would not.
struct Ordered<'a>(Vec<(&'a str, Json)>);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Extraction;
    use crate::activation::payload::testing::profile;

    fn field(key: &str, source: FieldSource) -> Field {
        Field {
            key: key.to_owned(),
            source,
        }
    }

    fn attribute(key: &str, name: &str, take: Extraction) -> Field {
        field(key, FieldSource::Attribute(name.to_owned(), take))
    }

    fn constant(key: &str, text: &str) -> Field {
        field(key, FieldSource::Constant(text.to_owned()))
    }

    #[test]
    fn pairs_keep_their_order_and_types() {
        let fields = [
            attribute("mail", "email", Extraction::Last),
            attribute("all", "email", Extraction::All),
            attribute("first", "email", Extraction::First),
            attribute("age", "age", Extraction::Last),
            attribute("a.city", "address.city", Extraction::Last),
            attribute("phone", "phone", Extraction::All),
            constant("{age}", "{age} \"}"),
        ];
        let body = String::from_utf8(render(&fields, &profile()).unwrap()).unwrap();
        let expected = concat!(
            r#"{"mail":"new@example.com","all":["old@example.com","new@example.com"],"#,
            r#""first":"old@example.com","age":41,"a.city":"Riga","phone":null,"#,
            r#""{age}":"{age} \"}"}"#
        );
        assert_eq!(body, expected);
    }

    #[test]
    fn data_cannot_add_members() {
        let fields = [attribute("x", "nasty", Extraction::Last)];
        let body = render(&fields, &profile()).unwrap();
        let parsed: serde_json::Map<String, Json> = serde_json::from_slice(&body).unwrap();
        assert_eq!(parsed.len(), 1);
        assert_eq!(parsed["x"], "\"}, {{x}} {email} \\ \n\0 </script>");
    }
}
