//! Having written back what is dirty, without holding anything up.
//!
//! Some questions need everything in the store. Asked this first, they find little left to write
//! in their own turn.

use super::commit::Urgency;
use super::{Handle, Pipeline};
use crate::ingest::Unavailable;
use crate::keys::JournalSeq;

/// Has everything written back that is dirty now, a slice with each commit; what comes in
/// meanwhile is taken in between.
///
/// # Errors
///
/// The pipeline has stopped, or its store does not work.
pub async fn write_back(handle: &Handle) -> Result<(), Unavailable> {
    let until = handle.ask(|pipeline| pipeline.head.journal).await?;
    while !handle
        .ask(move |pipeline| pipeline.write_back_slice(until))
        .await?
    {}
    Ok(())
}

impl Pipeline {
    /// Writes a slice back; true once every profile is folded and written up to `until`.
    fn write_back_slice(&mut self, until: JournalSeq) -> bool {
        if self.is_written_back(until) {
            return true;
        }
        let now = self.head.clock;
        if let Err(error) = self.commit(now, Urgency::Slice, None) {
            self.give_up(now, &error);
            // Nobody is held up by waiting for a store that does not work.
            return true;
        }
        self.is_written_back(until)
    }

    fn is_written_back(&self, until: JournalSeq) -> bool {
        let oldest = self.cache.dirty().next();
        oldest.is_none_or(|(since, _)| since > until)
    }
}
