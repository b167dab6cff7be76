//! What a host does to its events before they leave.

use std::time::Duration;

use segue_sdk::middleware::{Draft, Flow, Redact, Sample};
use segue_sdk::{Client, DropReason};
use serde_json::json;

use crate::server::Server;

const LONG: Duration = Duration::from_secs(20);

#[test]
fn events_are_enriched_redacted_and_let_go_in_order() {
    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk")
        .middleware(|draft: &mut Draft| match draft.name() {
            Some("ping") => Flow::Drop,
            _ => {
                draft.properties().insert("shop".to_owned(), "dk".into());
                Flow::Keep
            }
        })
        .middleware(Redact::new(["properties.card"]))
        .middleware(Sample::new(["search"], 0.0))
        .build()
        .unwrap();
    let user = client.user("42");
    let dropped = user.track_named("ping", &json!({})).dropped();
    assert_eq!(dropped, Some(DropReason::Filtered));
    user.track_named("search", &json!({}));
    let kept = user.track_named("buy", &json!({"card": "4111", "price": 2.5}));
    let report = client.shutdown_blocking(LONG);
    assert_eq!(
        (report.delivered, report.dropped.get(DropReason::Filtered)),
        (1, 2)
    );
    let event = &server.calls()[0].events[0];
    assert_eq!(event["properties"], json!({"shop": "dk", "price": 2.5}));
    assert_eq!(event["messageId"], kept.message_id().to_string());
}

#[test]
fn foreign_code_that_panics_costs_its_event_and_never_the_caller() {
    struct Explosive;

    impl serde::Serialize for Explosive {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("while it is written")
        }
    }

    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk")
        .middleware(|draft: &mut Draft| {
            assert_ne!(draft.name(), Some("bad"), "on purpose");
            Flow::Keep
        })
        .build()
        .unwrap();
    for receipt in [
        client.user("42").track_named("a", &Explosive),
        client.user("42").track_named("bad", &json!({})),
    ] {
        assert_eq!(receipt.dropped(), Some(DropReason::Panicked));
    }
    client.user("42").track_named("good", &json!({}));
    assert_eq!(client.shutdown_blocking(LONG).delivered, 1);
}
