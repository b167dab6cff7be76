//! A case: who is asked for, and what happens.

use jiff::tz::TimeZone;

use super::event::Happening;
use super::language::Audience;
use super::world::Id;

/// The time at which every script begins: within a minute, an hour and a day, not at their edge.
pub const BEGIN: i64 = 1_800_000_000_000;

/// One step of a script.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Events that come together.
    Send(Vec<Happening>),
    /// Other definitions apply.
    Edit(Vec<Audience>),
    /// The proxy is stopped in order and started again.
    Restart,
    /// The proxy dies, and another one starts on what is on the disk.
    Crash,
    /// Somebody is erased.
    Erase(Id),
    /// Nothing: time passes until here.
    Pass,
}

/// A step and its instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When, in milliseconds.
    pub at: i64,
    /// What.
    pub action: Action,
}

/// How small the pipeline's memory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// Everything fits.
    Ample,
    /// Profiles are written back and thrown out all the time.
    Tight,
}

/// Everything that a run depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What it was made from.
    pub seed: u64,
    /// The account's zone.
    pub zone: &'static str,
    /// The definitions at the start.
    pub audiences: Vec<Audience>,
    /// What happens, in the order of time.
    pub steps: Vec<Step>,
    /// How small the pipeline's memory is.
    pub memory: Memory,
}

impl Case {
    /// The account's zone.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        TimeZone::get(self.zone).expect("scripts play in real zones")
    }

    /// The case as text that a person can follow.
    #[must_use]
    pub fn story(&self) -> String {
        let mut lines = vec![format!(
            "seed {}, zone {}, {:?} memory, begins at {BEGIN}",
            self.seed, self.zone, self.memory
        )];
        lines.push("audiences:".to_owned());
        lines.extend(
            self.audiences
                .iter()
                .map(|one| format!("- {}", one.to_json())),
        );
        lines.push("script:".to_owned());
        for step in &self.steps {
            let at = format!("{} (+{})", step.at, step.at - BEGIN);
            match &step.action {
                Action::Send(events) => {
                    lines.push(format!("{at} hears"));
                    lines.extend(events.iter().map(|event| format!("    {}", event.line())));
                }
                Action::Edit(audiences) => {
                    lines.push(format!("{at} edit"));
                    lines.extend(
                        audiences
                            .iter()
                            .map(|one| format!("    - {}", one.to_json())),
                    );
                }
                other => lines.push(format!("{at} {other:?}")),
            }
        }
        lines.join("\n")
    }
}
