//! `segue-sdk` beside `posthog-rs` and `segment`, one after the other, against the same sink.
//!
//! `cargo run --release --manifest-path sdk/compare/Cargo.toml`. Sink and clients share the
//! machine's cores, so compare the figures of one run with each other. Every client sends 5
//! properties per event, uncompressed, from one thread; the clock stops when the sink has it all.

mod measure;
mod rivals;
mod sink;

use std::time::Duration;

use measure::Figures;
use sink::Sink;

/// Events per run: enough for seconds of work.
const EVENTS: usize = 200_000;

const ROUNDS: usize = 3;

fn main() {
    println!("{EVENTS} events per run, {ROUNDS} rounds; rates in events per second to the sink");
    println!(
        "{:<12} {:>9} {:>9} {:>9} {:>9} {:>12} {:>10} {:>9}",
        "client", "p50", "p99", "p99.9", "max", "rate", "arrived", "B/event"
    );
    let mut best = [0.0_f64; 3];
    for _ in 0..ROUNDS {
        let runs: [(&str, fn(&Sink) -> Figures); 3] = [
            ("segue-sdk", rivals::segue),
            ("segment", rivals::segment),
            ("posthog-rs", rivals::posthog),
        ];
        for (at, (name, run)) in runs.into_iter().enumerate() {
            let sink = Sink::start();
            let figures = run(&sink);
            println!("{name:<12} {figures}");
            best[at] = best[at].max(figures.rate);
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    println!(
        "best rates: segue-sdk is {:.1} x segment, {:.1} x posthog-rs",
        best[0] / best[1],
        best[0] / best[2]
    );
    println!(
        "peak memory of the whole program: {} MB",
        measure::peak_memory_mb()
    );
}
