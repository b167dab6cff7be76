//! The journal's rows by size: how much a restart would have to fold again, and what may go.

use std::collections::VecDeque;

use crate::keys::JournalSeq;

/// The rows that are in the store.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Oldest first, with their sizes in bytes.
    rows: VecDeque<(JournalSeq, u64)>,
    bytes: u64,
    /// How many rows at the front are folded into stored profiles.
    folded: usize,
    unfolded_bytes: u64,
}

impl Tail {
    pub(super) fn of(rows: Vec<(JournalSeq, u64)>, folded: JournalSeq) -> Self {
        let mut tail = Self::default();
        for (seq, bytes) in rows {
            tail.push(seq, bytes);
        }
        tail.fold_through(folded);
        tail
    }

    pub(super) fn push(&mut self, seq: JournalSeq, bytes: u64) {
        self.rows.push_back((seq, bytes));
        self.bytes += bytes;
        self.unfolded_bytes += bytes;
    }

    /// Stored profiles have all rows up to this one.
    pub(super) fn fold_through(&mut self, folded: JournalSeq) {
        while let Some((seq, bytes)) = self.rows.get(self.folded)
            && *seq <= folded
        {
            self.unfolded_bytes -= bytes;
            self.folded += 1;
        }
    }

    /// The rows up to this one, which are folded, are dropped.
    pub(super) fn drop_through(&mut self, last: JournalSeq) {
        while self.folded > 0
            && let Some((seq, bytes)) = self.rows.front().copied()
            && seq <= last
        {
            self.rows.pop_front();
            self.bytes -= bytes;
            self.folded -= 1;
        }
    }

    /// Bytes of rows that a restart would have to fold again.
    pub(super) fn unfolded_bytes(&self) -> u64 {
        self.unfolded_bytes
    }

    /// Up to which row the journal may go so that at most `bytes_max` are left: only rows up to
    /// `folded`, which stored profiles have.
    pub(super) fn beyond(&self, bytes_max: u64, folded: JournalSeq) -> JournalSeq {
        let mut over = self.bytes.saturating_sub(bytes_max);
        let mut last = JournalSeq(0);
        for (seq, bytes) in &self.rows {
            if over == 0 || *seq > folded {
                break;
            }
            over = over.saturating_sub(*bytes);
            last = *seq;
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Tail {
        let rows = (1..=4).map(|n| (JournalSeq(n), 10 * n)).collect();
        Tail::of(rows, JournalSeq(1))
    }

    #[test]
    fn what_is_not_folded_counts_until_it_is() {
        let mut tail = rows();
        assert_eq!(tail.unfolded_bytes(), 20 + 30 + 40);
        tail.fold_through(JournalSeq(3));
        assert_eq!(tail.unfolded_bytes(), 40);
        tail.drop_through(JournalSeq(2));
        tail.push(JournalSeq(5), 1);
        assert_eq!(tail.unfolded_bytes(), 41);
        tail.fold_through(JournalSeq(5));
        assert_eq!(tail.unfolded_bytes(), 0);
    }

    #[test]
    fn rows_go_only_over_the_bound_and_only_if_they_are_folded() {
        let tail = rows();
        assert_eq!(tail.beyond(100, JournalSeq(4)), JournalSeq(0));
        assert_eq!(tail.beyond(90, JournalSeq(4)), JournalSeq(1));
        assert_eq!(tail.beyond(0, JournalSeq(2)), JournalSeq(2));
    }
}
