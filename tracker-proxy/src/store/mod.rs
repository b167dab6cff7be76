//! What survives a crash: the journal, what was derived from it, and profiles written back later.
//!
//! In: a [`Commit`], made durable as one step (where a backend has to keep `append` and `apply`
//! apart, the journal row goes first and is what callers wait for). Out: rows for the stages to
//! read again. The store knows bytes and keys and no stage.
//!
//! The journal is the truth. Everything in [`Apply`] was derived from a journal row and becomes
//! durable with it, but for memberships, which may come later. They and everything in [`WriteBack`]
//! are a cache that can be folded again from the journal rows after its `folded` mark.

mod error;
mod fault;
mod outbound;
mod rows;
pub mod sqlite;

pub use error::StoreError;
pub use fault::{Fault, Faults, Step};
pub use outbound::{
    AgedRow, DeliveryFilter, DeliveryRow, DeliveryState, OutboxRow, OutcomeRow, PrunedRow,
    ResyncRow, Undelivered, Want,
};
pub use rows::{
    AliasRow, Apply, CatalogRow, ChunkNo, Commit, Erasure, Head, HistoryChunk, HistoryCut,
    JournalRow, MemberRow, MembershipRow, ProfileRow, Rewritten, StoredProfile, TimerRow,
    TimerWrite, TombstoneRow, WriteBack, Written,
};

use crate::clock::TimeMs;
use crate::keys::{AccountNo, AudienceNo, JournalSeq, ProfileId};

/// The writing side. One owner holds it; a second one is refused when it opens.
///
/// A trait because two backends are real: SQLite here, PostgreSQL for several proxies.
pub trait Store: Reader {
    /// Makes a commit durable, and says where each profile of its write-back lies now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`] when there is no room: nothing of the commit is durable, and the
    /// same commit may be tried again. Any other error leaves the result unknown: reopen.
    fn commit(&mut self, commit: &Commit) -> Result<Vec<Written>, StoreError>;

    /// Removes every trace of a person, rewriting the journal rows that mention them.
    ///
    /// # Errors
    ///
    /// As for [`Store::commit`].
    fn erase(&mut self, erasure: &Erasure) -> Result<(), StoreError>;

    /// True if commits have left work behind that [`Store::tend`] does. To be asked after each
    /// commit: what can be done beside further commits is begun then.
    fn wants_tending(&self) -> bool;

    /// Does what commits left to be done, such as copying the log into the file. It takes longer
    /// than a commit; nothing is lost where it fails or is never done. Readers that hold their
    /// view keep it from being done wholly.
    ///
    /// # Errors
    ///
    /// As for [`Store::commit`].
    fn tend(&mut self) -> Result<(), StoreError>;

    /// A reading side of its own that goes on seeing what is committed now.
    ///
    /// # Errors
    ///
    /// The store cannot be opened once more.
    fn snapshot(&self) -> Result<Box<dyn Reader + Send>, StoreError>;

    /// A reading side of its own, for another thread.
    ///
    /// # Errors
    ///
    /// The store cannot be opened once more.
    fn reader(&self) -> Result<Box<dyn Reader + Send>, StoreError>;
}

/// The reading side: sees what is committed.
pub trait Reader: std::fmt::Debug {
    /// Holds the view: until [`Reader::release`] every question is answered from the state that
    /// the first one finds. That costs less than finding the newest state for each.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn hold(&self) -> Result<(), StoreError>;

    /// Lets the view go: the next question sees what is committed by then.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn release(&self) -> Result<(), StoreError>;

    /// Where the store stands.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn head(&self) -> Result<Head, StoreError>;

    /// The newest catalog, if there is one.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn newest_catalog(&self) -> Result<Option<CatalogRow>, StoreError>;

    /// The catalog of a version.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn catalog(&self, version: u32) -> Result<Option<CatalogRow>, StoreError>;

    /// Up to `limit` journal rows after `after`, oldest first.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn journal_after(&self, after: JournalSeq, limit: u32) -> Result<Vec<JournalRow>, StoreError>;

    /// Up to `limit` journal rows before `before`, newest first.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn journal_before(&self, before: JournalSeq, limit: u32)
    -> Result<Vec<JournalRow>, StoreError>;

    /// Number and size in bytes of every journal row, oldest first.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn journal_sizes(&self) -> Result<Vec<(JournalSeq, u64)>, StoreError>;

    /// Where the alias `id` points.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn alias(&self, account: AccountNo, id: ProfileId) -> Result<Option<ProfileId>, StoreError>;

    /// The ids that point to `profile`.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn aliases_of(
        &self,
        account: AccountNo,
        profile: ProfileId,
    ) -> Result<Vec<ProfileId>, StoreError>;

    /// A profile's row.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn profile(
        &self,
        account: AccountNo,
        id: ProfileId,
    ) -> Result<Option<StoredProfile>, StoreError>;

    /// Up to `limit` profiles after row `after`, in the order of rows.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn profiles_after(&self, after: i64, limit: u32) -> Result<Vec<StoredProfile>, StoreError>;

    /// Up to `limit` profiles of an account from key `first` to key `last`, in the order of keys.
    /// Both keys begin with the same byte, so that one part has all of them.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn profiles_by_key(
        &self,
        account: AccountNo,
        first: ProfileId,
        last: ProfileId,
        limit: u32,
    ) -> Result<Vec<StoredProfile>, StoreError>;

    /// How many profiles there are, and the last row's number.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn profile_count(&self) -> Result<(u64, i64), StoreError>;

    /// The history that ends with the chunk `newest`, in the order of arrival; nothing of nothing.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn history(&self, newest: Option<ChunkNo>) -> Result<Vec<HistoryChunk>, StoreError>;

    /// Which chunks a history has, in the order of arrival.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn chunks(&self, newest: Option<ChunkNo>) -> Result<Vec<ChunkNo>, StoreError>;

    /// One chunk of a history, and which one is before it.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn chunk(&self, no: ChunkNo) -> Result<(HistoryChunk, Option<ChunkNo>), StoreError>;

    /// Up to `limit` timers after the instant and row `after` that are due at or before `until`,
    /// in the order of instants and rows.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn timers_after(
        &self,
        after: (TimeMs, i64),
        until: TimeMs,
        limit: u32,
    ) -> Result<Vec<TimerRow>, StoreError>;

    /// Sizes of all audiences.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn audience_sizes(&self) -> Result<Vec<(AccountNo, AudienceNo, u64)>, StoreError>;

    /// Up to `limit` members of an audience after the profile `after`, in the order of keys.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn members(
        &self,
        account: AccountNo,
        audience: AudienceNo,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<MemberRow>, StoreError>;

    /// Up to `limit` profiles after the profile `after` that were members of an audience and left,
    /// in the order of keys.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn former_members(
        &self,
        account: AccountNo,
        audience: AudienceNo,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<MemberRow>, StoreError>;

    /// Calls `with` for every id that has an alias.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn each_alias(&self, with: &mut dyn FnMut(ProfileId)) -> Result<(), StoreError>;

    /// The ids that were erased and may still be retried, each with the time of its erasure.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn tombstones(&self) -> Result<Vec<(ProfileId, TimeMs)>, StoreError>;

    /// The destinations for which deliveries wait.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn waiting_destinations(&self) -> Result<Vec<(AccountNo, String)>, StoreError>;

    /// Up to `limit` deliveries of a destination that wait, after the due time and row `after`, in
    /// the order in which they are due.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn waiting_deliveries(
        &self,
        account: AccountNo,
        destination: &str,
        after: (TimeMs, i64),
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, StoreError>;

    /// The deliveries that wait or were given up and may name one of these persons: those that
    /// their outbox rows belong to, and every list of members.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn undelivered(
        &self,
        account: AccountNo,
        persons: &[ProfileId],
    ) -> Result<Vec<Undelivered>, StoreError>;

    /// A delivery by its id.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn delivery(&self, id: &str) -> Result<Option<DeliveryRow>, StoreError>;

    /// What the outbox says, newest first, each row with its delivery.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn outbox(
        &self,
        filter: &DeliveryFilter,
    ) -> Result<Vec<(OutboxRow, Option<DeliveryRow>)>, StoreError>;

    /// Up to `limit` outbox rows after row `after`, oldest first.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn outbox_after(&self, after: i64, limit: u32) -> Result<Vec<AgedRow>, StoreError>;

    /// The number of the newest outbox row.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn newest_outbox(&self) -> Result<i64, StoreError>;

    /// The mirrors that have to be told everything.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn resyncs(&self) -> Result<Vec<ResyncRow>, StoreError>;

    /// How many outbox rows are in each state, with the reason of those that have one.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn outbox_counts(
        &self,
        account: AccountNo,
        activation: Option<u32>,
    ) -> Result<Vec<(String, u64)>, StoreError>;
}
