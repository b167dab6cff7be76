//! Where claims are kept: the edge at which a host plugs in its own database.

use std::fmt::Debug;
use std::sync::Arc;

use super::KeptAnswer;
use crate::segments::{StoreError, StoreFuture};

/// What a claim is found by: ids are unique for one sender, not among all.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimKey {
    /// The client id of the receiver's activation.
    pub activation: Arc<str>,
    /// The signed `webhook-id`.
    pub id: String,
}

/// The right to carry out one delivery until a lease ends.
///
/// A handler is handed one; with it a host can commit the claim in a transaction of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What is claimed.
    pub key: ClaimKey,
    /// Tells this claim from a later one on the same delivery.
    pub token: String,
    /// When somebody else may take it, unless it is committed.
    pub leased_until: jiff::Timestamp,
    /// Until when its answer is kept for repeats.
    pub kept_until: jiff::Timestamp,
}

/// What became of the wish to claim a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It is yours: carry it out.
    Taken,
    /// Somebody else carries it out.
    Busy,
    /// It was carried out; this is the answer of then.
    Answered(KeptAnswer),
}

/// Keeps claims and the answers to what was carried out.
///
/// Each method is one atomic step, also among processes. `MemoryClaims`, `SqliteClaims` and
/// `PostgresClaims` are built in.
pub trait Claims: Debug + Send + Sync + 'static {
    /// Takes a claim when nobody holds one on its key, when the lease of whoever does has ended,
    /// or when the answer under it is not kept any more.
    fn claim<'a>(&'a self, claim: &'a Claim, now: jiff::Timestamp) -> StoreFuture<'a, Claimed>;

    /// Keeps the answer of a claim that still holds; the first one stays.
    fn commit<'a>(
        &'a self,
        claim: &'a Claim,
        answer: &'a KeptAnswer,
    ) -> StoreFuture<'a, (), CommitError>;

    /// Gives a claim back, unless it is committed or somebody else has taken it.
    fn release<'a>(&'a self, claim: &'a Claim) -> StoreFuture<'a, ()>;
}

/// Why a claim is not committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Roll back: its lease ended and somebody else carries the delivery out.
    #[error("the lease ended and the claim is somebody else's")]
    Lost,
    /// The store failed; nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is kept under a key.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) token: String,
    pub(super) leased_until: jiff::Timestamp,
    pub(super) kept_until: jiff::Timestamp,
    pub(super) answer: Option<KeptAnswer>,
}

/// Whether a claim can be taken over what is kept under its key.
pub(super) fn decide(kept: Option<Kept>, now: jiff::Timestamp) -> Claimed {
    match kept {
        Some(Kept {
            answer: Some(answer),
            kept_until,
            ..
        }) if kept_until > now => Claimed::Answered(answer),
        Some(Kept {
            answer: None,
            leased_until,
            ..
        }) if leased_until > now => Claimed::Busy,
        Some(_) | None => Claimed::Taken,
    }
}
