//! What came out.

use std::fmt;

use http::StatusCode;

use super::Answer;

/// The findings of a [`check`](super::check), in the order of the cases.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Report {
    findings: Vec<Finding>,
    /// The bodies of all 401s.
    refusals: Vec<Vec<u8>>,
    /// How many cases HTTP cannot carry.
    pub skipped: usize,
}

/// What came out of one case.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// `area/name` of the case.
    pub name: String,
    /// What the case is about.
    pub why: &'static str,
    /// What should have come out.
    pub expected: &'static str,
    /// What came out: a status, or an error.
    pub found: String,
    /// Whether it is as it should be.
    pub passed: bool,
    refusal: Option<Vec<u8>>,
}

impl Finding {
    pub(super) fn new(
        name: &str,
        why: &'static str,
        expected: &'static str,
        answer: &Answer,
        fits: impl Fn(StatusCode) -> bool,
    ) -> Self {
        let (found, passed) = match answer {
            Ok(answered) => (answered.status.to_string(), fits(answered.status)),
            Err(error) => (error.clone(), false),
        };
        let refusal = answer.as_ref().ok();
        let refusal = refusal.filter(|answered| answered.status == StatusCode::UNAUTHORIZED);
        Self {
            name: name.to_owned(),
            why,
            expected,
            found,
            passed,
            refusal: refusal.map(|answered| answered.body.clone()),
        }
    }
}

impl Report {
    pub(super) fn push(&mut self, mut finding: Finding) {
        self.refusals.extend(finding.refusal.take());
        self.findings.push(finding);
    }

    /// All causes of a 401 have to look the same.
    pub(super) fn compare_refusals(&mut self) {
        let different = self
            .refusals
            .iter()
            .filter(|refusal| **refusal != self.refusals[0])
            .count();
        self.findings.push(Finding {
            name: "answers/refusals-look-alike".to_owned(),
            why: "an answer must not tell which check failed",
            expected: "one body for all 401s",
            found: format!("{different} of {} differ", self.refusals.len()),
            passed: different == 0,
            refusal: None,
        });
    }

    /// Whether everything is as it should be.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// All findings.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What is not as it should be.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.passed)
    }
}

/// A line for each failure, and the sums.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in self.failures() {
            let Finding {
                name,
                why,
                expected,
                found,
                ..
            } = finding;
            writeln!(f, "{name}: {found} where {expected} was expected ({why})")?;
        }
        let (failed, all) = (self.failures().count(), self.findings.len());
        let skipped = self.skipped;
        write!(
            f,
            "{failed} of {all} cases failed, {skipped} cannot be sent"
        )
    }
}
