//! One person's events, a page at a time.

use std::collections::BTreeMap;

use super::{HISTORY, Page, Shown};
use crate::admin::query::cursor;
use crate::pipeline::Past;
use crate::store::StoreError;

/// The place of an event among those of one person. A merge puts one history behind the other, so
/// the place in the history alone is not the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrival {
    received: i64,
    place: u64,
}

impl Arrival {
    /// Behind everything.
    pub(super) const END: Self = Self {
        received: i64::MAX,
        place: u64::MAX,
    };

    pub(super) fn decode(bytes: [u8; 16]) -> Self {
        let both = u128::from_be_bytes(bytes);
        let half = |shift: u32| u64::try_from((both >> shift) & u128::from(u64::MAX));
        Self {
            received: half(64).unwrap_or(u64::MAX).cast_signed(),
            place: half(0).unwrap_or(u64::MAX),
        }
    }

    fn encode(self) -> String {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.received.to_be_bytes());
        bytes[8..].copy_from_slice(&self.place.to_be_bytes());
        cursor(HISTORY, &bytes)
    }
}

/// The newest events before a place. However long the history is, no more than a page of it is
/// kept.
pub(super) fn newest(past: &Past, before: Arrival, limit: usize) -> Result<Page, StoreError> {
    let mut kept: BTreeMap<Arrival, Shown> = BTreeMap::new();
    let (mut place, mut more) = (0, false);
    past.each(&mut |event| {
        let arrival = Arrival {
            received: event.received.0,
            place,
        };
        place += 1;
        if arrival >= before {
            return;
        }
        let full = kept.len() >= limit;
        more |= full;
        if full
            && kept
                .first_key_value()
                .is_some_and(|(oldest, _)| *oldest > arrival)
        {
            return;
        }
        kept.insert(arrival, Shown::of(event));
        if full {
            kept.pop_first();
        }
    })?;
    let oldest = kept.first_key_value().map(|(arrival, _)| *arrival);
    Ok(Page {
        next_cursor: oldest.filter(|_| more).map(Arrival::encode),
        events: kept.into_values().rev().collect(),
    })
}
