//! What a verified delivery costs a server, beside a bare handler that reads and parses the same
//! body; and how long verifying takes.
//!
//! `cargo bench -p segue-receiver`. Each server is a process of its own with one thread, and what
//! counts is its processor time: other work on the machine disturbs that little. The rounds take
//! turns. Processor time is read from `/proc`, so that only Linux is measured.

mod client;
mod cpu;
mod server;
mod verify;

use std::error::Error;

use segue_receiver::signature::SigningSecret;

use client::Connections;
use server::{Contender, Server};

type Failure = Box<dyn Error + Send + Sync>;

const ROUNDS: usize = 7;
const DELIVERIES: usize = 20_000;

#[expect(clippy::print_stdout, reason = "the figures are the result")]
fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--serve") {
        return server::serve(arguments.get(at + 1).map_or("", String::as_str));
    }
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let secret = signing_secret()?;
    let times = verify::times(&secret);
    println!(
        "verify of a 2 KB body: p50 {:?}, p99 {:?}, p99.9 {:?} of {} calls",
        times.at(0.5),
        times.at(0.99),
        times.at(0.999),
        times.len()
    );

    println!("{ROUNDS} rounds of {DELIVERIES} deliveries, each adds one person; medians");
    let contenders = Contender::ALL;
    let mut servers = Vec::new();
    for contender in contenders {
        servers.push(Server::start(contender)?);
    }
    let mut each_ns = vec![Vec::new(); contenders.len()];
    for round in 0..=ROUNDS {
        for (server, each_ns) in servers.iter().zip(&mut each_ns) {
            let connections = Connections::open(server.address())?;
            let requests = client::requests(round * DELIVERIES, DELIVERIES, &secret);
            let before = cpu::time_ns(server.process())?;
            connections.send_all(&requests)?;
            let spent_ns = cpu::time_ns(server.process())? - before;
            // The first round only warms up.
            if round > 0 {
                each_ns.push(spent_ns / u64::try_from(DELIVERIES)?);
            }
        }
    }
    let medians: Vec<u64> = each_ns.iter_mut().map(|each| median(each)).collect();
    for (contender, each_ns) in contenders.iter().zip(&medians) {
        println!(
            "{}: {:.2} µs of processor time per delivery, {:.2} × {}",
            contender.name(),
            micros(*each_ns),
            micros(*each_ns) / micros(medians[0]),
            contenders[0].name()
        );
    }
    Ok(())
}

/// The secret of all deliveries; a test key.
fn signing_secret() -> Result<SigningSecret, Failure> {
    Ok("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?)
}

fn median(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

fn micros(nanoseconds: u64) -> f64 {
    std::time::Duration::from_nanos(nanoseconds).as_secs_f64() * 1e6
}
