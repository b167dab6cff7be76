//! The answers that were given, so that a repeat gets the same.

use std::collections::hash_map::{Entry, VacantEntry};
use std::collections::{HashMap, VecDeque};

use sha2::{Digest as _, Sha256};

use crate::limits::MEMORY_CLAIMS_MAX;
use crate::segments::{Answer, ClaimKey};

#[derive(Debug, Default)]
pub(super) struct Claims {
    answers: HashMap<Name, Answer>,
    oldest_first: VecDeque<(jiff::Timestamp, Name)>,
}

/// Half of the SHA-256 of a key: there may be a million, and none needs room for its texts.
type Name = [u8; 16];

/// What became of a look at a key.
pub(super) enum Looked<'a> {
    Answered(Answer),
    Free(Place<'a>),
}

/// Where an answer can be kept; looked up once.
pub(super) struct Place<'a> {
    place: VacantEntry<'a, Name, Answer>,
    until: jiff::Timestamp,
    oldest_first: &'a mut VecDeque<(jiff::Timestamp, Name)>,
}

impl Place<'_> {
    pub(super) fn keep(self, answer: Answer) {
        self.oldest_first.push_back((self.until, *self.place.key()));
        self.place.insert(answer);
    }
}

impl Claims {
    /// What is kept under a key, or the place to keep an answer under it.
    pub(super) fn look(&mut self, key: &ClaimKey, until: jiff::Timestamp) -> Looked<'_> {
        if self.oldest_first.len() >= MEMORY_CLAIMS_MAX {
            self.forget_oldest();
        }
        match self.answers.entry(name(key)) {
            Entry::Occupied(kept) => Looked::Answered(kept.get().clone()),
            Entry::Vacant(place) => Looked::Free(Place {
                place,
                until,
                oldest_first: &mut self.oldest_first,
            }),
        }
    }

    pub(super) fn expire(&mut self, now: jiff::Timestamp) {
        while self
            .oldest_first
            .front()
            .is_some_and(|(until, _)| *until <= now)
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, name)) = self.oldest_first.pop_front() {
            self.answers.remove(&name);
        }
    }
}

fn name(key: &ClaimKey) -> Name {
    let digest = Sha256::new()
        .chain_update(key.activation.len().to_le_bytes())
        .chain_update(&*key.activation)
        .chain_update(&key.id)
        .finalize();
    std::array::from_fn(|at| digest[at])
}
