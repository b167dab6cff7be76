//! What was begun and not ended: `then_not` and `in_order`, straight from their words.

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
    /// What has to come after one another to start a wait; often one.
    pub steps: Vec<Vec<Part>>,
    /// What is awaited.
    pub awaited: Vec<Part>,
    /// What ends a membership.
    pub ends: Vec<Part>,
}

/// How long things may take, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// All steps together.
    pub span: Option<i64>,
    /// From the last step until what is awaited has to be there.
    pub within: i64,
    /// From then on until the membership ends; for good where there is nothing.
    pub stay: Option<i64>,
    /// Whether another start begins the running wait anew.
    pub restart: bool,
}

impl Parts {
    /// Whether some key's wait has run out and still counts at `now`.
    #[must_use]
    pub fn hold(&self, rules: Rules, now: i64) -> bool {
        let mut keys: Vec<&str> = self
            .steps
            .iter()
            .flatten()
            .map(|part| part.key.as_str())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter().any(|key| self.holds_of(key, rules, now))
    }

    fn holds_of(&self, key: &str, rules: Rules, now: i64) -> bool {
        let (awaited, ends) = (times(&self.awaited, key), times(&self.ends, key));
        // It answers what began before it, not what begins at the same instant.
        let answered =
            |begun: i64, until: i64| awaited.iter().any(|at| begun < *at && *at <= until);
        waits(&self.starts(key, rules.span), rules, answered)
            .into_iter()
            .any(|begun| {
                let runs_out = begun + rules.within;
                runs_out <= now
                    && rules.stay.is_none_or(|stay| now < runs_out + stay)
                    && !answered(begun, now)
                    && !ends
                        .iter()
                        .any(|at| begun < *at && runs_out <= *at && *at <= now)
            })
    }

    /// When the last step came after all others, each strictly after the one before it, and all
    /// within the span.
    fn starts(&self, key: &str, span: Option<i64>) -> Vec<i64> {
        let steps: Vec<Vec<i64>> = self.steps.iter().map(|step| times(step, key)).collect();
        let Some((last, before)) = steps.split_last() else {
            return Vec::new();
        };
        let is_complete = |end: &i64| {
            // Going backwards, as late as possible: that is when the first step is latest.
            let mut at = *end;
            for step in before.iter().rev() {
                match step.iter().rev().find(|time| **time < at) {
                    Some(time) => at = *time,
                    None => return false,
                }
            }
            span.is_none_or(|span| end - at <= span)
        };
        last.iter().copied().filter(is_complete).collect()
    }
}

fn times(parts: &[Part], key: &str) -> Vec<i64> {
    let mut times: Vec<i64> = parts
        .iter()
        .filter(|part| part.key == key)
        .map(|part| part.at)
        .collect();
    times.sort_unstable();
    times
}

/// Which of the starts begin a wait: those that come while none runs. With `rearm: last` the
/// others begin the running one anew.
fn waits(starts: &[i64], rules: Rules, answered: impl Fn(i64, i64) -> bool) -> Vec<i64> {
    let mut waits: Vec<i64> = Vec::new();
    for start in starts {
        match waits.last_mut() {
            Some(begun) if *start < *begun + rules.within && !answered(*begun, *start) => {
                if rules.restart {
                    *begun = *start;
                }
            }
            _ => waits.push(*start),
        }
    }
    waits
}
