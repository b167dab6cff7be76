//! Figures of one run.

use std::fmt;
use std::time::{Duration, Instant};

use crate::sink::Sink;

pub struct Figures {
    costs: Vec<Duration>,
    pub rate: f64,
    arrived: u64,
    bytes: u64,
}

/// Calls once per event, then ends the client, and looks at what arrived.
pub fn run(events: usize, sink: &Sink, mut call: impl FnMut(usize), end: impl FnOnce()) -> Figures {
    let mut costs = Vec::with_capacity(events);
    let begun = Instant::now();
    for event in 0..events {
        let before = Instant::now();
        call(event);
        costs.push(before.elapsed());
    }
    end();
    let (arrived, bytes, last) = sink.received();
    let took = last.unwrap_or_else(Instant::now) - begun;
    costs.sort_unstable();
    Figures {
        costs,
        rate: arrived as f64 / took.as_secs_f64(),
        arrived,
        bytes,
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for share in [0.5, 0.99, 0.999, 1.0] {
            let at = ((self.costs.len() - 1) as f64 * share) as usize;
            write!(f, " {:>9}", format!("{:.2?}", self.costs[at]))?;
        }
        write!(
            f,
            " {:>12.0} {:>10} {:>9}",
            self.rate,
            self.arrived,
            self.bytes / self.arrived.max(1)
        )
    }
}

/// The most memory that this process has had, where the system tells.
pub fn peak_memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kb.unwrap_or_default() / 1024
}
