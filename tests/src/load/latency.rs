//! From the POST of an event to the webhook at the receiver.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::batch::head;
use super::connection::Connection;
use super::disk;
use super::measure::Latencies;
use super::options::Options;
use super::progress;
use super::server::{Server, WRITE_KEY};
use super::sink::Sink;
use super::table::{Table, ms, number};

/// Connections at first; while all wait for answers, more are opened.
const CONNECTIONS: usize = 64;
/// Persons who cause events in turn.
const USERS: usize = 1_000;
/// Events sent before the measurement, which open connections and warm caches.
const WARM_UP: usize = 200;
/// How long the last webhooks are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was measured at one rate.
struct Measured {
    rate: u32,
    /// The disk's own, just before.
    sync: Latencies,
    sent: usize,
    received: usize,
    webhook: Latencies,
    answer: Latencies,
    /// How much later than planned events were sent: the generator's own fault.
    late: Latencies,
}

/// When an event was sent, and what that took.
struct Posted {
    begun: Instant,
    late: Duration,
    answered: Duration,
}

pub(crate) async fn run(options: &Options, dir: &Path) -> anyhow::Result<String> {
    let mut all = Vec::new();
    for &rate in &options.rates {
        progress(&format!("latency: {rate} events per second"));
        all.push(measure(options, dir, rate).await?);
    }
    let title = format!(
        "Latency: from the POST of an event to its webhook, one delivery for each event, {} s",
        options.seconds(30)
    );
    let columns = [
        "events/s",
        "sent",
        "received",
        "p50",
        "p99",
        "most",
        "answer p50",
        "answer p99",
        "sent late p99",
        "disk p50",
        "disk p99",
        "2 × disk p50 + 3 ms",
    ];
    let mut table = Table::new(title, &columns);
    for one in &all {
        table.row([
            number(f64::from(one.rate)),
            number(one.sent as f64),
            number(one.received as f64),
            ms(one.webhook.percentile(50)),
            ms(one.webhook.percentile(99)),
            ms(one.webhook.percentile(100)),
            ms(one.answer.percentile(50)),
            ms(one.answer.percentile(99)),
            ms(one.late.percentile(99)),
            ms(one.sync.percentile(50)),
            ms(one.sync.percentile(99)),
            ms(one.sync.percentile(50) * 2 + Duration::from_millis(3)),
        ]);
    }
    Ok(table.render())
}

async fn measure(options: &Options, dir: &Path, rate: u32) -> anyhow::Result<Measured> {
    let sync = disk::measure(dir)?;
    let dir = dir.join(format!("latency-{rate}"));
    let mut sink = Sink::start(true).await?;
    let server = Server::proxy(&dir, "", &sink.account()).await?;
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS {
        idle.push(Connection::open(server.addr).await?);
    }
    let idle = Arc::new(Mutex::new(idle));

    post_all(server.addr, &idle, WARM_UP, rate).await?;
    drop(arrivals(&mut sink, WARM_UP).await);

    let count = usize::try_from(u64::from(rate) * options.seconds(30))?;
    let (posted, arrived) = tokio::join!(
        post_all(server.addr, &idle, count, rate),
        arrivals(&mut sink, count)
    );
    let posted = posted?;
    server.stop().await?;
    std::fs::remove_dir_all(&dir)?;

    let mut measured = Measured {
        rate,
        sync,
        sent: count,
        received: 0,
        webhook: Latencies::default(),
        answer: Latencies::default(),
        late: Latencies::default(),
    };
    for (posted, arrived) in posted.iter().zip(arrived) {
        measured.answer.add(posted.answered);
        measured.late.add(posted.late);
        if let Some(arrived) = arrived {
            measured.received += 1;
            measured
                .webhook
                .add(arrived.saturating_duration_since(posted.begun));
        }
    }
    ensure!(measured.received > 0, "no webhook came");
    Ok(measured)
}

/// Sends events at their times, whether earlier ones are answered or not.
async fn post_all(
    addr: SocketAddr,
    idle: &Arc<Mutex<Vec<Connection>>>,
    count: usize,
    rate: u32,
) -> anyhow::Result<Vec<Posted>> {
    let begun = Instant::now();
    let mut posts = JoinSet::new();
    for event in 0..count {
        let due = begun + Duration::from_secs(1) * u32::try_from(event)? / rate;
        tokio::time::sleep_until(due.into()).await;
        let idle = idle.clone();
        posts.spawn(async move {
            let connection = idle.lock().await.pop();
            let mut connection = match connection {
                Some(connection) => connection,
                None => Connection::open(addr).await?,
            };
            let posted = post(&mut connection, event, due).await?;
            idle.lock().await.push(connection);
            anyhow::Ok((event, posted))
        });
    }
    let mut all: Vec<Option<Posted>> = (0..count).map(|_| None).collect();
    while let Some(posted) = posts.join_next().await {
        let (event, posted) = posted??;
        all[event] = Some(posted);
    }
    all.into_iter()
        .collect::<Option<_>>()
        .context("an event was not sent")
}

async fn post(connection: &mut Connection, event: usize, due: Instant) -> anyhow::Result<Posted> {
    let body = format!(
        r#"{{"userId":"u-{}","event":"ping","properties":{{"n":{event},"page":"/shop"}}}}"#,
        event % USERS
    );
    let mut request = head(
        &connection.addr.to_string(),
        WRITE_KEY,
        "/v1/track",
        body.len(),
    );
    request.push_str(&body);
    let begun = Instant::now();
    let answer = connection.send(request.as_bytes()).await?;
    ensure!(
        answer.status == 200,
        "the event was answered {}",
        answer.status
    );
    Ok(Posted {
        begun,
        late: begun.saturating_duration_since(due),
        answered: begun.elapsed(),
    })
}

/// When each webhook came first; ends when all have come, or none comes any more.
async fn arrivals(sink: &mut Sink, count: usize) -> Vec<Option<Instant>> {
    let mut all = vec![None; count];
    let mut missing = count;
    while missing > 0 {
        let Ok(Ok(arrival)) = tokio::time::timeout(PATIENCE, sink.next()).await else {
            break;
        };
        if let Some(slot @ None) = all.get_mut(arrival.event) {
            *slot = Some(arrival.at);
            missing -= 1;
        }
    }
    all
}
