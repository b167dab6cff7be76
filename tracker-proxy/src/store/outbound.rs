//! The rows of what goes out.

use std::borrow::Cow;

use crate::clock::TimeMs;
use crate::keys::{AccountNo, ActivationNo, AudienceNo, ProfileId};

/// One transition or trigger that an activation looked at, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its number; 0 until the store gives one.
    pub seq: i64,
    /// The account.
    pub account: AccountNo,
    /// The activation.
    pub activation: ActivationNo,
    /// The audience.
    pub audience: AudienceNo,
    /// The profile; none for a `replace`, which is about all members.
    pub profile: Option<ProfileId>,
    /// The transition number.
    pub number: u32,
    /// `join`, `leave`, `add`, `remove`, `replace`, `renewal` or `event`.
    pub op: Cow<'static, str>,
    /// When.
    pub at: TimeMs,
    /// The delivery that carries it.
    pub delivery: Option<String>,
    /// Why nothing is sent, where nothing is.
    pub reason: Option<Cow<'static, str>>,
}

/// The states of a delivery. Stored by number: append, never reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Waits for its next attempt.
    Pending = 0,
    /// A 2xx came back.
    Delivered = 1,
    /// Given up: a dead letter, which can be replayed.
    Failed = 2,
    /// Dropped before an attempt, with a reason.
    Skipped = 3,
}

impl DeliveryState {
    /// The word in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// The state with that number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed, Self::Skipped]
            .into_iter()
            .find(|state| *state as i64 == number)
    }
}

/// One message to one destination: frozen body, one id for every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its number; 0 until the store gives one.
    pub row: i64,
    /// `webhook-id`.
    pub id: String,
    /// The account.
    pub account: AccountNo,
    /// The activation.
    pub activation: ActivationNo,
    /// The destination's id.
    pub destination: String,
    /// The person, where there is one.
    pub profile: Option<ProfileId>,
    /// The frozen body; empty once delivered.
    pub body: Vec<u8>,
    /// Where it stands.
    pub state: DeliveryState,
    /// Why it failed or was skipped.
    pub reason: Option<String>,
    /// How many attempts there were.
    pub attempts: u32,
    /// JSON array of the newest attempts.
    pub log: String,
    /// When the next attempt is due.
    pub next: TimeMs,
    /// When it was made.
    pub created: TimeMs,
}

/// A delivery that waits or was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The delivery.
    pub row: DeliveryRow,
    /// The profiles of its outbox rows, in their order: that of the changes in a mirror's message.
    pub about: Vec<Option<ProfileId>>,
}

/// What an attempt did to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRow {
    /// The delivery.
    pub id: String,
    /// Its new state.
    pub state: DeliveryState,
    /// Why.
    pub reason: Option<String>,
    /// How many attempts there were.
    pub attempts: u32,
    /// The attempt, as a JSON object.
    pub log: String,
    /// When the next attempt is due.
    pub next: TimeMs,
}

/// Which outbox rows are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// The account.
    pub account: AccountNo,
    /// Only of this activation.
    pub activation: Option<ActivationNo>,
    /// Only of deliveries in this state; `skipped` includes what was never sent.
    pub state: Option<DeliveryState>,
    /// Only with this reason.
    pub reason: Option<String>,
    /// Only rows before this one.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: u32,
}

/// Why a mirror has to be told everything. Stored by number: append, never reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// It was switched on, or somebody asked for it.
    Now = 0,
    /// A delivery of it was given up: as soon as something arrives there again.
    AfterDelivery = 1,
}

impl Want {
    /// The one with that number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Now, Self::AfterDelivery]
            .into_iter()
            .find(|want| *want as i64 == number)
    }
}

/// Whether a mirror has to be told everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResyncRow {
    /// The account.
    pub account: AccountNo,
    /// The mirror.
    pub activation: ActivationNo,
    /// Nothing: it was told.
    pub want: Option<Want>,
}

/// An outbox row by its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgedRow {
    /// Its number.
    pub seq: i64,
    /// When it was made.
    pub at: TimeMs,
    /// The row of its delivery, if there is one.
    pub delivery: Option<i64>,
    /// Whether that delivery still waits.
    pub waits: bool,
}

/// An outbox row that goes; its delivery goes with the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrunedRow {
    /// Its number.
    pub seq: i64,
    /// The row of its delivery.
    pub delivery: Option<i64>,
}
