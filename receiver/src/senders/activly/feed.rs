//! The feed: what people see, newest first.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{ActivlyEvent, ActivlyKind, Amount};
use crate::limits::{ACTIVLY_FEED_MAX, ACTIVLY_REPEAT_HOURS};

/// The newest events of each account, in memory; the oldest make room.
///
/// An event with the same e-mail address, kind and product as one of the last 24 hours is a repeat
/// and not shown again.
#[derive(Clone, Debug)]
pub struct ActivlyFeed {
    events_max: usize,
    accounts: Arc<Mutex<HashMap<String, VecDeque<Kept>>>>,
}

#[derive(Debug)]
struct Kept {
    arrived: Timestamp,
    event: ActivlyEvent,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// It is the newest of the feed.
    New,
    /// It tells of something that the feed shows already.
    Repeat,
}

/// An event as it may be shown: without the e-mail address.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notification {
    /// What happened.
    pub event: ActivlyKind,
    /// To whom.
    pub first_name: String,
    /// Where they are.
    pub city: String,
    /// Where they are.
    pub country: String,
    /// With which product.
    pub product: String,
    /// When.
    pub timestamp: Timestamp,
    /// What was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// In which currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Where the notification leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_url: Option<String>,
}

impl Default for ActivlyFeed {
    fn default() -> Self {
        Self::new(ACTIVLY_FEED_MAX)
    }
}

impl ActivlyFeed {
    /// An empty feed that keeps so many events per account; at least one.
    #[must_use]
    pub fn new(events_max: usize) -> Self {
        Self {
            events_max: events_max.max(1),
            accounts: Arc::default(),
        }
    }

    /// Puts an event that arrived at `now` on top.
    #[must_use]
    pub fn push(&self, account: &str, event: ActivlyEvent, now: Timestamp) -> Queued {
        let mut accounts = self.accounts();
        let feed = accounts.entry(account.to_owned()).or_default();
        let window = SignedDuration::from_hours(ACTIVLY_REPEAT_HOURS);
        let recent = feed.iter().rev();
        let mut recent = recent.take_while(|kept| now.duration_since(kept.arrived) < window);
        if recent.any(|kept| event.repeats(&kept.event)) {
            return Queued::Repeat;
        }
        if feed.len() >= self.events_max {
            feed.pop_front();
        }
        feed.push_back(Kept {
            arrived: now,
            event,
        });
        Queued::New
    }

    /// The newest events of an account, the newest first.
    #[must_use]
    pub fn newest(&self, account: &str, limit: usize) -> Vec<Notification> {
        let accounts = self.accounts();
        let feed = accounts.get(account).into_iter().flatten().rev();
        feed.take(limit)
            .map(|kept| Notification::of(&kept.event))
            .collect()
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Kept>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notification {
    fn of(event: &ActivlyEvent) -> Self {
        Self {
            event: event.kind,
            first_name: event.first_name.clone(),
            city: event.city.clone(),
            country: event.country.clone(),
            product: event.product.clone(),
            timestamp: event.timestamp,
            amount: event.amount.clone(),
            currency: event.currency.clone(),
            product_url: event.product_url.clone(),
        }
    }
}
