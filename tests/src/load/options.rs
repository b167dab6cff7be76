//! What is measured, and for how long.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};

/// Measures the proxy on this machine.
#[derive(Debug, Parser)]
#[command(name = "load")]
pub(crate) struct Options {
    /// What to measure
    #[arg(value_enum, default_value_t = Scenario::All)]
    pub(crate) scenario: Scenario,

    /// Everything for a few seconds: shows that it runs, not how fast it is
    #[arg(long)]
    pub(crate) quick: bool,

    /// An existing folder on the disk to measure [default: beside this program]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// How long events are sent: 300 for `ingest`, 30 for each rate of `latency`
    #[arg(long)]
    seconds: Option<u64>,

    /// How many users there are, for `ingest`, `memory` and `rows` [default: 1000000]
    #[arg(long)]
    users: Option<u32>,

    /// Keep-alive connections that send batches
    #[arg(long, default_value_t = 48)]
    pub(crate) connections: usize,

    /// Events in a batch
    #[arg(long, default_value_t = 100)]
    pub(crate) batch: usize,

    /// Over how many milliseconds the events of a batch happened; the SDK collects for 200
    #[arg(long, default_value_t = 200)]
    pub(crate) spread_ms: u32,

    /// A YAML list of other audiences than the twenty built in
    #[arg(long, value_name = "FILE")]
    pub(crate) audiences: Option<PathBuf>,

    /// `cache_bytes` of the proxy for `ingest`, in MiB; by default a tenth of the users fit, on
    /// average over the five minutes
    #[arg(long, default_value_t = 420)]
    pub(crate) cache_mib: u64,

    /// Events per second of `latency`
    #[arg(long, value_delimiter = ',', default_values_t = [200, 500])]
    pub(crate) rates: Vec<u32>,

    /// Deliveries of `deliveries` [default: 60000]
    #[arg(long)]
    deliveries: Option<usize>,

    /// How often `memory` touches each user
    #[arg(long, default_value_t = 1)]
    pub(crate) passes: u32,
}

/// One measurement, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Durable events per second, as a ratio to the baseline
    Ingest,
    /// From the POST of an event to the webhook at the receiver
    Latency,
    /// Deliveries per second to one fast destination
    Deliveries,
    /// Resident memory while every profile is touched
    Memory,
    /// What the store alone takes for people who are not in memory
    Rows,
    /// All of them
    All,
    /// Serves the bare handler; `ingest` starts it
    #[value(hide = true)]
    BaselineServer,
}

impl Options {
    /// How long something is measured, `usual` unless told otherwise.
    pub(crate) fn seconds(&self, usual: u64) -> u64 {
        self.seconds.unwrap_or(if self.quick { 4 } else { usual })
    }

    pub(crate) fn users(&self) -> u32 {
        let usual = if self.quick { 50_000 } else { 1_000_000 };
        self.users.unwrap_or(usual).max(1)
    }

    pub(crate) fn deliveries(&self) -> usize {
        let usual = if self.quick { 3_000 } else { 60_000 };
        self.deliveries.unwrap_or(usual).max(1)
    }

    /// The folder in which the proxy's own is made. Not the system's temporary one, which may
    /// be memory.
    pub(crate) fn data_dir(&self) -> anyhow::Result<PathBuf> {
        if let Some(named) = &self.data {
            return Ok(named.clone());
        }
        let program = std::env::current_exe()?;
        let folder = program.parent().context("the program is in no folder")?;
        Ok(folder.to_owned())
    }
}
