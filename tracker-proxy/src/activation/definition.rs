//! An activation as its author wrote it, checked.

use crate::audience::EventFilter;

/// A trigger that time caused waits this long before it is sent, in milliseconds.
pub const DEFAULT_SETTLE_MS: i64 = 15_000;
/// Joins caused by events older than this are historical, in milliseconds.
pub const DEFAULT_ACTIVATE_WITHIN_MS: i64 = 2 * 60 * 60 * 1_000;

/// One activation.
#[derive(Debug, Clone)]
pub struct Activation {
    /// The author's id.
    pub id: String,
    /// 1 to 100 characters.
    pub name: String,
    /// Up to 200 characters.
    pub description: String,
    /// Ids of audiences, at least one.
    pub audiences: Vec<String>,
    /// Mirror or trigger.
    pub mode: Mode,
    /// What fires it.
    pub on: On,
    /// The id of the destination.
    pub to: String,
    /// How often one person is activated (trigger only).
    pub repeat: Repeat,
    /// Consents that must all be granted, at the join and before every attempt.
    pub consent: Vec<String>,
    /// Whether persons with more than one user id are activated.
    pub multiple_user_ids: bool,
    /// Whether only persons with a user id or an e-mail address are activated.
    pub known_only: bool,
    /// Whether joins found in history fire (trigger only).
    pub include_existing: bool,
    /// How long a join caused by time waits, in milliseconds (trigger only).
    pub settle_ms: i64,
    /// How old the event of a join may be, in milliseconds (trigger only).
    pub activate_within_ms: i64,
    /// Off: transitions are recorded as skipped (`inactive`).
    pub active: bool,
    /// The body.
    pub payload: Payload,
}

/// What an activation promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Keeps the other side equal to the audience.
    Mirror,
    /// Fires once per transition or event.
    Trigger,
}

/// What fires an activation.
#[derive(Debug, Clone)]
pub enum On {
    /// Joins (renewals count as joins).
    Join,
    /// Leaves.
    Leave,
    /// Both.
    Change,
    /// Each matching event of a member (trigger only).
    Event(EventFilter),
}

/// How often one person is activated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// The first time only, for good.
    Once,
    /// Each time.
    Every,
    /// At most once in this many milliseconds.
    AtMostEvery(i64),
}

/// The body of a delivery.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Our own envelope, which the receiver reads.
    Segue(SegueFields),
    /// Ordered key-value pairs, sent as a flat JSON object.
    Simple(Vec<Field>),
    /// JSON with placeholders inside its strings.
    Template(serde_json::Value),
}

/// What the `segue` envelope says besides its changes.
#[derive(Debug, Clone)]
pub struct SegueFields {
    /// The segment group on the receiver's side.
    pub segment_group: String,
    /// The name of the person identifier: `userid` (the user id), `anonymous_id`, or an attribute.
    pub person_identifier: String,
}

/// One pair of a simple payload.
#[derive(Debug, Clone)]
pub struct Field {
    /// The key in the body.
    pub key: String,
    /// Where the value comes from.
    pub source: FieldSource,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum FieldSource {
    /// An attribute of the profile (`user_id`, `anonymous_id` and nested paths with dots too).
    Attribute(String, Extraction),
    /// Always this text.
    Constant(String),
}

/// Which of an attribute's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extraction {
    /// The first ever.
    First,
    /// The current one.
    Last,
    /// All that are kept, as an array.
    All,
}
