//! A small HTTP server that answers as a script says. It needs no runtime, so that tests can
//! run outside one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use segue_sdk::wire::{Batch, Message};
use serde_json::Value;

/// What the script says to a request.
pub(crate) enum Answer {
    /// A status with a body.
    Status(u16, String),
    /// A status with a `Retry-After`.
    Later(u16, &'static str),
    /// The connection is closed after the request was read: a lost acknowledgement.
    Cut,
    /// Nothing, for as long as the client waits.
    Hang,
}

impl Answer {
    pub(crate) fn ok() -> Self {
        Self::Status(200, r#"{"success":true}"#.to_owned())
    }
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// From 0, over all connections.
    pub(crate) number: usize,
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) retry_count: Option<String>,
    pub(crate) sent_at: String,
    pub(crate) message_ids: Vec<String>,
    /// The `event` of each event.
    pub(crate) names: Vec<String>,
    pub(crate) events: Vec<Value>,
    /// The context around all events.
    pub(crate) context: Value,
    pub(crate) bytes: usize,
    pub(crate) at: Instant,
}

type Script = Box<dyn FnMut(&Call) -> Answer + Send>;

pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    script: Script,
    calls: Vec<Call>,
}

impl Server {
    pub(crate) fn start(script: impl FnMut(&Call) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let state = Arc::new(Mutex::new(State {
            script: Box::new(script),
            calls: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        // Ends with the test process, like a server that nobody stops.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &state));
            }
        });
        Self { address, state }
    }

    /// A server that takes everything.
    pub(crate) fn healthy() -> Self {
        Self::start(|_| Answer::ok())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        lock(&self.state).calls.clone()
    }
}

/// An address where nobody listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener
        .local_addr()
        .expect("a bound listener has an address");
    format!("http://{address}")
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the requests of one connection until either side closes it.
fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    while let Some((head, body)) = read_request(&mut reader) {
        let answer = {
            let mut state = lock(state);
            let call = call(state.calls.len(), &head, &body);
            state.calls.push(call.clone());
            (state.script)(&call)
        };
        let (status, header, body) = match answer {
            Answer::Status(status, body) => (status, String::new(), body),
            Answer::Later(status, wait) => {
                (status, format!("retry-after: {wait}\r\n"), String::new())
            }
            Answer::Cut => return,
            Answer::Hang => {
                // Returns when the client gives up and closes.
                drop(reader.read(&mut [0]));
                return;
            }
        };
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status} X\r\n{header}content-length: {length}\r\n\r\n{body}");
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(Vec<String>, Vec<u8>)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let length = header(&head, "content-length").and_then(|length| length.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn header(head: &[String], name: &str) -> Option<String> {
    head.iter().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

fn call(number: usize, head: &[String], body: &[u8]) -> Call {
    let batch = Batch::from_slice(body).expect("the client writes batches");
    let messages: Vec<Message<'_>> = batch
        .batch
        .iter()
        .map(|raw| Message::from_raw(raw).expect("the client writes events"))
        .collect();
    Call {
        number,
        path: head[0].split(' ').nth(1).unwrap_or_default().to_owned(),
        authorization: header(head, "authorization").unwrap_or_default(),
        retry_count: header(head, "x-retry-count"),
        sent_at: batch.sent_at.unwrap_or_default().into_owned(),
        message_ids: messages
            .iter()
            .flat_map(|m| m.message_id.as_deref())
            .map(str::to_owned)
            .collect(),
        names: messages
            .iter()
            .flat_map(|m| m.event.as_deref())
            .map(str::to_owned)
            .collect(),
        events: batch
            .batch
            .iter()
            .map(|raw| serde_json::from_str(raw.get()).expect("the client writes JSON"))
            .collect(),
        context: batch
            .context
            .and_then(|context| serde_json::from_str(context.get()).ok())
            .unwrap_or_default(),
        bytes: body.len(),
        at: Instant::now(),
    }
}
