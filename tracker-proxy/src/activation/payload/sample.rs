//! A made-up person for "send test data", when no real one is named.

use super::lookup::{EVENT_PREFIX, OF_THE_MOMENT};
use super::template;
use crate::activation::{FieldSource, Payload};
use crate::clock::TimeMs;
use crate::keys::{AccountNo, CatalogVersion, IdKind, JournalSeq, ProfileId};
use crate::profile::{Dated, KnownId, Profile};
use crate::value::Value;

/// The user id of the made-up person.
pub const TEST_USER_ID: &str = "test-user";
/// The anonymous id of the made-up person.
pub const TEST_ANONYMOUS_ID: &str = "test-anonymous";

/// A person who has a value for everything that the payload asks for.
#[must_use]
pub fn profile(payload: &Payload, now: TimeMs) -> Profile {
    let id = ProfileId::provisional(AccountNo(0), IdKind::User, TEST_USER_ID);
    let mut profile = Profile::new(id, JournalSeq(0), now, CatalogVersion(0));
    let known = |id: &str| KnownId {
        id: id.into(),
        since: now,
    };
    profile.user_ids.push(known(TEST_USER_ID));
    profile.anonymous_ids.push(known(TEST_ANONYMOUS_ID));
    for name in names(payload) {
        if !is_given(&name) {
            // One attribute with the whole name: it is found before any path.
            let value = value_for(&name);
            profile.attributes.give(&name, Dated { value, at: now });
        }
    }
    profile
}

/// The properties of a made-up event with everything that the payload asks for.
#[must_use]
pub fn event(payload: &Payload) -> Value {
    let mut members: Vec<(Box<str>, Value)> = Vec::new();
    for name in names(payload) {
        if let Some(path) = name.strip_prefix(EVENT_PREFIX)
            && members.iter().all(|(known, _)| known.as_ref() != path)
        {
            members.push((path.into(), value_for(path)));
        }
    }
    Value::Map(members)
}

fn is_given(name: &str) -> bool {
    let ids = ["user_id", "anonymous_id", super::envelope::USER_ID];
    ids.contains(&name) || OF_THE_MOMENT.contains(&name) || name.starts_with(EVENT_PREFIX)
}

fn names(payload: &Payload) -> Vec<String> {
    match payload {
        Payload::Segue(fields) => vec![fields.person_identifier.clone()],
        Payload::Template(template) => template::names(template),
        Payload::Simple(fields) => fields
            .iter()
            .filter_map(|field| match &field.source {
                FieldSource::Attribute(name, _) => Some(name.clone()),
                FieldSource::Constant(_) => None,
            })
            .collect(),
    }
}

/// A value of the kind that the name promises. Nothing in it belongs to anybody: the domain and
/// the number are set aside for examples.
fn value_for(name: &str) -> Value {
    let last = name.rsplit('.').next().unwrap_or(name).to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| last.contains(word));
    if has(&["mail"]) {
        "test@example.com".into()
    } else if has(&["phone", "mobile"]) {
        "+12025550123".into()
    } else if last.starts_with("is_") || last.starts_with("has_") {
        Value::Bool(true)
    } else if has(&["date", "time", "birthday"]) || last.ends_with("_at") {
        "2026-01-01T00:00:00Z".into()
    } else if has(&["count", "number", "quantity"]) || last == "age" {
        Value::Int(3)
    } else if has(&["amount", "price", "revenue", "total", "value"]) {
        Value::Float(12.5)
    } else {
        format!("test {name}").as_str().into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::activation::payload::Moment;
    use crate::activation::payload::testing::moment;

    #[test]
    fn everything_that_is_asked_for_has_a_value() {
        let body = json!({
            "to": "{email:last}", "tel": "{phone}", "n": "{cart_count}", "sum": "{total_revenue}",
            "city": "{address.city}", "who": "{user_id}", "vip": "{is_vip}",
            "sku": "{event.basket.sku}", "all": "{category:all}",
        });
        let payload = Payload::Template(body.clone());
        let event = event(&payload);
        let moment = Moment {
            event: Some(&event),
            ..moment()
        };
        let profile = profile(&payload, moment.at);
        let expected = json!({
            "to": "test@example.com", "tel": "+12025550123", "n": 3, "sum": 12.5,
            "city": "test address.city", "who": TEST_USER_ID, "vip": true,
            "sku": "test basket.sku", "all": ["test category"],
        });
        assert_eq!(template::render(&body, &profile, &moment), Ok(expected));
    }
}
