//! A route of the app's own for the browser tracker.
//!
//! The page posts to its own origin: no other host, no CORS, and the cookie that knows the visitor
//! is set by a server, which browsers keep for as long as it says. The app adds who is logged in,
//! the client takes the events, and nobody waits for the proxy.
//!
//! ```
//! use axum::Router;
//! use segue_sdk::Client;
//! use segue_sdk::proxy_mode::ProxyMode;
//!
//! # fn main() -> Result<(), segue_sdk::BuildError> {
//! let client = Client::builder("http://127.0.0.1:8090", "wk_secret").build()?;
//! let tracking = ProxyMode::new(client).user(|request| {
//!     let session = request.headers.get("x-session-user")?;
//!     Some(session.to_str().ok()?.to_owned())
//! });
//! let app: Router = Router::new().nest("/segue", tracking.router());
//! # drop(app);
//! # Ok(())
//! # }
//! ```
//!
//! The tag of the tracker then says `data-endpoint="/segue"`; it needs no write key.

mod answer;
mod cookie;
mod event;
mod route;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use http::request::Parts;

use crate::Client;

/// Who is logged in, as far as the request shows.
type WhoFn = dyn Fn(&Parts) -> Option<String> + Send + Sync;

/// Takes what the browser tracker sends and hands it to a [`Client`].
#[derive(Clone)]
pub struct ProxyMode {
    client: Client,
    who: Arc<WhoFn>,
    visitor_days: u32,
}

impl ProxyMode {
    /// Hands events to `client`; nobody is logged in.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client,
            who: Arc::new(|_| None),
            visitor_days: 365,
        }
    }

    /// Asks `who` which user a request comes from, such as out of the app's session.
    ///
    /// Only this answer makes a user's event. What the page says of itself anybody could say.
    #[must_use]
    pub fn user(mut self, who: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.who = Arc::new(who);
        self
    }

    /// How many days the visitor's cookie lives after each visit; 365 unless said, at least 1.
    ///
    /// ```
    /// use segue_sdk::proxy_mode::ProxyMode;
    ///
    /// # let client = segue_sdk::Client::builder("http://127.0.0.1:8090", "wk_secret").build()?;
    /// // As long as the app's own statement on cookies says.
    /// let tracking = ProxyMode::new(client).visitor_days(90);
    /// # drop(tracking);
    /// # Ok::<(), segue_sdk::BuildError>(())
    /// ```
    #[must_use]
    pub fn visitor_days(mut self, days: u32) -> Self {
        self.visitor_days = days.max(1);
        self
    }

    /// The routes `POST /v1/batch` and `POST /beacon/v1/batch`, for an app with any state.
    ///
    /// A batch is answered with 202 and a [`BatchAnswer`](crate::wire::BatchAnswer) as soon as its
    /// events are queued; one that is no batch with 400, one that is too long with 413, one from
    /// another site with 403.
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let take = move |request| route::take(self.clone(), request);
        Router::new()
            .route("/v1/batch", post(take.clone()))
            .route("/beacon/v1/batch", post(take))
    }
}

impl fmt::Debug for ProxyMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyMode")
            .field("client", &self.client)
            .field("visitor_days", &self.visitor_days)
            .finish_non_exhaustive()
    }
}
