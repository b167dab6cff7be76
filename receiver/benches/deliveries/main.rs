//! What a verified delivery costs a server, beside a bare handler that reads and parses the same
//! body; and how long verifying takes.
//!
//! `cargo bench -p segue-receiver --bench deliveries`. Each server is a process of its own with one
//! thread, and what counts is its processor time: other work on the machine disturbs that little.
//! The rounds take turns. The same is measured without a network, the router alone. Processor time
//! is read from `/proc`, so that only Linux is measured.
//!
//! Instructions do not depend on what else the machine does. Two runs of the program that
//! `cargo bench … --no-run` names, with 20,000 and with 40,000 deliveries, tell what one takes:
//!
//! ```sh
//! valgrind --tool=callgrind --toggle-collect=deliveries::deliver PROGRAM \
//!     --alone 'memory store' 20000
//! ```

mod client;
mod cpu;
mod server;
mod verify;

use std::error::Error;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use segue_receiver::signature::SigningSecret;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use client::Connections;
use server::{Contender, Server};

type Failure = Box<dyn Error + Send + Sync>;

const ROUNDS: usize = 7;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--serve") {
        return server::serve(arguments.get(at + 1).map_or("", String::as_str));
    }
    if let Some(at) = arguments.iter().position(|argument| argument == "--alone") {
        let [contender, count] = [at + 1, at + 2].map(|at| arguments.get(at));
        return alone(
            contender.map_or("", String::as_str),
            count.ok_or("how many?")?.parse()?,
        );
    }
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let secret = signing_secret()?;
    let times = verify::times(&secret);
    say(&format!(
        "verify of a 2 KB body: p50 {:?}, p99 {:?}, p99.9 {:?} of {} calls",
        times.at(0.5),
        times.at(0.99),
        times.at(0.999),
        times.len()
    ));
    say("a server over 16 connections, processor time per delivery:");
    compare(over_connections(&secret)?);
    say("the router alone, processor time per delivery:");
    compare(in_process(&secret)?);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figures are the result")]
fn say(line: &str) {
    println!("{line}");
}

/// The processor time of a delivery in nanoseconds, round by round.
type Rounds = Vec<(Contender, Vec<u64>)>;

fn over_connections(secret: &SigningSecret) -> Result<Rounds, Failure> {
    let mut rounds = Rounds::new();
    let mut servers = Vec::new();
    for contender in Contender::ALL {
        servers.push(Server::start(contender)?);
        rounds.push((contender, Vec::new()));
    }
    for round in 0..=ROUNDS {
        for (server, (contender, each_ns)) in servers.iter().zip(&mut rounds) {
            let count = contender.deliveries();
            let deliveries = client::deliveries(round * count, count, secret);
            let bytes: Vec<_> = deliveries.iter().map(client::Delivery::to_bytes).collect();
            let connections = Connections::open(server.address())?;
            let before = cpu::time_ns(server.process())?;
            connections.send_all(&bytes)?;
            let spent_ns = cpu::time_ns(server.process())? - before;
            each_ns.push(spent_ns / u64::try_from(count)?);
        }
    }
    Ok(rounds)
}

fn in_process(secret: &SigningSecret) -> Result<Rounds, Failure> {
    let runtime = runtime()?;
    let folder = tempfile::tempdir_in(".")?;
    let mut rounds = Rounds::new();
    let mut apps = Vec::new();
    // SQLite works in threads of its own.
    for contender in [Contender::Bare, Contender::Memory] {
        apps.push(runtime.block_on(server::app(contender, folder.path()))?);
        rounds.push((contender, Vec::new()));
    }
    for round in 0..=ROUNDS {
        for (app, (contender, each_ns)) in apps.iter().zip(&mut rounds) {
            let count = contender.deliveries();
            let deliveries = client::deliveries(round * count, count, secret);
            let requests = deliveries.iter().map(client::Delivery::to_request);
            let requests = requests.collect::<Result<Vec<_>, _>>()?;
            let before = cpu::own_time_ns()?;
            deliver(&runtime, app, requests)?;
            let spent_ns = cpu::own_time_ns()? - before;
            each_ns.push(spent_ns / u64::try_from(count)?);
        }
    }
    Ok(rounds)
}

/// Sends so many deliveries through one router and measures nothing: for tools that count
/// instructions. What they count in `deliver` is the router's.
fn alone(contender: &str, count: usize) -> Result<(), Failure> {
    let runtime = runtime()?;
    let folder = tempfile::tempdir_in(".")?;
    let app = runtime.block_on(server::app(Contender::find(contender)?, folder.path()))?;
    let deliveries = client::deliveries(0, count, &signing_secret()?);
    let requests = deliveries.iter().map(client::Delivery::to_request);
    deliver(&runtime, &app, requests.collect::<Result<Vec<_>, _>>()?)
}

#[inline(never)]
fn deliver(runtime: &Runtime, app: &Router, requests: Vec<Request<Body>>) -> Result<(), Failure> {
    for request in requests {
        let answer = runtime.block_on(app.clone().oneshot(request))?;
        assert!(answer.status().is_success());
    }
    Ok(())
}

fn runtime() -> Result<Runtime, Failure> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    Ok(runtime.enable_all().build()?)
}

/// Says the medians, and their ratio to the first. The first round only warms up.
fn compare(rounds: Rounds) {
    let mut first = None;
    for (contender, mut each_ns) in rounds {
        each_ns.remove(0);
        each_ns.sort_unstable();
        let median = micros(each_ns[each_ns.len() / 2]);
        let first = *first.get_or_insert(median);
        say(&format!(
            "  {}: {median:.2} µs ({:.2} to {:.2}), {:.2} × the first",
            contender.name(),
            micros(each_ns[0]),
            micros(each_ns[each_ns.len() - 1]),
            median / first
        ));
    }
}

/// The secret of all deliveries; a test key.
fn signing_secret() -> Result<SigningSecret, Failure> {
    Ok("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?)
}

fn micros(nanoseconds: u64) -> f64 {
    std::time::Duration::from_nanos(nanoseconds).as_secs_f64() * 1e6
}
