//! What is counted of each request, through the `metrics` facade.
//!
//! A recorder may be installed at any time, so that no counter is held on to; the keys to them
//! are, for building one costs more than counting.

use std::time::Duration;

use metrics::{Histogram, Key, Label, Level, Metadata, SharedString, histogram};

use crate::receiver::Entry;

const REQUESTS: &str = "segue_receiver_requests_total";

static METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// How a request ended, in a word that never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Applied,
    Repeated,
    Stored,
    Tested,
    Verified,
    JobStatus,
    Refused,
}

impl Outcome {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Repeated => "repeated",
            Self::Stored => "stored",
            Self::Tested => "tested",
            Self::Verified => "verified",
            Self::JobStatus => "job_status",
            Self::Refused => "refused",
        }
    }

    fn seconds(self) -> Histogram {
        // A macro with nothing but literals builds its key when it is compiled.
        macro_rules! seconds {
            ($outcome:literal) => {
                histogram!("segue_receiver_request_seconds", "outcome" => $outcome)
            };
        }
        match self {
            Self::Applied => seconds!("applied"),
            Self::Repeated => seconds!("repeated"),
            Self::Stored => seconds!("stored"),
            Self::Tested => seconds!("tested"),
            Self::Verified => seconds!("verified"),
            Self::JobStatus => seconds!("job_status"),
            Self::Refused => seconds!("refused"),
        }
    }
}

/// The keys under which the requests of one activation are counted that were not refused.
#[derive(Debug)]
pub(crate) struct Keys([Key; 6]);

impl Keys {
    pub(crate) fn new(client_id: &std::sync::Arc<str>) -> Self {
        let activation = || SharedString::from_shared(client_id.clone());
        Self(
            [
                Outcome::Applied,
                Outcome::Repeated,
                Outcome::Stored,
                Outcome::Tested,
                Outcome::Verified,
                Outcome::JobStatus,
            ]
            .map(|outcome| key(activation(), outcome, "")),
        )
    }
}

pub(super) fn done(activation: Option<&Entry>, outcome: Outcome, took: Duration) {
    if let Some(entry) = activation
        && let Some(key) = entry.keys.0.get(outcome as usize)
    {
        count(key);
    }
    outcome.seconds().record(took);
}

pub(super) fn refused(activation: Option<&Entry>, cause: &'static str, took: Duration) {
    // Before the sender is known, nothing that it says becomes a label.
    let activation = activation.map_or(SharedString::const_str("unknown"), |entry| {
        SharedString::from_shared(entry.client_id.clone())
    });
    count(&key(activation, Outcome::Refused, cause));
    Outcome::Refused.seconds().record(took);
}

fn key(activation: SharedString, outcome: Outcome, cause: &'static str) -> Key {
    let labels = vec![
        Label::new("activation", activation),
        Label::from_static_parts("outcome", outcome.name()),
        Label::from_static_parts("cause", cause),
    ];
    Key::from_parts(REQUESTS, labels)
}

fn count(key: &Key) {
    metrics::with_recorder(|recorder| recorder.register_counter(key, &METADATA)).increment(1);
}
