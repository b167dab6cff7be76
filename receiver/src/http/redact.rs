//! A body as it may be seen in a log.

use serde_json::Value;

/// The members whose texts and numbers say nothing about a person and open no door.
const SHOWN: [&str; 12] = [
    "activation",
    "at",
    "audience",
    "id",
    "name",
    "op",
    "person_identifier",
    "segment_group",
    "sequence",
    "test",
    "timestamp",
    "type",
];

/// The other members of the membership payload: their names are seen, their values are not. A name
/// that is on neither list may be that of a person.
const NAMED: [&str; 4] = ["changes", "data", "person", "persons"];

/// The members in which `id` and `name` are those of a person, should a sender use them so.
const HOLDERS: [&str; 2] = ["activation", "audience"];

const MASK: &str = "redacted";

/// JSON with everything masked that is not known to be harmless, cut at about `bytes_max`; of
/// what is no JSON nothing but the length.
pub(super) fn body(bytes: &[u8], bytes_max: usize) -> String {
    let Ok(mut value) = serde_json::from_slice(bytes) else {
        return format!("{} bytes that are no JSON", bytes.len());
    };
    mask(&mut value, None, None);
    let mut text = value.to_string();
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max));
        text.push('…');
    }
    text
}

fn mask(value: &mut Value, member: Option<&str>, holder: Option<&str>) {
    match value {
        Value::Object(members) => {
            for (name, mut value) in std::mem::take(members) {
                mask(&mut value, Some(&name), member);
                let known = SHOWN.contains(&&*name) || NAMED.contains(&&*name);
                members.insert(if known { name } else { MASK.to_owned() }, value);
            }
        }
        Value::Array(items) => {
            for item in items {
                mask(item, member, holder);
            }
        }
        Value::Null | Value::Bool(_) => {}
        Value::String(_) | Value::Number(_) => {
            if !member.is_some_and(|member| is_shown(member, holder)) {
                *value = MASK.into();
            }
        }
    }
}

fn is_shown(member: &str, holder: Option<&str>) -> bool {
    let in_holder = || holder.is_some_and(|holder| HOLDERS.contains(&holder));
    SHOWN.contains(&member) && (!matches!(member, "id" | "name") || in_holder())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_and_secrets_are_masked_and_the_rest_is_seen() {
        let delivery = r#"{"type": "audience.membership", "client_secret": "geheim", "data": {
            "activation": {"id": "vip_to_shop", "name": "VIP"}, "segment_group": "shop",
            "changes": [{"op": "add", "person": 42, "audience": {"id": "vip"}, "sequence": 17},
                        {"op": "replace", "persons": ["ann", "bob"], "sequence": 18}]}}"#;
        let text = body(delivery.as_bytes(), 1_000);
        for shown in [
            "audience.membership",
            "vip_to_shop",
            "shop",
            "add",
            "17",
            "replace",
        ] {
            assert!(text.contains(shown), "{shown} is not in {text}");
        }
        for hidden in ["geheim", "42", "ann", "bob"] {
            assert!(!text.contains(hidden), "{hidden} is in {text}");
        }
    }

    #[test]
    fn names_of_people_and_unknown_members_are_masked() {
        for json in [
            r#"{"name": "Ann", "id": "ann", "Email": "ann"}"#,
            r#"{"person": {"id": "ann", "name": "Ann"}}"#,
            r#"{"data": {"ann": true}}"#,
            r#"[["ann"], "Ann"]"#,
            r#""ann""#,
        ] {
            let text = body(json.as_bytes(), 1_000).to_lowercase();
            assert!(!text.contains("ann"), "{text}");
        }
    }

    #[test]
    fn long_bodies_are_cut_and_other_bytes_are_only_counted() {
        let long = format!(r#"{{"type": "{}"}}"#, "ä".repeat(500));
        let text = body(long.as_bytes(), 100);
        assert!(text.len() <= 104 && text.ends_with('…'), "{text}");
        assert_eq!(body(b"ann@shop", 100), "8 bytes that are no JSON");
    }
}
