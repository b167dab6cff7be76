//! Finds what a name stands for.

use serde_json::Value as Json;

use super::Moment;
use crate::activation::Extraction;
use crate::profile::{Attribute, KnownId, Profile, Transition};
use crate::value::Value;

/// Names that belong to the moment and hide attributes of the same name.
pub(super) const OF_THE_MOMENT: &[&str] = &[
    "activation.id",
    "at",
    "audience.id",
    "audience.name",
    "transition",
];
/// Properties of the event begin like this.
pub(super) const EVENT_PREFIX: &str = "event.";

/// What `name` stands for in a template.
pub(super) fn find(
    name: &str,
    take: Extraction,
    profile: &Profile,
    moment: &Moment<'_>,
) -> Option<Json> {
    match name {
        "activation.id" => Some(moment.activation.into()),
        "audience.id" => moment.audience.map(|(id, _)| id.into()),
        "audience.name" => moment.audience.map(|(_, name)| name.into()),
        "at" => Some(moment.at.to_rfc3339().into()),
        "transition" => moment.transition.map(|transition| {
            // To the other side a renewal is a join.
            match transition {
                Transition::Join | Transition::Renewal => "join".into(),
                Transition::Leave => "leave".into(),
            }
        }),
        _ => match name.strip_prefix(EVENT_PREFIX) {
            Some(path) => Some(descend(moment.event?, path)?.to_json()),
            None => find_in_profile(name, take, profile),
        },
    }
}

/// What `name` stands for on a profile.
pub(super) fn find_in_profile(name: &str, take: Extraction, profile: &Profile) -> Option<Json> {
    match name {
        "user_id" => of_ids(&profile.user_ids, take),
        "anonymous_id" => of_ids(&profile.anonymous_ids, take),
        _ => {
            if let Some(attribute) = profile.attributes.get(name) {
                return of_attribute(attribute, None, take);
            }
            // `address.city`: an attribute and a path inside it; the longest attribute wins.
            name.rmatch_indices('.').find_map(|(dot, _)| {
                let attribute = profile.attributes.get(&name[..dot])?;
                of_attribute(attribute, Some(&name[dot + 1..]), take)
            })
        }
    }
}

fn of_ids(ids: &[KnownId], take: Extraction) -> Option<Json> {
    let text = |known: &KnownId| Json::from(known.id.as_ref());
    match take {
        Extraction::First => ids.first().map(text),
        Extraction::Last => ids.last().map(text),
        Extraction::All if ids.is_empty() => None,
        Extraction::All => Some(ids.iter().map(text).collect()),
    }
}

fn of_attribute(attribute: &Attribute, path: Option<&str>, take: Extraction) -> Option<Json> {
    match take {
        Extraction::First => inside(&attribute.first().value, path).map(Value::to_json),
        Extraction::Last => inside(&attribute.last().value, path).map(Value::to_json),
        Extraction::All => {
            let mut distinct: Vec<&Value> = Vec::new();
            for value in attribute
                .all()
                .filter_map(|dated| inside(&dated.value, path))
            {
                // Whole values are distinct already; their parts need not be.
                if !distinct.contains(&value) {
                    distinct.push(value);
                }
            }
            let all: Vec<Json> = distinct.into_iter().map(Value::to_json).collect();
            (!all.is_empty()).then_some(Json::Array(all))
        }
    }
}

fn inside<'v>(value: &'v Value, path: Option<&str>) -> Option<&'v Value> {
    path.map_or(Some(value), |path| descend(value, path))
}

/// Follows a path with dots: members of objects, numbered items of arrays. A member whose own
/// name has dots is found too.
fn descend<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    if let Some(found) = child(value, path) {
        return Some(found);
    }
    path.match_indices('.')
        .find_map(|(dot, _)| descend(child(value, &path[..dot])?, &path[dot + 1..]))
}

fn child<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::List(items) => items.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::activation::payload::testing::{moment, profile};

    fn last(name: &str) -> Option<Json> {
        find(name, Extraction::Last, &profile(), &moment())
    }

    #[test]
    fn names_are_found_at_every_depth() {
        for (name, found) in [
            ("email", json!("new@example.com")),
            ("age", json!(41)),
            ("user_id", json!("u-2")),
            ("anonymous_id", json!("anon-1")),
            ("address", json!({"city": "Riga", "geo": {"lat": 56.9}})),
            ("address.city", json!("Riga")),
            ("address.geo.lat", json!(56.9)),
            ("tags.1", json!("blue")),
            ("audience.name", json!("VIP")),
            ("transition", json!("join")),
            ("at", json!("2026-11-20T13:00:00.000Z")),
            ("event.basket.items.0.sku", json!("s1")),
            ("event.with.dot", json!(true)),
        ] {
            assert_eq!(last(name), Some(found), "{name}");
        }
        for name in [
            "phone",
            "address.street",
            "address.city.x",
            "email.x",
            "tags.9",
            "event",
            "event.",
            "",
            ".",
        ] {
            assert_eq!(last(name), None, "{name}");
        }
    }

    #[test]
    fn first_last_and_all_are_different_values() {
        let take = |name, take| find_in_profile(name, take, &profile());
        assert_eq!(
            take("email", Extraction::First),
            Some(json!("old@example.com"))
        );
        assert_eq!(
            take("email", Extraction::All),
            Some(json!(["old@example.com", "new@example.com"]))
        );
        assert_eq!(
            take("user_id", Extraction::All),
            Some(json!(["u-1", "u-2"]))
        );
        assert_eq!(take("address.city", Extraction::All), Some(json!(["Riga"])));
        assert_eq!(take("phone", Extraction::All), None);
    }
}
