//! The audiences that an evaluation still has to look at.

/// How many ranks one word holds.
const BITS: usize = 64;

/// A set of ranks that gives the least one first. It keeps its memory, and what it costs to add
/// and to take one does not depend on how many there could be (one step for 4,096 of them aside).
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// One bit per rank.
    ranks: Vec<u64>,
    /// One bit per word of them that has any.
    words: Vec<u64>,
}

impl Pending {
    /// Makes room for ranks below `many`.
    pub(super) fn make_room(&mut self, many: usize) {
        let words = many.div_ceil(BITS);
        if self.ranks.len() < words {
            self.ranks.resize(words, 0);
            self.words.resize(words.div_ceil(BITS), 0);
        }
    }

    pub(super) fn add(&mut self, ranks: impl IntoIterator<Item = usize>) {
        for rank in ranks {
            let word = rank / BITS;
            self.ranks[word] |= 1 << (rank % BITS);
            self.words[word / BITS] |= 1 << (word % BITS);
        }
    }

    pub(super) fn take_first(&mut self) -> Option<usize> {
        let some = self.words.iter().position(|words| *words != 0)?;
        let word = some * BITS + self.words[some].trailing_zeros() as usize;
        let rank = word * BITS + self.ranks[word].trailing_zeros() as usize;
        // Without its lowest bit.
        self.ranks[word] &= self.ranks[word] - 1;
        if self.ranks[word] == 0 {
            self.words[some] &= self.words[some] - 1;
        }
        Some(rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_comes_first_and_each_once() {
        let mut pending = Pending::default();
        pending.make_room(9_000);
        pending.add([8_999, 64, 63, 0, 64]);
        assert_eq!(pending.take_first(), Some(0));
        pending.add([4_096, 127]);
        let rest: Vec<usize> = std::iter::from_fn(|| pending.take_first()).collect();
        assert_eq!(rest, [63, 64, 127, 4_096, 8_999]);
        assert_eq!(pending.take_first(), None);
    }
}
