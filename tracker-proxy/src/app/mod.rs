//! The whole proxy as a value: started on a configuration, stopped within a deadline.

mod definitions;
mod health;
mod metrics;
mod parts;

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle as Task, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::first_run::{self, Issued};
use crate::config::{Config, StoreKind};
use crate::pipeline::Handle;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

/// A running proxy.
#[derive(Debug)]
pub struct App {
    addr: SocketAddr,
    issued: Vec<Issued>,
    /// Asks the pipeline; for the parts of this program and its tests.
    pub handle: Handle,
    http: Task<std::io::Result<()>>,
    tasks: JoinSet<()>,
    stop_http: CancellationToken,
    stop_worker: CancellationToken,
    stop_pipeline: oneshot::Sender<()>,
    pipeline: JoinHandle<()>,
}

impl App {
    /// Opens the store, folds what a crash left over, and listens.
    ///
    /// # Errors
    ///
    /// The store cannot be used, the definitions do not compile, or the address is taken.
    pub async fn start(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let StoreKind::Sqlite(_) = &config.store else {
            anyhow::bail!("only the embedded store is supported");
        };
        let store = SqliteStore::open(&config.data_dir)?;
        Self::start_on(Box::new(store), config, clock).await
    }

    /// Starts on a store that is open already.
    ///
    /// # Errors
    ///
    /// As for [`App::start`].
    pub async fn start_on(
        store: Box<dyn Store + Send>,
        mut config: Config,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("cannot listen on {}", config.listen))?;
        let addr = listener.local_addr()?;
        // After the store, which locks the folder: two first starts cannot race for the keys. And
        // after the address, so that nobody gets keys that a failed start did not show.
        for account in first_run::replaced(&config) {
            tracing::warn!(
                account,
                file = first_run::CREDENTIALS_FILE,
                "keys that an earlier start made no longer work: the configuration names others; \
                 take them out of the file once nobody uses them"
            );
        }
        let issued = first_run::complete(&mut config)?;
        let stop_worker = CancellationToken::new();
        let parts = parts::start(store, &config, &clock, &stop_worker)?;
        let router = parts::router(&config, &clock, &parts)?;
        let stop_http = CancellationToken::new();
        let stopped = stop_http.clone();
        let http = tokio::spawn(async move {
            let served = axum::serve(listener, router);
            served
                .with_graceful_shutdown(stopped.cancelled_owned())
                .await
        });
        Ok(Self {
            addr,
            issued,
            handle: parts.handle,
            http,
            tasks: parts.tasks,
            stop_http,
            stop_worker,
            stop_pipeline: parts.stop_pipeline,
            pipeline: parts.pipeline,
        })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The keys of accounts for which the configuration has none.
    #[must_use]
    pub fn issued(&self) -> &[Issued] {
        &self.issued
    }

    /// Stops: no new requests, then no new attempts, then everything is written back. What is
    /// under way has `grace` to end.
    pub async fn shutdown(mut self, grace: Duration) {
        self.stop_http.cancel();
        if tokio::time::timeout(grace, &mut self.http).await.is_err() {
            tracing::warn!("requests were still under way at the end of the grace period");
            self.http.abort();
        }
        self.stop_worker.cancel();
        let tasks = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(grace + parts::WORKER_GRACE, tasks)
            .await
            .is_err()
        {
            tracing::warn!("deliveries were still under way at the end of the grace period");
        }
        // The pipeline may have ended by itself; then there is nobody to tell.
        self.stop_pipeline.send(()).unwrap_or_default();
        let pipeline = self.pipeline;
        let joined = tokio::task::spawn_blocking(move || pipeline.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("the pipeline ended with a panic: the next start folds the journal");
        }
    }
}

/// Runs until the process is told to stop.
///
/// # Errors
///
/// As for [`App::start`], and the keys cannot be shown.
pub async fn serve(config: Config, out: &mut impl std::io::Write) -> anyhow::Result<()> {
    let drain = Duration::from_secs(u64::from(config.limits.drain_seconds_max));
    let public_url = config.public_url.clone();
    let app = App::start(config, Clock::system()).await?;
    let base = public_url.map_or_else(|| format!("http://{}", app.addr()), |url| url.to_string());
    crate::cli::welcome(app.issued(), base.trim_end_matches('/'), out)?;
    writeln!(out, "tracker-proxy listens on http://{}", app.addr())?;
    out.flush()?;
    tracing::info!(addr = %app.addr(), "ready");
    told_to_stop().await?;
    tracing::info!("stopping");
    app.shutdown(drain).await;
    Ok(())
}

async fn told_to_stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

/// Prepares the process: one TLS provider, logs on stderr.
///
/// # Errors
///
/// The filter in `SEGUE_LOG` cannot be read.
pub fn prepare(log: Option<&str>) -> anyhow::Result<()> {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_new(log.unwrap_or("info"))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr);
    // Somebody who set a subscriber before us wants theirs.
    subscriber.try_init().unwrap_or_default();
    Ok(())
}
