//! Activly's events and the feed that shows them.
//!
//! Source: Activly's help, "Using Webhooks for Custom Data": six required and four optional
//! members, four event types, and a secret token in the query.

mod event;
mod feed;
mod read;
mod route;

pub use event::{ActivlyEvent, ActivlyKind, Amount};
pub use feed::{ActivlyFeed, Notification, Queued};
pub use route::activly_router;
