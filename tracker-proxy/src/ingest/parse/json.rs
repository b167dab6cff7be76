//! Looking into raw JSON without building a tree of it.
//!
//! Everything here is given text that a JSON parser has accepted already, works without
//! recursion, and copies only what it has to change.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One member of an object.
pub(super) type Member<'a> = (Cow<'a, str>, &'a RawValue);

/// The shortest member of an object: `"":1,`.
const MEMBER_BYTES_MIN: usize = 5;

/// Whether `json` is nested deeper than `depth_max`.
pub(super) fn deeper_than(depth_max: usize, json: &str) -> bool {
    // Brackets inside strings count here, which errs on the side of looking closer. In pieces
    // whose count fits a byte this is vector code, many times faster than looking closer.
    let opening = |piece: &[u8]| -> usize {
        let ones = piece.iter().map(|byte| u8::from(byte | 0x20 == b'{'));
        usize::from(ones.sum::<u8>())
    };
    if json.as_bytes().chunks(255).map(opening).sum::<usize>() <= depth_max {
        return false;
    }
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        if in_text {
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > depth_max {
            return true;
        }
    }
    false
}

/// Whether the object `json` has more than `members_max` members.
pub(super) fn has_more_members(members_max: usize, json: &str) -> bool {
    json.len() > members_max.saturating_mul(MEMBER_BYTES_MIN)
        && members(json).is_some_and(|members| members.len() > members_max)
}

/// The members of an object in the order written; nothing if it is no object.
pub(super) fn members(json: &str) -> Option<Vec<Member<'_>>> {
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.deserialize_map(Members).ok()
}

/// The member `name` of an object; of several the last one, as everywhere.
pub(super) fn member<'a>(json: &'a str, name: &str) -> Option<&'a RawValue> {
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.deserialize_map(Find(name)).ok()?
}

/// The member `name` where it is an object that says something.
pub(super) fn object<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    member(json, name)
        .map(RawValue::get)
        .filter(|value| value.starts_with('{') && !is_empty_object(value))
}

/// The member `name` where it is text or a number.
pub(super) fn word<'a>(json: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let value = member(json, name)?.get();
    if !value.starts_with('"') {
        let number = value.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        return number.then_some(Cow::Borrowed(value));
    }
    serde_json::from_str::<String>(value).ok().map(Cow::Owned)
}

/// Whether an object has no members.
pub(super) fn is_empty_object(json: &str) -> bool {
    let inside = json
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    inside.is_some_and(|inside| inside.trim_ascii().is_empty())
}

/// Writes an object with `first` in front of what the object `rest` holds.
pub(super) fn put_in_front(first: &[(&str, &str)], rest: Option<&str>) -> String {
    let mut json = String::with_capacity(64 + rest.map_or(0, str::len));
    for (name, raw) in first {
        json.push(if json.is_empty() { '{' } else { ',' });
        json.push_str(&quoted(name));
        json.push(':');
        json.push_str(raw);
    }
    match rest.filter(|rest| !is_empty_object(rest)) {
        None => json.push('}'),
        Some(rest) => {
            json.push(',');
            json.push_str(&rest[1..]);
        }
    }
    json
}

/// The object `json` with one member less.
pub(super) fn without(name: &str, json: &str) -> String {
    let members = members(json).unwrap_or_default();
    let rest: Vec<(&str, &str)> = members
        .iter()
        .filter(|(member, _)| member != name)
        .map(|(member, value)| (member.as_ref(), value.get()))
        .collect();
    if rest.is_empty() {
        return "{}".to_owned();
    }
    put_in_front(&rest, None)
}

/// Text as JSON writes it.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Replaces halves of surrogate pairs by U+FFFD.
///
/// A browser that cuts text in the middle of an emoji writes such a half. It is no text, and no
/// later reader would take the object that it is in; the rest of the event is as good as any.
pub(super) fn mend_surrogates(json: &str) -> Cow<'_, str> {
    let mut mended = Cow::Borrowed(json);
    let (mut at, bytes) = (0, json.as_bytes());
    while let Some(found) = json.get(at..).and_then(|rest| rest.find('\\')) {
        let start = at + found;
        at = start + 2;
        let Some(unit) = escaped_unit(bytes, start) else {
            continue;
        };
        at = start + 6;
        let is_low = |unit: u16| (0xDC00..0xE000).contains(&unit);
        if (0xD800..0xDC00).contains(&unit) && escaped_unit(bytes, at).is_some_and(is_low) {
            at += 6;
        } else if (0xD800..0xE000).contains(&unit) {
            mended.to_mut().replace_range(start..at, "\\ufffd");
        }
    }
    mended
}

/// The UTF-16 unit of the escape `\uXXXX` at `start`, if there is one.
fn escaped_unit(bytes: &[u8], start: usize) -> Option<u16> {
    let hex = bytes.get(start..start + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            members.push((name, map.next_value()?));
        }
        Ok(members)
    }
}

struct Find<'n>(&'n str);

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let value = map.next_value()?;
            if name == self.0 {
                found = Some(value);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_text_are_not_nesting() {
        assert!(!deeper_than(2, r#"{"a":"[[[[{{{{\"[["}"#));
        assert!(!deeper_than(2, r#"{"a":[1],"b":[2],"c":"\\"}"#));
        assert!(deeper_than(2, r#"{"a":"\\","b":[[1]]}"#));
        assert!(deeper_than(32, &"[".repeat(100_000)));
    }

    #[test]
    fn members_are_counted_at_the_top_only() {
        let wide = format!(
            "{{{}}}",
            r#""a":[1,2,3,4],"#.repeat(6).trim_end_matches(',')
        );
        assert!(has_more_members(5, &wide));
        assert!(!has_more_members(6, &wide));
    }

    #[test]
    fn the_last_of_two_equal_members_is_the_one() {
        let json = r#"{"a":1,"b":"x\n","a":2}"#;
        assert_eq!(word(json, "a").as_deref(), Some("2"));
        assert_eq!(word(json, "b").as_deref(), Some("x\n"));
        assert_eq!(word(json, "c"), None);
        assert_eq!(word(r#"{"a":[]}"#, "a"), None);
        assert_eq!(word("[]", "a"), None);
    }

    #[test]
    fn what_is_put_in_front_leaves_the_rest_as_it_was() {
        let first = [("na\"me", "1")];
        assert_eq!(put_in_front(&first, None), r#"{"na\"me":1}"#);
        assert_eq!(put_in_front(&first, Some("{ }")), r#"{"na\"me":1}"#);
        assert_eq!(
            put_in_front(&first, Some(r#"{"b":2}"#)),
            r#"{"na\"me":1,"b":2}"#
        );
    }

    #[test]
    fn a_cut_emoji_becomes_a_replacement_character() {
        assert_eq!(mend_surrogates(r#"{"a":"x\ud83d"}"#), r#"{"a":"x\ufffd"}"#);
        assert_eq!(
            mend_surrogates(r#""\uDE00\ud83d\u0041""#),
            r#""\ufffd\ufffd\u0041""#
        );
        for whole in [
            r#""\ud83d\uDE00""#,
            r#""\\ud83d""#,
            r#""\n\u00e9 plain""#,
            "\"\\",
        ] {
            assert!(
                matches!(mend_surrogates(whole), Cow::Borrowed(_)),
                "{whole}"
            );
        }
    }
}
