//! A server that reads batches, counts the events in them and acknowledges them.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use segue_sdk::wire::Batch;

/// What has arrived.
#[derive(Clone, Copy, Default)]
pub struct Received {
    events: u64,
    /// Of the bodies.
    bytes: u64,
    /// When the last of it was there.
    last: Option<Instant>,
}

impl Received {
    /// Events per second between an instant and the last arrival.
    pub fn rate_since(&self, begun: Instant) -> f64 {
        let took = self.last.map(|last| last.duration_since(begun));
        took.map_or(0.0, |took| self.events as f64 / took.as_secs_f64())
    }
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>10} {:>9}",
            self.events,
            self.bytes / self.events.max(1)
        )
    }
}

pub struct Sink {
    pub url: String,
    received: Arc<Mutex<Received>>,
}

impl Sink {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let received: Arc<Mutex<Received>> = Arc::default();
        let shared = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let received = Arc::clone(&shared);
                thread::spawn(move || acknowledge(stream, &received));
            }
        });
        Self {
            url: format!("http://{address}"),
            received,
        }
    }

    /// What has arrived so far.
    pub fn received(&self) -> Received {
        *self.received.lock().expect("no connection panics")
    }
}

fn acknowledge(stream: TcpStream, received: &Mutex<Received>) {
    let mut reader = BufReader::with_capacity(256 * 1024, stream);
    let mut body = Vec::new();
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let lower = line.to_ascii_lowercase();
            assert!(
                !lower.starts_with("content-encoding"),
                "bodies are compared uncompressed"
            );
            if let Some(value) = lower.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line == "\r\n" {
                break;
            }
        }
        body.resize(length, 0);
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let events = Batch::from_slice(&body).map_or(0, |batch| batch.batch.len());
        {
            let mut received = received.lock().expect("no connection panics");
            received.events += events as u64;
            received.bytes += length as u64;
            received.last = Some(Instant::now());
        }
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{\"status\":1}";
        if reader.get_mut().write_all(answer).is_err() {
            return;
        }
    }
}
