//! Flush, shutdown and drop: bounded, and exact in what they say.

use std::time::{Duration, Instant};

use segue_sdk::Client;
use serde_json::json;

use crate::assert_balance;
use crate::server::{Answer, Server, nobody};

const LONG: Duration = Duration::from_secs(20);

/// What a loaded machine may add to a bound.
const SLACK: Duration = Duration::from_secs(5);

fn track(client: &Client, events: usize) {
    for n in 0..events {
        client.user("42").track_named("visit", &json!({ "n": n }));
    }
}

#[test]
fn with_the_endpoint_down_shutdown_ends_in_time_and_counts_exactly() {
    let client = Client::builder(nobody(), "wk")
        .batch_events_max(30)
        .build()
        .unwrap();
    track(&client, 100);
    let begun = Instant::now();
    let report = client.shutdown_blocking(Duration::from_millis(300));
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_millis(300) && took < SLACK,
        "{took:?}"
    );
    assert_eq!(
        (report.tracked, report.delivered, report.pending),
        (100, 0, 100)
    );
    assert_balance(&report);
    assert_eq!(client.stats(), report, "nothing moves after the end");
}

#[test]
fn with_a_hanging_endpoint_shutdown_ends_in_time() {
    let server = Server::start(|_| Answer::Hang);
    let client = Client::builder(server.url(), "wk").build().unwrap();
    track(&client, 10);
    let begun = Instant::now();
    let report = client.shutdown_blocking(Duration::from_millis(200));
    assert!(begun.elapsed() < SLACK);
    assert_eq!(report.pending, 10);
}

#[test]
fn shutdown_wakes_a_retry_that_sleeps() {
    // Every back-off of ten failures would take far longer than the shutdown may.
    let server = Server::start(|call| match call.number {
        0..=9 => Answer::Status(503, String::new()),
        _ => Answer::ok(),
    });
    let client = Client::builder(server.url(), "wk").build().unwrap();
    track(&client, 10);
    assert_eq!(client.shutdown_blocking(LONG).delivered, 10);
}

#[test]
fn a_flush_leaves_the_client_open_and_a_second_shutdown_says_the_same() {
    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk").build().unwrap();
    track(&client, 5);
    assert_eq!(client.flush_blocking(LONG).delivered, 5);
    track(&client, 5);
    let report = client.shutdown_blocking(LONG);
    assert_eq!(report.delivered, 10);
    assert_eq!(client.shutdown_blocking(LONG), report);
    assert_eq!(client.flush_blocking(LONG), report);
}

#[test]
fn a_flush_of_nothing_sends_nothing_and_returns_at_once() {
    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk").build().unwrap();
    assert_eq!(client.flush_blocking(LONG).tracked, 0);
    assert!(server.calls().is_empty());
}

#[test]
fn a_flush_with_the_endpoint_down_returns_when_its_time_is_up() {
    let client = Client::builder(nobody(), "wk").build().unwrap();
    track(&client, 5);
    let report = client.flush_blocking(Duration::from_millis(100));
    assert_eq!(report.pending, 5);
    client.shutdown_blocking(Duration::ZERO);
}

#[test]
fn dropping_the_last_handle_sends_what_is_pending() {
    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk").build().unwrap();
    let other = client.clone();
    track(&client, 5);
    drop(client);
    assert!(server.calls().is_empty(), "another handle is alive");
    drop(other);
    assert_eq!(server.calls()[0].message_ids.len(), 5);
}

#[test]
fn dropping_the_last_handle_waits_two_seconds_at_most() {
    let client = Client::builder(nobody(), "wk").build().unwrap();
    track(&client, 5);
    let begun = Instant::now();
    drop(client);
    assert!(begun.elapsed() < Duration::from_secs(2) + SLACK);
}
