use serde_json::json;

use super::*;
use crate::activation::payload::testing::{moment, profile};
use crate::clock::TimeMs;
use crate::profile::Dated;
use crate::value::Value;

fn rendered(template: &Json) -> Json {
    render(template, &profile(), &moment()).unwrap()
}

fn mistakes(template: &Json, on: &On) -> Vec<String> {
    let mut mistakes = Vec::new();
    check(template, on, &mut mistakes);
    mistakes
}

#[test]
fn one_placeholder_keeps_its_type_and_a_longer_text_is_text() {
    for (template, result) in [
        ("{age}", json!(41)),
        ("{vip}", json!(true)),
        ("{tags}", json!(["red", "blue"])),
        ("{address}", json!({"city": "Riga", "geo": {"lat": 56.9}})),
        ("{email:first}", json!("old@example.com")),
        ("{email:all}", json!(["old@example.com", "new@example.com"])),
        ("{phone}", json!(null)),
        ("{phone:all}", json!(null)),
        ("{event.amount}", json!(9.5)),
        ("{age} years", json!("41 years")),
        (" {age}", json!(" 41")),
        ("{vip}/{age}", json!("true/41")),
        ("Dear {name}, hello", json!("Dear , hello")),
        ("{tags}!", json!("[\"red\",\"blue\"]!")),
        (
            "{user_id} joined {audience.name} ({audience.id})",
            json!("u-2 joined VIP (vip)"),
        ),
        (
            "{activation.id} {transition} {at}",
            json!("vip_to_crm join 2026-11-20T13:00:00.000Z"),
        ),
        ("no placeholder", json!("no placeholder")),
        ("", json!("")),
        ("{{age}}", json!("{age}")),
        ("{{{age}}}", json!("{41}")),
        ("{{}}", json!("{}")),
        ("}}{{", json!("}{")),
    ] {
        assert_eq!(rendered(&json!(template)), result, "{template}");
    }
}

#[test]
fn leaves_are_found_at_every_depth_and_keys_are_left_alone() {
    let template = json!({"{age}": [{"to": "{email}", "n": 1, "on": true, "no": null}, ["{age}"]]});
    let result = json!({"{age}": [
        {"to": "new@example.com", "n": 1, "on": true, "no": null}, [41]
    ]});
    assert_eq!(rendered(&template), result);
}

#[test]
fn data_cannot_break_out_of_its_string() {
    let nasty = "\"}, {{x}} {email} \\ \n\0 </script>";
    let body = rendered(&json!({"whole": "{nasty}", "mixed": "<{nasty}>", "after": "{age}"}));
    let expected = json!({"whole": nasty, "mixed": format!("<{nasty}>"), "after": 41});
    assert_eq!(body, expected);
    let again: Json = serde_json::from_str(&body.to_string()).unwrap();
    assert_eq!(again, expected);
}

#[test]
fn mistakes_are_named_with_their_places() {
    let template = json!({
        "fine": "{email:first} {at} {transition:last}",
        "list": ["{email}", "{at:first}"],
        "deep": {"down": "a {event.amount} b", "id": "{audience.id:all}"},
    });
    let places = |on| -> Vec<String> {
        let place = |line: &String| line.split_once(": ").unwrap().0.to_owned();
        mistakes(&template, &on).iter().map(place).collect()
    };
    let everywhere = ["body.deep.down", "body.deep.id", "body.list[1]"];
    assert_eq!(places(On::Join), everywhere);
}

#[test]
fn sizes_are_bounded() {
    let many = json!("{a}".repeat(PLACEHOLDERS_MAX + 1));
    assert_eq!(mistakes(&many, &On::Join).len(), 1);
    let large = json!("a".repeat(TEMPLATE_BYTES_MAX));
    assert_eq!(mistakes(&large, &On::Join).len(), 1);

    let mut profile = profile();
    let large = Dated {
        value: Value::from("x".repeat(30_000).as_str()),
        at: TimeMs(1),
    };
    profile.attributes.give("large", large);
    let template = json!("{large}".repeat(PLACEHOLDERS_MAX));
    let refused = render(&template, &profile, &moment()).unwrap_err();
    assert_eq!(refused, RenderError::TooLarge);
    assert_eq!(refused.reason(), "payload_too_large");
}
