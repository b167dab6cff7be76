//! The published messages under `tests/fixtures/webhook`, and what our verifier makes of them.
//!
//! `UPDATE_GOLDEN=1` writes them anew; their format is told in `README.md` beside them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_receiver::signature::{
    SignatureHeaders, SigningKey, SigningSecret, Verifier, VerifyingKey,
};
use segue_receiver::testing::corpus::{Case, Expect, KeyCase, KeyKind, Keys, cases, key_cases};
use serde_json::{Value, json};

use crate::harness::secret;

const NOW: i64 = 1_700_000_000;
const PRIVATE: &str =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const BODY: &str = r#"{"type": "audience.membership", "data": {"test": true}}"#;

/// One file for each area.
const FILES: [&str; 6] = [
    "asymmetric.json",
    "body.json",
    "headers.json",
    "id.json",
    "signature.json",
    "timestamp.json",
];
const KEYS_FILE: &str = "key.json";

fn path(file: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("../tests/fixtures/webhook").join(file)
}

fn private_key() -> SigningKey {
    PRIVATE.parse().expect("it is a key")
}

fn generated() -> Vec<Case> {
    let keys = Keys {
        secret: secret(),
        key: Some(private_key()),
    };
    cases(&keys, NOW, BODY.as_bytes())
}

/// A header's bytes as text: each byte is the character with its number.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn from_latin1(text: &str) -> Vec<u8> {
    let byte = |character| u8::try_from(u32::from(character)).expect("a byte is below 256");
    text.chars().map(byte).collect()
}

fn publish(case: &Case) -> Value {
    let headers = case.headers.iter();
    json!({
        "name": case.name,
        "why": case.why,
        "headers": headers.map(|(name, value)| json!([name, latin1(value)])).collect::<Vec<_>>(),
        "body": STANDARD.encode(&case.body),
        "expect": if case.expect == Expect::Verifies { "verifies" } else { "refused" },
        "free": case.is_free,
    })
}

fn publish_key(case: &KeyCase) -> Value {
    json!({
        "name": case.name,
        "kind": if case.kind == KeyKind::Secret { "secret" } else { "public" },
        "text": case.text,
        "usable": case.is_usable,
    })
}

/// The files as they should be.
fn files() -> BTreeMap<&'static str, Value> {
    let all = generated();
    let mut files = BTreeMap::new();
    for file in FILES {
        let area = file.trim_end_matches(".json");
        let own = all.iter().filter(|case| case.area() == area);
        let content = json!({
            "now": NOW,
            "secrets": [*secret().expose()],
            "keys": [private_key().verifying_key().to_string()],
            "cases": own.map(publish).collect::<Vec<_>>(),
        });
        files.insert(file, content);
    }
    let keys: Vec<_> = key_cases().iter().map(publish_key).collect();
    files.insert(KEYS_FILE, json!({"cases": keys}));
    files
}

fn read(file: &str) -> Value {
    let text = fs::read_to_string(path(file)).expect("the fixture is there");
    serde_json::from_str(&text).expect("the fixture is JSON")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever runs the test decides")]
fn the_published_messages_are_those_of_the_kit() {
    let areas: usize = files()
        .values()
        .map(|file| file["cases"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(
        areas,
        generated().len() + key_cases().len(),
        "an area has no file"
    );
    for (file, content) in files() {
        if std::env::var("UPDATE_GOLDEN").is_ok() {
            let text = serde_json::to_string_pretty(&content).unwrap();
            fs::write(path(file), text + "\n").unwrap();
        }
        assert!(
            read(file) == content,
            "{file} is out of date: run with UPDATE_GOLDEN=1"
        );
    }
}

#[test]
fn every_published_message_comes_out_as_specified() {
    let mut checked = 0;
    for file in FILES {
        let content = read(file);
        let texts = |name: &str| content[name].as_array().unwrap().clone();
        let secrets = texts("secrets")
            .iter()
            .map(|text| text.as_str().unwrap().parse().unwrap())
            .collect();
        let keys = texts("keys")
            .iter()
            .map(|text| text.as_str().unwrap().parse().unwrap())
            .collect();
        let verifier = Verifier::new(secrets).keys(keys);
        for case in texts("cases") {
            let headers: Vec<(String, Vec<u8>)> = case["headers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|pair| {
                    (
                        pair[0].as_str().unwrap().to_owned(),
                        from_latin1(pair[1].as_str().unwrap()),
                    )
                })
                .collect();
            let body = STANDARD.decode(case["body"].as_str().unwrap()).unwrap();
            let found = SignatureHeaders::find(
                headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_slice())),
            );
            let verified = found.and_then(|found| {
                verifier
                    .verify(&found, &body, content["now"].as_i64().unwrap())
                    .map(drop)
            });
            assert_eq!(
                verified.is_ok(),
                case["expect"] == "verifies",
                "{}: {verified:?}",
                case["name"]
            );
            checked += 1;
        }
    }
    assert!(checked >= 150, "{checked}");
}

#[test]
fn every_published_key_is_taken_or_refused_as_specified() {
    for case in read(KEYS_FILE)["cases"].as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let usable = if case["kind"] == "secret" {
            text.parse::<SigningSecret>().is_ok()
        } else {
            text.parse::<VerifyingKey>().is_ok()
        };
        assert_eq!(
            usable,
            case["usable"].as_bool().unwrap(),
            "{}",
            case["name"]
        );
    }
}

#[test]
fn names_are_unique() {
    let all = generated();
    let names = all.iter().map(|case| case.name.clone());
    let names: std::collections::BTreeSet<_> = names
        .chain(key_cases().into_iter().map(|case| case.name))
        .collect();
    assert_eq!(names.len(), all.len() + key_cases().len());
}
