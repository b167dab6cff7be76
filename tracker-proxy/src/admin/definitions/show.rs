//! Definitions as they are answered.

use serde_json::{Map, Value, json};

use super::{Kind, mask};
use crate::activation::Mode;
use crate::admin::{Admin, activations};
use crate::pipeline::catalog::{Account, Stored};

/// One definition in a list.
pub(super) fn summary(kind: Kind, admin: &Admin, account: &Account, id: &str) -> Option<Value> {
    of(kind, admin, account, id).map(|(_, shown)| Value::Object(shown))
}

/// One definition with its text.
pub(super) fn whole(kind: Kind, admin: &Admin, account: &Account, id: &str) -> Option<Value> {
    let (stored, mut shown) = of(kind, admin, account, id)?;
    let definition = match kind {
        Kind::Destination => mask::mask(stored),
        Kind::Audience | Kind::Activation => stored.definition.clone(),
    };
    shown.insert("created_at".into(), stored.created.to_rfc3339().into());
    shown.insert("definition".into(), definition);
    Some(Value::Object(shown))
}

fn of<'a>(
    kind: Kind,
    admin: &Admin,
    account: &'a Account,
    id: &str,
) -> Option<(&'a Stored, Map<String, Value>)> {
    let stored = kind.find(&account.stored, id)?;
    let own = match kind {
        Kind::Audience => audience(admin, account, id),
        Kind::Destination => destination(account, id),
        Kind::Activation => activation(account, id),
    };
    let mut shown = Map::new();
    shown.insert("id".into(), stored.id.as_str().into());
    if let Value::Object(own) = own {
        shown.extend(own);
    }
    let source = if stored.from_file { "file" } else { "api" };
    shown.insert("source".into(), source.into());
    shown.insert("version".into(), stored.version.into());
    Some((stored, shown))
}

fn audience(admin: &Admin, account: &Account, id: &str) -> Value {
    let set = &account.audiences;
    let Some(no) = set.by_id(id) else {
        return Value::Null;
    };
    let exactness = set.exactness(no);
    let shared = &admin.state.handle.shared;
    let progress = shared.progress();
    let warming = progress
        .is_warming()
        .then(|| json!({ "done": progress.done, "until": progress.until }));
    json!({
        "name": set.name(no),
        "status": if warming.is_some() { "warming" } else { "live" },
        "warming": warming,
        "size": shared.size(account.stored.no, no),
        "precision": exactness.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "conditions": exactness,
    })
}

fn destination(account: &Account, id: &str) -> Value {
    let users = account.activations.iter();
    let users: Vec<&str> = users
        .filter(|one| one.definition.to == id)
        .map(|one| one.definition.id.as_str())
        .collect();
    let method = account
        .stored
        .destination(id)
        .and_then(|stored| stored.definition.get("method")?.as_str())
        .unwrap_or("POST");
    let url = account
        .stored
        .destination(id)
        .and_then(|stored| stored.definition.get("url")?.as_str())
        .map(mask::mask_url);
    json!({ "url": url, "method": method, "activations": users })
}

fn activation(account: &Account, id: &str) -> Value {
    let Some(found) = account.activation(id) else {
        return Value::Null;
    };
    let definition = &found.definition;
    json!({
        "name": definition.name,
        "description": definition.description,
        "status": if definition.active { "active" } else { "inactive" },
        "mode": match definition.mode {
            Mode::Mirror => "mirror",
            Mode::Trigger => "trigger",
        },
        "audiences": definition.audiences,
        "to": definition.to,
        "missing": activations::missing(account, found),
    })
}

/// True if the activation `id` listens to the audience.
pub(super) fn is_about(account: &Account, id: &str, audience: &str) -> bool {
    account.activation(id).is_some_and(|found| {
        let mut audiences = found.definition.audiences.iter();
        audiences.any(|one| one == audience)
    })
}
