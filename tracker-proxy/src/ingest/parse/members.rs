//! The members of an event, as far as its kind asks for them.

use std::borrow::Cow;

use segue_sdk::wire::{Kind, Message, RejectCode, UnknownKind};
use serde_json::value::RawValue;

use super::check::{Refusal, invalid_field};
use super::{EventKind, Limits, json};

pub(super) fn kind_of(message: &Message<'_>) -> Result<EventKind, Refusal> {
    let word = message.kind.as_deref().unwrap_or_default();
    let kind: Kind = word.parse().map_err(|unknown: UnknownKind| {
        Refusal::new(RejectCode::InvalidType, unknown.to_string())
    })?;
    Ok(match kind {
        Kind::Track => EventKind::Track,
        Kind::Identify => EventKind::Identify,
        Kind::Page => EventKind::Page,
        Kind::Screen => EventKind::Screen,
        Kind::Group => EventKind::Group,
        Kind::Alias => EventKind::Alias,
        Kind::Consent => EventKind::Consent,
    })
}

/// The name that conditions ask for.
pub(super) fn name<'m>(
    kind: EventKind,
    message: &'m Message<'_>,
    limits: &Limits,
) -> Result<&'m str, Refusal> {
    if kind != EventKind::Track {
        return Ok(kind.as_str());
    }
    let name = message.event.as_deref().unwrap_or_default();
    let (bytes, bytes_max) = (name.len(), limits.name_bytes_max);
    if name.trim_ascii().is_empty() {
        return Err(invalid_field("track needs the name of its `event`"));
    }
    if bytes > bytes_max {
        let what =
            format!("`event` has {bytes} bytes; at most {bytes_max} are allowed (name_bytes_max)");
        return Err(invalid_field(what));
    }
    Ok(name)
}

/// Some clients write what identifies someone into the context only.
pub(super) fn traits<'s>(
    kind: EventKind,
    message: &Message<'s>,
    context: Option<&'s str>,
) -> Option<&'s str> {
    let own = message.traits.map(RawValue::get);
    if kind != EventKind::Identify || own.is_some_and(|own| !json::is_empty_object(own)) {
        return own;
    }
    context
        .and_then(|context| json::object(context, "traits"))
        .or(own)
}

/// Name and category of a page or screen count as properties of it, so that conditions find them.
pub(super) fn properties<'m>(kind: EventKind, message: &Message<'m>) -> Option<Cow<'m, str>> {
    let own = message.properties.map(RawValue::get);
    if !matches!(kind, EventKind::Page | EventKind::Screen) {
        return own.map(Cow::Borrowed);
    }
    let words = [("name", &message.name), ("category", &message.category)];
    let missing: Vec<(&str, String)> = words
        .into_iter()
        .filter_map(|(member, word)| Some((member, json::quoted(word.as_deref()?))))
        .filter(|(member, _)| own.is_none_or(|own| json::member(own, member).is_none()))
        .collect();
    if missing.is_empty() {
        return own.map(Cow::Borrowed);
    }
    let missing: Vec<(&str, &str)> = missing
        .iter()
        .map(|(m, json)| (*m, json.as_str()))
        .collect();
    Some(Cow::Owned(json::put_in_front(&missing, own)))
}

/// The decisions of a consent message: truth values, at least one of them.
pub(super) fn consents<'m>(
    kind: EventKind,
    message: &Message<'m>,
    limits: &Limits,
) -> Result<Option<&'m str>, Refusal> {
    if kind != EventKind::Consent {
        return Ok(None);
    }
    let json = message.consents.map(RawValue::get).unwrap_or_default();
    let members = json::members(json).unwrap_or_default();
    if members.is_empty() {
        return Err(invalid_field("consent needs an object `consents`"));
    }
    for (purpose, decision) in members {
        if purpose.is_empty() || purpose.len() > limits.name_bytes_max {
            return Err(invalid_field("the name of a consent is empty or too long"));
        }
        if !matches!(decision.get(), "true" | "false" | "null") {
            return Err(invalid_field(
                "every member of `consents` has to be true or false",
            ));
        }
    }
    Ok(Some(json))
}
