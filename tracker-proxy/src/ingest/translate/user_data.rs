//! What a stream of user data posts: an array of objects, each a person.

use serde_json::Value as Json;

use super::Members;

/// The batch of a stream whose persons are told apart by the column `person`; nothing where the
/// body is no array.
pub(in crate::ingest) fn translate(body: &[u8], person: &str) -> Option<String> {
    let items: Vec<Json> = serde_json::from_slice(body).ok()?;
    let batch = Json::Array(items.into_iter().map(|item| event(item, person)).collect());
    let whole = Members::default().with("batch", Some(&batch));
    Some(whole.into_json().to_string())
}

fn event(item: Json, person: &str) -> Json {
    let Json::Object(mut traits) = item else {
        return item;
    };
    let id = traits.get(person).cloned();
    traits.retain(|name, _| name != person);
    Members::default()
        .with_word("type", "identify")
        .with("userId", id.as_ref())
        .with("traits", Some(&Json::Object(traits)))
        .into_json()
}
