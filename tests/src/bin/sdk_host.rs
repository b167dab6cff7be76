//! An app that tracks with a spool until it is killed: `sdk_host URL SPOOL ACCEPTED`.
//!
//! What the SDK has taken onto disk it notes in the file ACCEPTED, one message id in each line.

use std::fs::OpenOptions;
use std::io::Write;

use segue_sdk::{Client, Spool, SpoolMode};
use segue_tests::settings::WRITE_KEY;
use serde_json::json;

#[expect(
    clippy::print_stdout,
    reason = "whoever started it waits for a sign of life"
)]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("three arguments are needed");
    let (url, spool, accepted) = (next(), next(), next());
    let client = Client::builder(url, WRITE_KEY)
        .spool(Spool::new(spool).mode(SpoolMode::WriteThrough))
        .batch_events_max(100)
        .build()
        .expect("the settings are right");
    let list = OpenOptions::new().create(true).append(true).open(accepted);
    let mut list = list.expect("the list can be written");
    println!("tracks");
    for n in 0_u64.. {
        let receipt = client.user("host").track_named("visit", &json!({ "n": n }));
        assert!(receipt.is_spooled(), "there is room on the disk");
        // In one write: a kill between an id and the end of its line would join it to the next one.
        let line = format!("{}\n", receipt.message_id());
        list.write_all(line.as_bytes())
            .expect("the list can be written");
        if n % 50 == 0 {
            // As fast as a busy app, so that some is delivered before the end and some is not.
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}
