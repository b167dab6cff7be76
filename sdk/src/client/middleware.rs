//! What a host does to its events before they are queued: enrich, sample, redact, let go.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

/// Sees every event before it is queued, on the caller's thread, and decides whether it goes.
///
/// Any `Fn(&mut Draft) -> Flow` is one; [`Sample`] and [`Redact`] are ready-made. They run in the
/// order in which the builder was given them. One that panics costs its event, which is counted.
/// With any middleware each event is read back into a [`Draft`], which costs some microseconds.
///
/// ```
/// use segue_sdk::middleware::{Draft, Flow, Redact, Sample};
///
/// let builder = segue_sdk::Client::builder("http://127.0.0.1:8090", "wk_secret")
///     .middleware(|draft: &mut Draft| {
///         if draft.name() == Some("health_check") {
///             return Flow::Drop;
///         }
///         draft.properties().insert("shop".to_owned(), "dk".into());
///         Flow::Keep
///     })
///     .middleware(Sample::new(["search"], 0.1))
///     .middleware(Redact::new(["properties.card_number", "context.ip"]));
/// # drop(builder);
/// ```
pub trait Middleware: Send + Sync + 'static {
    /// Looks at one event, changes it, decides about it.
    ///
    /// ```
    /// use segue_sdk::middleware::{Draft, Flow, Middleware};
    ///
    /// /// Lets go of what the tests of the live system do.
    /// struct NoRobots;
    ///
    /// impl Middleware for NoRobots {
    ///     fn handle(&self, draft: &mut Draft) -> Flow {
    ///         match draft.user_id() {
    ///             Some(id) if id.starts_with("robot-") => Flow::Drop,
    ///             _ => Flow::Keep,
    ///         }
    ///     }
    /// }
    ///
    /// let builder = segue_sdk::Client::builder("", "").middleware(NoRobots);
    /// # let client = segue_sdk::testing::TestClient::with(builder);
    /// # client.user("robot-1").track_named("visit", &serde_json::json!({}));
    /// # client.assert_nothing();
    /// ```
    fn handle(&self, draft: &mut Draft) -> Flow;
}

impl<F: Fn(&mut Draft) -> Flow + Send + Sync + 'static> Middleware for F {
    fn handle(&self, draft: &mut Draft) -> Flow {
        self(draft)
    }
}

/// Whether an event goes on.
///
/// ```
/// use segue_sdk::middleware::{Draft, Flow};
///
/// let only_orders = |draft: &mut Draft| match draft.name() {
///     Some("buy") => Flow::Keep,
///     _ => Flow::Drop,
/// };
/// let builder = segue_sdk::Client::builder("", "").middleware(only_orders);
/// # let client = segue_sdk::testing::TestClient::with(builder);
/// # client.user("42").track_named("visit", &serde_json::json!({}));
/// # client.assert_nothing();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It goes on.
    Keep,
    /// It is let go, and counted as [`Filtered`](crate::DropReason::Filtered).
    Drop,
}

/// An event before it is queued. Kind, identity, id and time stay as they are.
///
/// ```
/// use segue_sdk::middleware::{Draft, Flow};
///
/// let tidy = |draft: &mut Draft| {
///     let is_known = draft.user_id().is_some() || draft.anonymous_id().is_some();
///     assert!(is_known, "no event is without anybody");
///     if draft.kind() == "identify" {
///         draft.traits().remove("password_hint");
///     }
///     if draft.name() == Some("search") {
///         draft.properties().insert("engine".to_owned(), "v2".into());
///     }
///     draft.context().insert("region".to_owned(), "eu".into());
///     Flow::Keep
/// };
/// let builder = segue_sdk::Client::builder("", "").middleware(tidy);
/// # let client = segue_sdk::testing::TestClient::with(builder);
/// # client.user("42").track_named("search", &serde_json::json!({}));
/// # client.assert_tracked("search", serde_json::json!({"engine": "v2"}));
/// ```
#[derive(Debug)]
pub struct Draft {
    members: Map<String, Value>,
}

impl Draft {
    pub(super) fn read(json: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(json).map(|members| Self { members })
    }

    pub(super) fn write_to(&self, json: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(json, &self.members)
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member)?.as_str()
    }

    /// The kind, as on the wire: `track`, `identify`, …
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// The name of a tracked event, page or screen.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.text("event").or_else(|| self.text("name"))
    }

    /// Who it was, by the app's own id.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.text("userId")
    }

    /// Who it was, by an anonymous id.
    #[must_use]
    pub fn anonymous_id(&self) -> Option<&str> {
        self.text("anonymousId")
    }

    /// What belongs to the event.
    pub fn properties(&mut self) -> &mut Map<String, Value> {
        self.object("properties")
    }

    /// What belongs to the person or group.
    pub fn traits(&mut self) -> &mut Map<String, Value> {
        self.object("traits")
    }

    /// Where and how it happened.
    pub fn context(&mut self) -> &mut Map<String, Value> {
        self.object("context")
    }

    fn object(&mut self, member: &str) -> &mut Map<String, Value> {
        let value = self
            .members
            .entry(member)
            .or_insert_with(|| Value::Object(Map::new()));
        if !value.is_object() {
            *value = Value::Object(Map::new());
        }
        value.as_object_mut().expect("it has just become an object")
    }
}

/// Keeps a share of the events of some names, by person: all of somebody's, or none.
///
/// What is kept carries its share as `context.sample_rate`, so that counts can be corrected. The
/// choice is the same in every process and version.
///
/// ```
/// use segue_sdk::middleware::Sample;
///
/// // Of page views and searches a tenth of the people; of all else everything.
/// let builder = segue_sdk::Client::builder("", "").middleware(Sample::new(["pageview", "search"], 0.1));
/// # drop(builder);
/// ```
#[derive(Clone, Debug)]
pub struct Sample {
    names: HashSet<String>,
    share: f64,
}

impl Sample {
    /// Keeps this share, from 0.0 to 1.0, of the events with one of these names.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>, share: f64) -> Self {
        Self {
            names: names.into_iter().map(N::into).collect(),
            share: share.clamp(0.0, 1.0),
        }
    }
}

impl Middleware for Sample {
    fn handle(&self, draft: &mut Draft) -> Flow {
        if !draft.name().is_some_and(|name| self.names.contains(name)) {
            return Flow::Keep;
        }
        let person = draft.user_id().or(draft.anonymous_id()).unwrap_or_default();
        if position(person) >= self.share {
            return Flow::Drop;
        }
        draft
            .context()
            .insert("sample_rate".to_owned(), json!(self.share));
        Flow::Keep
    }
}

/// Where somebody stands between 0.0 and 1.0: FNV-1a, mixed, which never changes.
fn position(person: &str) -> f64 {
    let hash = person
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    (crate::random::mix(hash) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Removes members before they leave the process, by path: `properties.card.number`.
///
/// ```
/// use segue_sdk::middleware::Redact;
/// use serde_json::json;
///
/// let redact = Redact::new(["properties.card.number", "context.ip"]);
/// let builder = segue_sdk::Client::builder("", "").middleware(redact);
/// # let client = segue_sdk::testing::TestClient::with(builder);
/// client.user("42").track_named("paid", &json!({"card": {"number": "4111", "brand": "visa"}}));
/// assert_eq!(client.events()[0]["properties"], json!({"card": {"brand": "visa"}}));
/// ```
#[derive(Clone, Debug)]
pub struct Redact {
    paths: Vec<Vec<String>>,
}

impl Redact {
    /// Removes what stands at these paths, which begin with `properties`, `traits` or `context`.
    pub fn new<P: AsRef<str>>(paths: impl IntoIterator<Item = P>) -> Self {
        let split = |path: P| path.as_ref().split('.').map(str::to_owned).collect();
        Self {
            paths: paths.into_iter().map(split).collect(),
        }
    }
}

impl Middleware for Redact {
    fn handle(&self, draft: &mut Draft) -> Flow {
        for path in &self.paths {
            if let Some((last, way)) = path.split_last()
                && way
                    .first()
                    .is_some_and(|root| ["properties", "traits", "context"].contains(&&**root))
            {
                let mut at = Some(&mut draft.members);
                for step in way {
                    at = at.and_then(|at| at.get_mut(step)?.as_object_mut());
                }
                at.and_then(|at| at.remove(last));
            }
        }
        Flow::Keep
    }
}

/// The middlewares of a client, in order.
#[derive(Clone, Default)]
pub(super) struct Chain(Vec<Arc<dyn Middleware>>);

impl Chain {
    pub(super) fn add(&mut self, middleware: impl Middleware) {
        self.0.push(Arc::new(middleware));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn handle(&self, draft: &mut Draft) -> Flow {
        let stops = |middleware: &Arc<dyn Middleware>| middleware.handle(draft) == Flow::Drop;
        match self.0.iter().any(stops) {
            true => Flow::Drop,
            false => Flow::Keep,
        }
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} middlewares", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(user: &str) -> Draft {
        let json = json!({"type": "track", "event": "search", "userId": user,
            "properties": {"card": {"number": "4111", "brand": "v"}}, "context": {"ip": "::1"}});
        Draft::read(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_sample_keeps_its_share_of_the_people_and_all_of_their_events() {
        let sample = Sample::new(["search"], 0.25);
        let kept = |user: &str| sample.handle(&mut draft(user)) == Flow::Keep;
        let people: Vec<String> = (0..4_000).map(|n| format!("u{n}")).collect();
        let share = people.iter().filter(|user| kept(user)).count() as f64 / 4_000.0;
        assert!((0.22..0.28).contains(&share), "{share}");
        assert!(people.iter().all(|user| kept(user) == kept(user)));
        let mut other = draft("u1");
        other.members["event"] = "buy".into();
        assert_eq!(Sample::new(["search"], 0.0).handle(&mut other), Flow::Keep);
    }

    #[test]
    fn what_is_sampled_says_its_share() {
        let mut draft = draft("u1");
        assert_eq!(Sample::new(["search"], 1.0).handle(&mut draft), Flow::Keep);
        assert_eq!(draft.context()["sample_rate"], 1.0);
    }

    #[test]
    fn a_path_is_removed_and_its_neighbours_stay() {
        let mut draft = draft("u1");
        Redact::new([
            "properties.card.number",
            "context.ip",
            "context.x.y",
            "userId",
        ])
        .handle(&mut draft);
        assert_eq!(draft.properties()["card"], json!({"brand": "v"}));
        assert!(draft.context().is_empty());
        assert_eq!(draft.user_id(), Some("u1"), "who it was stays");
    }
}
