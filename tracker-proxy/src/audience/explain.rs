//! Why somebody is or is not a member.

use serde::Serialize;

use super::answer::Asked;
use super::compile::{AudienceSet, Branch, Memory, Question, Tree};
use super::definition::{Bounds, Take};
use super::value::Predicate;
use crate::clock::TimeMs;
use crate::keys::AudienceNo;
use crate::profile::Profile;
use crate::profile::condition::{ARMED_KEYS_MAX, GROUPS_MAX, LeafState, TALLY_VALUES_MAX};

/// Why somebody is or is not in an audience.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The audience's id.
    pub audience: String,
    /// Whether the conditions hold now.
    pub member: bool,
    /// Since when the membership has been as it is; null if there never was one.
    pub since: Option<String>,
    /// The conditions.
    pub condition: Condition,
}

/// One condition, or several combined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Condition {
    /// The condition in words.
    pub text: String,
    /// Whether it holds.
    pub holds: bool,
    /// What it looks at: a count, a sum, an attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
    /// What the value has to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<String>,
    /// What is known less exactly than usual, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The next instant at which it can change if nothing happens.
    pub changes_at: Option<String>,
    /// Its parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Self>,
}

impl AudienceSet {
    /// Why `profile` is or is not in `audience`; nothing if there is no such audience.
    #[must_use]
    pub fn explain(
        &self,
        audience: AudienceNo,
        profile: &Profile,
        now: TimeMs,
    ) -> Option<Explanation> {
        let audience = &self.audiences[*self.ranks.get(&audience)?];
        let (condition, _) = self.explain_tree(&audience.tree, profile, now);
        Some(Explanation {
            audience: audience.definition.id.clone(),
            member: condition.holds,
            since: profile
                .memberships
                .get(audience.no)
                .map(|standing| standing.since.to_rfc3339()),
            condition,
        })
    }

    fn explain_tree(
        &self,
        tree: &Tree,
        profile: &Profile,
        now: TimeMs,
    ) -> (Condition, Option<TimeMs>) {
        match tree {
            Tree::Ask { question, text } => {
                let asked = self.asked(*question, profile);
                let changes_at = asked.changes_at(now);
                let (value, bound) = value_of(&asked, now);
                let condition = Condition {
                    text: text.to_string(),
                    holds: asked.holds(now),
                    value,
                    bound,
                    note: note(&asked),
                    changes_at: changes_at.map(TimeMs::to_rfc3339),
                    conditions: Vec::new(),
                };
                (condition, changes_at)
            }
            Tree::Branch {
                kind,
                children,
                text,
                ..
            } => {
                let parts: Vec<_> = children
                    .iter()
                    .map(|child| self.explain_tree(child, profile, now))
                    .collect();
                let changes_at = parts.iter().filter_map(|(_, at)| *at).min();
                let conditions: Vec<Condition> = parts.into_iter().map(|(part, _)| part).collect();
                let holds = match kind {
                    Branch::All => conditions.iter().all(|part| part.holds),
                    Branch::Any => conditions.iter().any(|part| part.holds),
                    Branch::None => !conditions.iter().any(|part| part.holds),
                };
                let condition = Condition {
                    text: text.to_string(),
                    holds,
                    value: None,
                    bound: None,
                    note: None,
                    changes_at: changes_at.map(TimeMs::to_rfc3339),
                    conditions,
                };
                (condition, changes_at)
            }
        }
    }
}

fn note(asked: &Asked<'_>) -> Option<String> {
    let late = asked.profile.conditions.late().waiting();
    if asked.leaf.is_some_and(|leaf| late.contains(&leaf.no)) {
        return Some(
            "an event came too late for its order; it counts once the history may be read again"
                .into(),
        );
    }
    match asked.state()? {
        LeafState::Tally(tally) if !tally.is_exact() => Some(format!(
            "approximate: more than {TALLY_VALUES_MAX} different values"
        )),
        LeafState::PanedTally(tally) if !tally.is_exact() => {
            Some("approximate: more different values than are kept".into())
        }
        LeafState::Groups(groups) if groups.dropped() > 0 => Some(format!(
            "{} values were given up: more than {GROUPS_MAX} were open at once",
            groups.dropped()
        )),
        LeafState::Armed(armed) if armed.dropped() > 0 => Some(format!(
            "{} keys were given up: more than {ARMED_KEYS_MAX} were open at once",
            armed.dropped()
        )),
        _ => None,
    }
}

fn value_of(asked: &Asked<'_>, now: TimeMs) -> (Option<serde_json::Value>, Option<String>) {
    let checks = |checks: &[super::value::Check]| {
        checks
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    match asked.question {
        Question::Measured { bounds, .. } => {
            (Some(measured(asked, bounds, now)), Some(bounds.to_string()))
        }
        Question::Top {
            checks: bound,
            at_least,
            ..
        } => {
            let top = asked
                .top(now)
                .map(|(value, count)| serde_json::json!({ "value": value, "count": count }));
            let bound = format!("{}, at least {at_least} times", checks(bound));
            (Some(top.unwrap_or(serde_json::Value::Null)), Some(bound))
        }
        Question::Edge { checks: bound, .. } => (
            asked.edge().map(crate::value::Value::to_json),
            Some(checks(bound)),
        ),
        Question::Unanswered { .. } => {
            let keys: Vec<&str> = match (asked.state(), asked.leaf.map(|leaf| leaf.memory)) {
                (Some(LeafState::Armed(armed)), Some(Memory::Armed(rules))) => {
                    armed.holding(now, rules).collect()
                }
                _ => Vec::new(),
            };
            (Some(keys.into()), None)
        }
        Question::Attribute {
            predicate,
            whole,
            take,
        } => {
            let value = attribute(asked, predicate, whole.as_deref(), *take);
            (value, Some(checks(&predicate.checks)))
        }
        Question::Age(ms) => {
            let age = now.since(asked.profile.first_seen).max(0);
            (
                Some(crate::document::duration_text(age).into()),
                Some(format!("gte {}", crate::document::duration_text(*ms))),
            )
        }
        Question::Consent(name) => {
            let decision = asked
                .profile
                .consents
                .iter()
                .find(|(known, _)| *known == name.as_ref());
            (decision.map(|(_, consent)| consent.granted.into()), None)
        }
        Question::Member(audience) => (
            Some(asked.profile.memberships.is_member(*audience).into()),
            None,
        ),
    }
}

/// The number that is compared; of several groups one that fulfils it, where there is one.
fn measured(asked: &Asked<'_>, bounds: &Bounds, now: TimeMs) -> serde_json::Value {
    let value = match asked.state() {
        Some(LeafState::Groups(groups)) => {
            let shown = groups.iter().filter_map(|(key, state)| {
                let number = asked.number(Some(state), now)?;
                let shown = serde_json::json!({ "of": key, "is": number_json(number) });
                Some((bounds.hold(number), shown))
            });
            shown
                .max_by_key(|(holds, _)| *holds)
                .map(|(_, shown)| shown)
        }
        None if asked.leaf.is_some_and(|leaf| leaf.grouped.is_some()) => None,
        state => asked.number(state, now).map(number_json),
    };
    value.unwrap_or(serde_json::Value::Null)
}

fn attribute(
    asked: &Asked<'_>,
    predicate: &Predicate,
    whole: Option<&str>,
    take: Take,
) -> Option<serde_json::Value> {
    let mut values = asked.taken(whole, take);
    if values.is_empty() {
        let roots = asked.taken(Some(predicate.path.head()), take);
        values.extend(
            roots
                .into_iter()
                .filter_map(|root| predicate.path.first(root)),
        );
    }
    let mut shown = values.into_iter().map(crate::value::Value::to_json);
    match take {
        Take::All => Some(shown.collect()),
        Take::Last | Take::First => shown.next(),
    }
}

/// A count without a decimal point.
fn number_json(number: f64) -> serde_json::Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only where nothing is lost"
    )]
    let whole = number as i64;
    #[expect(clippy::cast_precision_loss, reason = "that is what is looked at")]
    if whole as f64 == number {
        whole.into()
    } else {
        number.into()
    }
}
