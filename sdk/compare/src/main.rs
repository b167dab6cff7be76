//! `segue-sdk` beside `posthog-rs` and `segment`, one after the other, against the same sink.
//!
//! `cargo run --release --manifest-path sdk/compare/Cargo.toml`. Each client is a process of its
//! own, so that its memory is its own; the sink is in the first process. They share the machine's
//! cores, so compare the figures of one run with each other. Every client sends 5 properties per
//! event, uncompressed, from one thread; the clock stops when the sink has it all.

mod measure;
mod rivals;
mod sink;

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use measure::{BEGUN, Run};
use sink::Sink;

/// Events per run: twice what the queue of the first client holds.
const EVENTS: usize = 500_000;

const ROUNDS: usize = 5;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => compare(),
        [name, url] => match rivals::ALL.iter().find(|rival| rival.name == name) {
            Some(rival) => {
                let run = (rival.run)(url);
                println!(
                    "{}",
                    serde_json::to_string(&run).expect("numbers serialise")
                );
                ExitCode::SUCCESS
            }
            None => ExitCode::from(2),
        },
        _ => ExitCode::from(2),
    }
}

fn compare() -> ExitCode {
    println!(
        "{EVENTS} events per run, {ROUNDS} rounds; load average before: {}",
        load()
    );
    println!(
        "{:<12} {:>9} {:>9} {:>9} {:>9} {:>12} {:>10} {:>9} {:>9}",
        "client", "p50", "p99", "p99.9", "max", "events/s", "arrived", "B/event", "peak MB"
    );
    let mut rates = [const { Vec::new() }; rivals::ALL.len()];
    for _ in 0..ROUNDS {
        for (rival, rates) in rivals::ALL.iter().zip(&mut rates) {
            let sink = Sink::start();
            let Some((begun, run)) = in_a_process(rival.name, &sink.url) else {
                eprintln!("{} ended without figures", rival.name);
                return ExitCode::FAILURE;
            };
            let received = sink.received();
            let rate = received.rate_since(begun);
            println!(
                "{:<12} {run} {rate:>12.0} {received} {:>9}",
                rival.name, run.peak_mb
            );
            rates.push(rate);
        }
    }
    let [segue, segment, posthog] = rates.map(median);
    println!("median rates: segue-sdk {segue:.0}, segment {segment:.0}, posthog-rs {posthog:.0}");
    println!(
        "segue-sdk is {:.2} x segment, {:.2} x posthog-rs; load average after: {}",
        segue / segment,
        segue / posthog,
        load()
    );
    ExitCode::SUCCESS
}

/// One client's run in a process that does nothing else, and when it began.
fn in_a_process(name: &str, url: &str) -> Option<(Instant, Run)> {
    let program = std::env::current_exe().ok()?;
    let mut child = Command::new(program)
        .args([name, url])
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut said = BufReader::new(child.stdout.take()?).lines();
    let begun = said.next()?.ok().filter(|line| line == BEGUN);
    let begun = begun.map(|_| Instant::now())?;
    let run = serde_json::from_str(&said.next()?.ok()?).ok()?;
    child.wait().ok()?;
    Some((begun, run))
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// The load average over the last minute, where the system tells.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}
