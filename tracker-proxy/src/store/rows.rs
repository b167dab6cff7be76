//! The rows that go into a store and come out of it.

use super::outbound::{DeliveryRow, OutboxRow, OutcomeRow, PrunedRow, ResyncRow};
use crate::clock::TimeMs;
use crate::keys::{AccountNo, AudienceNo, JournalSeq, ProfileId};

/// Where a store stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Made up when the store was created; part of every delivery id.
    pub store_id: [u8; 16],
    /// Raised by every restore, so that ids given after it never repeat earlier ones.
    pub epoch: u64,
    /// The pipeline's clock: it never goes back, whatever the machine's clock does.
    pub clock: TimeMs,
    /// The newest sequence given to a membership change.
    pub sequence: u64,
    /// The newest journal row.
    pub journal: JournalSeq,
    /// Every profile is folded and written back up to this journal row.
    pub folded: JournalSeq,
    /// Profiles up to this row are warm for the newest catalog.
    pub warmed_row: i64,
    /// The number of commits.
    pub commits: u64,
}

/// One row of the journal: the inputs of one commit, packed and compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// Its number.
    pub seq: JournalSeq,
    /// The pipeline's time when it was folded.
    pub at: TimeMs,
    /// The catalog that it was folded with.
    pub catalog: u32,
    /// The inputs.
    pub body: Vec<u8>,
}

/// All definitions of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogRow {
    /// The version.
    pub version: u32,
    /// JSON.
    pub body: String,
}

/// An id that belongs to another profile than its provisional one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AliasRow {
    /// The account.
    pub account: AccountNo,
    /// The provisional profile of the id.
    pub id: ProfileId,
    /// The profile that it belongs to.
    pub profile: ProfileId,
}

/// A standing in an audience, kept by audience for listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MembershipRow {
    /// The account.
    pub account: AccountNo,
    /// The audience.
    pub audience: AudienceNo,
    /// The profile.
    pub profile: ProfileId,
    /// In or out.
    pub member: bool,
    /// Since when.
    pub since: TimeMs,
    /// The transition number.
    pub number: u32,
}

/// A member as it is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberRow {
    /// The profile.
    pub profile: ProfileId,
    /// Since when.
    pub since: TimeMs,
    /// The transition number.
    pub number: u32,
}

/// A stored timer and what a write does to it.
///
/// A timer lies in an index in the order of time, far from its profile: moving one writes two more
/// pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerWrite {
    /// It stays as it is.
    Keep,
    /// It is set, or taken away.
    Set(Option<TimeMs>),
}

/// A stored timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerRow {
    /// When to look at the profile.
    pub due: TimeMs,
    /// The row of the profile.
    pub row: i64,
    /// The account.
    pub account: AccountNo,
    /// The profile.
    pub id: ProfileId,
}

/// A profile on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRow {
    /// Its row, if it has one.
    pub row: Option<i64>,
    /// The account.
    pub account: AccountNo,
    /// The key.
    pub id: ProfileId,
    /// It is folded up to this journal row.
    pub folded: JournalSeq,
    /// What becomes of its timer; a new row begins without one.
    pub timer: TimerWrite,
    /// The encoded state.
    pub state: Vec<u8>,
    /// The encoded recent message ids.
    pub recent: Vec<u8>,
    /// What is added to its history; may be empty.
    pub events: Vec<u8>,
    /// The newest chunk of its history before this.
    pub newest: Option<ChunkNo>,
    /// Rows of profiles that were merged into this one: they go with this write.
    pub absorbed: Vec<i64>,
}

/// A profile as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProfile {
    /// Its row.
    pub row: i64,
    /// The account.
    pub account: AccountNo,
    /// The key.
    pub id: ProfileId,
    /// It is folded up to this journal row.
    pub folded: JournalSeq,
    /// Its stored timer.
    pub timer: Option<TimeMs>,
    /// The encoded state.
    pub state: Vec<u8>,
    /// The encoded recent message ids.
    pub recent: Vec<u8>,
    /// The newest chunk of its history.
    pub newest: Option<ChunkNo>,
}

/// A chunk of a history. Chunks of all persons lie in the order in which they were written; each
/// knows the one before it of the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkNo(pub i64);

/// A piece of a person's history: encoded events, one after the other, in frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryChunk(pub Vec<u8>);

/// An erased id: events dated before `erased` are refused until `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TombstoneRow {
    /// The provisional profile of the id, which says nothing about the person.
    pub id: ProfileId,
    /// When it was erased.
    pub erased: TimeMs,
    /// When no client can retry any more.
    pub until: TimeMs,
}

/// The oldest chunks of a history, to be taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryCut {
    /// What goes.
    pub gone: Vec<ChunkNo>,
    /// The oldest chunk that stays.
    pub first_left: ChunkNo,
}

/// What was derived from one journal row; durable with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Apply {
    /// New or moved aliases.
    pub aliases: Vec<AliasRow>,
    /// Changed memberships; with the profiles that they are of, or earlier.
    pub memberships: Vec<MembershipRow>,
    /// Audiences that are no more.
    pub dropped_audiences: Vec<(AccountNo, AudienceNo)>,
    /// Transitions × activations.
    pub outbox: Vec<OutboxRow>,
    /// New deliveries.
    pub deliveries: Vec<DeliveryRow>,
    /// Results of attempts.
    pub outcomes: Vec<OutcomeRow>,
    /// Mirrors that have to be told everything, or were.
    pub resyncs: Vec<ResyncRow>,
    /// Outbox rows that have been kept for long enough.
    pub pruned: Vec<PrunedRow>,
    /// Journal rows with other entries than before.
    pub rewritten: Vec<JournalRow>,
    /// A part of a history that goes.
    pub history_cut: Option<HistoryCut>,
}

/// Profiles that are written, coalesced, some time after their events were journaled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteBack {
    /// The profiles.
    pub profiles: Vec<ProfileRow>,
    /// Everything is folded and written up to here.
    pub folded: JournalSeq,
    /// Journal rows up to here go.
    pub drop_through: JournalSeq,
}

/// Where a profile lies after a write-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Its row.
    pub row: i64,
    /// The newest chunk of its history.
    pub newest: Option<ChunkNo>,
}

/// One durable step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// The commit that this one follows: another number in the store means another owner.
    pub follows: u64,
    /// The pipeline's clock.
    pub clock: TimeMs,
    /// The newest sequence.
    pub sequence: u64,
    /// Profiles up to this row are warm for the newest catalog.
    pub warmed_row: i64,
    /// The inputs.
    pub append: Option<JournalRow>,
    /// A new catalog.
    pub catalog: Option<CatalogRow>,
    /// What they led to.
    pub apply: Apply,
    /// What is written back with them.
    pub write_back: WriteBack,
}

/// An undelivered message that mentions somebody who is erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The delivery.
    pub id: String,
    /// The id and the body that take its place, if anything is left of it.
    pub instead: Option<(String, Vec<u8>)>,
}

/// A person to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The account.
    pub account: AccountNo,
    /// The profile.
    pub profile: ProfileId,
    /// Every id of the person, the profile's own key included.
    pub ids: Vec<TombstoneRow>,
    /// Every audience that they may be listed in.
    pub audiences: Vec<AudienceNo>,
    /// Journal rows without the person's inputs.
    pub rewritten: Vec<JournalRow>,
    /// Undelivered messages that mention the person.
    pub deliveries: Vec<Rewritten>,
    /// The last removals.
    pub apply: Apply,
    /// As in [`Commit`].
    pub follows: u64,
    /// As in [`Commit`].
    pub clock: TimeMs,
    /// As in [`Commit`].
    pub sequence: u64,
}
