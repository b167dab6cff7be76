//! Starting on a store: what a crash left over is folded, then the definitions of now count.

use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::catalog::{Catalog, StoredCatalog};
use super::handle::{Handle, Shared};
use super::run::Channels;
use super::switch::{Compile, SwitchError};
use super::{Bounds, Cache, Pipeline};
use crate::clock::{Clock, TimeMs};
use crate::delivery::Destinations;
use crate::store::{Store, StoreError};

/// How many questions may wait.
const QUESTIONS_MAX: usize = 64;

/// What a pipeline is started with.
#[derive(Debug)]
pub struct Start {
    /// The store; nobody else writes to it.
    pub store: Box<dyn Store + Send>,
    /// Bounds.
    pub bounds: Bounds,
    /// Tells the time.
    pub clock: Clock,
    /// Ways in and out.
    pub channels: Channels,
    /// Ends the thread, after everything is written back.
    pub stop: oneshot::Receiver<()>,
    /// The time of the start.
    pub now: TimeMs,
}

/// Opens the pipeline on a store, folds what a crash left over with the definitions of then,
/// changes the definitions to those of now, and starts its thread.
///
/// # Errors
///
/// The store cannot be read, its journal cannot be folded, or the definitions do not compile.
pub fn start(
    start: Start,
    compile: Compile<'_>,
    change: impl FnOnce(&mut StoredCatalog),
) -> Result<(Handle, JoinHandle<()>), SwitchError> {
    let Start {
        store,
        bounds,
        clock,
        channels,
        stop,
        now,
    } = start;
    let known = match store.newest_catalog()? {
        Some(row) => serde_json::from_str(&row.body)
            .map_err(|error| StoreError::Damaged(format!("the definitions: {error}")))?,
        None => StoredCatalog::default(),
    };
    let mut wanted = known.clone();
    change(&mut wanted);
    // Unchanged definitions are compiled with today's environment; others as they were.
    let catalog = if wanted == known {
        compile(known)
    } else {
        known.compile_as_of_then()
    };
    let catalog = Arc::new(catalog.map_err(SwitchError::Mistakes)?);
    let shared = Arc::new(Shared::new(catalog.clone()));
    let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
    let mut pipeline = Pipeline::new(store, catalog, shared.clone(), bounds)?;
    pipeline.destinations = channels.destinations.clone();
    pipeline.recover()?;
    pipeline.show_destinations(None);
    pipeline.switch(now, compile, |stored| *stored = wanted)?;
    shared.set_working(true);
    let broken = |what: &str, error: std::io::Error| {
        SwitchError::Store(StoreError::Damaged(format!("no {what}: {error}")))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| broken("runtime", error))?;
    let thread = std::thread::Builder::new()
        .name("pipeline".to_owned())
        .spawn(move || runtime.block_on(pipeline.run(&clock, channels, asked, stop)))
        .map_err(|error| broken("thread", error))?;
    Ok((Handle { questions, shared }, thread))
}

impl Pipeline {
    fn new(
        store: Box<dyn Store + Send>,
        catalog: Arc<Catalog>,
        shared: Arc<Shared>,
        bounds: Bounds,
    ) -> Result<Self, StoreError> {
        let head = store.head()?;
        let reader = store.reader()?;
        Ok(Self {
            store: reader,
            writer: super::Writer::start(store)?,
            flight: None,
            wants_tending: false,
            waiting: Vec::new(),
            followup: super::Followup::default(),
            feed: super::Feed::from_store(),
            catalog,
            shared,
            bounds,
            head,
            destinations: Destinations::new(std::collections::HashMap::new()),
            cache: Cache::new(bounds.cache_bytes),
            timers: super::Timers::default(),
            packer: super::Packer::default(),
            row_at: crate::clock::TimeMs::default(),
            packed_at: crate::clock::TimeMs::default(),
            fired: 0,
            outputs: super::Outputs::default(),
            scratch: super::Scratch::default(),
            aliases: super::Filter::default(),
            tombstones: std::collections::HashMap::new(),
            forgotten: super::Forgotten::default(),
            stats: super::Stats::default(),
            tail: super::Tail::default(),
            sweep: super::Sweep::default(),
            warm_until: None,
            refusing_until: None,
            outbound: Vec::new(),
            mirrors: super::Mirrors::default(),
            retention: super::Retention::default(),
        })
    }
}
