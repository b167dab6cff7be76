//! Configurations and definitions with mistakes: all are told, each with its place.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use segue_tests::binaries;
use segue_tests::ingest::track;
use segue_tests::proxy::ProxyProcess;
use segue_tests::settings::Settings;

const BAD_CONFIGURATION: i32 = 64;

const FIVE_MISTAKES: &str = "\
listen: nowhere
accounts:
  - id: a
    time_zone: Europe/Warsav
    audiences:
      - id: vip
        when: { did: { event: buy, cuont: { gte: 3 } } }
    destinations:
      - id: cloud
        url: http://169.254.169.254/latest/meta-data
    activations:
      - id: tell
        audience: nobody
        to: cloud
        payload: { kind: simple, fields: [{ key: source, constant: segue }] }
";

fn check(text: &str) -> Output {
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let file = folder.path().join("segue.yaml");
    std::fs::write(&file, text).expect("there is room for a file");
    let mut command = Command::new(binaries::of_this_profile().proxy());
    let output = command.arg("check").arg(file).output();
    output.expect("the binary can be run")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn all_five_mistakes_are_told_with_their_places() {
    let output = check(FIVE_MISTAKES);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(BAD_CONFIGURATION), "{said}");
    for (place, word) in [
        (":1:9:", "listen"),
        (":4:16:", "Europe/Warsaw"),
        (":7:36:", "did you mean `count`?"),
        (":10:14:", "169.254.169.254"),
        (":13:19:", "nobody"),
    ] {
        let told = |line: &str| line.contains(place) && line.contains(word);
        assert!(said.lines().any(told), "{place} {word} is not in:\n{said}");
    }
    assert!(said.contains("5 mistakes"), "{said}");
}

#[test]
fn a_proxy_does_not_start_on_them() {
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let file = folder.path().join("segue.yaml");
    std::fs::write(&file, FIVE_MISTAKES).expect("there is room for a file");
    let mut command = Command::new(binaries::of_this_profile().proxy());
    let output = command
        .arg("--config")
        .arg(&file)
        .current_dir(&folder)
        .output();
    let output = output.expect("the binary can be run");
    assert_eq!(output.status.code(), Some(BAD_CONFIGURATION));
    assert!(String::from_utf8_lossy(&output.stderr).contains("5 mistakes"));
    assert!(
        !folder.path().join("segue-data").exists(),
        "nothing was begun"
    );
}

#[test]
fn addresses_that_nobody_should_reach_are_refused_in_files() {
    for url in [
        "http://169.254.169.254/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://[::ffff:169.254.169.254]/",
        "http://[::1]:8080/",
        "http://10.0.0.1/",
    ] {
        let text = format!("accounts: [{{id: a, destinations: [{{id: d, url: '{url}'}}]}}]");
        let output = check(&text);
        assert_eq!(
            output.status.code(),
            Some(BAD_CONFIGURATION),
            "{url}: {}",
            said(&output)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_api_refuses_what_a_file_may_not_say() {
    let proxy = ProxyProcess::start(Settings::new());
    let admin = proxy.admin();
    let audience = json!({ "id": "vip", "when": { "did": { "event": "buy", "cuont": 3 } } });
    let answer = admin.call("POST", "/audiences", Some(&audience)).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert!(
        answer.text.contains("cuont") && answer.text.contains("`count`"),
        "{}",
        answer.text
    );
    assert_eq!(admin.call("GET", "/audiences/vip", None).await.status, 404);

    for url in ["http://169.254.169.254/", "http://2130706433/"] {
        let destination = json!({ "id": "d", "url": url });
        let answer = admin
            .call("POST", "/destinations", Some(&destination))
            .await;
        assert_eq!(answer.status, 422, "{url}: {}", answer.text);
    }
    // What may be private with a word may never be the machine's metadata.
    let metadata = json!({ "id": "d", "url": "http://169.254.169.254/", "allow_private": true });
    let answer = admin.call("POST", "/destinations", Some(&metadata)).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    drop(proxy.ingest().batch(&[track("u", "e", &json!({}))]).await);
}

#[test]
fn the_example_of_the_documentation_is_fine() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/segue.example.yaml");
    let mut command = Command::new(binaries::of_this_profile().proxy());
    for name in [
        "SEGUE_WRITE_KEY",
        "SEGUE_ADMIN_TOKEN",
        "SEGUE_USER_TOKEN_KEY",
        "SEGUE_STREAM_ID",
        "CRM_KEY",
        "CDP_ACTIVATION_CLIENT_ID",
    ] {
        command.env(name, format!("{name}-of-the-tests"));
    }
    command.env("CDP_ACTIVATION_CLIENT_SECRET", "a: b");
    command.env(
        "CDP_WEBHOOK_SECRET",
        "whsec_c2VjcmV0LW9mLXRoZS1lbmQtdG8tZW5kLXRlc3Rz",
    );
    let output = command.arg("check").arg(example).output();
    let output = output.expect("the binary can be run");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}
