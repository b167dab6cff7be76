//! Runtimes and threads: the client lives in all of them and needs none.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use segue_sdk::transport::{Request, Response, Transport, TransportError};
use segue_sdk::{Client, DropReason};
use serde_json::json;

use crate::assert_balance;
use crate::server::{Answer, Server};

const LONG: Duration = Duration::from_secs(20);

fn track(client: &Client, events: usize) {
    for n in 0..events {
        client.user("42").track_named("visit", &json!({ "n": n }));
    }
}

#[test]
fn a_client_can_be_shared() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Client>();
}

#[tokio::test(flavor = "current_thread")]
async fn it_works_inside_a_current_thread_runtime() {
    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk").build().unwrap();
    track(&client, 5);
    assert_eq!(client.flush(LONG).await.delivered, 5);
    track(&client, 5);
    assert_eq!(client.shutdown(LONG).await.delivered, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_can_be_dropped_inside_a_runtime() {
    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk").build().unwrap();
    track(&client, 5);
    drop(client);
    assert_eq!(server.calls()[0].message_ids.len(), 5);
}

#[test]
fn it_outlives_the_runtime_in_which_it_was_built() {
    let server = Server::healthy();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let client = runtime.block_on(async { Client::builder(server.url(), "wk").build().unwrap() });
    drop(runtime);
    track(&client, 5);
    assert_eq!(client.shutdown_blocking(LONG).delivered, 5);
}

#[test]
fn every_report_adds_up_while_everything_moves() {
    let server = Server::start(|call| match call.number % 4 {
        0 => Answer::Cut,
        1 => Answer::Status(503, String::new()),
        2 => Answer::Status(400, String::new()),
        _ => Answer::ok(),
    });
    let client = Client::builder(server.url(), "wk")
        .batch_events_max(50)
        .queue_events_max(300)
        .build();
    let client = client.unwrap();
    let running = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while running.load(Ordering::Relaxed) {
                assert_balance(&client.stats());
            }
        });
        let trackers: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| track(&client, 2_000)))
            .collect();
        for tracker in trackers {
            tracker.join().unwrap();
        }
        running.store(false, Ordering::Relaxed);
    });
    let report = client.shutdown_blocking(LONG);
    assert_balance(&report);
    assert_eq!((report.tracked, report.pending), (6_000, 0), "{report}");
    assert!(report.delivered > 0 && report.rejected > 0, "{report}");
}

#[test]
fn a_transport_that_panics_costs_its_batch_and_no_more() {
    struct Moody(AtomicBool);

    impl Transport for Moody {
        async fn send(&self, _: Request) -> Result<Response, TransportError> {
            assert!(self.0.swap(true, Ordering::Relaxed), "moody, once");
            Ok(Response::new(200, ""))
        }
    }

    let client = Client::builder("", "")
        .build_with(Moody(AtomicBool::new(false)))
        .unwrap();
    track(&client, 3);
    let report = client.flush_blocking(LONG);
    assert_eq!(report.dropped.get(DropReason::Panicked), 3);
    track(&client, 2);
    let report = client.shutdown_blocking(LONG);
    assert_eq!((report.delivered, report.pending), (2, 0));
    assert_balance(&report);
}

#[test]
fn a_callback_may_let_go_of_the_last_handle() {
    let server = Server::start(|_| Answer::Status(400, String::new()));
    let kept: Arc<Mutex<Option<Client>>> = Arc::default();
    let (tell, told) = mpsc::channel();
    let theirs = Arc::clone(&kept);
    let client = Client::builder(server.url(), "wk")
        .on_verdict(move |_| {
            drop(theirs.lock().expect("nobody panics with it").take());
            tell.send(()).expect("the test waits");
        })
        .build()
        .unwrap();
    client.user("42").track_named("visit", &json!({}));
    *kept.lock().unwrap() = Some(client);
    told.recv_timeout(LONG).unwrap();
}

#[test]
fn a_callback_that_blocks_cannot_hold_up_a_blocking_call() {
    let server = Server::start(|_| Answer::Status(400, String::new()));
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let client = Client::builder(server.url(), "wk")
        .on_verdict(move |_| assert!(held.lock().expect("nobody panics with it").recv().is_err()))
        .build()
        .unwrap();
    client.user("42").track_named("visit", &json!({}));
    let report = client.flush_blocking(Duration::from_millis(100));
    assert_balance(&report);
    drop(release);
    assert_eq!(client.shutdown_blocking(LONG).rejected, 1);
}

#[test]
fn an_event_whose_serialisation_tracks_another_is_no_harm() {
    struct Chatty<'a>(&'a Client);

    impl serde::Serialize for Chatty<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.user("42").track_named("inner", &json!({"a": 1}));
            serializer.serialize_unit()
        }
    }

    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk").build().unwrap();
    client.user("42").track_named("outer", &Chatty(&client));
    client.shutdown_blocking(LONG);
    assert_eq!(server.calls()[0].names, ["inner", "outer"]);
}
