//! SIGKILL of the host, with a real process: what the spool took arrives, once.
#![cfg(unix)]

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use fork::{Fork, fork, waitpid};
use segue_sdk::{Client, Spool, SpoolMode};
use serde_json::json;

use crate::eventually;
use crate::server::{Answer, Server};

const LONG: Duration = Duration::from_secs(20);
/// A host tracks so many events at most, however late the kill comes on a busy machine: with every
/// third request refused, more of them would not arrive in the time that a test waits.
const EVENTS_PER_HOST: u64 = 600;

fn client(url: String, folder: &Path) -> Client {
    Client::builder(url, "wk")
        .spool(Spool::new(folder).mode(SpoolMode::WriteThrough))
        .batch_events_max(50)
        .build()
        .expect("the settings of a test are right")
}

/// Tracks, notes what was taken, and waits to be killed.
fn track_and_wait(url: String, spool: &Path, list: &Path) -> ! {
    let client = client(url, spool);
    let list = OpenOptions::new().create(true).append(true).open(list);
    let mut list = list.expect("a folder of the test's own");
    for n in 0..EVENTS_PER_HOST {
        let receipt = client.user("42").track_named("visit", &json!({ "n": n }));
        assert!(receipt.is_spooled());
        // In one write: a kill between an id and the end of its line would join it to the next host's.
        let line = format!("{}\n", receipt.message_id());
        list.write_all(line.as_bytes())
            .expect("a folder of the test's own");
    }
    loop {
        std::thread::park();
    }
}

/// Whole lines alone: the kill may have torn the last one.
fn lines(list: &Path) -> Vec<String> {
    let text = fs::read_to_string(list).unwrap_or_default();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(str::to_owned).collect()
}

#[test]
fn a_host_that_is_killed_again_and_again_loses_nothing_that_was_written_through() {
    // Every third request is refused, so that a kill finds some delivered and some not.
    let server = Server::start(|call| match call.number % 3 {
        0 => Answer::Status(503, String::new()),
        _ => Answer::ok(),
    });
    let folder = tempfile::tempdir().unwrap();
    let (spool, list) = (folder.path().join("spool"), folder.path().join("accepted"));
    for _ in 0..3 {
        let before = lines(&list).len();
        match fork().unwrap() {
            Fork::Child => track_and_wait(server.url(), &spool, &list),
            Fork::Parent(child) => {
                eventually("the host tracks a while", || {
                    lines(&list).len() > before + 300
                });
                let killed = Command::new("kill")
                    .args(["-KILL", &child.to_string()])
                    .status();
                assert!(killed.unwrap().success());
                waitpid(child).unwrap();
            }
        }
    }
    let accepted: HashSet<String> = lines(&list).into_iter().collect();
    let client = client(server.url(), &spool);
    let arrived = || -> HashSet<String> {
        let calls = server
            .calls()
            .into_iter()
            .filter(|call| call.number % 3 != 0);
        calls.flat_map(|call| call.message_ids).collect()
    };
    eventually("all of it arrives", || arrived().is_superset(&accepted));
    let report = client.shutdown_blocking(LONG);
    assert_eq!(report.pending, 0, "{report}");
    // Between an event and its line in the list the kill may fall: once for each host.
    assert!(arrived().len() <= accepted.len() + 3);
}
