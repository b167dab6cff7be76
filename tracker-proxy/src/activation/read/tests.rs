use super::*;
use crate::activation::{Extraction, FieldSource};
use crate::document::parse;

const SEGUE: &str = "payload: { kind: segue, segment_group: g }";
const TEMPLATE: &str = "payload: { kind: template, body: { to: \"{email}\" } }";

/// An activation of `vip` to `crm` with these lines in it.
fn read(lines: &[&str]) -> (Option<Activation>, Vec<String>) {
    let text = format!("id: x\naudience: vip\nto: crm\n{}\n", lines.join("\n"));
    read_text(&text)
}

fn read_text(text: &str) -> (Option<Activation>, Vec<String>) {
    let mut mistakes = Mistakes::default();
    let activation = Activation::read(&parse(text).unwrap(), &mut mistakes);
    let mistakes = mistakes.into_sorted();
    (
        activation,
        mistakes
            .into_iter()
            .map(|mistake| mistake.message)
            .collect(),
    )
}

fn good(lines: &[&str]) -> Activation {
    let (activation, mistakes) = read(lines);
    assert_eq!(mistakes, [""; 0], "{lines:?}");
    activation.unwrap()
}

fn bad(lines: &[&str]) -> String {
    let (_, mistakes) = read(lines);
    assert_eq!(mistakes.len(), 1, "{lines:?}: {mistakes:?}");
    mistakes[0].clone()
}

#[test]
fn the_mode_follows_the_payload() {
    let mirror = good(&[SEGUE]);
    assert_eq!(mirror.mode, Mode::Mirror);
    assert!(matches!(mirror.on, On::Change));
    let trigger = good(&[TEMPLATE]);
    assert_eq!(trigger.mode, Mode::Trigger);
    assert!(matches!(trigger.on, On::Join));
    assert_eq!(
        good(&[SEGUE, "mode: trigger", "repeat: once"]).repeat,
        Repeat::Once
    );
    assert!(bad(&[TEMPLATE, "mode: mirror"]).contains("kind `segue`"));
}

#[test]
fn defaults_are_the_careful_ones() {
    let activation = good(&[TEMPLATE]);
    assert_eq!(
        (activation.name.as_str(), activation.description.as_str()),
        ("x", "")
    );
    assert_eq!(activation.repeat, Repeat::Every);
    assert!(activation.active && activation.consent.is_empty());
    assert!(!activation.multiple_user_ids && !activation.known_only);
    assert!(!activation.include_existing);
    assert_eq!(activation.settle_ms, 15_000);
    assert_eq!(activation.activate_within_ms, 7_200_000);
}

#[test]
fn every_key_is_read() {
    let activation = good(&[
        "name: N",
        "description: D",
        "on: { event: buy }",
        "repeat: { at_most_every: 24h }",
        "consent: [marketing, profiling]",
        "multiple_user_ids: true",
        "known_only: true",
        "include_existing: true",
        "settle: 1m",
        "activate_within: 30d",
        "status: inactive",
        TEMPLATE,
    ]);
    assert!(matches!(activation.on, On::Event(_)));
    assert_eq!(activation.repeat, Repeat::AtMostEvery(86_400_000));
    assert_eq!(activation.consent, ["marketing", "profiling"]);
    assert!(activation.multiple_user_ids && activation.known_only && !activation.active);
    assert!(activation.include_existing);
    assert_eq!(
        (activation.settle_ms, activation.activate_within_ms),
        (60_000, 2_592_000_000)
    );
}

#[test]
fn a_mirror_has_no_use_for_what_gates_a_trigger() {
    good(&[SEGUE, "repeat: every"]);
    for line in [
        "repeat: once",
        "repeat: { at_most_every: 1h }",
        "settle: 10s",
        "activate_within: 1h",
        "include_existing: true",
        "on: { event: buy }",
    ] {
        let (_, mistakes) = read(&[SEGUE, line]);
        assert!(
            mistakes.iter().any(|m| m.contains("trigger")),
            "{line}: {mistakes:?}"
        );
    }
    assert!(bad(&[SEGUE, "mode: trigger", "on: { event: buy }"]).contains("an event needs"));
}

#[test]
fn audiences_are_one_or_several_but_not_both_ways() {
    let several = read_text(&format!(
        "id: x\nto: crm\naudiences: [vip, cart]\n{TEMPLATE}"
    ));
    assert_eq!(several.0.unwrap().audiences, ["vip", "cart"]);
    assert!(bad(&[TEMPLATE, "audiences: [cart]"]).contains("not both"));
    let none = read_text(&format!("id: x\nto: crm\n{TEMPLATE}"));
    assert_eq!(none.1, ["`audience` is missing"]);
}

#[test]
fn unknown_words_are_told_with_what_there_is() {
    for (line, part) in [
        ("on: entry", "`join`, `leave`, `change`"),
        ("repeat: twice", "`once`, `every`"),
        ("repeat: {}", "`at_most_every` is missing"),
        ("mode: sync", "`mirror`, `trigger`"),
        ("status: paused", "`active`, `inactive`"),
        ("settle: 15", "a duration such as 10m, from 0s to 1d"),
        ("consnet: [a]", "did you mean `consent`?"),
        ("active: 1", "true or false"),
    ] {
        let message = bad(&[TEMPLATE, line]);
        assert!(message.contains(part), "{line}: {message}");
    }
    assert!(bad(&[TEMPLATE, "active: true", "status: active"]).contains("not both"));
    assert!(bad(&["payload: { kind: segeu }"]).contains("did you mean `segue`?"));
}

#[test]
fn simple_fields_keep_their_order_and_their_defaults() {
    let activation = good(&[
        "payload: { kind: simple, fields: [{ key: a.b, attribute: email }, \
        { key: s, constant: 00123 }, { key: t, attribute: tag, take: all }] }",
    ]);
    let Payload::Simple(fields) = activation.payload else {
        panic!("a simple payload");
    };
    let keys: Vec<_> = fields.iter().map(|field| field.key.as_str()).collect();
    assert_eq!(keys, ["a.b", "s", "t"]);
    assert!(matches!(&fields[0].source,
        FieldSource::Attribute(name, Extraction::Last) if name == "email"));
    assert!(matches!(&fields[1].source, FieldSource::Constant(text) if text == "00123"));
    assert!(matches!(
        &fields[2].source,
        FieldSource::Attribute(_, Extraction::All)
    ));
}

#[test]
fn fields_that_cannot_be_sent_are_refused() {
    for (fields, part) in [
        ("[]", "at least one"),
        ("{}", "a list"),
        (
            "[{ key: a, attribute: x }, { key: a, constant: y }]",
            "already",
        ),
        ("[{ key: \"\", attribute: x }]", "not empty"),
        ("[{ attribute: x }]", "`key` is missing"),
        ("[{ key: a }]", "either an `attribute` or a `constant`"),
        (
            "[{ key: a, attribute: x, constant: y }]",
            "either an `attribute` or a `constant`",
        ),
        ("[{ key: a, attribute: \"\" }]", "not empty"),
        (
            "[{ key: a, attribute: x, take: newest }]",
            "`first`, `last`, `all`",
        ),
        (
            "[{ key: a, constant: x, take: last }]",
            "for an `attribute`",
        ),
    ] {
        let message = bad(&[&format!("payload: {{ kind: simple, fields: {fields} }}")]);
        assert!(message.contains(part), "{fields}: {message}");
    }
}

#[test]
fn a_template_is_json_whose_texts_hold_placeholders() {
    let payload =
        "payload: { kind: template, body: [{ a: \"{x:all}\", n: 1.5, b: true, c: \"{{}}\" }] }";
    let Payload::Template(body) = good(&[payload]).payload else {
        panic!("a template");
    };
    assert_eq!(
        body,
        serde_json::json!([{"a": "{x:all}", "n": 1.5, "b": true, "c": "{{}}"}])
    );
    for (body, part) in [
        ("\"{email}\"", "not a text"),
        ("{ a: [\"{x\"] }", "brace"),
        ("{ a: \"{x:newest}\" }", "`first`, `last` or `all`"),
        ("{ \"{x}\": 1 }", "a key stands for itself"),
    ] {
        let message = bad(&[&format!("payload: {{ kind: template, body: {body} }}")]);
        assert!(message.contains(part), "{body}: {message}");
    }
    assert_eq!(bad(&["payload: { kind: template }"]), "`body` is missing");
    assert_eq!(
        bad(&["payload: { kind: segue }"]),
        "`segment_group` is missing"
    );
}
