//! Deliveries per second to one fast destination.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::batch::Batch;
use super::measure::per_second;
use super::options::Options;
use super::progress;
use super::sender::{self, Plan};
use super::server::{Server, WRITE_KEY};
use super::sink::Sink;
use super::table::{Table, number, seconds};

/// Persons who cause deliveries in turn.
const USERS: u64 = 10_000;
/// A destination that holds its answers back longer than this is tried again.
const HELD_MAX: Duration = Duration::from_secs(12);
/// How long the next webhook is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn run(options: &Options, dir: &Path) -> anyhow::Result<String> {
    progress("deliveries");
    let dir = dir.join("deliveries");
    let mut sink = Sink::start(false).await?;
    let server = Server::proxy(&dir, "", &sink.account()).await?;

    // All the work is there before the first delivery is answered.
    let host = server.addr.to_string();
    let wanted = options.deliveries().next_multiple_of(options.batch);
    let plan = Plan::in_turn(USERS, wanted as u64);
    let ping = |_: &mut _| {
        Batch::of(
            &host,
            WRITE_KEY,
            options.batch,
            options.spread_ms,
            |user, message, time| {
                format!(
                    r#"{{"type":"track","messageId":"{message}","timestamp":"{time}","event":"ping","userId":"{user}","properties":{{"n":1}}}}"#
                )
            },
        )
    };
    let sent = sender::send(server.addr, 1, &plan, ping).await?;
    ensure!(sent.time < HELD_MAX, "the events took too long to send");
    let held = sink.received();
    let begun = Instant::now();
    sink.open();
    let mut last = begun;
    let mut received = HashSet::with_capacity(wanted);
    let mut again = 0;
    while received.len() < wanted {
        let Ok(arrival) = tokio::time::timeout(PATIENCE, sink.next()).await else {
            break;
        };
        let arrival = arrival?;
        if received.insert(arrival.id) {
            last = arrival.at;
        } else {
            again += 1;
        }
    }
    let took = last - begun;
    let usage = server.stop().await?;
    std::fs::remove_dir_all(&dir)?;

    let title = "Deliveries: a backlog to one fast destination, concurrency 8";
    let mut table = Table::new(title, &["", "proxy"]);
    let mut row = |name: &str, cell: String| table.row([name.to_owned(), cell]);
    row("deliveries wanted", number(wanted as f64));
    row("deliveries received", number(received.len() as f64));
    row("of them more than once", number(f64::from(again)));
    row("time", seconds(took));
    // Those that were held came before the clock was started.
    let counted = (received.len() - held.min(received.len())) as u64;
    row("deliveries/s", number(per_second(counted, took)));
    row("processor time", seconds(usage.cpu));
    Ok(table.render())
}
