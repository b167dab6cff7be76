//! The admin API: looking at everything, changing definitions, erasing people.
//!
//! In: HTTP requests with an admin token. Out: JSON, or `application/problem+json` with a stable
//! code. Nothing is kept here: a change is a question to the pipeline, which makes it durable
//! before it answers. Long lists are read by readers of their own, so that looking never holds up
//! what comes in.

mod activations;
mod audiences;
mod auth;
mod body;
mod definitions;
mod deliveries;
mod events;
mod lists;
mod people;
mod preview;
mod problem;
mod profiles;
mod query;
mod replay;
mod request;
mod routes;
mod warnings;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use auth::AdminTokens;
pub use routes::router;

use std::sync::Arc;

use http::StatusCode;
use tokio::sync::{Mutex, Semaphore};

use self::problem::Problem;
use crate::clock::{Clock, TimeMs};
use crate::delivery::Client;
use crate::keys::AccountNo;
use crate::pipeline::catalog::{Account, Catalog, DefinitionMistake, StoredCatalog};
use crate::pipeline::{Handle, Pipeline};
use crate::store::{Reader, StoreError};

/// Compiles definitions; replaces `${NAME}` in those of the file.
pub type CompileFn =
    Arc<dyn Fn(StoredCatalog) -> Result<Catalog, Vec<DefinitionMistake>> + Send + Sync>;

/// The bounds of the admin API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The entries of one page.
    pub page_entries_max: u32,
    /// The longest body, in bytes.
    pub body_bytes_max: usize,
    /// The definitions of one kind and account.
    pub definitions_max: usize,
    /// A preview of an audience looks at every profile up to this many, at a sample beyond.
    pub preview_profiles_max: u64,
    /// Long lists that are read at the same time.
    pub readers_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            page_entries_max: 1_000,
            body_bytes_max: 1 << 20,
            definitions_max: 10_000,
            preview_profiles_max: 20_000,
            readers_max: 4,
        }
    }
}

/// What the admin API works with.
#[derive(Clone)]
pub struct AdminState {
    /// Asks the pipeline.
    pub handle: Handle,
    /// Who may call.
    pub tokens: Arc<AdminTokens>,
    /// Tells the time.
    pub clock: Clock,
    /// Sends tests.
    pub client: Client,
    /// Compiles definitions.
    pub compile: CompileFn,
    /// Bounds.
    pub bounds: Bounds,
}

impl std::fmt::Debug for AdminState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdminState")
            .field("tokens", &self.tokens)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

/// The state of the routes.
#[derive(Debug)]
struct Admin {
    state: AdminState,
    /// Changes of definitions go one after the other: each is checked against what the one before
    /// made of them.
    changes: Mutex<()>,
    /// Uploads of lists go one after the other as well.
    uploads: Mutex<()>,
    /// Readers of long lists.
    reads: Arc<Semaphore>,
    /// Previews of audiences, of which there is one at a time.
    previews: Arc<Semaphore>,
}

impl Admin {
    fn new(state: AdminState) -> Self {
        Self {
            changes: Mutex::new(()),
            uploads: Mutex::new(()),
            reads: Arc::new(Semaphore::new(state.bounds.readers_max)),
            previews: Arc::new(Semaphore::new(1)),
            state,
        }
    }

    /// The definitions in force of an account.
    fn account(&self, no: AccountNo) -> Result<Arc<Account>, Problem> {
        let catalog = self.state.handle.shared.catalog();
        catalog.account(no).cloned().ok_or_else(|| {
            let detail = "the account of this token has no definitions";
            Problem::new(StatusCode::NOT_FOUND, "unknown_account", detail)
        })
    }

    fn now(&self) -> TimeMs {
        self.state.clock.now()
    }

    /// Asks the pipeline something that needs its store.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Pipeline) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        Ok(self.question(question).await??)
    }

    /// Asks the pipeline. After a failed commit its memory is empty until it has recovered: a
    /// question in between would see nobody, and a change would pass what is only in the journal
    /// for written back.
    async fn question<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Pipeline) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let shared = self.state.handle.shared.clone();
        let asked = self
            .state
            .handle
            .ask(move |pipeline| shared.is_working().then(|| question(pipeline)));
        asked.await?.ok_or_else(Problem::unavailable)
    }

    /// Reads a long list beside the pipeline: what is committed.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.read_with(|pipeline| pipeline.reader(), move |reader| read(&*reader))
            .await
    }

    /// Asks the pipeline for something to read from, and reads it beside the pipeline.
    async fn read_with<S: Send + 'static, T: Send + 'static>(
        &self,
        open: impl FnOnce(&mut Pipeline) -> Result<S, StoreError> + Send + 'static,
        read: impl FnOnce(S) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.reads.clone().acquire_owned().await;
        let permit = permit.map_err(|_| Problem::unavailable())?;
        let source = self.ask(open).await?;
        let reading = tokio::task::spawn_blocking(move || {
            // Held by the reading, not by the request: who hangs up frees no thread.
            let _permit = permit;
            read(source)
        });
        let read = reading.await.map_err(|error| {
            tracing::error!(%error, "reading a list ended with a panic");
            Problem::unavailable()
        })?;
        Ok(read?)
    }
}
