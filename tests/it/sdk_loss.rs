//! What the SDK has taken arrives in the proxy's history, once, whatever happens to either.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use segue_sdk::{Client, Receipt, Spool, SpoolMode};
use serde_json::json;

use segue_tests::child::Running;
use segue_tests::environment::{number, say};
use segue_tests::proxy::ProxyProcess;
use segue_tests::settings::{Settings, WRITE_KEY};
use segue_tests::wait;

use crate::full_disk::SmallDisk;

const LONG: Duration = Duration::from_secs(60);

/// The ids in somebody's history; none may be there twice.
async fn history(proxy: &ProxyProcess, user: &str) -> BTreeSet<String> {
    let events = proxy.admin().events(user).await;
    let id = |event: &serde_json::Value| event["message_id"].as_str().map(str::to_owned);
    let ids: BTreeSet<String> = events.iter().filter_map(id).collect();
    assert_eq!(ids.len(), events.len(), "an event is there twice");
    ids
}

fn spooling(proxy: &ProxyProcess, spool: &Path) -> Client {
    Client::builder(proxy.url(), WRITE_KEY)
        .spool(Spool::new(spool).mode(SpoolMode::WriteThrough))
        .build()
        .expect("the settings are right")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_host_had_tracked_arrives_once() {
    let mut proxy = ProxyProcess::start(Settings::default());
    let (spool, list) = (
        proxy.folder().join("spool"),
        proxy.folder().join("accepted"),
    );
    for round in 0..4 {
        if round == 2 {
            // The second half happens during an outage.
            proxy.kill();
        }
        let before = lines(&list).len();
        let mut host = Command::new(env!("CARGO_BIN_EXE_sdk_host"));
        host.args([proxy.url().as_str()]).args([&spool, &list]);
        let host = Running::start(&mut host, "tracks", &proxy.folder().join("host.log"));
        wait::until("the host has tracked a while", async || {
            (lines(&list).len() >= before + 400).then_some(())
        })
        .await;
        host.kill();
    }
    proxy.restart();
    let accepted: BTreeSet<String> = lines(&list).into_iter().collect();
    let client = spooling(&proxy, &spool);
    wait::until("what was left behind is delivered", async || {
        let report = client.stats();
        let is_done = report.recovered > 0 && report.pending == 0;
        (is_done && history(&proxy, "host").await.is_superset(&accepted)).then_some(())
    })
    .await;
    client.shutdown(LONG).await;
    // Between the last event and its line in the list the kill may fall: one for each round.
    let extra = history(&proxy, "host").await.len() - accepted.len();
    assert!(extra <= 4, "{extra} events more than were tracked");
    say(&format!("{} events survived four kills", accepted.len()));
}

/// Whole lines alone: the kill may have torn the last one.
fn lines(list: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(list).unwrap_or_default();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(str::to_owned).collect()
}

/// How long the proxy is away, in seconds; a minute in the longer runs.
fn outage() -> Duration {
    Duration::from_secs(number("SEGUE_OUTAGE_SECONDS", 3))
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_proxy_is_away_nothing_is_lost() {
    let mut proxy = ProxyProcess::start(Settings::default());
    let client = proxy.sdk();
    let mut tracked = BTreeSet::new();
    let begun = Instant::now();
    let mut is_away = false;
    while begun.elapsed() < outage() + Duration::from_secs(1) {
        // Under load before, during and after the outage.
        if !is_away && begun.elapsed() > Duration::from_millis(500) {
            proxy.kill();
            is_away = true;
        }
        for _ in 0..10 {
            let user = format!("u{}", tracked.len() % 50);
            let receipt = client.user(&user).track_named("visit", &json!({}));
            assert!(receipt.is_accepted());
            tracked.insert(receipt.message_id().to_string());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    proxy.restart();
    let report = client.shutdown(LONG).await;
    assert_eq!(report.delivered, tracked.len() as u64, "{report}");
    let mut arrived = BTreeSet::new();
    for user in 0..50 {
        arrived.extend(history(&proxy, &format!("u{user}")).await);
    }
    assert_eq!(arrived, tracked);
    say(&format!("{report}; the proxy was away for {:?}", outage()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_counted_and_its_events_arrive_from_memory() {
    let proxy = ProxyProcess::start(Settings::default());
    let at = proxy.folder().join("small");
    let Some(disk) = SmallDisk::mount(&at) else {
        return say("a full disk under the spool: skipped, tests may not mount here");
    };
    let client = spooling(&proxy, &at.join("spool"));
    let track = || {
        client
            .user("42")
            .track_named("visit", &json!({"text": "x".repeat(2_000)}))
    };
    assert!(track().is_spooled());
    let filler = disk.fill();
    let full: Vec<Receipt> = (0..20).map(|_| track()).collect();
    assert!(full.iter().all(Receipt::is_accepted));
    let in_memory = full.iter().filter(|receipt| !receipt.is_spooled()).count() as u64;
    assert!(in_memory > 0 && client.stats().unspooled == in_memory);
    std::fs::remove_file(filler).expect("it is ours");
    assert!(track().is_spooled(), "there is room again");
    let report = client.shutdown(LONG).await;
    assert_eq!((report.delivered, report.pending), (22, 0), "{report}");
    assert_eq!(history(&proxy, "42").await.len(), 22);
}
