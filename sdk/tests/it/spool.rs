//! Events on disk: what a client that ended left behind arrives, once.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use segue_sdk::{Client, ClientBuilder, OverflowPolicy, Spool, SpoolMode};
use serde_json::json;

use crate::server::{Answer, Server, nobody};
use crate::{assert_balance, eventually};

const LONG: Duration = Duration::from_secs(20);

fn builder(url: String, folder: &Path, mode: SpoolMode) -> ClientBuilder {
    Client::builder(url, "wk").spool(Spool::new(folder).mode(mode))
}

/// Tracks some events; returns the ids of those that were taken.
fn track(client: &Client, events: usize) -> HashSet<String> {
    (0..events)
        .map(|n| client.user("42").track_named("visit", &json!({ "n": n })))
        .filter(segue_sdk::Receipt::is_accepted)
        .map(|receipt| receipt.message_id().to_string())
        .collect()
}

/// A client that finds so many events in the folder, and delivers them to the server.
fn recover(server: &Server, folder: &Path, events: u64) {
    let client = builder(server.url(), folder, SpoolMode::WriteBehind);
    let client = client.build().expect("the settings of a test are right");
    eventually("the events are found", || {
        client.stats().recovered == events
    });
    let report = client.shutdown_blocking(LONG);
    assert_eq!((report.delivered, report.pending), (events, 0), "{report}");
    assert_balance(&report);
}

fn arrived(server: &Server) -> Vec<String> {
    let calls = server.calls().into_iter();
    calls.flat_map(|call| call.message_ids).collect()
}

/// Every id arrived, none twice.
#[track_caller]
fn assert_arrived_once(server: &Server, ids: &HashSet<String>) {
    let arrived = arrived(server);
    assert_eq!(arrived.len(), ids.len());
    assert_eq!(&arrived.into_iter().collect::<HashSet<_>>(), ids);
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the test's own") {
        let path = entry.expect("a folder of the test's own").path();
        if path.is_dir() {
            found.extend(segments(&path));
        } else if path.extension().is_some_and(|extension| extension == "log") {
            found.push(path);
        }
    }
    found
}

/// The folder as a kill at this moment would leave it: without its owner.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder of the test's own") {
        let entry = entry.expect("a folder of the test's own");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).expect("a folder of the test's own");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a folder of the test's own");
        }
    }
}

#[test]
fn what_an_outage_left_over_arrives_with_the_next_client() {
    for mode in [SpoolMode::WriteBehind, SpoolMode::WriteThrough] {
        let folder = tempfile::tempdir().unwrap();
        let client = builder(nobody(), folder.path(), mode).build().unwrap();
        let ids = track(&client, 2_500);
        client.user("42").page("Home", &json!({}));
        let report = client.shutdown_blocking(Duration::from_millis(50));
        assert_eq!((report.pending, report.spooled), (2_501, 2_501), "{report}");
        let server = Server::healthy();
        recover(&server, folder.path(), 2_501);
        let arrived: HashSet<_> = arrived(&server).into_iter().collect();
        assert!(arrived.is_superset(&ids) && arrived.len() == 2_501);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "only the lock"
        );
    }
}

#[test]
fn a_kill_loses_nothing_that_was_written_through() {
    let (folder, copied) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let client = builder(nobody(), folder.path(), SpoolMode::WriteThrough)
        .batch_interval(Duration::from_hours(1))
        .build()
        .unwrap();
    let receipts: Vec<_> = (0..100)
        .map(|n| client.user("42").track_named("visit", &json!({ "n": n })))
        .collect();
    copy(folder.path(), copied.path());
    assert!(receipts.iter().all(segue_sdk::Receipt::is_spooled));
    let server = Server::healthy();
    recover(&server, copied.path(), 100);
    let ids = receipts.iter().map(|one| one.message_id().to_string());
    assert_arrived_once(&server, &ids.collect());
    client.shutdown_blocking(Duration::ZERO);
}

#[test]
fn a_kill_loses_at_most_the_last_interval_that_is_written_behind() {
    let (folder, copied) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let client = builder(nobody(), folder.path(), SpoolMode::WriteBehind)
        .batch_events_max(100)
        .batch_interval(Duration::from_hours(1))
        .build()
        .unwrap();
    let ids = track(&client, 500);
    track(&client, 99);
    eventually("full batches are written", || client.stats().spooled == 500);
    copy(folder.path(), copied.path());
    let server = Server::healthy();
    recover(&server, copied.path(), 500);
    assert_arrived_once(&server, &ids);
    client.shutdown_blocking(Duration::ZERO);
}

#[test]
fn what_was_acknowledged_is_not_sent_again() {
    let (folder, copied) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(|call| match call.number {
        0..=1 => Answer::ok(),
        _ => Answer::Status(503, String::new()),
    });
    let client = builder(server.url(), folder.path(), SpoolMode::WriteThrough)
        .batch_events_max(10)
        .in_flight_max(1)
        .build()
        .unwrap();
    track(&client, 100);
    eventually("two batches are acknowledged", || {
        client.stats().delivered == 20
    });
    eventually("the third is refused", || server.calls().len() > 2);
    copy(folder.path(), copied.path());
    recover(&Server::healthy(), copied.path(), 80);
    client.shutdown_blocking(Duration::ZERO);
}

#[test]
fn a_torn_tail_costs_the_event_that_was_torn() {
    let folder = tempfile::tempdir().unwrap();
    let client = builder(nobody(), folder.path(), SpoolMode::WriteThrough);
    let client = client.build().unwrap();
    track(&client, 10);
    client.shutdown_blocking(Duration::ZERO);
    let segment = &segments(folder.path())[0];
    let file = OpenOptions::new().write(true).open(segment).unwrap();
    file.set_len(file.metadata().unwrap().len() - 3).unwrap();
    recover(&Server::healthy(), folder.path(), 9);
    assert!(segments(folder.path()).is_empty());
}

#[test]
fn damage_inside_costs_one_event_and_not_those_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let client = builder(nobody(), folder.path(), SpoolMode::WriteThrough);
    let client = client.build().unwrap();
    track(&client, 10);
    client.shutdown_blocking(Duration::ZERO);
    let segment = &segments(folder.path())[0];
    let mut bytes = fs::read(segment).unwrap();
    bytes[20] ^= 0xff;
    fs::write(segment, bytes).unwrap();
    recover(&Server::healthy(), folder.path(), 9);
    assert!(segments(folder.path()).is_empty());
}

#[test]
fn with_a_spool_memory_is_no_bound_on_an_outage() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|call| match call.number {
        0..=3 => Answer::Status(503, String::new()),
        _ => Answer::ok(),
    });
    let client = builder(server.url(), folder.path(), SpoolMode::WriteThrough)
        .batch_events_max(50)
        .queue_events_max(200)
        .build()
        .unwrap();
    let ids = track(&client, 5_000);
    assert_eq!(ids.len(), 5_000, "{}", client.stats());
    let report = client.shutdown_blocking(LONG);
    assert_eq!(report.delivered, 5_000, "{report}");
    let arrived: HashSet<_> = arrived(&server).into_iter().collect();
    assert_eq!(arrived, ids);
    assert!(segments(folder.path()).is_empty());
}

#[test]
fn written_behind_a_caller_who_may_wait_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|call| match call.number {
        0..=3 => Answer::Status(503, String::new()),
        _ => Answer::ok(),
    });
    let client = builder(server.url(), folder.path(), SpoolMode::WriteBehind)
        .batch_events_max(50)
        .queue_events_max(200)
        .overflow(OverflowPolicy::Block(LONG))
        .build()
        .unwrap();
    assert_eq!(track(&client, 5_000).len(), 5_000);
    assert_eq!(client.shutdown_blocking(LONG).delivered, 5_000);
}

#[test]
fn a_full_spool_is_counted_and_its_events_arrive_from_memory() {
    for mode in [SpoolMode::WriteBehind, SpoolMode::WriteThrough] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::healthy();
        let client = Client::builder(server.url(), "wk")
            .spool(Spool::new(folder.path()).mode(mode).bytes_max(2_000))
            .batch_interval(Duration::from_hours(1))
            .build()
            .unwrap();
        let ids = track(&client, 100);
        let report = client.shutdown_blocking(LONG);
        assert!(report.unspooled > 0, "{report}");
        assert_eq!((report.delivered, report.pending), (100, 0), "{report}");
        assert_arrived_once(&server, &ids);
    }
}

#[test]
fn a_small_spool_goes_on_for_as_long_as_the_proxy_takes_events() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::healthy();
    let spool = Spool::new(folder.path()).mode(SpoolMode::WriteThrough);
    let client = Client::builder(server.url(), "wk")
        .spool(spool.bytes_max(100_000))
        .batch_events_max(20)
        .build()
        .unwrap();
    for _ in 0..50 {
        track(&client, 40);
        client.flush_blocking(LONG);
    }
    let report = client.shutdown_blocking(LONG);
    assert_eq!((report.delivered, report.unspooled), (2_000, 0), "{report}");
}

#[test]
fn a_disk_that_refuses_is_counted_and_its_events_arrive_from_memory() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::healthy();
    let client = builder(server.url(), folder.path(), SpoolMode::WriteThrough);
    let client = client.build().unwrap();
    // No file can be made where the client's own folder is gone. (The spool's stays: a client that
    // looks around for what others left behind opens a lock in it at any moment.)
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut own = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    fs::remove_dir_all(own.next().unwrap()).unwrap();
    let receipt = client.user("42").track_named("visit", &json!({}));
    assert!(receipt.is_accepted() && !receipt.is_spooled());
    let report = client.shutdown_blocking(LONG);
    assert_eq!((report.unspooled, report.delivered), (1, 1), "{report}");
}

#[test]
fn clients_that_share_a_folder_deliver_each_event_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut ids = HashSet::new();
    for _ in 0..4 {
        let client = builder(nobody(), folder.path(), SpoolMode::WriteBehind);
        let client = client.build().unwrap();
        ids.extend(track(&client, 100));
        client.shutdown_blocking(Duration::ZERO);
    }
    let server = Server::healthy();
    let clients: Vec<Client> = std::thread::scope(|scope| {
        let start = || builder(server.url(), folder.path(), SpoolMode::WriteBehind).build();
        let started: Vec<_> = (0..3).map(|_| scope.spawn(start)).collect();
        started
            .into_iter()
            .map(|one| one.join().unwrap().unwrap())
            .collect()
    });
    let delivered = || {
        clients
            .iter()
            .map(|client| client.stats().delivered)
            .sum::<u64>()
    };
    eventually("all of it is delivered", || delivered() == 400);
    for client in clients {
        assert_eq!(client.shutdown_blocking(LONG).pending, 0);
    }
    assert_arrived_once(&server, &ids);
}

#[test]
fn a_busy_client_delivers_what_was_left_behind_too() {
    let folder = tempfile::tempdir().unwrap();
    let client = builder(nobody(), folder.path(), SpoolMode::WriteBehind);
    let client = client.build().unwrap();
    track(&client, 100);
    client.shutdown_blocking(Duration::ZERO);
    // The client's own event is never taken, so that there is always something outstanding.
    let server = Server::start(|call| match call.names.iter().any(|name| name == "own") {
        true => Answer::Status(503, String::new()),
        false => Answer::ok(),
    });
    let client = builder(server.url(), folder.path(), SpoolMode::WriteBehind)
        .batch_events_max(1)
        .in_flight_max(2)
        .build()
        .unwrap();
    client.user("42").track_named("own", &json!({}));
    eventually("what was left is delivered", || {
        client.stats().delivered == 100
    });
    client.shutdown_blocking(Duration::ZERO);
}

#[test]
fn events_keep_the_context_of_the_client_that_tracked_them() {
    let folder = tempfile::tempdir().unwrap();
    let client = builder(nobody(), folder.path(), SpoolMode::WriteBehind)
        .context(&json!({"app": "checkout"}))
        .build()
        .unwrap();
    track(&client, 1);
    client.shutdown_blocking(Duration::ZERO);
    let server = Server::healthy();
    recover(&server, folder.path(), 1);
    assert_eq!(server.calls()[0].context["app"], "checkout");
}

#[test]
#[cfg(unix)]
fn what_is_on_disk_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("spool");
    let client = builder(nobody(), &folder, SpoolMode::WriteThrough);
    let client = client.build().unwrap();
    track(&client, 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&segments(&folder)[0]), 0o600);
    client.shutdown_blocking(Duration::ZERO);
}
