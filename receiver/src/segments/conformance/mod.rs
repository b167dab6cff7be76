//! What every [`SegmentStore`] has to do, as a suite for a host's own. Feature `testing`.
//!
//! ```
//! use segue_receiver::segments::{MemoryStore, conformance};
//!
//! # async fn example() -> Result<(), conformance::Violation> {
//! conformance::check(&MemoryStore::new()).await
//! # }
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example()).unwrap();
//! ```

mod changes;
mod claims;
mod groups;
mod history;
mod jobs;
mod persons;

use std::collections::HashSet;

use super::{
    Answer, ClaimKey, Delivered, Delivery, DeliveryOutcome, GroupError, NumberedChange, Plan,
    SegmentStore, StoreError, Summary,
};
use crate::payload::{AudienceRef, Change, PersonId};

/// How many members are read at once: fewer than there are, so that pages are met.
const PAGE: usize = 2;

/// Puts an empty store through everything that a receiver relies on.
///
/// It takes group identifiers that begin with `conformance-`.
///
/// # Errors
///
/// The first [`Violation`].
pub async fn check(store: &dyn SegmentStore) -> Result<(), Violation> {
    groups::check(store).await?;
    changes::check(store).await?;
    claims::check(store).await?;
    persons::check(store).await?;
    jobs::check(store).await?;
    history::check(store).await
}

/// A promise that a store does not keep.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Something else happened than what has to.
    #[error("{rule}: expected {expected}, found {found}")]
    Broken {
        /// What has to hold.
        rule: &'static str,
        /// What should have come out.
        expected: String,
        /// What came out.
        found: String,
    },
    /// The store failed where it must not.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The store refused where it must not.
    #[error("the store refused to change a group")]
    Group(#[from] GroupError),
}

/// Compares what came out with what should have.
fn equal<T: PartialEq + std::fmt::Debug>(
    rule: &'static str,
    found: &T,
    expected: &T,
) -> Result<(), Violation> {
    if found == expected {
        return Ok(());
    }
    Err(Violation::Broken {
        rule,
        expected: format!("{expected:?}"),
        found: format!("{found:?}"),
    })
}

fn person(id: &str) -> PersonId {
    PersonId::new(id).expect("the suite's ids are short words")
}

fn audience(id: &str, name: &str) -> AudienceRef {
    AudienceRef {
        id: id.to_owned(),
        name: name.to_owned(),
    }
}

fn add(who: &str, segment: &str, sequence: u64) -> Change {
    Change::Add {
        person: person(who),
        audience: audience(segment, segment),
        sequence,
        at: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn remove(who: &str, segment: &str, sequence: u64) -> Change {
    Change::Remove {
        person: person(who),
        audience: audience(segment, segment),
        sequence,
        at: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn replace(who: &[&str], segment: &str, sequence: u64) -> Change {
    Change::Replace {
        persons: who.iter().map(|who| person(who)).collect(),
        audience: audience(segment, segment),
        sequence,
        at: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn second(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(second).expect("the suite's times are small")
}

fn numbered(changes: Vec<Change>) -> Vec<NumberedChange> {
    let numbered = changes.into_iter().enumerate();
    numbered
        .map(|(index, change)| NumberedChange { index, change })
        .collect()
}

/// A delivery that is applied at second 0, without a claim.
fn delivery(group: &str, changes: Vec<Change>) -> Delivery {
    Delivery {
        claim: None,
        claimed_until: second(100),
        activation: "conformance".into(),
        group: group.to_owned(),
        changes: numbered(changes),
        skipped: Vec::new(),
        unknown: HashSet::new(),
        plan: Plan::Apply,
        now: second(0),
    }
}

/// The same under a claim.
fn claimed(group: &str, id: &str, changes: Vec<Change>) -> Delivery {
    Delivery {
        claim: Some(ClaimKey {
            activation: "conformance".into(),
            id: format!("{group}-{id}"),
        }),
        ..delivery(group, changes)
    }
}

async fn apply(
    store: &dyn SegmentStore,
    group: &str,
    changes: Vec<Change>,
) -> Result<Delivered, StoreError> {
    store.deliver(delivery(group, changes)).await
}

/// The answer to changes of which so many count and those at these places are stale.
fn applied(applied: usize, stale: &[usize], pending: usize) -> DeliveryOutcome {
    DeliveryOutcome::Answered(Answer::Applied(Summary {
        applied,
        skipped: stale
            .iter()
            .map(|index| super::Skipped::stale(*index))
            .collect(),
        pending,
    }))
}

/// All members of a segment, read page by page.
async fn members(
    store: &dyn SegmentStore,
    group: &str,
    segment: &str,
) -> Result<Vec<String>, StoreError> {
    let mut members: Vec<PersonId> = Vec::new();
    loop {
        let page = store.members(group, segment, members.last(), PAGE).await?;
        let last = page.len() < PAGE;
        members.extend(page);
        if last {
            return Ok(members.iter().map(ToString::to_string).collect());
        }
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
