//! Consent decisions: the newest wins, and at equal time the most restrictive.

use serde::{Deserialize, Serialize};

use crate::clock::TimeMs;

/// How many kinds of consent a profile has at the most.
pub const CONSENTS_MAX: usize = 100;

/// One decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Given or refused.
    pub granted: bool,
    /// Event time of the decision.
    pub at: TimeMs,
}

/// All decisions of a person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Consents(Vec<(Box<str>, Consent)>);

impl Consents {
    /// True if `name` was granted last; what was never asked is not granted.
    #[must_use]
    pub fn granted(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|(known, consent)| known.as_ref() == name && consent.granted)
    }

    /// All decisions.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Consent)> {
        self.0
            .iter()
            .map(|(name, consent)| (name.as_ref(), *consent))
    }

    /// Records a decision; true when what holds now is another thing than before.
    pub fn decide(&mut self, name: &str, decision: Consent) -> bool {
        let Some((_, known)) = self.0.iter_mut().find(|(known, _)| known.as_ref() == name) else {
            if self.0.len() >= CONSENTS_MAX {
                return false;
            }
            self.0.push((name.into(), decision));
            return decision.granted;
        };
        let wins = decision.at > known.at || (decision.at == known.at && !decision.granted);
        let changes = wins && known.granted != decision.granted;
        if wins {
            *known = decision;
        }
        changes
    }

    /// Takes over another profile's decisions; returns the names that changed.
    pub fn merge(&mut self, other: Self) -> Vec<Box<str>> {
        other
            .0
            .into_iter()
            .filter(|(name, c)| self.decide(name, *c))
            .map(|(name, _)| name)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(granted: bool, at: i64) -> Consent {
        Consent {
            granted,
            at: TimeMs(at),
        }
    }

    #[test]
    fn at_equal_time_a_refusal_wins() {
        let mut consents = Consents::default();
        assert!(consents.decide("marketing", decision(true, 5)));
        assert!(consents.decide("marketing", decision(false, 5)));
        assert!(!consents.decide("marketing", decision(true, 5)));
        assert!(!consents.granted("marketing"));
    }

    #[test]
    fn a_late_decision_does_not_undo_a_newer_one() {
        let mut consents = Consents::default();
        consents.decide("marketing", decision(false, 9));
        assert!(!consents.decide("marketing", decision(true, 3)));
        assert!(!consents.granted("marketing"));
    }
}
