//! JSON with placeholders inside its strings.
//!
//! `{name}` and `{name:first}`, `{name:last}`, `{name:all}` stand for a value. A string that is
//! one placeholder and nothing else becomes the value itself, whatever its type, and null where
//! there is none; within a longer text a value becomes text, and nothing where there is none.
//! `{{` and `}}` are braces. Keys are left as they are.

use serde_json::Value as Json;

use super::lookup::{EVENT_PREFIX, OF_THE_MOMENT, find};
use super::{BODY_BYTES_MAX, Moment, RenderError, weight};
use crate::activation::placeholder::{Piece, pieces};
use crate::activation::{Extraction, On};
use crate::profile::Profile;

/// The largest template, in bytes of JSON.
pub const TEMPLATE_BYTES_MAX: usize = 64 * 1024;
/// How many placeholders a template has at the most.
pub const PLACEHOLDERS_MAX: usize = 200;

/// Notes what is wrong with a template, each thing with its place: unsuitable names, too many,
/// too large. Braces without partners are found by whoever reads the template.
pub fn check(template: &Json, on: &On, mistakes: &mut Vec<String>) {
    if template.to_string().len() > TEMPLATE_BYTES_MAX {
        mistakes.push(format!(
            "the template is larger than {TEMPLATE_BYTES_MAX} bytes"
        ));
        return;
    }
    let mut placeholders = 0;
    visit(template, "body", &mut |place, name, take| {
        placeholders += 1;
        if let Some(mistake) = misuse(name, take, on) {
            mistakes.push(format!("{place}: {mistake}"));
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

/// Calls `see` with the place, the name and the extraction of each placeholder.
fn visit(json: &Json, place: &str, see: &mut dyn FnMut(&str, &str, Extraction)) {
    match json {
        Json::String(text) => {
            for piece in pieces(text).unwrap_or_default() {
                if let Piece::Value { attribute, take } = piece {
                    see(place, attribute, take);
                }
            }
        }
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
    visit(template, "", &mut |_, name, _| names.push(name.to_owned()));
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
        let Ok(pieces) = pieces(text) else {
            return Ok(text.into());
        };
        if let [Piece::Value { attribute, take }] = pieces[..] {
            return Ok(self.value(attribute, take)?.unwrap_or_default());
        }
        let mut whole = String::with_capacity(text.len());
        for piece in pieces {
            match piece {
                Piece::Text(text) => whole.push_str(text),
                Piece::Value { attribute, take } => match self.value(attribute, take)? {
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
