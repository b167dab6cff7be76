//! The answers that were given, so that a repeat gets the same.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::limits::MEMORY_CLAIMS_MAX;
use crate::segments::{Answer, ClaimKey};

#[derive(Debug, Default)]
pub(super) struct Claims {
    answers: HashMap<Arc<ClaimKey>, Answer>,
    oldest_first: VecDeque<(jiff::Timestamp, Arc<ClaimKey>)>,
}

impl Claims {
    pub(super) fn answer(&self, key: &ClaimKey) -> Option<Answer> {
        self.answers.get(key).cloned()
    }

    pub(super) fn keep(&mut self, key: ClaimKey, answer: Answer, until: jiff::Timestamp) {
        if self.oldest_first.len() >= MEMORY_CLAIMS_MAX {
            self.forget_oldest();
        }
        let key = Arc::new(key);
        self.answers.insert(Arc::clone(&key), answer);
        self.oldest_first.push_back((until, key));
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
        if let Some((_, key)) = self.oldest_first.pop_front() {
            self.answers.remove(&key);
        }
    }
}
