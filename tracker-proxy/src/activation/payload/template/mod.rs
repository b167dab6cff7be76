//! JSON with placeholders inside its strings.
//!
//! `{name}` and `{name:first}`, `{name:last}`, `{name:all}` stand for a value. A string that is
//! one placeholder and nothing else becomes the value itself, whatever its type, and null where
//! there is none; within a longer text a value becomes text, and nothing where there is none.
//! `{{` and `}}` are braces. Keys are left as they are.

use serde_json::Value as Json;

use super::lookup::{EVENT_PREFIX, OF_THE_MOMENT, find};
use super::{BODY_BYTES_MAX, Moment, RenderError, weight};
use crate::activation::{Extraction, On};
use crate::profile::Profile;

/// The largest template, in bytes of JSON.
pub const TEMPLATE_BYTES_MAX: usize = 64 * 1024;
/// How many placeholders a template has at the most.
pub const PLACEHOLDERS_MAX: usize = 200;
/// The longest name in a placeholder, in bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// A part of a string.
#[derive(Debug, PartialEq, Eq)]
enum Part<'t> {
    Text(&'t str),
    Placeholder { name: &'t str, take: Extraction },
}

/// A string that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Mistake {
    #[error("a `{{` is never closed; a brace itself is written `{{{{`")]
    Open,
    #[error("a `}}` closes nothing; a brace itself is written `}}}}`")]
    Closed,
    #[error("a placeholder has no name")]
    NoName,
    #[error("the name of a placeholder is longer than {NAME_BYTES_MAX} bytes")]
    LongName,
    #[error("`{0}` is not `first`, `last` or `all`")]
    Extraction(String),
}

/// Splits a string into its parts; braces that stand for themselves are texts of their own.
fn parts(text: &str) -> Result<Vec<Part<'_>>, Mistake> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        if at > 0 {
            parts.push(Part::Text(&rest[..at]));
        }
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        if after.starts_with(brace) {
            parts.push(Part::Text(brace));
            rest = &after[1..];
        } else if brace == "}" {
            return Err(Mistake::Closed);
        } else {
            let end = after.find(['{', '}']).ok_or(Mistake::Open)?;
            if after[end..].starts_with('{') {
                return Err(Mistake::Open);
            }
            parts.push(placeholder(&after[..end])?);
            rest = &after[end + 1..];
        }
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

fn placeholder(inside: &str) -> Result<Part<'_>, Mistake> {
    let (name, take) = match inside.split_once(':') {
        None => (inside, Extraction::Last),
        Some((name, "first")) => (name, Extraction::First),
        Some((name, "last")) => (name, Extraction::Last),
        Some((name, "all")) => (name, Extraction::All),
        Some((_, other)) => return Err(Mistake::Extraction(other.to_owned())),
    };
    if name.trim().is_empty() {
        Err(Mistake::NoName)
    } else if name.len() > NAME_BYTES_MAX {
        Err(Mistake::LongName)
    } else {
        Ok(Part::Placeholder { name, take })
    }
}

/// Notes everything that is wrong with a template, each with its place.
pub fn check(template: &Json, on: &On, mistakes: &mut Vec<String>) {
    if template.to_string().len() > TEMPLATE_BYTES_MAX {
        mistakes.push(format!(
            "the template is larger than {TEMPLATE_BYTES_MAX} bytes"
        ));
        return;
    }
    let mut placeholders = 0;
    visit(template, "body", &mut |place, text| match parts(text) {
        Err(mistake) => mistakes.push(format!("{place}: {mistake}")),
        Ok(parts) => {
            for part in parts {
                if let Part::Placeholder { name, take } = part {
                    placeholders += 1;
                    if let Some(mistake) = misuse(name, take, on) {
                        mistakes.push(format!("{place}: {mistake}"));
                    }
                }
            }
        }
    });
    if placeholders > PLACEHOLDERS_MAX {
        mistakes.push(format!(
            "the template has {placeholders} placeholders, {PLACEHOLDERS_MAX} are allowed"
        ));
    }
}

fn misuse(name: &str, take: Extraction, on: &On) -> Option<String> {
    let is_event = name.starts_with(EVENT_PREFIX);
    if is_event && !matches!(on, On::Event(_)) {
        return Some(format!(
            "`{name}` is known only where an event fires the activation"
        ));
    }
    let single = is_event || OF_THE_MOMENT.contains(&name);
    (single && take != Extraction::Last)
        .then(|| format!("`{name}` has one value; leave `:first` and `:all` away"))
}

/// Calls `see` with the place and text of each string.
fn visit(json: &Json, place: &str, see: &mut dyn FnMut(&str, &str)) {
    match json {
        Json::String(text) => see(place, text),
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                visit(item, &format!("{place}[{at}]"), see);
            }
        }
        Json::Object(members) => {
            for (key, member) in members {
                visit(member, &format!("{place}.{key}"), see);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// The names that a template asks for.
pub(super) fn names(template: &Json) -> Vec<String> {
    let mut names = Vec::new();
    visit(template, "", &mut |_, text| {
        for part in parts(text).unwrap_or_default() {
            if let Part::Placeholder { name, .. } = part {
                names.push(name.to_owned());
            }
        }
    });
    names
}

/// Puts the values into a template.
///
/// # Errors
///
/// The result would be too large.
pub fn render(
    template: &Json,
    profile: &Profile,
    moment: &Moment<'_>,
) -> Result<Json, RenderError> {
    let mut renderer = Renderer {
        profile,
        moment,
        left: BODY_BYTES_MAX,
    };
    renderer.spend(weight(template))?;
    renderer.json(template)
}

struct Renderer<'a> {
    profile: &'a Profile,
    moment: &'a Moment<'a>,
    /// How many bytes may still be added: what is put in is many times what is asked for.
    left: usize,
}

impl Renderer<'_> {
    fn json(&mut self, template: &Json) -> Result<Json, RenderError> {
        Ok(match template {
            Json::String(text) => self.text(text)?,
            Json::Array(items) => {
                let items: Result<_, _> = items.iter().map(|item| self.json(item)).collect();
                Json::Array(items?)
            }
            Json::Object(members) => {
                let member = |(key, value): (&String, _)| Ok((key.clone(), self.json(value)?));
                let members: Result<_, _> = members.iter().map(member).collect();
                Json::Object(members?)
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => template.clone(),
        })
    }

    fn text(&mut self, text: &str) -> Result<Json, RenderError> {
        // A text that was never checked stands for itself.
        let Ok(parts) = parts(text) else {
            return Ok(text.into());
        };
        if let [Part::Placeholder { name, take }] = parts[..] {
            return Ok(self.value(name, take)?.unwrap_or_default());
        }
        let mut whole = String::with_capacity(text.len());
        for part in parts {
            match part {
                Part::Text(text) => whole.push_str(text),
                Part::Placeholder { name, take } => match self.value(name, take)? {
                    None | Some(Json::Null) => {}
                    Some(Json::String(value)) => whole.push_str(&value),
                    Some(other) => whole.push_str(&other.to_string()),
                },
            }
        }
        Ok(whole.into())
    }

    fn value(&mut self, name: &str, take: Extraction) -> Result<Option<Json>, RenderError> {
        let value = find(name, take, self.profile, self.moment);
        self.spend(value.as_ref().map_or(0, weight))?;
        Ok(value)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), RenderError> {
        self.left = self.left.checked_sub(bytes).ok_or(RenderError::TooLarge)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
