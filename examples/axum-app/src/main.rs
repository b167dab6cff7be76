//! A shop with routes and a state of its own that lets a CDP keep its segments.
//!
//! ```text
//! CDP_ACTIVATION_CLIENT_ID=shop-client CDP_ACTIVATION_CLIENT_SECRET=shop-secret \
//! CDP_WEBHOOK_SECRET=whsec_… SEGMENT_GROUP=shop cargo run -p axum-app
//! ```
//!
//! `LISTEN` (default 127.0.0.1:8080) is the address, `DATA` a SQLite file; without it the
//! segments are kept in memory. `CDP_ACTIVATION_CLIENT_SECRET_OLD` and `CDP_WEBHOOK_SECRET_OLD` hold
//! while secrets are rotated; `CDP_WEBHOOK_PUBLIC_KEY` (`whpk_…`) is that of a CDP that signs with
//! `v1a`. With `CUSTOMERS`, a list of ids with commas between them, others stay
//! pending until `PUT /customers/{id}`. `RUST_LOG=cdp::webhook=debug` shows every webhook request,
//! `RUST_LOG=axum_app=info` who joins and leaves. `ACTIVLY_TOKEN`, `CLEVERTAP_SECRET`,
//! `PIWIK_PRO_TOKEN` and `DATATRICS_KEY` open the hooks of those senders.
#![forbid(unsafe_code)]

mod config;
mod customers;
mod hooks;
mod news;
mod own;
mod segments;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use axum::Router;
use axum::extract::{FromRef, State};
use axum::routing::get;
use segue_receiver::claims::Once;
use segue_receiver::segments::{MemoryStore, Segments, SqliteStore};
use segue_receiver::{Activation, Receiver};
use tokio::net::TcpListener;
use tokio::signal;

use config::Config;
use customers::Customers;

/// What the shop had before it got a receiver, and the receiver.
#[derive(Clone)]
struct Shop {
    visits: Arc<AtomicU64>,
    segment_group: Arc<str>,
    receiver: Receiver,
    once: Once,
}

impl FromRef<Shop> for Receiver {
    fn from_ref(shop: &Shop) -> Self {
        shop.receiver.clone()
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let config = Config::from_env()?;
    let listener = TcpListener::bind(&config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let customers = config.customers.clone().map(Customers::new);
    let receiver = receiver(&config, customers.as_ref()).await?;
    news::tell(receiver.segments());
    let hooks = hooks::routes(&config.hooks, receiver.segments(), &config.segment_group)?;
    let shop = Shop {
        visits: Arc::default(),
        segment_group: config.segment_group.into(),
        receiver: receiver.clone(),
        once: own::once(),
    };
    let mut app = Router::new()
        .route("/", get(welcome))
        .route("/segments", get(segments::list))
        .merge(receiver.router())
        .merge(own::routes(&receiver))
        .merge(hooks);
    if let Some(customers) = customers {
        app = app.merge(customers::routes(customers, receiver));
    }

    announce(&listener)?;
    axum::serve(listener, app.with_state(shop))
        .with_graceful_shutdown(stop())
        .await?;
    Ok(())
}

/// Opens the store, creates the group once, and connects it to the CDP.
async fn receiver(config: &Config, customers: Option<&Customers>) -> anyhow::Result<Receiver> {
    let segments = match &config.data {
        Some(path) => Segments::new(SqliteStore::open(path)?),
        None => Segments::new(MemoryStore::new()),
    };
    segments
        .ensure_group(&config.segment_group, "Audiences of the CDP")
        .await?;
    let mut activation = Activation::new(&config.client_id, &config.segment_group);
    for secret in &config.client_secrets {
        activation = activation.secret(secret.clone());
    }
    for secret in &config.webhook_secrets {
        activation = activation.signing_secret(secret.clone());
    }
    if let Some(key) = &config.public_key {
        activation = activation.verifying_key(key.clone());
    }
    let mut builder = Receiver::builder()
        .segments(segments)
        .activation(activation);
    if let Some(customers) = customers {
        builder = builder.directory(customers.clone());
    }
    let receiver = builder.build()?;
    receiver.connect().await?;
    Ok(receiver)
}

async fn welcome(State(shop): State<Shop>) -> String {
    let visit = shop.visits.fetch_add(1, Ordering::Relaxed) + 1;
    format!("Welcome to the shop, visitor {visit}.\n")
}

#[expect(
    clippy::print_stdout,
    reason = "whoever starts it has to know the address"
)]
fn announce(listener: &TcpListener) -> anyhow::Result<()> {
    println!("listening on http://{}", listener.local_addr()?);
    Ok(())
}

/// Waits for ctrl-c or, where there is one, SIGTERM.
async fn stop() {
    let interrupt = async {
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => terminate.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        _ = terminate => {}
    }
}
