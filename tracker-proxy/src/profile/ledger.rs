//! What activations did with a person: the memory behind `once`, mirrors and settling.

use serde::{Deserialize, Serialize};

use crate::clock::TimeMs;
use crate::keys::{ActivationNo, AudienceNo};

/// How often a trigger activation fired for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activated {
    /// How many times.
    pub count: u32,
    /// The last time.
    pub last: TimeMs,
}

/// What a mirror activation told the other side last about a person and an audience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirrored {
    /// The person identifier that was used.
    pub person: Box<str>,
    /// `add` (true) or `remove`.
    pub added: bool,
}

/// A trigger that waits for its settling time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The activation.
    pub activation: ActivationNo,
    /// The audience that was joined.
    pub audience: AudienceNo,
    /// The transition that is waited on.
    pub number: u32,
    /// When to look again.
    pub due: TimeMs,
}

/// One person's activations.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// Trigger activations that fired.
    pub activated: Vec<(ActivationNo, Activated)>,
    /// What mirrors said last.
    pub mirrored: Vec<(ActivationNo, AudienceNo, Mirrored)>,
    /// Triggers that wait.
    pub held: Vec<Held>,
}

impl Ledger {
    /// The firings of `activation`.
    #[must_use]
    pub fn activated(&self, activation: ActivationNo) -> Option<Activated> {
        self.activated
            .iter()
            .find(|(no, _)| *no == activation)
            .map(|(_, activated)| *activated)
    }

    /// Notes a firing.
    pub fn activate(&mut self, activation: ActivationNo, at: TimeMs) {
        match self.activated.iter_mut().find(|(no, _)| *no == activation) {
            Some((_, activated)) => {
                activated.count = activated.count.saturating_add(1);
                activated.last = at;
            }
            None => self
                .activated
                .push((activation, Activated { count: 1, last: at })),
        }
    }

    /// What `activation` said last about `audience`.
    #[must_use]
    pub fn mirrored(&self, activation: ActivationNo, audience: AudienceNo) -> Option<&Mirrored> {
        self.mirrored
            .iter()
            .find(|(no, about, _)| (*no, *about) == (activation, audience))
            .map(|(.., mirrored)| mirrored)
    }

    /// Notes what `activation` says now about `audience`.
    pub fn mirror(&mut self, activation: ActivationNo, audience: AudienceNo, said: Mirrored) {
        match self
            .mirrored
            .iter_mut()
            .find(|(no, about, _)| (*no, *about) == (activation, audience))
        {
            Some((.., known)) => *known = said,
            None => self.mirrored.push((activation, audience, said)),
        }
    }

    /// Notes that what `activation` added to `audience` is not there any more.
    pub fn take_back(&mut self, activation: ActivationNo, audience: AudienceNo) {
        let mut mirrored = self.mirrored.iter_mut();
        let said = mirrored.find(|(no, about, _)| (*no, *about) == (activation, audience));
        if let Some((.., said)) = said {
            said.added = false;
        }
    }

    /// The union of two ledgers: what either profile had counts for the merged one.
    pub fn merge(&mut self, other: Self) {
        for (activation, theirs) in other.activated {
            match self.activated.iter_mut().find(|(no, _)| *no == activation) {
                Some((_, ours)) => {
                    ours.count = ours.count.max(theirs.count);
                    ours.last = ours.last.max(theirs.last);
                }
                None => self.activated.push((activation, theirs)),
            }
        }
    }
}
