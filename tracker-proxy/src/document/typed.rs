//! The values that many readers ask for: ids, names, lists, numbers, durations.

use std::ops::RangeInclusive;

use super::{Fields, Mistakes, Node, Place, duration_ms, duration_text};

/// The longest id of an account, audience, destination or activation, in bytes: what the
/// receiver of a membership delivery takes.
pub const ID_BYTES_MAX: usize = segue_receiver::limits::IDENTIFIER_BYTES_MAX;
/// The longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// The longest description, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 200;

impl<'a> Fields<'a> {
    /// The required `id`: it stands in paths of the admin API, so nothing in it needs escaping.
    pub fn id(&mut self, mistakes: &mut Mistakes) -> Option<String> {
        let node = self.required("id", mistakes)?;
        let id = node.as_text().filter(|text| is_id(text));
        if id.is_none() {
            let message = format!(
                "`id` has to start with a letter, a digit or `_` and go on with those, `-` and \
                 `.`, {ID_BYTES_MAX} bytes at most"
            );
            mistakes.add(node.place, message);
        }
        id.map(str::to_owned)
    }

    /// The optional `name` for people; without one the id is the name.
    pub fn name(&mut self, id: Option<&str>, mistakes: &mut Mistakes) -> String {
        let good =
            |text: &&str| !text.trim().is_empty() && text.chars().nth(NAME_CHARS_MAX).is_none();
        let node = self.optional("name");
        let name = node.and_then(Node::as_text).filter(good);
        if let (Some(node), None) = (node, name) {
            let message = format!("`name` has to be text of 1 to {NAME_CHARS_MAX} characters");
            mistakes.add(node.place, message);
        }
        name.or(id).unwrap_or_default().to_owned()
    }

    /// The optional `description`.
    pub fn description(&mut self, mistakes: &mut Mistakes) -> String {
        let good = |text: &&str| text.chars().nth(DESCRIPTION_CHARS_MAX).is_none();
        let node = self.optional("description");
        let description = node.and_then(Node::as_text).filter(good);
        if let (Some(node), None) = (node, description) {
            let message =
                format!("`description` has to be text of up to {DESCRIPTION_CHARS_MAX} characters");
            mistakes.add(node.place, message);
        }
        description.unwrap_or_default().to_owned()
    }

    /// The elements of an optional list.
    pub fn list(&mut self, key: &'static str, mistakes: &mut Mistakes) -> &'a [Node] {
        self.read(key, "a list", mistakes, Node::as_list)
            .unwrap_or_default()
    }

    /// An optional list of different texts, or one text alone.
    pub fn texts(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Vec<(&'a str, Place)> {
        let Some(node) = self.optional(key) else {
            return Vec::new();
        };
        let items = node.as_list().unwrap_or(std::slice::from_ref(node));
        let mut texts: Vec<(&str, Place)> = Vec::with_capacity(items.len());
        for item in items {
            match item.as_text().filter(|text| !text.trim().is_empty()) {
                None => {
                    let found = item.describe();
                    let message = format!("`{key}` has to hold texts, this is {found}");
                    mistakes.add(item.place, message);
                }
                Some(text) if texts.iter().any(|(known, _)| *known == text) => {
                    mistakes.add(item.place, format!("`{key}` says this twice"));
                }
                Some(text) => texts.push((text, item.place)),
            }
        }
        texts
    }

    /// An optional whole number within `range`, also in quotes, as an environment variable is.
    pub fn whole(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u64>,
        mistakes: &mut Mistakes,
    ) -> Option<u64> {
        let node = self.optional(key)?;
        let number = node.as_text().and_then(|text| text.parse().ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = (range.start(), range.end());
            let message = format!("`{key}` has to be a whole number from {least} to {most}");
            mistakes.add(node.place, message);
        }
        number
    }

    /// An optional duration within `range`, in milliseconds.
    pub fn duration(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
        mistakes: &mut Mistakes,
    ) -> Option<i64> {
        let node = self.optional(key)?;
        let ms = node.as_text().and_then(duration_ms);
        let ms = ms.filter(|ms| range.contains(ms));
        if ms.is_none() {
            let (least, most) = (duration_text(*range.start()), duration_text(*range.end()));
            let message =
                format!("`{key}` has to be a duration such as 10m, from {least} to {most}");
            mistakes.add(node.place, message);
        }
        ms
    }

    /// An optional choice among words.
    pub fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
        mistakes: &mut Mistakes,
    ) -> Option<T> {
        let node = self.optional(key)?;
        let text = node.as_text();
        let chosen = choices.iter().find(|(word, _)| Some(*word) == text);
        if chosen.is_none() {
            let words: Vec<_> = choices
                .iter()
                .map(|(word, _)| format!("`{word}`"))
                .collect();
            let message = format!("`{key}` has to be one of {}", words.join(", "));
            mistakes.add(node.place, message);
        }
        chosen.map(|(_, choice)| *choice)
    }
}

/// True for an id: it stands in paths of the admin API, so nothing in it needs escaping.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let starts = |c: char| c.is_alphanumeric() || c == '_';
    text.len() <= ID_BYTES_MAX
        && text.starts_with(starts)
        && text.chars().all(|c| starts(c) || matches!(c, '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::parse;

    fn read<T>(text: &str, read: impl FnOnce(&mut Fields<'_>, &mut Mistakes) -> T) -> (T, usize) {
        let node = parse(text).unwrap();
        let mut mistakes = Mistakes::default();
        let mut fields = Fields::of(&node, "a test", &mut mistakes).unwrap();
        let value = read(&mut fields, &mut mistakes);
        (value, mistakes.into_sorted().len())
    }

    #[test]
    fn ids_need_no_escaping_in_a_path() {
        for (text, good) in [
            ("id: vip", true),
            ("id: 123456", true),
            ("id: \"00123\"", true),
            ("id: żółty-1.b", true),
            ("id: a/b", false),
            ("id: ..", false),
            ("id: ' vip'", false),
            ("id: \"\"", false),
            ("id: [a]", false),
            ("other: 1", false),
        ] {
            let (id, mistakes) = read(text, |fields, mistakes| fields.id(mistakes));
            assert_eq!((id.is_some(), mistakes == 0), (good, good), "{text}");
        }
    }

    #[test]
    fn long_names_are_refused_by_characters() {
        for (length, good) in [(1, true), (100, true), (101, false), (0, false)] {
            let text = format!("name: \"{}\"", "ż".repeat(length));
            let (_, mistakes) = read(&text, |fields, mistakes| fields.name(None, mistakes));
            assert_eq!(mistakes == 0, good, "{length}");
        }
        let (name, _) = read("{}", |fields, mistakes| fields.name(Some("vip"), mistakes));
        assert_eq!(name, "vip");
        let long = format!("description: {}", "d".repeat(201));
        let (_, mistakes) = read(&long, |fields, mistakes| fields.description(mistakes));
        assert_eq!(mistakes, 1);
    }

    #[test]
    fn one_text_is_a_list_of_one() {
        let (texts, _) = read("consent: marketing", |fields, mistakes| {
            fields.texts("consent", mistakes).len()
        });
        assert_eq!(texts, 1);
        let (_, mistakes) = read("consent: [a, a, {}, \"\"]", |fields, mistakes| {
            fields.texts("consent", mistakes).len()
        });
        assert_eq!(mistakes, 3);
    }

    #[test]
    fn bounds_are_part_of_a_number_and_a_duration() {
        for (text, good) in [
            ("n: 1", true),
            ("n: \"8\"", true),
            ("n: 9", false),
            ("n: x", false),
        ] {
            let (_, mistakes) = read(text, |fields, mistakes| fields.whole("n", 1..=8, mistakes));
            assert_eq!(mistakes == 0, good, "{text}");
        }
        for (text, good) in [("t: 1s", true), ("t: 61s", false), ("t: 5", false)] {
            let (_, mistakes) = read(text, |fields, mistakes| {
                fields.duration("t", 1_000..=60_000, mistakes)
            });
            assert_eq!(mistakes == 0, good, "{text}");
        }
    }
}
