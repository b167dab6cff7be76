//! One event into the memories that it concerns.

use super::compile::{AudienceSet, ByName, Leaf, Memory, Number, Role};
use super::part::Part;
use super::touched::Touched;
use super::value::{canonical, number_of};
use crate::clock::TimeMs;
use crate::ingest::Event;
use crate::keys::CatalogVersion;
use crate::profile::Profile;
use crate::profile::condition::{Armed, Groups, LeafState, Part as Played, Sum};

/// Which leaves to fold from history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rebuild {
    /// All.
    All,
    /// Those that are newer than this catalog.
    Since(CatalogVersion),
    /// These.
    Leaves(Vec<crate::keys::LeafNo>),
}

impl AudienceSet {
    /// Folds one event into `profile.conditions` and notes in `touched` what it changed. Leaves
    /// that it comes too late for stay as they are and wait for [`Self::refold_late`]. The profile
    /// has to be warm: what it lacks would be folded from this event on only.
    pub fn fold(&self, profile: &mut Profile, event: &Event<'_>, touched: &mut Touched) {
        if event.time <= profile.first_seen {
            touched.questions.extend(&self.ages);
        }
        let Some(name) = self.names.get(event.name) else {
            return;
        };
        self.matching(name, event, touched);
        let hooks = std::mem::take(&mut touched.scratch.hooks);
        let values = std::mem::take(&mut touched.scratch.values);
        for (_, matcher, hook) in &hooks {
            let hook = &name.matchers[*matcher].hooks[*hook];
            let leaf = &self.leaves[hook.leaf];
            if leaf.is_outside(event.time) {
                continue;
            }
            touched.work.leaves += 1;
            touched.leaves.push(hook.leaf);
            let part = Part {
                at: event.time,
                of: hook.of.as_ref(),
                by: hook.by.as_ref(),
                values: &values,
            };
            if let (Memory::Armed(rules), Role::Play(played)) = (leaf.memory, hook.role) {
                let key = part.key(part.of);
                let in_time = armed(profile, leaf)
                    .is_none_or(|armed| armed.take(played, &key, event.time, rules));
                if !in_time {
                    profile.conditions.late_mut().mark(leaf.no);
                }
            } else {
                self.feed(profile, leaf, &part);
            }
        }
        touched.scratch.hooks = hooks;
        touched.scratch.values = values;
    }

    /// True if a profile that is folded up to the catalog `warm` lacks a leaf of this one, and its
    /// history has to be read. Where it only lags behind, [`Self::rebuild`] needs no history.
    #[must_use]
    pub fn needs_rebuild(&self, warm: CatalogVersion) -> bool {
        self.leaves.iter().any(|leaf| leaf.since > warm)
    }

    /// The leaves that events came too late for, if the history may be read for them now. What
    /// cannot be paid for yet goes on waiting.
    #[must_use]
    pub fn refold_late(profile: &mut Profile) -> Option<Rebuild> {
        let events = profile.events;
        let late = profile.conditions.late_mut();
        let wait = !late.waiting().is_empty();
        (wait && late.pay(events)).then(|| Rebuild::Leaves(late.waiting().to_vec()))
    }

    /// Folds leaves from the person's whole history, which may come in any order but has to be
    /// complete, the late event that made it necessary included. After a merge, all leaves are
    /// folded from both histories: that is what one profile would have remembered. Newer catalogs also end what removed audiences and leaves left behind. What an
    /// evaluation has told already stays told.
    pub fn rebuild(&self, profile: &mut Profile, which: &Rebuild, history: &[Event<'_>]) {
        let chosen: Vec<bool> = self
            .leaves
            .iter()
            .map(|leaf| match which {
                Rebuild::All => true,
                Rebuild::Since(warm) => leaf.since > *warm,
                Rebuild::Leaves(list) => list.contains(&leaf.no),
            })
            .collect();
        profile.conditions.open();
        let mut before = Vec::new();
        for (leaf, _) in self
            .leaves
            .iter()
            .zip(&chosen)
            .filter(|(_, chosen)| **chosen)
        {
            before.extend(
                profile
                    .conditions
                    .take(leaf.no)
                    .map(|state| (leaf.no, state)),
            );
        }
        self.refold(profile, &chosen, history);
        for (leaf, _) in self
            .leaves
            .iter()
            .zip(&chosen)
            .filter(|(_, chosen)| **chosen)
        {
            profile.conditions.late_mut().done(leaf.no);
        }
        for (no, state) in before {
            if let (LeafState::Armed(old), Some(LeafState::Armed(new))) =
                (state, profile.conditions.get_mut(no))
            {
                new.told_like(&old);
            }
        }
        if !matches!(which, Rebuild::Leaves(_)) {
            profile
                .conditions
                .retain(|no| self.leaf_places.contains_key(&no));
            profile
                .memberships
                .retain(|no| self.ranks.contains_key(&no));
            profile.warm = self.version;
        }
    }

    fn refold(&self, profile: &mut Profile, chosen: &[bool], history: &[Event<'_>]) {
        let mut touched = Touched::new();
        let mut played: Vec<(TimeMs, Played, usize, Box<str>)> = Vec::new();
        let mut order: Vec<&Event<'_>> = history.iter().collect();
        order.sort_by_key(|event| (event.time, event.received));
        for event in order {
            let Some(name) = self.names.get(event.name) else {
                continue;
            };
            self.matching(name, event, &mut touched);
            for (role, matcher, hook) in &touched.scratch.hooks {
                let hook = &name.matchers[*matcher].hooks[*hook];
                let leaf = &self.leaves[hook.leaf];
                if !chosen[hook.leaf] || leaf.is_outside(event.time) {
                    continue;
                }
                let values = &touched.scratch.values;
                let part = Part {
                    at: event.time,
                    of: hook.of.as_ref(),
                    by: hook.by.as_ref(),
                    values,
                };
                match role {
                    Role::Play(one) => {
                        played.push((event.time, *one, hook.leaf, part.key(part.of)));
                    }
                    Role::Feed => self.feed(profile, leaf, &part),
                }
            }
        }
        played.sort();
        for (at, one, leaf, key) in played {
            let leaf = &self.leaves[leaf];
            if let Memory::Armed(rules) = leaf.memory
                && let Some(armed) = armed(profile, leaf)
            {
                // In this order nothing is too late.
                let _in_time = armed.take(one, &key, at, rules);
            }
        }
    }

    /// Finds the hooks of all matchers that let `event` through, in the order of their roles: at
    /// one instant the awaited comes before the start, whatever matcher they hang on.
    fn matching(&self, name: &ByName, event: &Event<'_>, touched: &mut Touched) {
        let Touched { scratch, work, .. } = touched;
        name.extraction.read(event, &mut scratch.values);
        scratch.matchers.clear();
        scratch.hooks.clear();
        scratch.matchers.extend(&name.always);
        for (slot, root) in scratch.values.iter() {
            let Some(at) = name.slots.get(&slot) else {
                continue;
            };
            scratch.matchers.extend(&at.present);
            for (path, by_scalar) in &at.equalities {
                work.predicates += 1;
                if let Some(matchers) = path
                    .first(root)
                    .and_then(canonical)
                    .and_then(|text| by_scalar.get(text.as_ref()))
                {
                    scratch.matchers.extend(matchers);
                }
            }
            for (path, ranges) in &at.ranges {
                work.predicates += 1;
                if let Some(number) = path.first(root).and_then(number_of) {
                    scratch.matchers.extend(ranges.passed(number));
                }
            }
        }
        for place in &scratch.matchers {
            let matcher = &name.matchers[*place];
            let holds = matcher.filter.iter().all(|(slot, predicate)| {
                work.predicates += 1;
                predicate.holds(scratch.values.get(*slot), event.time, &self.zone)
            });
            if holds {
                let hooks = matcher.hooks.iter().enumerate();
                scratch
                    .hooks
                    .extend(hooks.map(|(n, hook)| (hook.role, *place, n)));
            }
        }
        scratch.hooks.sort_unstable();
    }

    /// Feeds every memory but the armed ones, for which order matters.
    fn feed(&self, profile: &mut Profile, leaf: &Leaf, part: &Part<'_>) {
        let fresh = || match leaf.grouped {
            Some(_) => Some(LeafState::Groups(Groups::default())),
            None => part.fresh(leaf.memory),
        };
        let state = profile.conditions.get_or_put(leaf.no, fresh);
        match (state, leaf.grouped) {
            (Some(LeafState::Groups(groups)), Some(grouped)) => {
                let key = part.key(part.by);
                let fresh = || part.fresh(leaf.memory);
                // Events without the property are in no group.
                let window_ms = grouped.window_ms;
                if !key.is_empty()
                    && let Some(state) = groups.touch(&key, part.at, window_ms, fresh)
                {
                    self.feed_one(state, leaf, part);
                }
            }
            (Some(state), None) => self.feed_one(state, leaf, part),
            _ => {}
        }
    }

    fn feed_one(&self, state: &mut LeafState, leaf: &Leaf, part: &Part<'_>) {
        let pane = |grain: super::grain::Grain| grain.index(part.at, &self.zone);
        match (leaf.memory, state) {
            (Memory::Newest(cap), LeafState::Newest(times)) => times.keep_newest(part.at, cap),
            (Memory::Oldest(cap), LeafState::Oldest(times)) => times.keep_oldest(part.at, cap),
            (Memory::Count, LeafState::Count(count)) => *count = count.saturating_add(1),
            (Memory::Number(Number::Sum), LeafState::Sum(sum)) => {
                part.numbers(|number| sum.add(Sum::of(number)));
            }
            (Memory::Number(which), LeafState::Extreme(extreme)) => {
                part.numbers(|number| *extreme = which.further(*extreme, number));
            }
            (Memory::CountPanes(grain, depth), LeafState::CountPanes(panes)) => {
                panes.add(pane(grain), depth, 1);
            }
            (Memory::NumberPanes(Number::Sum, grain, depth), LeafState::SumPanes(panes)) => {
                part.numbers(|number| panes.add(pane(grain), depth, Sum::of(number)));
            }
            (Memory::NumberPanes(which, grain, depth), LeafState::ExtremePanes(panes)) => {
                let merge = |kept: &mut f64, number| *kept = which.further(*kept, number);
                part.numbers(|number| panes.add(pane(grain), depth, number, merge));
            }
            (Memory::Distinct(cap), LeafState::Distinct(distinct)) => {
                part.texts(|text| distinct.keep_newest(part.at, text, cap));
            }
            (Memory::Tally, LeafState::Tally(tally)) => part.texts(|text| tally.add(text)),
            (Memory::PanedTally(grain, depth), LeafState::PanedTally(tally)) => {
                part.texts(|text| tally.add(text, pane(grain), depth));
            }
            (Memory::First, LeafState::Edge(edge)) if part.at < edge.at => part.replace(edge),
            (Memory::Last, LeafState::Edge(edge)) if part.at >= edge.at => part.replace(edge),
            _ => {}
        }
    }
}

impl Number {
    /// The one that is further in the direction that is looked for.
    pub(super) fn further(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Least => a.min(b),
            Self::Greatest | Self::Sum => a.max(b),
        }
    }
}

/// The armed memory of a leaf. The awaited event makes one too: it has to be known when a start
/// from before it comes late.
fn armed<'a>(profile: &'a mut Profile, leaf: &Leaf) -> Option<&'a mut Armed> {
    let fresh = || Some(LeafState::Armed(Box::default()));
    match profile.conditions.get_or_put(leaf.no, fresh)? {
        LeafState::Armed(armed) => Some(armed),
        _ => None,
    }
}
