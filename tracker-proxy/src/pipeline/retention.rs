//! How long the outbox is kept.
//!
//! Every transition leaves a row, so the outbox is bounded by age and by number. A slice of what
//! is over the bound goes along with a commit, the oldest first. What has no final state is passed
//! by, however old it is. Nothing that decides reads the outbox: what was activated stands in the
//! profiles, and which mirrors have to be told everything has a table of its own.

use super::Pipeline;
use crate::clock::TimeMs;
use crate::store::{PrunedRow, StoreError};

/// How many rows are looked at with one commit, besides as many as it adds.
const SLICE_ROWS: usize = 512;
/// How long nothing is looked at once nothing was over the bound, in milliseconds.
const PAUSE_MS: i64 = 60_000;

/// Where the walk through the outbox is.
#[derive(Debug, Default)]
pub(super) struct Retention {
    /// Everything up to this row was looked at.
    after: i64,
    /// When to go on.
    pub(super) due: TimeMs,
}

impl Pipeline {
    /// Lets the oldest rows go with the next commit, some at a time.
    pub(super) fn prune_slice(&mut self, now: TimeMs) -> Result<(), StoreError> {
        if now < self.retention.due {
            return Ok(());
        }
        let limit = SLICE_ROWS + self.outputs.apply.outbox.len();
        let oldest_kept = now.plus(-self.bounds.outbox_age_ms);
        let newest = self.store.newest_outbox()?;
        let over = newest.saturating_sub_unsigned(self.bounds.outbox_rows);
        let limit_rows = u32::try_from(limit).unwrap_or(u32::MAX);
        let rows = self.store.outbox_after(self.retention.after, limit_rows)?;
        let mut looked_at = 0;
        for row in &rows {
            if row.at >= oldest_kept && row.seq > over {
                break;
            }
            looked_at += 1;
            self.retention.after = row.seq;
            if !row.waits {
                let (seq, delivery) = (row.seq, row.delivery);
                self.outputs.apply.pruned.push(PrunedRow { seq, delivery });
            }
        }
        if looked_at < limit {
            // What waited may have come to its end when the walk begins again.
            self.retention.after = 0;
            self.retention.due = now.plus(PAUSE_MS);
        }
        Ok(())
    }
}
