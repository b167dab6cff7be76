//! A fork takes only the calling thread along; the client goes on in parent and child.
#![cfg(unix)]

use std::time::Duration;

use fork::{Fork, fork, waitpid};
use segue_sdk::transport::{Request, Response, Transport, TransportError};
use segue_sdk::{Client, DropReason};
use serde_json::json;

use crate::server::{Server, nobody};

const LONG: Duration = Duration::from_secs(20);

/// Whether what is done in a child process went well.
fn in_a_child(work: impl FnOnce() -> bool) -> bool {
    match fork().expect("the system has room for a process") {
        Fork::Child => std::process::exit(i32::from(!work())),
        Fork::Parent(child) => waitpid(child).expect("the child is ours") == 0,
    }
}

#[test]
fn parent_and_child_deliver_each_their_own() {
    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk")
        .batch_interval(Duration::from_hours(1))
        .build()
        .unwrap();
    let before = client.user("42").track_named("before", &json!({}));
    let went_well = in_a_child(|| {
        client.user("42").track_named("child", &json!({}));
        let report = client.shutdown_blocking(LONG);
        (report.tracked, report.delivered) == (1, 1)
    });
    assert!(went_well, "the child's client works");
    client.user("42").track_named("parent", &json!({}));
    assert_eq!(client.shutdown_blocking(LONG).delivered, 2);
    assert_eq!(before.deliver_blocking(LONG), Ok(()));
    let calls = server.calls().into_iter();
    let mut names: Vec<String> = calls.flat_map(|call| call.names).collect();
    names.sort();
    assert_eq!(names, ["before", "child", "parent"]);
}

#[test]
fn dropping_the_client_in_a_child_leaves_the_parents_alone() {
    let client = Client::builder(nobody(), "wk").build().unwrap();
    client.user("42").track_named("pending", &json!({}));
    let kept = client.clone();
    assert!(in_a_child(move || {
        drop((client, kept));
        true
    }));
}

#[test]
fn a_transport_that_cannot_be_made_again_is_said_to_be_forked() {
    struct Nowhere;

    impl Transport for Nowhere {
        async fn send(&self, _: Request) -> Result<Response, TransportError> {
            Ok(Response::new(200, ""))
        }
    }

    let client = Client::builder("", "").build_with(Nowhere).unwrap();
    assert!(in_a_child(|| {
        let receipt = client.user("42").track_named("lost", &json!({}));
        let report = client.shutdown_blocking(LONG);
        receipt.dropped() == Some(DropReason::Forked) && report.dropped.get(DropReason::Forked) == 1
    }));
}
