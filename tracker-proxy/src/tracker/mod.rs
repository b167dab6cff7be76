//! What browsers load: the tracker, a head snippet for it, and settings for other trackers.
//!
//! In: GET requests of pages. Out: text that is the same for everybody, apart from the write key
//! that the page itself named. Nothing here is stored; what trackers send goes to `ingest`.

mod routes;
mod script;
mod settings;

pub use routes::{Tracker, router};
pub use script::Script;
