//! One event of a page on its way into the client.

use std::collections::BTreeMap;
use std::time::SystemTime;

use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::cookie;
use crate::wire::{Kind, Message, RejectCode};
use crate::{Client, Options};

/// The member of a page's context that speaks for its user; here the app does.
const USER_TOKEN: &str = "userToken";

/// What the server knows of a request.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) visitor: Option<String>,
    pub(super) user: Option<String>,
    pub(super) user_agent: Option<String>,
    /// By the server's clock minus the browser's.
    pub(super) ahead_ms: i64,
}

/// Why an event is not taken.
pub(super) type Refusal = (RejectCode, &'static str);

/// Hands one event over.
pub(super) fn take(client: &Client, sender: &Sender, message: &Message<'_>) -> Result<(), Refusal> {
    let kind = message.kind.as_deref().unwrap_or_default().parse();
    let kind: Kind = kind.map_err(|_| (RejectCode::InvalidType, "the type is none of ours"))?;
    let said = message.anonymous_id.as_deref();
    let visitor = sender.visitor.as_deref();
    let visitor = visitor.or(said.filter(|id| cookie::is_visitor(id)));
    let visitor = visitor.ok_or((RejectCode::MissingIdentity, "there is no visitor"))?;
    let options = options(sender, message);
    match &sender.user {
        Some(user) => {
            let person = client.visitor(user, visitor);
            match kind {
                Kind::Identify => settle(&person.identify_with(&object(message.traits), &options)),
                _ => anybodys(&person, kind, message, &options),
            }
        }
        None => anybodys(&client.anonymous(visitor), kind, message, &options),
    }
}

/// What needs no user.
fn anybodys<I: crate::Identity>(
    person: &crate::Person<'_, I>,
    kind: Kind,
    message: &Message<'_>,
    options: &Options,
) -> Result<(), Refusal> {
    let properties = object(message.properties);
    match kind {
        Kind::Track => {
            let name = message.event.as_deref().filter(|name| !name.is_empty());
            let name = name.ok_or((RejectCode::InvalidField, "track needs an `event`"))?;
            settle(&person.track_named_with(name, &properties, options))
        }
        Kind::Page => {
            let title = properties.get("title").and_then(Value::as_str);
            let name = message.name.as_deref().or(title).unwrap_or_default();
            settle(&person.page_with(name, &properties, options))
        }
        Kind::Consent => {
            let decided: BTreeMap<String, bool> = object(message.consents)
                .into_iter()
                .filter_map(|(purpose, decision)| Some((purpose, decision.as_bool()?)))
                .collect();
            let decided: Vec<(&str, bool)> = decided
                .iter()
                .map(|(purpose, decision)| (purpose.as_str(), *decision))
                .collect();
            settle(&person.consent_with(&decided, options))
        }
        Kind::Identify => Err((RejectCode::ForbiddenForPublicKey, "nobody is logged in")),
        _ => Err((RejectCode::ForbiddenForPublicKey, "not for browsers")),
    }
}

fn settle(receipt: &crate::Receipt) -> Result<(), Refusal> {
    if receipt.is_accepted() {
        return Ok(());
    }
    let full = RejectCode::Other("dropped".to_owned());
    Err((full, "the app cannot take it now"))
}

fn options(sender: &Sender, message: &Message<'_>) -> Options {
    let mut context = object(message.context);
    context.remove(USER_TOKEN);
    if let Some(user_agent) = &sender.user_agent {
        context.insert("userAgent".to_owned(), user_agent.as_str().into());
    }
    let mut options = Options::new().context(&context);
    if let Some(id) = &message.message_id {
        options = options.message_id(id.as_ref());
    }
    let stated = message.timestamp.as_deref();
    if let Some(at) = stated.and_then(|text| at(text, sender.ahead_ms)) {
        options = options.at(at);
    }
    options
}

/// The instant by the server's clock.
fn at(text: &str, ahead_ms: i64) -> Option<SystemTime> {
    let stated: Timestamp = text.parse().ok()?;
    let ms = stated.as_millisecond().saturating_add(ahead_ms);
    Some(Timestamp::from_millisecond(ms).ok()?.into())
}

fn object(raw: Option<&RawValue>) -> Map<String, Value> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}
