//! What PostHog's clients post to `/batch/`.

use serde::Deserialize;
use serde_json::Value as Json;

use super::Members;

#[derive(Deserialize)]
struct Body {
    api_key: Option<String>,
    sent_at: Option<Json>,
    batch: Vec<Json>,
}

/// The batch, where it is one of PostHog's: its events say `distinct_id`.
pub(in crate::ingest) fn translate(body: &[u8]) -> Option<String> {
    let body: Body = serde_json::from_slice(body).ok()?;
    let theirs = |event: &Json| distinct_id(event).is_some();
    if !body.batch.iter().any(theirs) {
        return None;
    }
    let batch = Json::Array(body.batch.iter().map(event).collect());
    let whole = Members::default()
        .with("writeKey", body.api_key.map(Json::from).as_ref())
        .with("sentAt", body.sent_at.as_ref())
        .with("batch", Some(&batch));
    Some(whole.into_json().to_string())
}

fn distinct_id(event: &Json) -> Option<&Json> {
    event
        .get("distinct_id")
        .or_else(|| event.get("properties")?.get("distinct_id"))
}

fn event(event: &Json) -> Json {
    let name = event
        .get("event")
        .and_then(Json::as_str)
        .unwrap_or_default();
    let nothing = Json::Null;
    let properties = event.get("properties").unwrap_or(&nothing);
    let property = |name: &str| properties.get(name);
    let library = Members::default()
        .with("name", property("$lib"))
        .with("version", property("$lib_version"));
    let context = Members::default()
        .with("ip", property("$ip"))
        .with_object("library", library);
    let common = Members::default()
        .with("messageId", event.get("uuid"))
        .with("timestamp", event.get("timestamp"))
        .with_object("context", context);
    match name {
        "$identify" | "$set" => common
            .with_word("type", "identify")
            .with("userId", distinct_id(event))
            .with("anonymousId", property("$anon_distinct_id"))
            .with("traits", Some(&set(properties, event))),
        "$create_alias" => common
            .with_word("type", "alias")
            .with("userId", property("distinct_id").or(distinct_id(event)))
            .with("previousId", property("alias")),
        "$groupidentify" => common
            .with_word("type", "group")
            .with("userId", distinct_id(event))
            .with("groupId", property("$group_key"))
            .with("traits", property("$group_set")),
        "$pageview" => common
            .with_word("type", "page")
            .with("userId", distinct_id(event))
            .with("properties", Some(&own(properties))),
        "$screen" => common
            .with_word("type", "screen")
            .with("userId", distinct_id(event))
            .with("name", property("$screen_name"))
            .with("properties", Some(&own(properties))),
        _ => common
            .with_word("type", "track")
            .with_word("event", name)
            .with("userId", distinct_id(event))
            .with("properties", Some(&own(properties))),
    }
    .into_json()
}

/// What an identify sets: what is to be set once counts where nothing else does.
fn set(properties: &Json, event: &Json) -> Json {
    let mut traits = serde_json::Map::new();
    for name in ["$set_once", "$set"] {
        let said = properties.get(name).or_else(|| event.get(name));
        for (name, value) in said.and_then(Json::as_object).into_iter().flatten() {
            traits.insert(name.clone(), value.clone());
        }
    }
    traits.into()
}

/// The properties without what the client says about itself.
fn own(properties: &Json) -> Json {
    let theirs = [
        "$lib",
        "$lib_version",
        "$ip",
        "distinct_id",
        "$geoip_disable",
        "$is_server",
    ];
    let all = properties.as_object().into_iter().flatten();
    all.filter(|(name, _)| !theirs.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
