//! Connections that send batch after batch, each as soon as the one before it is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::task::JoinSet;

use super::batch::Batch;
use super::connection::Connection;
use super::progress;
use super::zipf::{SPREAD, Zipf};
use crate::random::Random;

/// Different batches that each connection sends in turn.
const BATCHES_PER_CONNECTION: usize = 16;
/// How often it is said how far it is.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// Whose events are sent, and how many.
#[derive(Debug, Clone)]
pub(crate) enum Plan {
    /// Some users are busier than others; until the time is up.
    Skewed(Zipf, Instant),
    /// One after the other.
    InTurn {
        users: u64,
        events: u64,
        sent: Arc<AtomicU64>,
    },
}

/// What was sent and answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent {
    pub(crate) events: u64,
    /// Batches that were refused for the moment and sent again.
    pub(crate) refused: u64,
    pub(crate) event_bytes: usize,
    pub(crate) time: Duration,
}

/// What the answer to a batch says.
#[derive(Debug, Deserialize)]
struct Verdict {
    accepted: u64,
}

struct Sender {
    connection: Connection,
    batches: Vec<Batch>,
    random: Random,
    plan: Plan,
    done: Arc<AtomicU64>,
}

impl Plan {
    pub(crate) fn in_turn(users: u64, events: u64) -> Self {
        let sent = Arc::default();
        Self::InTurn {
            users,
            events,
            sent,
        }
    }

    /// Whether there is more to send.
    fn goes_on(&self) -> bool {
        match self {
            Self::Skewed(_, until) => Instant::now() < *until,
            Self::InTurn { events, sent, .. } => sent.load(Ordering::Relaxed) < *events,
        }
    }

    fn next(&self, random: &mut Random) -> u32 {
        match self {
            Self::Skewed(zipf, _) => zipf.next(random),
            Self::InTurn { users, sent, .. } => {
                let number = sent.fetch_add(1, Ordering::Relaxed);
                u32::try_from(number % users * SPREAD % users).unwrap_or_default()
            }
        }
    }
}

/// Sends batches made by `batch` over several connections until the plan is fulfilled.
pub(crate) async fn send(
    addr: SocketAddr,
    connections: usize,
    plan: &Plan,
    batch: impl Fn(&mut Random) -> Batch,
) -> anyhow::Result<Sent> {
    let done = Arc::new(AtomicU64::new(0));
    let mut senders = Vec::with_capacity(connections);
    for number in 0..connections {
        let mut random = Random::new(number as u64);
        senders.push(Sender {
            connection: Connection::open(addr).await?,
            batches: (0..BATCHES_PER_CONNECTION)
                .map(|_| batch(&mut random))
                .collect(),
            random,
            plan: plan.clone(),
            done: done.clone(),
        });
    }
    let event_bytes = senders.iter().flat_map(|sender| &sender.batches);
    let event_bytes =
        event_bytes.clone().map(Batch::event_bytes).sum::<usize>() / event_bytes.count().max(1);
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for sender in senders {
        running.spawn(sender.run());
    }
    let told = tokio::spawn(tell(done.clone()));
    let mut refused = 0;
    while let Some(ended) = running.join_next().await {
        refused += ended??;
    }
    told.abort();
    Ok(Sent {
        events: done.load(Ordering::Relaxed),
        refused,
        event_bytes,
        time: begun.elapsed(),
    })
}

async fn tell(done: Arc<AtomicU64>) {
    let mut before = 0;
    loop {
        tokio::time::sleep(PROGRESS_EVERY).await;
        let now = done.load(Ordering::Relaxed);
        let rate = (now - before) / PROGRESS_EVERY.as_secs();
        progress(&format!("{now} events, {rate} per second"));
        before = now;
    }
}

impl Sender {
    /// Sends until the plan is fulfilled; says how many batches were refused for the moment.
    async fn run(mut self) -> anyhow::Result<u64> {
        let mut refused = 0;
        for turn in 0.. {
            if !self.plan.goes_on() {
                break;
            }
            let turn = turn % self.batches.len();
            let batch = &mut self.batches[turn];
            let plan = &self.plan;
            batch.renew(Timestamp::now(), &mut self.random, |random| {
                plan.next(random)
            })?;
            loop {
                let answer = self.connection.send(batch.request()).await?;
                if answer.status == 503 {
                    let pause = answer.retry_after.unwrap_or(Duration::from_secs(1));
                    refused += 1;
                    tokio::time::sleep(pause).await;
                    continue;
                }
                let text = String::from_utf8_lossy(answer.body);
                ensure!(answer.status == 200, "{}: {text}", answer.status);
                let verdict: Verdict = serde_json::from_slice(answer.body)?;
                ensure!(verdict.accepted == batch.events(), "refused: {text}");
                break;
            }
            self.done.fetch_add(batch.events(), Ordering::Relaxed);
        }
        Ok(refused)
    }
}
