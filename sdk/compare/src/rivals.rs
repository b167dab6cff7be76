//! The clients, each with its own defaults as far as they allow for all events to arrive.

use std::hint::black_box;
use std::time::Duration;

use posthog_rs::{ClientOptionsBuilder, Event as PosthogEvent};
use segment::message::{Track, User};
use segment::{AutoBatcher, Batcher, HttpClient};
use segue_sdk::events::Visit;
use segue_sdk::{Client, OverflowPolicy};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::EVENTS;
use crate::measure::{Run, run};

/// A client and how it is driven against a sink.
pub struct Rival {
    pub name: &'static str,
    pub run: fn(&str) -> Run,
}

/// All of them, ours first.
pub const ALL: [Rival; 3] = [
    Rival {
        name: "segue-sdk",
        run: segue,
    },
    Rival {
        name: "segment",
        run: segment,
    },
    Rival {
        name: "posthog-rs",
        run: posthog,
    },
];

const USER: &str = "u_541312140";

/// Message ids on, compression off, spool off: the defaults. A full queue is waited for, because
/// this caller is faster than any network.
fn segue(url: &str) -> Run {
    let client = Client::builder(url, "wk")
        .overflow(OverflowPolicy::Block(Duration::from_secs(30)))
        .build()
        .expect("the settings are right");
    let visit = Visit {
        product_id: "p-44600062",
        product_name: Some("Night cream"),
        brand_id: Some("shiseido"),
        price: Some(35.79),
        currency: Some("EUR"),
        ..Visit::default()
    };
    let call = |_| drop(black_box(client.user(USER).track(&visit)));
    run(EVENTS, call, || {
        client.shutdown_blocking(Duration::from_secs(60));
    })
}

/// The caller makes the requests; no message ids, times or retries.
fn segment(url: &str) -> Run {
    let runtime = Runtime::new().expect("the system gives threads");
    let http = HttpClient::new(Default::default(), url.to_owned());
    let mut batcher = AutoBatcher::new(http, Batcher::new(None), "wk".to_owned());
    let batcher = std::cell::RefCell::new(&mut batcher);
    let call = |_| {
        let track = Track {
            user: User::UserId {
                user_id: USER.to_owned(),
            },
            event: "visit".to_owned(),
            properties: json!({"product_id": "p-44600062", "product_name": "Night cream",
                "brand_id": "shiseido", "price": 35.79, "currency": "EUR"}),
            ..Default::default()
        };
        let pushed = runtime.block_on(batcher.borrow_mut().push(track));
        pushed.expect("the sink takes everything");
    };
    run(EVENTS, call, || {
        runtime
            .block_on(batcher.borrow_mut().flush())
            .expect("the sink takes everything");
    })
}

/// With its queue raised to hold all events: by default it drops what is over 10,000.
fn posthog(url: &str) -> Run {
    let runtime = Runtime::new().expect("the system gives threads");
    let options = ClientOptionsBuilder::default()
        .api_key("wk".to_owned())
        .host(url.to_owned())
        .max_queue_size(EVENTS + 1)
        .build()
        .expect("the settings are right");
    let client = runtime.block_on(posthog_rs::client(options));
    let call = |_| {
        let mut event = PosthogEvent::new("visit", USER);
        for (name, value) in [
            ("product_id", json!("p-44600062")),
            ("product_name", json!("Night cream")),
            ("brand_id", json!("shiseido")),
            ("price", json!(35.79)),
            ("currency", json!("EUR")),
        ] {
            event.insert_prop(name, value).expect("a value serialises");
        }
        client.capture(event);
    };
    run(EVENTS, call, || runtime.block_on(client.shutdown()))
}
