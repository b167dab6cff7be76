//! The load program: how fast the proxy is, beside a baseline measured in the same run.
//!
//! The proxy is the release binary; the baseline is this program again, serving a bare handler
//! that parses the same batches into the same types and throws them away. Both are driven by the
//! same generator over loopback. What comes out is a set of tables for `docs/PERFORMANCE.md`.

mod options;

mod disk;
mod measure;
mod table;
mod zipf;

mod batch;
mod connection;
mod sender;
mod server;
mod shop;
mod sink;

mod ingest;

mod latency;

mod deliveries;

mod memory;

mod rows;

mod baseline;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::ensure;
use clap::Parser as _;

use crate::binaries;
use options::{Options, Scenario};

/// Runs what the command line asks for.
#[must_use]
pub fn main() -> ExitCode {
    let options = Options::parse();
    let done = if options.scenario == Scenario::BaselineServer {
        baseline::serve()
    } else {
        run(&options)
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when this cannot be written either.
            drop(writeln!(std::io::stderr(), "load: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> anyhow::Result<()> {
    let proxy = binaries::of_this_profile().proxy();
    ensure!(proxy.exists(), "{} is not there", proxy.display());
    let data = options.data_dir()?;
    let data = tempfile::Builder::new().prefix("load-").tempdir_in(data)?;
    // One thread: the generator must leave as much of the machine as possible to the server.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure(options, data.path()))
}

async fn measure(options: &Options, data: &Path) -> anyhow::Result<()> {
    let sync = disk::measure(data)?;
    say(&heading(options, &sync)?)?;
    let wanted =
        |scenario| matches!(options.scenario, Scenario::All) || options.scenario == scenario;
    if wanted(Scenario::Ingest) {
        say(&ingest::run(options, data).await?)?;
    }
    if wanted(Scenario::Latency) {
        say(&latency::run(options, data).await?)?;
    }
    if wanted(Scenario::Deliveries) {
        say(&deliveries::run(options, data).await?)?;
    }
    if wanted(Scenario::Memory) {
        say(&memory::run(options, data).await?)?;
    }
    if wanted(Scenario::Rows) {
        say(&rows::run(options, data)?)?;
    }
    Ok(())
}

fn heading(options: &Options, sync: &measure::Latencies) -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism()?;
    let quick = if options.quick { ", quick run" } else { "" };
    Ok(format!(
        "{cores} cores, load generator included{quick}\n\
         disk: write of {} KiB and fdatasync, {} times: p50 {}, p99 {}\n",
        disk::WRITE_BYTES / 1_024,
        sync.len(),
        table::ms(sync.percentile(50)),
        table::ms(sync.percentile(99)),
    ))
}

/// Writes a part of the report.
fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Writes how far a long measurement is.
fn progress(text: &str) {
    // A measurement does not fail because nobody watches it.
    drop(writeln!(std::io::stderr(), "  {text}"));
}
