//! `did … then_not … within …`, straight from its words.

use super::language::ThenNot;

/// Something that plays a part for the condition.
#[derive(Debug, Clone)]
pub struct Part {
    /// When.
    pub at: i64,
    /// The value of the shared property.
    pub key: String,
}

/// All that happened, by the part that it plays.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// What starts a wait.
    pub starts: Vec<Part>,
    /// What is awaited.
    pub awaited: Vec<Part>,
    /// What ends a membership.
    pub ends: Vec<Part>,
}

impl Parts {
    /// Whether some key's wait has run out and still counts at `now`.
    #[must_use]
    pub fn hold(&self, condition: &ThenNot, now: i64) -> bool {
        let mut keys: Vec<&str> = self.starts.iter().map(|part| part.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter()
            .any(|key| self.holds_of(key, condition, now))
    }

    fn holds_of(&self, key: &str, condition: &ThenNot, now: i64) -> bool {
        let times = |parts: &[Part]| {
            let mut times: Vec<i64> = parts
                .iter()
                .filter(|part| part.key == key)
                .map(|part| part.at)
                .collect();
            times.sort_unstable();
            times
        };
        let (awaited, ends) = (times(&self.awaited), times(&self.ends));
        // It answers what began before it, not what begins at the same instant.
        let answered =
            |begun: i64, until: i64| awaited.iter().any(|at| begun < *at && *at <= until);
        let stay = match (condition.stay, &condition.until) {
            (Some(stay), _) => Some(stay),
            // Until the event comes, or the awaited one.
            (None, Some(_)) => None,
            (None, None) => Some(condition.within),
        };
        waits(&times(&self.starts), condition, answered)
            .into_iter()
            .any(|begun| {
                let runs_out = begun + condition.within;
                runs_out <= now
                    && stay.is_none_or(|stay| now < runs_out + stay)
                    && !answered(begun, now)
                    && !ends.iter().any(|at| runs_out <= *at && *at <= now)
            })
    }
}

/// Which of the starts begin a wait: those that come while none runs. With `rearm: last` the
/// others begin the running one anew.
fn waits(starts: &[i64], condition: &ThenNot, answered: impl Fn(i64, i64) -> bool) -> Vec<i64> {
    let mut waits: Vec<i64> = Vec::new();
    for start in starts {
        match waits.last_mut() {
            Some(begun) if *start < *begun + condition.within && !answered(*begun, *start) => {
                if condition.restart {
                    *begun = *start;
                }
            }
            _ => waits.push(*start),
        }
    }
    waits
}
