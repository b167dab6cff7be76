//! The parts of a running proxy and how they are tied together.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, anyhow};
use axum::Router;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{definitions, health, metrics};
use crate::activation::Mode;
use crate::admin::{self, AdminState, AdminTokens};
use crate::clock::Clock;
use crate::config::{Config, env};
use crate::delivery::{self, Client, Delivery, Destinations, Precheck, PrecheckFn, Worker};
use crate::ingest::{self, Intake, Streams, Submission, WriteKeys};
use crate::keys::{AccountNo, ActivationNo};
use crate::pipeline::catalog::{Catalog, DefinitionMistake, StoredCatalog};
use crate::pipeline::{self, Bounds, Channels, Handle, SwitchError};
use crate::store::Store;
use crate::tracker::{self, Tracker};

/// How long attempts that are under way may take when everything stops.
pub(super) const WORKER_GRACE: Duration = Duration::from_secs(5);
/// How many deliveries wait for the worker before they wait in the store.
const DELIVERIES_WAITING_MAX: usize = 4_096;
/// How many reports wait for the pipeline.
const REPORTS_WAITING_MAX: usize = 4_096;
/// How long to wait before a mirror is told again that could not be told everything: at first, and
/// at the most, where it goes on like that.
const RESYNC_PAUSE: Duration = Duration::from_secs(1);
const RESYNC_PAUSE_MAX: Duration = Duration::from_secs(10 * 60);

/// The parts of a running proxy.
pub(super) struct Parts {
    pub(super) handle: Handle,
    pub(super) submissions: mpsc::Sender<Submission>,
    pub(super) client: Client,
    pub(super) tasks: JoinSet<()>,
    pub(super) stop_pipeline: oneshot::Sender<()>,
    pub(super) pipeline: JoinHandle<()>,
}

/// Compiles definitions; only those of the file see the environment.
pub(super) fn compile(stored: StoredCatalog) -> Result<Catalog, Vec<DefinitionMistake>> {
    stored.compile(&|node, mistakes| env::substitute(node, &env::process, mistakes))
}

fn bounds(config: &Config) -> Bounds {
    let limits = &config.limits;
    Bounds {
        cache_bytes: limits.cache_bytes_max,
        dirty_bytes: limits.dirty_bytes_max,
        write_back_ms: i64::from(limits.write_back_seconds_max) * 1_000,
        feed_bytes: limits.event_feed_bytes_max,
        tail_bytes: limits.journal_bytes_max,
        idempotency_ms: i64::from(limits.idempotency_hours) * 60 * 60 * 1_000,
        outbox_age_ms: i64::from(limits.delivery_days_max) * 24 * 60 * 60 * 1_000,
        outbox_rows: limits.delivery_rows_max,
    }
}

/// Starts pipeline, worker and the small tasks between them.
pub(super) fn start(
    store: Box<dyn Store + Send>,
    config: &Config,
    clock: &Clock,
    stop_worker: &CancellationToken,
) -> anyhow::Result<Parts> {
    let client = Client::new()?;
    let destinations = Destinations::new(HashMap::new());
    let (submissions, submitted) = mpsc::channel(config.limits.queue_requests_max);
    let (deliveries, delivered) = mpsc::channel(DELIVERIES_WAITING_MAX);
    let (reports, reported) = mpsc::channel(REPORTS_WAITING_MAX);
    let (resyncs, resynced) = mpsc::unbounded_channel();
    let (stop_pipeline, stopped) = oneshot::channel();
    let channels = Channels {
        submissions: submitted,
        reports: reported,
        deliveries,
        resyncs,
        destinations: destinations.clone(),
    };
    let start = pipeline::Start {
        store,
        bounds: bounds(config),
        clock: clock.clone(),
        channels,
        stop: stopped,
        now: clock.now(),
    };
    let change = |stored: &mut StoredCatalog| {
        definitions::adopt_file(stored, config, clock.now());
    };
    let (handle, thread) = pipeline::start(start, &compile, change).map_err(explain)?;
    let mut tasks = JoinSet::new();
    let worker = Worker::new(
        delivery::Parts {
            client: client.clone(),
            clock: clock.clone(),
            destinations,
            precheck: precheck(&handle),
            limits: delivery::Limits::default(),
        },
        delivered,
        reports,
    );
    tasks.spawn(worker.run(stop_worker.clone(), WORKER_GRACE));
    let stop = stop_worker.clone();
    tasks.spawn(async move {
        stop.run_until_cancelled_owned(metrics::keep_up())
            .await
            .unwrap_or(())
    });
    let (stop, asks) = (stop_worker.clone(), handle.clone());
    let resync = resync_mirrors(asks, resynced);
    tasks.spawn(async move { stop.run_until_cancelled_owned(resync).await.unwrap_or(()) });
    Ok(Parts {
        handle,
        submissions,
        client,
        tasks,
        stop_pipeline,
        pipeline: thread,
    })
}

fn explain(error: SwitchError) -> anyhow::Error {
    match error {
        SwitchError::Store(error) => anyhow::Error::new(error).context("the store cannot be used"),
        SwitchError::Mistakes(mistakes) => {
            let lines: Vec<String> = mistakes
                .iter()
                .map(|one| format!("{}: {}", one.of, one.mistake.message))
                .collect();
            anyhow!("the definitions do not compile:\n{}", lines.join("\n"))
        }
    }
}

/// Tells mirrors everything, one after the other.
async fn resync_mirrors(
    handle: Handle,
    mut wanted: mpsc::UnboundedReceiver<(AccountNo, ActivationNo)>,
) {
    let mut pause = RESYNC_PAUSE;
    while let Some((account, activation)) = wanted.recv().await {
        let told = pipeline::resync(&handle, account, activation).await;
        if told.is_ok() {
            pause = RESYNC_PAUSE;
            continue;
        }
        tracing::warn!(%activation, "a mirror could not be told everything");
        tokio::time::sleep(pause).await;
        pause = RESYNC_PAUSE_MAX.min(pause * 2);
        let again = handle.ask(move |pipeline| pipeline.want_resync(account, activation));
        // A pipeline that answers nobody knows the need when it does again.
        again.await.unwrap_or_default();
    }
}

/// Asked before each attempt: erased persons, inactive activations and withdrawn consents stop
/// what was queued before.
fn precheck(handle: &Handle) -> PrecheckFn {
    let handle = handle.clone();
    Arc::new(move |delivery: &Delivery| -> BoxFuture<'static, Precheck> {
        if handle.shared.is_revoked(&delivery.id) {
            return Box::pin(std::future::ready(Precheck::Skip("erased")));
        }
        let catalog = handle.shared.catalog();
        let (account, no) = (delivery.account, delivery.activation);
        let found = catalog.account(account);
        let found = found.and_then(|account| account.activations.iter().find(|one| one.no == no));
        let definition = match found {
            Some(found) if found.definition.active => &found.definition,
            _ => return Box::pin(std::future::ready(Precheck::Skip("inactive"))),
        };
        // A mirror whose person withdrew a consent says `remove`, which has to go out.
        let asks = definition.mode == Mode::Trigger && !definition.consent.is_empty();
        let Some(profile) = delivery.profile.filter(|_| asks) else {
            return Box::pin(std::future::ready(Precheck::Go));
        };
        let handle = handle.clone();
        Box::pin(async move {
            let asked = handle
                .peek(move |pipeline| pipeline.may_send(account, no, profile))
                .await;
            asked.unwrap_or(Precheck::Go)
        })
    })
}

/// Everything that is served.
pub(super) fn router(config: &Config, clock: &Clock, parts: &Parts) -> anyhow::Result<Router> {
    let catalog = parts.handle.shared.catalog();
    let (mut keys, mut streams) = (WriteKeys::default(), Streams::default());
    let mut tokens = Vec::new();
    for account in &config.accounts {
        let known = catalog
            .accounts
            .iter()
            .find(|known| known.stored.id == account.id);
        let no = known.context("an account is in no catalog")?.stored.no;
        keys.add(no, &account.write_keys, &account.user_token_keys);
        streams.add(no, &account.id, &account.streams);
        tokens.extend(account.admin_tokens.iter().map(|token| (no, token)));
    }
    let keys = Arc::new(keys);
    let tracker = Tracker {
        keys: Arc::clone(&keys),
        public_url: config.public_url.clone(),
    };
    let intake = Intake::new(
        keys,
        parts.submissions.clone(),
        clock.clone(),
        config.limits.clone(),
    )
    .with_streams(streams);
    let admin = AdminState {
        handle: parts.handle.clone(),
        tokens: Arc::new(AdminTokens::new(tokens)),
        clock: clock.clone(),
        client: parts.client.clone(),
        compile: Arc::new(compile),
        bounds: admin::Bounds::default(),
    };
    Ok(Router::new()
        .merge(ingest::router(intake))
        .merge(tracker::router(tracker))
        .merge(admin::router(admin))
        .merge(health::router(parts.handle.clone()))
        .merge(metrics::router()))
}
