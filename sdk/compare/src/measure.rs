//! Figures of one run.

use std::fmt;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What the process of a client says of its run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Run {
    /// What calls cost, in nanoseconds: p50, p99, p99.9, the most.
    pub costs_ns: [u32; 4],
    /// The most memory that the process has had, in MB of 1024 * 1024 bytes.
    pub peak_mb: u64,
}

/// What the process of a client says before its first call.
pub const BEGUN: &str = "begun";

/// Says that it begins, calls once per event, then ends the client.
pub fn run(events: usize, mut call: impl FnMut(usize), end: impl FnOnce()) -> Run {
    let mut costs = Vec::with_capacity(events);
    println!("{BEGUN}");
    for event in 0..events {
        let before = Instant::now();
        call(event);
        costs.push(u32::try_from(before.elapsed().as_nanos()).unwrap_or(u32::MAX));
    }
    end();
    costs.sort_unstable();
    let at = |share: f64| costs[((costs.len() - 1) as f64 * share) as usize];
    Run {
        costs_ns: [at(0.5), at(0.99), at(0.999), at(1.0)],
        peak_mb: peak_memory_mb(),
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.costs_ns.map(|ns| Duration::from_nanos(ns.into()));
        write!(f, "{:>9}", format!("{first:.2?}"))?;
        for cost in rest {
            write!(f, " {:>9}", format!("{cost:.2?}"))?;
        }
        Ok(())
    }
}

/// The most memory that this process has had, where the system tells.
fn peak_memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kb.unwrap_or_default() / 1024
}
