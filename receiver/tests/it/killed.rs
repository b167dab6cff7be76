//! A process that is killed between claim and commit: the resend runs, nothing happens twice.
//!
//! Each test starts itself again in a process of its own, which it kills.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use segue_receiver::claims::{
    Claim, ClaimKey, Claims, CommitError, KeptAnswer, Once, PostgresClaims, SqliteClaims,
};
use segue_receiver::segments::{PostgresStore, Segments, SqliteStore};
use serde_json::json;

use crate::harness::{Delivery, GROUP, add, builder, members, remove};

/// Says to the process that is to be killed where the data is.
const PLACE: &str = "SEGUE_TEST_PLACE";

#[expect(
    clippy::disallowed_methods,
    reason = "a test that starts itself has to tell the two apart"
)]
fn place() -> Option<String> {
    std::env::var(PLACE).ok()
}

/// Starts this test in a process of its own.
fn start(test: &str, place: &str) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(std::env::current_exe().expect("it runs"))
        .args([test, "--exact", "--nocapture"])
        .env(PLACE, place)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started again");
    let output = child.stdout.take().expect("it is piped");
    (child, BufReader::new(output).lines())
}

/// What the other process says, one line at a time; the rest is the test harness's own.
fn said(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    lines
        .find_map(|line| Some(line.ok()?.strip_prefix("child: ")?.to_owned()))
        .expect("it says something before it ends")
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nchild: {text}").expect("the other process listens");
    out.flush().expect("the other process listens");
}

/// SIGKILL, and gone.
fn kill(mut child: Child) {
    child.kill().expect("it runs");
    child.wait().expect("it is ours");
}

async fn claims(place: &str) -> Arc<dyn Claims> {
    if place.starts_with("postgres:") {
        Arc::new(PostgresClaims::connect(place).await.expect("it runs"))
    } else {
        Arc::new(SqliteClaims::open(place).expect("it opens"))
    }
}

/// Counts up and commits the claim in one transaction, or hangs before the commit.
async fn count(place: &str, claim: &Claim, hang: bool) -> Result<KeptAnswer, CommitError> {
    let answer = KeptAnswer::empty(StatusCode::NO_CONTENT);
    if place.starts_with("postgres:") {
        let mut client = crate::postgres::connect(place).await.expect("it runs");
        let transaction = client.transaction().await.expect("it runs");
        let sql = "UPDATE counter SET value = value + 1";
        transaction.execute(sql, &[]).await.expect("it is there");
        PostgresClaims::commit_in(&transaction, claim, &answer).await?;
        if hang {
            say("claimed");
            std::future::pending::<()>().await;
        }
        transaction.commit().await.expect("it runs");
    } else {
        let mut connection = rusqlite::Connection::open(place).expect("it opens");
        let transaction = connection.transaction().expect("it is free");
        let sql = "UPDATE counter SET value = value + 1";
        transaction.execute(sql, []).expect("it is there");
        SqliteClaims::commit_in(&transaction, claim, &answer)?;
        if hang {
            say("claimed");
            std::future::pending::<()>().await;
        }
        transaction.commit().expect("the disk has room");
    }
    Ok(answer)
}

async fn counted(place: &str) -> i64 {
    let sql = "SELECT value FROM counter";
    if place.starts_with("postgres:") {
        let client = crate::postgres::connect(place).await.expect("it runs");
        client
            .query_one(sql, &[])
            .await
            .expect("it is there")
            .get(0)
    } else {
        let connection = rusqlite::Connection::open(place).expect("it opens");
        connection
            .query_row(sql, [], |row| row.get(0))
            .expect("it is there")
    }
}

async fn run(place: &str, lease: Duration, hang: bool) -> StatusCode {
    let once = Once::from(claims(place).await).lease(lease);
    let key = ClaimKey {
        activation: "shop-client".into(),
        id: "msg_killed".to_owned(),
    };
    let handler = async |claim: Claim| match count(place, &claim, hang).await {
        Ok(answer) => answer.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    once.run(key, handler).await.status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_is_killed_before_its_commit_runs_again_and_counts_once() {
    if let Some(place) = place() {
        run(&place, Duration::from_secs(2), true).await;
        return;
    }
    let counter = "CREATE TABLE counter (value BIGINT); INSERT INTO counter VALUES (0)";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db").display().to_string();
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.execute_batch(counter).unwrap();
    let mut places = vec![file];
    if let Some(url) = crate::postgres::database().await {
        let client = crate::postgres::connect(&url).await.unwrap();
        client.batch_execute(counter).await.unwrap();
        places.push(url);
    }
    for place in places {
        let test = "killed::a_handler_that_is_killed_before_its_commit_runs_again_and_counts_once";
        let (child, mut lines) = start(test, &place);
        assert_eq!(said(&mut lines), "claimed");
        kill(child);
        assert_eq!(counted(&place).await, 0);
        // It waits for the lease of the one that is dead.
        let lease = Duration::from_secs(60);
        assert_eq!(run(&place, lease, false).await, StatusCode::NO_CONTENT);
        assert_eq!(run(&place, lease, false).await, StatusCode::NO_CONTENT);
        assert_eq!(counted(&place).await, 1);
    }
}

async fn segments(place: &str) -> Segments {
    if place.starts_with("postgres:") {
        Segments::new(PostgresStore::connect(place).await.expect("it runs"))
    } else {
        Segments::new(SqliteStore::open(Path::new(place)).expect("it opens"))
    }
}

/// Delivery number `number`: one person comes, the one before goes.
fn delivery(number: u64) -> Delivery {
    let changes = json!([
        add(&format!("p{number}"), "vip", 2 * number + 1),
        remove(&format!("p{}", number - 1), "vip", 2 * number),
    ]);
    Delivery::of(changes).id(&format!("msg_{number}"))
}

/// How many deliveries there are.
const LAST: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_killed_while_it_writes_applies_every_delivery_once() {
    if let Some(place) = place() {
        let app = builder(&segments(&place).await).build().unwrap();
        let app = app.router::<()>();
        for number in 1..=LAST {
            say(&delivery(number).send(&app).await.text);
        }
        std::future::pending::<()>().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut places = vec![folder.path().join("shop.db").display().to_string()];
    places.extend(crate::postgres::database().await);
    for place in places {
        let store = segments(&place).await;
        store.create_group(GROUP, "Shop").await.unwrap();
        let app = builder(&store).build().unwrap().router::<()>();
        // Each process repeats what those before it did, and dies somewhat later.
        for answers in [3, 9, 20, 33, 48] {
            let test =
                "killed::a_receiver_that_is_killed_while_it_writes_applies_every_delivery_once";
            let (child, mut lines) = start(test, &place);
            let told: Vec<String> = (0..answers).map(|_| said(&mut lines)).collect();
            kill(child);
            for (number, told) in (1..).zip(told) {
                assert_eq!(delivery(number).send(&app).await.text, told);
            }
        }
        // Whether a process had written it or not: each counts once.
        for number in 1..=LAST {
            let answer = delivery(number).send(&app).await.text;
            assert_eq!(answer, r#"{"applied":2,"skipped":[],"pending":0}"#);
        }
        assert_eq!(members(&store, "vip").await, [format!("p{LAST}")]);
    }
}
