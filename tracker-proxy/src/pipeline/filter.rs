//! A set of ids that answers "certainly not" from memory.
//!
//! Most ids have no alias. Asking the store about each of them, once per profile that comes into
//! memory, would cost as much as reading the profile.

use crate::keys::ProfileId;

/// 16 MB of bits: with ten million ids in it one in fifty that are not is asked for in vain.
const BITS: usize = 1 << 27;

/// Ids that may be in the set, and ids that are not.
#[derive(Debug)]
pub(super) struct Filter(Vec<u64>);

impl Default for Filter {
    fn default() -> Self {
        // Zeroed pages cost nothing until a bit is set.
        Self(vec![0; BITS / 64])
    }
}

/// An id is a hash already: two parts of it are two independent places.
fn places(id: ProfileId) -> [usize; 2] {
    let part = |from: usize| {
        let bytes = [id.0[from], id.0[from + 1], id.0[from + 2], id.0[from + 3]];
        u32::from_le_bytes(bytes) as usize % BITS
    };
    [part(4), part(8)]
}

impl Filter {
    pub(super) fn add(&mut self, id: ProfileId) {
        for place in places(id) {
            self.0[place / 64] |= 1 << (place % 64);
        }
    }

    pub(super) fn may_have(&self, id: ProfileId) -> bool {
        places(id)
            .into_iter()
            .all(|place| self.0[place / 64] & (1 << (place % 64)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{AccountNo, IdKind};

    #[test]
    fn what_is_in_it_is_found_and_nearly_nothing_else() {
        let id = |n: u32| ProfileId::provisional(AccountNo(1), IdKind::User, &n.to_string());
        let mut filter = Filter::default();
        (0..1_000).for_each(|n| filter.add(id(n)));
        assert!((0..1_000).all(|n| filter.may_have(id(n))));
        assert!((1_000..2_000).filter(|n| filter.may_have(id(*n))).count() < 5);
    }
}
