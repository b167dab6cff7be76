//! Who is who: which history an event belongs to after all that was linked, merged and erased.

use std::collections::BTreeMap;

use super::event::{Happening, Kind, LIST_EVENT};

/// How long an id makes its message idempotent, and how long the erased stay erased, in
/// milliseconds.
pub const REMEMBERED: i64 = 48 * 60 * 60 * 1_000;

/// An id of a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id {
    /// A user.
    User(String),
    /// A visitor.
    Visitor(String),
}

/// Somebody with their history.
#[derive(Debug, Clone)]
pub struct Person {
    /// The id under which they were first seen; after a merge, that of the one who stayed.
    pub root: Id,
    /// Every id that was ever theirs.
    ids: Vec<Id>,
    /// What they did, in the order of arrival.
    pub history: Vec<Happening>,
    /// Messages of people whose visitor became theirs, with the times of their receipt: sent
    /// again, they do not count for the new owner either.
    borrowed: Vec<(String, i64)>,
    /// What became of each membership so far, by audience.
    pub standings: BTreeMap<String, Standing>,
    /// When the person was there last. Being put on a list is nothing that they did, unless there
    /// is nothing else.
    pub last_seen: Option<i64>,
    /// Since when the conditions hold of audiences whose memberships last for a while.
    pub held: BTreeMap<String, i64>,
}

/// A membership and the transitions that led to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// In or out.
    pub member: bool,
    /// Joins and leaves so far.
    pub number: u32,
}

/// What has to become of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is taken.
    Accepted,
    /// It was taken before.
    Repeat,
    /// It happened before its person was erased.
    Erased,
}

/// Everybody.
#[derive(Debug, Clone, Default)]
pub struct World {
    people: BTreeMap<Id, Person>,
    /// Ids that belong to a person who was first seen under another one.
    owners: BTreeMap<Id, Id>,
    /// When the person of an id was erased.
    erased: BTreeMap<Id, i64>,
}

impl World {
    /// Everybody who is alive, in the order of their roots.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// Somebody by their root.
    pub fn person_mut(&mut self, root: &Id) -> Option<&mut Person> {
        self.people.get_mut(root)
    }

    fn root(&self, id: &Id) -> Id {
        self.owners.get(id).unwrap_or(id).clone()
    }

    /// The person that an id belongs to.
    #[must_use]
    pub fn owner(&self, id: &Id) -> Option<&Person> {
        self.people.get(&self.root(id))
    }

    /// Those of some ids that belong to nobody.
    #[must_use]
    pub fn without_owner(&self, ids: &[Id]) -> Vec<Id> {
        let nobodys = ids.iter().filter(|id| self.owner(id).is_none());
        nobodys.cloned().collect()
    }

    fn whose(&self, event: &Happening) -> Id {
        let user = event.user.clone().map(Id::User);
        let id = user.or_else(|| event.visitor.clone().map(Id::Visitor));
        self.root(&id.expect("every event has an id"))
    }

    /// What has to become of an event, before anything changes.
    #[must_use]
    pub fn verdict(&self, event: &Happening) -> Verdict {
        let root = self.whose(event);
        if self
            .erased
            .get(&root)
            .is_some_and(|erased| event.time <= *erased)
        {
            return Verdict::Erased;
        }
        let known = self.people.get(&root).is_some_and(|person| {
            let mut own = person.history.iter().map(|one| &one.message);
            let mut borrowed = person.borrowed.iter().map(|(message, _)| message);
            own.any(|known| *known == event.message)
                || borrowed.any(|known| *known == event.message)
        });
        if known {
            Verdict::Repeat
        } else {
            Verdict::Accepted
        }
    }

    /// True where nothing promises what becomes of the event: it repeats what nobody has to
    /// remember any more, or belongs to somebody whose erasure is that long ago.
    #[must_use]
    pub fn is_beyond_memory(&self, event: &Happening, now: i64) -> bool {
        let root = self.whose(event);
        let erased = self.erased.get(&root);
        let forgotten =
            erased.is_some_and(|erased| event.time <= *erased && now >= erased + REMEMBERED);
        let repeated = self.people.get(&root).is_some_and(|person| {
            let own = person.history.iter();
            let own = own.map(|one| (&one.message, one.received));
            let borrowed = person.borrowed.iter();
            let borrowed = borrowed.map(|(message, received)| (message, *received));
            let mut known = own.chain(borrowed);
            known.any(|(message, received)| {
                *message == event.message && now >= received + REMEMBERED
            })
        });
        forgotten || repeated
    }

    /// Links the ids of an event that is taken; the person's root, and whether another person
    /// became part of them. What follows from a merge follows before the event counts.
    pub fn link(&mut self, event: &Happening) -> (Id, bool) {
        let root = self.whose(event);
        let before = self.people.len();
        let there = self.people.contains_key(&root);
        self.link_ids(event, &root);
        let is_new = usize::from(!there && self.people.contains_key(&root));
        (root, self.people.len() < before + is_new)
    }

    /// Adds an event that is taken to a person's history.
    pub fn add(&mut self, root: &Id, event: &Happening) {
        let person = self.ensure(root);
        person.learn(event);
        if event.name != LIST_EVENT || person.history.is_empty() {
            person.last_seen = person.last_seen.max(Some(event.time));
        }
        person.history.push(event.clone());
    }

    fn ensure(&mut self, root: &Id) -> &mut Person {
        self.people.entry(root.clone()).or_insert_with(|| Person {
            root: root.clone(),
            ids: vec![root.clone()],
            history: Vec::new(),
            borrowed: Vec::new(),
            standings: BTreeMap::new(),
            held: BTreeMap::new(),
            last_seen: None,
        })
    }

    fn link_ids(&mut self, event: &Happening, root: &Id) {
        match (event.kind, &event.user, &event.visitor, &event.previous) {
            (Kind::Identify, Some(_), Some(visitor), _) => {
                self.link_visitor(&Id::Visitor(visitor.clone()), root);
            }
            (Kind::Alias, Some(_), _, Some(previous)) => {
                let user = Id::User(previous.clone());
                let current = self.root(&user);
                if self.people.contains_key(&current) {
                    self.merge(&current, root);
                    self.point(&user, root);
                } else {
                    self.point(&user, root);
                    self.link_visitor(&Id::Visitor(previous.clone()), root);
                }
            }
            _ => {}
        }
    }

    /// A visitor who was somebody else before is not merged: the id belongs to the newest user.
    fn link_visitor(&mut self, visitor: &Id, root: &Id) {
        let owner = self.root(visitor);
        if owner == *visitor && self.people.contains_key(visitor) {
            self.merge(visitor, root);
        } else if owner != *root
            && let Some(person) = self.people.get(&owner)
        {
            let own = person.history.iter();
            let own = own.map(|one| (one.message.clone(), one.received));
            let lent: Vec<_> = own.chain(person.borrowed.iter().cloned()).collect();
            self.ensure(root).borrowed.extend(lent);
        }
        self.point(visitor, root);
    }

    fn point(&mut self, id: &Id, root: &Id) {
        if id != root {
            self.owners.insert(id.clone(), root.clone());
        }
    }

    fn merge(&mut self, loser: &Id, winner: &Id) {
        if loser == winner {
            return;
        }
        let Some(gone) = self.people.remove(loser) else {
            return;
        };
        for owner in self.owners.values_mut().filter(|owner| *owner == loser) {
            *owner = winner.clone();
        }
        self.point(loser, winner);
        let person = self.ensure(winner);
        person.ids.extend(gone.ids);
        person.borrowed.extend(gone.borrowed);
        person.last_seen = person.last_seen.max(gone.last_seen);
        let newer = std::mem::replace(&mut person.history, gone.history);
        person.history.extend(newer);
    }

    /// Erases the person of an id; false where there is none.
    pub fn erase(&mut self, id: &Id, now: i64) -> bool {
        let root = self.root(id);
        let Some(person) = self.people.remove(&root) else {
            return false;
        };
        let pointing = self.owners.iter().filter(|(_, owner)| **owner == root);
        let pointing: Vec<Id> = pointing.map(|(id, _)| id.clone()).collect();
        self.owners.retain(|_, owner| *owner != root);
        for id in person.ids.into_iter().chain(pointing) {
            self.erased.insert(id, now);
        }
        true
    }
}

impl Person {
    fn learn(&mut self, event: &Happening) {
        // `track` with both ids links nothing.
        let links = event.user.is_none() || event.kind == Kind::Identify;
        let visitor = event.visitor.clone().filter(|_| links);
        let known = [
            event.user.clone().map(Id::User),
            visitor.map(Id::Visitor),
            event.previous.clone().map(Id::User),
        ];
        for id in known.into_iter().flatten() {
            if !self.ids.contains(&id) {
                self.ids.push(id);
            }
        }
    }
}
