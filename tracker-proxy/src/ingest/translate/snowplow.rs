//! What Snowplow's trackers post to `/com.snowplowanalytics.snowplow/tp2`: flat fields of text.
//!
//! There are no credentials in that protocol; the application id (`aid`) is the write key.

use base64::Engine;
use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value as Json;

use super::Members;

#[derive(Deserialize)]
struct Payload {
    data: Vec<Json>,
}

/// The batch; nothing where it is no payload.
pub(in crate::ingest) fn translate(body: &[u8]) -> Option<String> {
    let Payload { data } = serde_json::from_slice(body).ok()?;
    let batch = Json::Array(data.iter().map(event).collect());
    let write_key = data.iter().find_map(|one| one.get("aid"));
    let whole = Members::default()
        .with("writeKey", write_key)
        .with("batch", Some(&batch));
    Some(whole.into_json().to_string())
}

fn event(fields: &Json) -> Json {
    let field = |name: &str| fields.get(name);
    let page = Members::default()
        .with("url", field("url"))
        .with("title", field("page"))
        .with("referrer", field("refr"));
    let library = Members::default().with("name", field("tv"));
    let context = Members::default()
        .with("ip", field("ip"))
        .with("userAgent", field("ua"))
        .with("locale", field("lang"))
        .with("timezone", field("tz"))
        .with_object("library", library);
    let common = Members::default()
        .with("messageId", field("eid"))
        .with("userId", field("uid"))
        .with("anonymousId", field("duid").or(field("nuid")))
        .with("timestamp", field("ttm").or(field("dtm")))
        .with("sentAt", field("stm"));
    let kind = field("e").and_then(Json::as_str).unwrap_or_default();
    let context_with_page = |context: Members| match kind {
        "pv" => context,
        _ => {
            let page = Members::default().with("url", field("url"));
            context.with_object("page", page)
        }
    };
    let common = common.with_object("context", context_with_page(context));
    match kind {
        "pv" => common
            .with_word("type", "page")
            .with_object("properties", page),
        "se" => {
            let properties = Members::default()
                .with("category", field("se_ca"))
                .with("label", field("se_la"))
                .with("property", field("se_pr"))
                .with("value", field("se_va").and_then(number).as_ref());
            common
                .with_word("type", "track")
                .with("event", field("se_ac"))
                .with_object("properties", properties)
        }
        "ue" => {
            let (name, properties) = self_describing(fields).unwrap_or_default();
            common
                .with_word("type", "track")
                .with_word("event", &name)
                .with("properties", Some(&properties))
        }
        other => common.with_word("type", "track").with_word("event", other),
    }
    .into_json()
}

/// Numbers are written as text.
fn number(field: &Json) -> Option<Json> {
    let text = field.as_str()?;
    text.parse::<f64>().ok().map(Json::from)
}

/// Name and properties of a self-describing event; the name is in its schema,
/// `iglu:com.acme/NAME/jsonschema/1-0-0`.
fn self_describing(fields: &Json) -> Option<(String, Json)> {
    let plain = fields.get("ue_pr").and_then(Json::as_str);
    let packed = || {
        let text = fields.get("ue_px")?.as_str()?;
        let bytes = BASE64_URL_SAFE.decode(text);
        let bytes = bytes
            .or_else(|_| BASE64_URL_SAFE_NO_PAD.decode(text))
            .ok()?;
        String::from_utf8(bytes).ok()
    };
    let text = plain.map(str::to_owned).or_else(packed)?;
    let outer: Json = serde_json::from_str(&text).ok()?;
    let inner = outer.get("data")?;
    let name = inner.get("schema")?.as_str()?.split('/').nth(1)?;
    Some((name.to_owned(), inner.get("data").cloned()?))
}
