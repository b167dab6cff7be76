//! Fail-points between the steps of a commit, so that tests can stop a store anywhere.

use std::sync::Arc;

use super::StoreError;

/// The steps of a commit, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Before anything is written.
    Begin,
    /// The journal row is written, where there is one.
    Append,
    /// The aliases are written.
    Aliases,
    /// The memberships are written.
    Memberships,
    /// The outbox rows are written.
    Outbox,
    /// The deliveries and their outcomes are written.
    Deliveries,
    /// The profiles are written back, where there are some.
    WriteBack,
    /// Old journal rows are dropped.
    Drop,
    /// The commit is durable, and nobody knows yet.
    Committed,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 9] = [
        Self::Begin,
        Self::Append,
        Self::Aliases,
        Self::Memberships,
        Self::Outbox,
        Self::Deliveries,
        Self::WriteBack,
        Self::Drop,
        Self::Committed,
    ];
}

/// What happens at a fail-point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// As if the process were killed there: the commit's result is unknown.
    Kill,
    /// As if the disk were full there.
    Full,
}

/// Decides at every step whether it fails.
type Decide = dyn Fn(Step) -> Option<Fault> + Send + Sync;

/// The fail-points of a store; none outside tests.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<Decide>>);

impl Faults {
    /// Fails where `decide` says so.
    pub fn when(decide: impl Fn(Step) -> Option<Fault> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(decide)))
    }

    /// Passes `step`, or fails there.
    pub(super) fn pass(&self, step: Step) -> Result<(), StoreError> {
        match self.0.as_ref().and_then(|decide| decide(step)) {
            None => Ok(()),
            Some(Fault::Kill) => Err(StoreError::Injected),
            Some(Fault::Full) => Err(StoreError::Full),
        }
    }
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "Faults(on)"
        } else {
            "Faults(none)"
        })
    }
}
