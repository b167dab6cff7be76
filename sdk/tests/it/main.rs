//! The client against a real HTTP server on loopback.

mod server;

mod acknowledge;

mod context;

mod delivery;

mod failure;

mod fork;

mod kill;

mod middleware;

mod shutdown;

mod spool;

mod user_data;

mod test_kit;

mod threads;

use std::thread;
use std::time::{Duration, Instant};

use segue_sdk::Report;

/// Every event is accounted for, once.
#[track_caller]
fn assert_balance(report: &Report) {
    let settled = report.delivered + report.rejected + report.dropped.total();
    let taken = report.tracked + report.recovered;
    assert_eq!(taken, settled + report.pending, "{report}");
}

/// Waits for something that happens on another thread.
#[track_caller]
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        thread::yield_now();
    }
}
