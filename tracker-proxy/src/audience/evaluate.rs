//! Who is a member now, and until when if nothing happens.

use std::collections::BTreeSet;

use super::answer::Asked;
use super::compile::{AudienceSet, Branch, Compiled, Question, Tree};
use super::pending::Pending;
use super::touched::{Scratch, Touched, Work};
use crate::clock::TimeMs;
use crate::profile::condition::LeafState;
use crate::profile::{Cause, MembershipChange, Profile, Transition};

impl AudienceSet {
    /// The current value of an attribute is another one.
    pub fn touch_attribute(&self, profile: &Profile, name: &str, touched: &mut Touched) {
        if let Some(asked) = self.attributes.get(name)
            && let Some(attribute) = profile.attributes.get(name)
        {
            touched.questions.extend(asked.touched(attribute));
        }
    }

    /// What holds of a consent is another thing.
    pub fn touch_consent(&self, name: &str, touched: &mut Touched) {
        touched
            .questions
            .extend(self.consents.get(name).into_iter().flatten());
    }

    /// The profile is a new one: what holds of somebody of whom nothing is known (`did_not`) has
    /// to be looked at, and nothing else.
    pub fn begin(&self, touched: &mut Touched) {
        touched.ranks.extend(&self.born);
        touched.questions.extend(&self.ages);
    }

    /// Looks again at the audiences that something touched, and at those that time changed. Sets
    /// `profile.memberships` and `profile.due`, and returns the changes in the order in which one
    /// follows from the other.
    pub fn evaluate(
        &self,
        profile: &mut Profile,
        touched: &mut Touched,
        now: TimeMs,
        cause: Cause,
    ) -> Vec<MembershipChange> {
        touched.leaves.sort_unstable();
        touched.leaves.dedup();
        let mut pending = std::mem::take(&mut touched.scratch.pending);
        pending.make_room(self.audiences.len());
        pending.add(touched.ranks.iter().copied());
        if touched.all {
            pending.add(0..self.audiences.len());
        }
        self.find_due(profile, touched, now, &mut pending);
        self.find_run_out(profile, now, &mut pending);
        let fresh = self.tell(profile, touched, now);
        let mut changes = Vec::new();
        let mut evaluation = Evaluation::start(self, touched, now);
        while let Some(rank) = pending.take_first() {
            let audience = &self.audiences[rank];
            let holds = evaluation.holds(&audience.tree, profile);
            let member = holds_still(audience, holds, profile, now, cause);
            let change = profile.memberships.set(audience.no, member, now, cause);
            let was = member && change.is_none();
            if let Some(change) = change {
                pending.add(audience.dependants.iter().copied());
                changes.push(change);
            }
            if member && cause != Cause::Warming && !fresh.is_empty() {
                let keys = |leaf: &usize| {
                    fresh
                        .iter()
                        .filter(|(of, _)| of == leaf)
                        .map(|(_, n)| *n)
                        .sum::<u32>()
                };
                let keys: u32 = audience.renewing.iter().map(keys).sum();
                // A join tells the first key that ran out itself.
                let renewals = if was { keys } else { keys.saturating_sub(1) };
                let number = profile
                    .memberships
                    .get(audience.no)
                    .map_or(0, |standing| standing.number);
                let transition = Transition::Renewal;
                let renewal = MembershipChange {
                    audience: audience.no,
                    transition,
                    number,
                    at: now,
                    cause,
                };
                changes.extend(std::iter::repeat_n(renewal, renewals as usize));
            }
        }
        touched.scratch.pending = pending;
        let ends = self.ends_of_memberships(profile);
        let next = ends.map(|(_, end)| end).filter(|end| *end > now).min();
        profile.due = profile.due.into_iter().chain(next).min();
        changes
    }

    /// When memberships that last for a while only end if the person does nothing.
    fn ends_of_memberships(&self, profile: &Profile) -> impl Iterator<Item = (usize, TimeMs)> {
        let last_seen = profile.last_seen;
        let held = profile.memberships.held().iter();
        held.filter_map(move |(no, since)| {
            let rank = *self.ranks.get(no)?;
            let lasts = self.audiences[rank].definition.membership_ms?;
            Some((rank, last_match(*since, last_seen).plus(lasts)))
        })
    }

    /// Adds the audiences whose memberships ran out, or begin again because the person did
    /// something, to `pending`.
    fn find_run_out(&self, profile: &Profile, now: TimeMs, pending: &mut Pending) {
        let changed = self.ends_of_memberships(profile).filter(|(rank, end)| {
            profile.memberships.is_member(self.audiences[*rank].no) != (now < *end)
        });
        pending.add(changed.map(|(rank, _)| rank));
    }

    /// Adds the audiences that time may have changed to `pending`, and sets `profile.due`.
    fn find_due(
        &self,
        profile: &mut Profile,
        touched: &mut Touched,
        now: TimeMs,
        pending: &mut Pending,
    ) {
        let passed = profile.due.filter(|due| *due <= now);
        let mut due = if passed.is_some() || touched.all {
            None
        } else {
            profile.due
        };
        if passed.is_some() || touched.due || touched.all {
            // Nothing changed between the last evaluation and the instant before it was due.
            let before = passed.map_or(now, |due| due.plus(-1));
            let timed = self.timed_of(profile);
            let about_memories = |question: &usize| self.questions[*question].leaf().is_some();
            if timed.iter().any(about_memories) {
                // Several questions are about one memory.
                profile.conditions.open();
            }
            for question in timed {
                let asked = self.asked(question, profile);
                if asked.changes_at(before).is_some_and(|at| at <= now) {
                    pending.add(self.askers[question].iter().copied());
                    if let Some(leaf) = self.questions[question].leaf() {
                        touched.leaves.push(leaf);
                    }
                }
                due = due.into_iter().chain(asked.changes_at(now)).min();
            }
        }
        let of_leaves = touched
            .leaves
            .iter()
            .flat_map(|leaf| &self.leaves[*leaf].questions);
        for question in of_leaves.chain(&touched.questions) {
            pending.add(self.askers[*question].iter().copied());
            if self.questions[*question].is_timed() {
                touched.work.questions += 1;
                due = due
                    .into_iter()
                    .chain(self.asked(*question, profile).changes_at(now))
                    .min();
            }
        }
        profile.due = due;
    }

    /// The questions about this profile that time can change: of what it remembers, not of what
    /// the set could ask.
    fn timed_of(&self, profile: &Profile) -> Vec<usize> {
        let leaves = profile
            .conditions
            .leaves()
            .filter_map(|no| self.leaf_places.get(&no));
        let mut timed: Vec<usize> = leaves
            .flat_map(|leaf| self.leaves[*leaf].questions.iter().copied())
            .collect();
        for (name, _) in profile.attributes.iter() {
            let asked = self.attributes.get(name).into_iter();
            timed.extend(asked.flat_map(|asked| &asked.timed));
        }
        timed.extend(&self.ages);
        timed.retain(|question| self.questions[*question].is_timed());
        timed.sort_unstable();
        timed.dedup();
        timed
    }

    /// How many keys of each touched leaf ran out since the last evaluation.
    fn tell(&self, profile: &mut Profile, touched: &Touched, now: TimeMs) -> Vec<(usize, u32)> {
        let mut fresh = Vec::new();
        let everything = 0..if touched.all { self.leaves.len() } else { 0 };
        for place in touched.leaves.iter().copied().chain(everything) {
            let leaf = &self.leaves[place];
            if let super::compile::Memory::Armed(rules) = leaf.memory
                && let Some(LeafState::Armed(armed)) = profile.conditions.get_mut(leaf.no)
            {
                fresh.push((place, armed.tell(now, rules)));
            }
        }
        fresh
    }

    /// The ranks of the audiences that an unknown person is in.
    pub(super) fn find_born(&self) -> Vec<usize> {
        let mut nobody = Profile::new(
            crate::keys::ProfileId([0; 16]),
            crate::keys::JournalSeq(0),
            TimeMs(0),
            self.version,
        );
        let mut touched = Touched::everything();
        self.evaluate(&mut nobody, &mut touched, TimeMs(0), Cause::Warming);
        let mut born: BTreeSet<usize> = BTreeSet::new();
        for (rank, audience) in self.audiences.iter().enumerate() {
            // A dependant comes after what it asks for, so one way through is enough.
            if born.contains(&rank) || nobody.memberships.is_member(audience.no) {
                born.insert(rank);
                born.extend(&audience.dependants);
            }
        }
        born.into_iter().collect()
    }

    pub(super) fn asked<'a>(&'a self, question: usize, profile: &'a Profile) -> Asked<'a> {
        let question = &self.questions[question];
        let leaf = question.leaf().map(|leaf| &self.leaves[leaf]);
        let state = leaf.and_then(|leaf| profile.conditions.get(leaf.no));
        Asked {
            question,
            leaf,
            state,
            profile,
            zone: &self.zone,
        }
    }
}

/// The last match: since when the conditions hold, or what the person did since then.
fn last_match(since: TimeMs, last_seen: TimeMs) -> TimeMs {
    since.max(last_seen)
}

/// Whether conditions that hold make somebody a member: not once the membership ran out.
fn holds_still(
    audience: &Compiled,
    holds: bool,
    profile: &mut Profile,
    now: TimeMs,
    cause: Cause,
) -> bool {
    let Some(lasts) = audience.definition.membership_ms else {
        if cause == Cause::Warming {
            // An earlier definition may have lasted for a while only, and a later one may again.
            profile.memberships.hold(audience.no, false, now);
        }
        return holds;
    };
    let last_seen = profile.last_seen;
    // Since when they hold of a profile that is being warmed is not known; what is known is when
    // the person was there last.
    let since = if cause == Cause::Warming {
        last_seen
    } else {
        now
    };
    let since = profile.memberships.hold(audience.no, holds, since);
    since.is_some_and(|since| now < last_match(since, last_seen).plus(lasts))
}

/// One evaluation: each question is answered once, however many audiences ask it.
struct Evaluation<'a> {
    set: &'a AudienceSet,
    now: TimeMs,
    scratch: &'a mut Scratch,
    work: &'a mut Work,
}

impl<'a> Evaluation<'a> {
    fn start(set: &'a AudienceSet, touched: &'a mut Touched, now: TimeMs) -> Self {
        let Touched { scratch, work, .. } = touched;
        // Answers of other evaluations carry another number; zero is nobody's.
        scratch.evaluation = scratch.evaluation.checked_add(1).unwrap_or_else(|| {
            scratch.answers.clear();
            1
        });
        let answers = set.questions.len() + set.nodes;
        if scratch.answers.len() < answers {
            scratch.answers.resize(answers, (0, false));
        }
        Self {
            set,
            now,
            scratch,
            work,
        }
    }

    fn holds(&mut self, tree: &Tree, profile: &Profile) -> bool {
        let (kind, children, node) = match tree {
            Tree::Ask { question, .. } => return self.answer(*question, profile),
            Tree::Branch {
                kind,
                children,
                node,
                ..
            } => (kind, children, node),
        };
        // An audience comes after those that it asks for, so what a node says does not change
        // while the evaluation goes on.
        let place = self.set.questions.len() + node;
        let (evaluation, answer) = self.scratch.answers[place];
        if evaluation == self.scratch.evaluation {
            return answer;
        }
        self.work.nodes += 1;
        let mut children = children.iter();
        let answer = match kind {
            Branch::All => children.all(|child| self.holds(child, profile)),
            Branch::Any => children.any(|child| self.holds(child, profile)),
            Branch::None => !children.any(|child| self.holds(child, profile)),
        };
        self.scratch.answers[place] = (self.scratch.evaluation, answer);
        answer
    }

    fn answer(&mut self, question: usize, profile: &Profile) -> bool {
        // A membership may change while the evaluation goes on, and costs nothing to look up.
        if let Question::Member(audience) = &self.set.questions[question] {
            return profile.memberships.is_member(*audience);
        }
        let (evaluation, answer) = self.scratch.answers[question];
        if evaluation == self.scratch.evaluation {
            return answer;
        }
        self.work.questions += 1;
        let answer = self.set.asked(question, profile).holds(self.now);
        self.scratch.answers[question] = (self.scratch.evaluation, answer);
        answer
    }
}
