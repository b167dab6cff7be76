//! What the cases were like, so that a green run says how much it has seen.

use std::collections::BTreeMap;
use std::fmt;

use super::language::{Audience, When};

/// How often an answer was yes, and how often no.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answers {
    yes: u64,
    no: u64,
}

/// Counts of everything.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Cases.
    pub cases: u64,
    /// Conditions in definitions, by kind.
    kinds: BTreeMap<String, u64>,
    /// Answers about memberships, by the kinds in the definition.
    answers: BTreeMap<String, Answers>,
    /// All answers about memberships.
    all: Answers,
    /// Verdicts about events.
    pub verdicts: BTreeMap<String, u64>,
    late: u64,
}

impl Tally {
    /// Counts what definitions consist of.
    pub fn definitions(&mut self, audiences: &[Audience]) {
        for audience in audiences {
            audience
                .when
                .each(&mut |when| *self.kinds.entry(when.kind()).or_default() += 1);
        }
    }

    /// Counts an answer.
    pub fn answer(&mut self, when: &When, member: bool) {
        let count = |answers: &mut Answers| {
            if member {
                answers.yes += 1;
            } else {
                answers.no += 1;
            }
        };
        count(&mut self.all);
        // Of combined definitions the answer is not that of one kind.
        if when.children().is_empty() {
            count(self.answers.entry(when.kind()).or_default());
        }
    }

    /// Counts events that happened before they were received.
    pub fn late(&mut self, events: usize) {
        self.late += events as u64;
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.late += other.late;
        self.all.add(other.all);
        for (mine, theirs) in [
            (&mut self.kinds, &other.kinds),
            (&mut self.verdicts, &other.verdicts),
        ] {
            for (kind, count) in theirs {
                *mine.entry(kind.clone()).or_default() += count;
            }
        }
        for (kind, answers) in &other.answers {
            self.answers.entry(kind.clone()).or_default().add(*answers);
        }
    }
}

impl Answers {
    fn add(&mut self, other: Self) {
        self.yes += other.yes;
        self.no += other.no;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.all.yes + self.all.no;
        writeln!(
            f,
            "{} cases, {total} answers: {} yes, {} no",
            self.cases, self.all.yes, self.all.no
        )?;
        let verdicts: Vec<String> = self
            .verdicts
            .iter()
            .map(|(verdict, count)| format!("{count} {verdict}"))
            .collect();
        writeln!(f, "events: {}; {} late", verdicts.join(", "), self.late)?;
        writeln!(
            f,
            "{:<34} {:>9} {:>9} {:>9}",
            "kind", "written", "yes", "no"
        )?;
        for (kind, written) in &self.kinds {
            let Answers { yes, no } = self.answers.get(kind).copied().unwrap_or_default();
            writeln!(f, "{kind:<34} {written:>9} {yes:>9} {no:>9}")?;
        }
        Ok(())
    }
}
