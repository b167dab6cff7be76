//! What is known of the request at hand, carried into every event that is tracked during it.
//!
//! A [`RequestContext`] is put around a future or a closure; whatever is tracked inside carries
//! its page, IP address, user agent and consent. With the feature `tower` a layer does so for
//! every request of an axum or tower service.

#[cfg(feature = "tower")]
mod layer;
#[cfg(feature = "tower")]
pub use layer::{ContextLayer, ContextService};

use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

/// Who made a request, from where, and what they allow.
///
/// ```
/// use segue_sdk::Client;
/// use segue_sdk::context::RequestContext;
///
/// # async fn example(client: &Client) {
/// RequestContext::new()
///     .user("42")
///     .anonymous("a-7")
///     .page("https://shop.example/cart", None)
///     .scope(async {
///         // Both ids, and the page in the event's context.
///         client.current().track_named("cart_viewed", &serde_json::json!({}));
///     })
///     .await;
/// # }
/// ```
///
/// All that it can say, around a piece of work that does not wait:
///
/// ```
/// use std::net::Ipv4Addr;
///
/// use segue_sdk::context::RequestContext;
///
/// # let client = segue_sdk::testing::TestClient::new();
/// let request = RequestContext::new()
///     .anonymous("a-7")
///     .ip(Ipv4Addr::new(203, 0, 113, 7).into())
///     .user_agent("Mozilla/5.0")
///     .consent([("marketing_automation", true), ("ads", false)])
///     .with("locale", "da-DK");
/// request.sync_scope(|| {
///     client.current().track_named("cart_viewed", &serde_json::json!({}));
/// });
/// assert_eq!(client.events()[0]["context"]["locale"], "da-DK");
/// ```
#[derive(Clone, Debug, Default)]
pub struct RequestContext {
    user_id: Option<String>,
    anonymous_id: Option<String>,
    members: Map<String, Value>,
}

/// A context in use, with its JSON once somebody needed it.
#[derive(Debug, Default)]
pub(crate) struct Current {
    request: RequestContext,
    json: OnceLock<Option<Box<RawValue>>>,
}

tokio::task_local! {
    static CURRENT: Arc<Current>;
}

impl RequestContext {
    /// One of which nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The user that the app has authenticated.
    #[must_use]
    pub fn user(mut self, user_id: impl Into<String>) -> Self {
        self.user_id = Some(user_id.into()).filter(|id| !id.is_empty());
        self
    }

    /// The anonymous id of the visitor, such as from the tracker's cookie.
    #[must_use]
    pub fn anonymous(mut self, anonymous_id: impl Into<String>) -> Self {
        self.anonymous_id = Some(anonymous_id.into()).filter(|id| !id.is_empty());
        self
    }

    /// The address of the visitor, as `context.ip`.
    #[must_use]
    pub fn ip(self, address: IpAddr) -> Self {
        self.with("ip", &address)
    }

    /// The page at hand and the one before it, as `context.page`.
    #[must_use]
    pub fn page(self, url: &str, referrer: Option<&str>) -> Self {
        let mut page = Map::new();
        page.insert("url".to_owned(), url.into());
        if let Some(referrer) = referrer {
            page.insert("referrer".to_owned(), referrer.into());
        }
        self.with("page", &page)
    }

    /// The browser, as `context.userAgent`.
    #[must_use]
    pub fn user_agent(self, agent: &str) -> Self {
        self.with("userAgent", agent)
    }

    /// What the visitor allows, purpose by purpose, as `context.consent`.
    #[must_use]
    pub fn consent<'a>(self, purposes: impl IntoIterator<Item = (&'a str, bool)>) -> Self {
        let purposes: Map<String, Value> = purposes
            .into_iter()
            .map(|(purpose, allowed)| (purpose.to_owned(), allowed.into()))
            .collect();
        self.with("consent", &purposes)
    }

    /// Any other member of the context. What refuses to be serialised is left out.
    #[must_use]
    pub fn with<T: Serialize + ?Sized>(mut self, member: &str, value: &T) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.members.insert(member.to_owned(), value);
        }
        self
    }

    /// Runs a future with this context. What it spawns elsewhere needs a scope of its own.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(Arc::new(self.into()), future)
    }

    /// Runs a closure with this context.
    pub fn sync_scope<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(Arc::new(self.into()), work)
    }
}

impl From<RequestContext> for Current {
    fn from(request: RequestContext) -> Self {
        Self {
            request,
            json: OnceLock::new(),
        }
    }
}

impl Current {
    /// The context of the request at hand.
    pub(crate) fn get() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    pub(crate) fn user_id(&self) -> Option<&str> {
        self.request.user_id.as_deref()
    }

    pub(crate) fn anonymous_id(&self) -> Option<&str> {
        self.request.anonymous_id.as_deref()
    }

    /// The members as JSON; `None` when there are none.
    pub(crate) fn json(&self) -> Option<&RawValue> {
        let members = &self.request.members;
        let write = || {
            let raw = (!members.is_empty()).then(|| to_raw_value(members));
            raw.and_then(Result::ok)
        };
        self.json.get_or_init(write).as_deref()
    }

    /// The members under an event's own context, which wins.
    pub(crate) fn under(&self, own: &RawValue) -> Option<Box<RawValue>> {
        let mut merged = self.request.members.clone();
        merged.extend(serde_json::from_str::<Map<String, Value>>(own.get()).ok()?);
        to_raw_value(&merged).ok()
    }
}
