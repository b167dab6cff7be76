//! Resident memory while events touch every profile.

use std::path::Path;

use super::measure::{folder_bytes, per_second};
use super::options::Options;
use super::sender::{self, Plan};
use super::server::{Server, data_dir};
use super::table::{Table, mb, number};
use super::{progress, shop};

pub(crate) async fn run(options: &Options, dir: &Path) -> anyhow::Result<String> {
    progress("memory");
    let dir = dir.join("memory");
    let server = Server::proxy(&dir, "", &shop::account(options)?).await?;
    let host = server.addr.to_string();
    let users = u64::from(options.users());
    let plan = Plan::in_turn(users, users * u64::from(options.passes));
    let batch = |random: &mut _| shop::batch(options, &host, random);
    let sent = sender::send(server.addr, options.connections, &plan, batch).await?;
    let cached = server.gauge("segue_cache_profiles").await?;
    let usage = server.stop().await?;
    let stored = folder_bytes(&data_dir(&dir))?;
    std::fs::remove_dir_all(&dir)?;

    let title = "Memory: every profile touched, default cache, 20 audiences over 10 event names";
    let mut table = Table::new(title, &["", "proxy"]);
    let mut row = |name: &str, cell: String| table.row([name.to_owned(), cell]);
    row("profiles", number(users as f64));
    row("events", number(sent.events as f64));
    row("events/s", number(per_second(sent.events, sent.time)));
    row("profiles in memory in the end", number(cached));
    row("peak resident memory", mb(usage.rss_peak_bytes));
    row("files", mb(stored));
    Ok(table.render())
}
