//! What a call costs its host, and how many events a second get through.
//!
//! `cargo bench -p segue-sdk`. The sink runs on the same machine and shares its cores, so compare
//! figures of one run with each other, not with other machines.
#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use segue_sdk::events::Visit;
use segue_sdk::transport::{Request, Response, Transport, TransportError};
use segue_sdk::wire::{Batch, Message};
use segue_sdk::{Client, ClientBuilder, Report};

const EVENTS: usize = 1_000_000;

const VISIT: Visit<'_> = Visit {
    product_id: "p-44600062",
    product_name: Some("Night cream"),
    category_path: None,
    brand_id: Some("shiseido"),
    price: Some(35.79),
    currency: Some("EUR"),
    in_stock: None,
    master_id: None,
};

fn main() {
    memory_in_an_outage();
    reading();
    call_cost();
    let (report, rate) = through(Client::builder("", ""), |builder| {
        builder.build_with(Nowhere)
    });
    println!("end to end, transport that throws away: {rate:.0} events/s ({report})");
    let (url, received) = sink();
    let (report, rate) = through(Client::builder(url, "wk"), ClientBuilder::build);
    println!("end to end, HTTP sink on loopback:      {rate:.0} events/s ({report})");
    let [requests, bytes, events] = [&received.requests, &received.bytes, &received.events]
        .map(|count| count.load(Ordering::Relaxed));
    println!("  the sink itself counted {events} events in {requests} requests, {bytes} bytes");
    assert_eq!(
        events, report.delivered,
        "an acknowledgement without its event is worth nothing"
    );
}

/// What a client holds while nothing is taken, with default bounds.
fn memory_in_an_outage() {
    let before = peak_memory_mb();
    let client = Client::builder("", "")
        .build_with(Never)
        .expect("the settings are right");
    for _ in 0..EVENTS {
        client.user("u_541312140").track(&VISIT);
    }
    let report = client.shutdown_blocking(Duration::ZERO);
    let peak = peak_memory_mb();
    println!("outage, {EVENTS} events tracked: {report}; peak memory {peak} MB, {before} before");
}

/// The most memory that this process has had, where the system tells.
fn peak_memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kb.unwrap_or_default() / 1024
}

struct Never;

impl Transport for Never {
    async fn send(&self, _: Request) -> Result<Response, TransportError> {
        std::future::pending().await
    }
}

/// One event of about 400 bytes, read by itself and in a batch of 100.
fn reading() {
    let event = r#"{"type":"track","event":"Order Completed","userId":"u_541312140","anonymousId":"72d76fde-8bb3-4e00-8c23-a032dfed738c","messageId":"node-next-1763632800000-6d1d8a43-0d1b-4a4d-9b6d-0d1b4a4d9b6d","timestamp":"2026-11-20T10:00:00.000Z","properties":{"product_id":"44600062","price":35.79,"currency":"EUR","quantity":2},"context":{"library":{"name":"node","version":"3.1.0"}},"integrations":{}}"#;
    let each = per_iteration(200_000, || {
        black_box(Message::from_slice(black_box(event.as_bytes())).expect("it is an event"));
    });
    println!("wire::Message, {} bytes: {each:?}", event.len());

    let body = format!(r#"{{"batch":[{}]}}"#, vec![event; 100].join(","));
    let each = per_iteration(2_000, || {
        let batch = Batch::from_slice(black_box(body.as_bytes())).expect("it is a batch");
        for raw in &batch.batch {
            black_box(Message::from_raw(raw).expect("it is an event"));
        }
    });
    println!(
        "wire::Batch of 100 with its messages, per event: {:?}",
        each / 100
    );
}

fn per_iteration(times: u32, mut work: impl FnMut()) -> Duration {
    (0..5)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..times {
                work();
            }
            begun.elapsed() / times
        })
        .min()
        .expect("there are five runs")
}

/// What one call of `track` takes while the worker sends.
fn call_cost() {
    let client = Client::builder("", "")
        .build_with(Nowhere)
        .expect("the settings are right");
    let mut costs: Vec<Duration> = (0..200_000)
        .map(|_| {
            let begun = Instant::now();
            black_box(client.user("u_541312140").track(&VISIT));
            begun.elapsed()
        })
        .collect();
    client.shutdown_blocking(Duration::from_secs(10));
    costs.sort_unstable();
    let at = |fraction: f64| costs[((costs.len() - 1) as f64 * fraction) as usize];
    println!(
        "track(): p50 {:?}, p99 {:?}, p99.9 {:?}, max {:?}",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

/// Tracks from one thread as fast as the queue takes it, until the last acknowledgement.
fn through<E: std::fmt::Debug>(
    builder: ClientBuilder,
    build: impl FnOnce(ClientBuilder) -> Result<Client, E>,
) -> (Report, f64) {
    let client = build(builder).expect("the settings are right");
    let begun = Instant::now();
    for event in 0..EVENTS {
        // A host that is faster than the network would fill the queue; a bench waits instead.
        if event % 10_000 == 0 {
            while client.stats().pending > 150_000 {
                thread::yield_now();
            }
        }
        client.user("u_541312140").track(&VISIT);
    }
    let report = client.shutdown_blocking(Duration::from_secs(60));
    let rate = report.delivered as f64 / begun.elapsed().as_secs_f64();
    (report, rate)
}

struct Nowhere;

impl Transport for Nowhere {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        black_box(request);
        Ok(Response::new(200, ""))
    }
}

/// What arrived at the sink, counted there and not by the client.
#[derive(Default)]
struct Received {
    requests: AtomicU64,
    bytes: AtomicU64,
    events: AtomicU64,
}

/// A server that reads bodies, counts the events in them and acknowledges them.
fn sink() -> (String, Arc<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener
        .local_addr()
        .expect("a bound listener has an address");
    let received = Arc::new(Received::default());
    let shared = Arc::clone(&received);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let received = Arc::clone(&shared);
            thread::spawn(move || acknowledge(stream, &received));
        }
    });
    (format!("http://{address}"), received)
}

fn acknowledge(stream: TcpStream, received: &Received) {
    let mut reader = BufReader::with_capacity(256 * 1024, stream);
    let mut body = Vec::new();
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).is_err() || line.is_empty() {
                return;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap_or_default();
            }
            if line == "\r\n" {
                break;
            }
        }
        body.resize(length, 0);
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let events = Batch::from_slice(&body)
            .expect("the client writes batches")
            .batch
            .len();
        received.requests.fetch_add(1, Ordering::Relaxed);
        received.bytes.fetch_add(length as u64, Ordering::Relaxed);
        received.events.fetch_add(events as u64, Ordering::Relaxed);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        if reader.get_mut().write_all(answer).is_err() {
            return;
        }
    }
}
