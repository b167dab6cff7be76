//! When a commit fails.

use super::{Pipeline, writer};
use crate::clock::TimeMs;
use crate::ingest::{Submission, Unavailable};
use crate::store::{Commit, StoreError};

/// How long nothing is taken after a commit failed, in milliseconds.
const REFUSE_MS: i64 = 500;

impl Pipeline {
    /// A commit failed: nothing of the turn is durable, or nobody knows. Memory is thrown away,
    /// and until it can be read again and something be written, everything is refused.
    pub(super) fn give_up(&mut self, now: TimeMs, error: &StoreError) {
        tracing::error!(%error, "a commit failed: events are refused until the store works");
        self.shared.set_working(false);
        self.refusing_until = Some(now.plus(REFUSE_MS));
        for (reply, _) in self.waiting.drain(..) {
            drop(reply.send(Err(Unavailable)));
        }
        // The attempts happened all the same: they are made again, under the same ids.
        self.feed.start_over();
        self.cache.clear();
        self.outputs.forget();
        drop(self.packer.take());
    }

    /// Recovers from a failed commit when it is time to, if the store lets it.
    pub(super) fn try_again_when_due(&mut self, now: TimeMs) {
        if self.refusing_until.is_none_or(|until| now < until) {
            return;
        }
        match self.recover().and_then(|()| self.probe(now)) {
            Ok(()) => {
                tracing::info!("the store takes commits again");
                self.refusing_until = None;
                self.shared.set_working(true);
            }
            Err(error) => {
                tracing::warn!(%error, "the store cannot be used yet");
                self.refusing_until = Some(now.plus(REFUSE_MS));
                self.cache.clear();
            }
        }
    }

    /// Commits nothing but the clock, to see whether commits work.
    fn probe(&mut self, now: TimeMs) -> Result<(), StoreError> {
        let commit = Commit {
            follows: self.head.commits,
            clock: now,
            sequence: self.outputs.sequence,
            warmed_row: self.head.warmed_row,
            ..Commit::default()
        };
        let tried = self.writer.commit(commit, Vec::new()).recv();
        tried.map_err(|_| writer::gone())?.written?;
        self.head.commits += 1;
        self.head.clock = now;
        Ok(())
    }
}

/// Tells clients to come again.
pub(super) fn refuse(submissions: impl Iterator<Item = Submission>) {
    for submission in submissions {
        drop(submission.reply.send(Err(Unavailable)));
    }
}
