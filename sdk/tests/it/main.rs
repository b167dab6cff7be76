//! The client against a real HTTP server on loopback.

mod server;

mod delivery;

mod failure;

mod shutdown;

mod threads;

use segue_sdk::Report;

/// Every event is accounted for, once.
#[track_caller]
fn assert_balance(report: &Report) {
    let settled = report.delivered + report.rejected + report.dropped.total();
    assert_eq!(report.tracked, settled + report.pending, "{report}");
}
