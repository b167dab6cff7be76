//! Files on the command line: every row arrives once, and what cannot is told with its reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use segue_tests::binaries;
use segue_tests::proxy::ProxyProcess;
use segue_tests::settings::{Settings, WRITE_KEY};
use segue_tests::wait;
use serde_json::Value as Json;

/// Enough for a SIGKILL to come in the middle.
const ROWS: usize = 40_000;

fn command(proxy: &ProxyProcess, arguments: &[&str]) -> Command {
    let mut command = Command::new(binaries::of_this_profile().proxy());
    command.arg("import").args(arguments);
    command.args(["--url", &proxy.url()]);
    command.env("SEGUE_WRITE_KEY", WRITE_KEY);
    command
}

fn import(proxy: &ProxyProcess, arguments: &[&str]) -> Output {
    let output = command(proxy, arguments).output();
    output.expect("the binary under test can be run")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn write(proxy: &ProxyProcess, name: &str, text: &str) -> String {
    let path = proxy.folder().join(name);
    fs::write(&path, text).expect("there is room for a file");
    path.display().to_string()
}

/// As docs/IMPORT.md shows it.
const MAPPING: [&str; 10] = [
    "--event",
    "buy",
    "--map",
    "userId=Customer",
    "--map",
    "timestamp=When",
    "--map",
    "properties.total=Total:number",
    "--map",
    "-=Internal",
];

#[tokio::test]
async fn rows_become_events_and_refused_ones_can_be_mended() {
    let proxy = ProxyProcess::start(Settings::new());
    let file = write(
        &proxy,
        "orders.csv",
        "Customer;When;Total;sku;Internal\n\
         42;2026-11-01T10:00:00Z;19.50;007;x\n\
         ;2026-11-01T10:00:00Z;1;008;x\n\
         42;yesterday;1;009;x\n\
         42;2026-11-02T10:00:00Z;many;010;x\n\
         42;2026-11-03T10:00:00Z;5;\"a;b\nc\";x\n\
         42;2026-11-04T10:00:00Z\n",
    );
    let arguments = [&["events", &file, "--delimiter", ";"], &MAPPING[..]].concat();
    let output = import(&proxy, &arguments);
    assert_eq!(output.status.code(), Some(65), "{output:?}");
    assert!(
        said(&output).contains("2 imported, 4 rejected"),
        "{output:?}"
    );
    let events = proxy.admin().events("42").await;
    let totals: Vec<&Json> = events.iter().map(|e| &e["properties"]["total"]).collect();
    assert_eq!(totals, [5.0, 19.5]);
    assert_eq!(events[0]["properties"]["sku"], "a;b\nc");
    assert_eq!(events[1]["properties"]["sku"], "007");
    assert_eq!(events[1]["properties"]["Internal"], Json::Null);
    assert_eq!(events[1]["timestamp"], "2026-11-01T10:00:00.000Z");

    let rejected = fs::read_to_string(format!("{file}.rejected")).unwrap();
    let rows: Vec<Json> = rejected
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let reasons: BTreeSet<(u64, &str)> = rows
        .iter()
        .map(|row| {
            (
                row["_row"].as_u64().unwrap(),
                row["_reason"].as_str().unwrap(),
            )
        })
        .collect();
    let time = "`timestamp` is no time such as 2026-11-20T10:00:00.000Z";
    assert_eq!(
        reasons,
        BTreeSet::from([
            (2, "userId or anonymousId is required"),
            (3, time),
            (4, "`Total` is no number"),
            (6, "2 cells under 5 names"),
        ])
    );

    let mended = rejected
        .replace("many", "7")
        .replace("yesterday", "2026-11-05");
    let mended = write(&proxy, "mended.ndjson", &mended);
    let arguments = [&["events", &mended], &MAPPING[..]].concat();
    let output = import(&proxy, &arguments);
    assert!(
        said(&output).contains("2 imported, 2 rejected"),
        "{output:?}"
    );
    assert_eq!(proxy.admin().events("42").await.len(), 4);
}

#[tokio::test]
async fn an_import_that_is_killed_goes_on_where_it_was_and_doubles_nothing() {
    let proxy = ProxyProcess::start(Settings::new());
    let lines: Vec<String> = (0..ROWS)
        .map(|n| format!(r#"{{"event":"visit","userId":"u{}","n":{n}}}"#, n % 4))
        .collect();
    let file = write(&proxy, "visits.ndjson", &lines.join("\n"));
    let mut running = command(&proxy, &["events", &file])
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary under test can be run");
    let checkpoint = format!("{file}.progress");
    let progress = |path: &str| -> Option<u64> {
        let text = fs::read_to_string(path).ok()?;
        let json: Json = serde_json::from_str(&text).ok()?;
        json["accepted"].as_u64().filter(|accepted| *accepted > 0)
    };
    wait::until("some rows are acknowledged", async || progress(&checkpoint)).await;
    running.kill().expect("the child is ours");
    drop(running.wait());
    let before = progress(&checkpoint).expect("it was killed in the middle");
    assert!(before < ROWS as u64, "it was killed in the middle");

    let output = import(&proxy, &["events", &file]);
    assert!(
        said(&output).contains(&format!("{ROWS} imported, 0 rejected")),
        "{output:?}"
    );
    assert!(!Path::new(&checkpoint).exists());
    let mut seen = BTreeSet::new();
    let mut events = 0;
    for user in ["u0", "u1", "u2", "u3"] {
        for event in proxy.admin().events(user).await {
            seen.insert(event["properties"]["n"].as_u64());
            events += 1;
        }
    }
    assert_eq!((seen.len(), events), (ROWS, ROWS));
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_refused_and_sends_nothing() {
    let proxy = ProxyProcess::start(Settings::new());
    let file = write(
        &proxy,
        "people.csv",
        "user_id,email\n42,a@example.com\n,b@example.com\n",
    );
    let output = import(&proxy, &["profiles", &file, "--dry-run"]);
    assert_eq!(output.status.code(), Some(65));
    let text = said(&output);
    assert!(
        text.contains("row 2: userId or anonymousId is required"),
        "{text}"
    );
    assert!(text.contains("1 would be imported, 1 rejected"), "{text}");
    assert!(proxy.admin().events("42").await.is_empty());
    assert!(!Path::new(&format!("{file}.rejected")).exists());

    let output = import(&proxy, &["profiles", &file]);
    assert!(
        said(&output).contains("1 imported, 1 rejected"),
        "{output:?}"
    );
    let profile = proxy.admin().get("/profiles/42").await;
    assert_eq!(
        profile["attributes"]["email"]["last"]["value"],
        "a@example.com"
    );
}

#[tokio::test]
async fn what_cannot_be_imported_at_all_says_why() {
    let proxy = ProxyProcess::start(Settings::new());
    let file = write(&proxy, "people.csv", "user_id,email\n42,a@example.com\n");
    let failing = |arguments: &[&str]| {
        let output = import(&proxy, arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let text = failing(&["profiles", &file, "--map", "userId=Kunde"]);
    assert!(text.contains("no column Kunde"), "{text}");
    let text = failing(&["profiles", "nowhere.csv"]);
    assert!(text.contains("nowhere.csv"), "{text}");
    fs::write(format!("{file}.progress"), "{}").unwrap();
    let text = failing(&["profiles", &file]);
    assert!(text.contains("another import"), "{text}");
    let mut stranger = command(&proxy, &["profiles", &file, "--checkpoint", "/dev/null/x"]);
    assert!(!stranger.output().unwrap().status.success());
}
