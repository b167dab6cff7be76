//! Durable events per second, as a ratio to the bare handler.

use std::convert::Infallible;
use std::path::Path;
use std::time::{Duration, Instant};

use super::measure::{folder_bytes, per_second};
use super::options::Options;
use super::sender::{self, Plan, Sent};
use super::server::{Server, Usage, data_dir};
use super::table::{Table, mb, number, seconds};
use super::zipf::Zipf;
use super::{progress, shop};

/// How often it is looked how many profiles are in memory.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What one server took in.
struct Taken {
    sent: Sent,
    /// Until everything was written back and the server had ended.
    total: Duration,
    usage: Usage,
    /// Profiles in memory; the baseline has none.
    cached: Vec<f64>,
}

pub(crate) async fn run(options: &Options, dir: &Path) -> anyhow::Result<String> {
    progress("ingest: the baseline");
    let baseline = take(options, Server::baseline()?).await?;
    progress("ingest: the proxy");
    let dir = dir.join("ingest");
    let limits = format!("limits: {{ cache_bytes: {} }}\n", options.cache_mib << 20);
    let server = Server::proxy(&dir, &limits, &shop::account(options)?).await?;
    let proxy = take(options, server).await?;
    let stored = folder_bytes(&data_dir(&dir))?;
    std::fs::remove_dir_all(&dir)?;
    Ok(report(options, &baseline, &proxy, stored))
}

async fn take(options: &Options, server: Server) -> anyhow::Result<Taken> {
    let host = server.addr.to_string();
    let zipf = Zipf::over(options.users());
    let begun = Instant::now();
    let ends = begun + Duration::from_secs(options.seconds(300));
    let plan = Plan::Skewed(zipf, ends);
    let batch = |random: &mut _| shop::batch(options, &host, random);
    let mut cached = Vec::new();
    let sending = sender::send(server.addr, options.connections, &plan, batch);
    let sent = tokio::select! {
        sent = sending => sent?,
        never = watch(&server, &mut cached) => match never {},
    };
    cached.extend(profiles_in_memory(&server).await);
    let usage = server.stop().await?;
    Ok(Taken {
        sent,
        total: begun.elapsed(),
        usage,
        cached,
    })
}

/// Looks into the server every now and then, for as long as it is polled.
async fn watch(server: &Server, cached: &mut Vec<f64>) -> Infallible {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        cached.extend(profiles_in_memory(server).await);
    }
}

async fn profiles_in_memory(server: &Server) -> Option<f64> {
    server.gauge("segue_cache_profiles").await.ok()
}

fn report(options: &Options, baseline: &Taken, proxy: &Taken, stored: u64) -> String {
    let title = format!(
        "Ingest: {} connections, {} events a batch, {} bytes an event, 20 audiences over 10 event \
         names, zipf 0.99 over {} users",
        options.connections,
        options.batch,
        proxy.sent.event_bytes,
        number(f64::from(options.users())),
    );
    let mut table = Table::new(title, &["", "bare handler", "proxy"]);
    let mut row = |name: &str, cell: &dyn Fn(&Taken) -> String| {
        table.row([name.to_owned(), cell(baseline), cell(proxy)]);
    };
    row("events", &|taken| number(taken.sent.events as f64));
    row("events/s until the last answer", &|taken| {
        number(per_second(taken.sent.events, taken.sent.time))
    });
    row("written back and ended after", &|taken| {
        seconds(taken.total - taken.sent.time)
    });
    row("events/s until written back", &|taken| {
        number(durable(taken))
    });
    row("batches told to come again", &|taken| {
        number(taken.sent.refused as f64)
    });
    row("processor time", &|taken| seconds(taken.usage.cpu));
    row("processor time per event", &|taken| {
        let us = taken.usage.cpu.as_secs_f64() * 1e6 / taken.sent.events.max(1) as f64;
        format!("{us:.2} µs")
    });
    row("peak resident memory", &|taken| {
        mb(taken.usage.rss_peak_bytes)
    });
    let or_none = |cached: Option<f64>| cached.map_or_else(|| "-".to_owned(), number);
    row("profiles in memory on average", &|taken| {
        let many = taken.cached.len();
        or_none((many > 0).then(|| taken.cached.iter().sum::<f64>() / many as f64))
    });
    row("profiles in memory in the end", &|taken| {
        or_none(taken.cached.last().copied())
    });
    table.row(["files".to_owned(), "-".to_owned(), mb(stored)]);
    let ratio = durable(proxy) / durable(baseline);
    format!("{}\nratio: {ratio:.3}\n", table.render())
}

/// The clock stops when the journal's tail is written back.
fn durable(taken: &Taken) -> f64 {
    per_second(taken.sent.events, taken.total)
}
