//! Identify somebody, track what they do, and see what became of it.
//!
//! Run a proxy first, then: `SEGUE_WRITE_KEY=… cargo run -p quickstart`

use std::time::Duration;

use anyhow::Context;
use segue_sdk::events::{Buy, Visit};
use segue_sdk::{Client, Event, Profile};
use serde::Serialize;

/// An event of one's own: its fields are the properties, its name is `coupon_used`.
#[derive(Serialize, Event)]
struct CouponUsed {
    code: &'static str,
}

#[expect(
    clippy::disallowed_methods,
    reason = "an example has no configuration but this"
)]
#[expect(clippy::print_stdout, reason = "the report is what the example shows")]
fn main() -> anyhow::Result<()> {
    let url = std::env::var("SEGUE_URL").unwrap_or_else(|_| "http://127.0.0.1:8090".to_owned());
    let key = std::env::var("SEGUE_WRITE_KEY").context("set SEGUE_WRITE_KEY to a write key")?;
    let client = Client::builder(url, key).build()?;

    let ada = client.user("42");
    ada.identify(&Profile {
        email: Some("ada@example.com"),
        ..Profile::default()
    });
    ada.track(&Visit {
        product_id: "p-1",
        price: Some(19.5),
        ..Visit::default()
    });
    ada.track(&CouponUsed { code: "SPRING" });

    // Most events need no waiting; for one that does, this is the proxy's word that it has it.
    let bought = ada.track(&Buy::line("o-77", "p-1").priced(19.5, "EUR"));
    bought.deliver_blocking(Duration::from_secs(5))?;

    let report = client.shutdown_blocking(Duration::from_secs(5));
    println!("{report}");
    anyhow::ensure!(report.is_complete(), "not everything was delivered");
    Ok(())
}
