//! Numbers for names, given once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::keys::{AudienceNo, CatalogVersion, LeafNo};

/// Gives numbers to audiences and leaves, and never gives one twice. One per account; kept with
/// the catalog in the store.
///
/// What is not used any more is forgotten, so that an audience or a condition that is made anew
/// gets a new number: what profiles remember under the old one missed the events in between.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Numbering {
    audiences: BTreeMap<Box<str>, AudienceNo>,
    /// By a hash of what the leaf remembers.
    leaves: BTreeMap<Box<str>, (LeafNo, CatalogVersion)>,
    audiences_given: u32,
    leaves_given: u32,
}

impl Numbering {
    /// The number of the audience `id`.
    #[must_use]
    pub fn audience(&self, id: &str) -> Option<AudienceNo> {
        self.audiences.get(id).copied()
    }

    /// The number of the audience `id`, a new one if it has none.
    pub(super) fn number_audience(&mut self, id: &str) -> AudienceNo {
        if let Some(known) = self.audience(id) {
            return known;
        }
        self.audiences_given += 1;
        let no = AudienceNo(self.audiences_given);
        self.audiences.insert(id.into(), no);
        no
    }

    /// The number of the leaf that remembers what `key` says, and since when there is such a one.
    pub(super) fn number_leaf(
        &mut self,
        key: &str,
        version: CatalogVersion,
    ) -> (LeafNo, CatalogVersion) {
        let hash = hash(key);
        if let Some(known) = self.leaves.get(&hash) {
            return *known;
        }
        self.leaves_given += 1;
        let leaf = (LeafNo(self.leaves_given), version);
        self.leaves.insert(hash, leaf);
        leaf
    }

    /// Forgets everything else.
    pub(super) fn retain(&mut self, audiences: &BTreeSet<AudienceNo>, leaves: &BTreeSet<LeafNo>) {
        self.audiences.retain(|_, no| audiences.contains(no));
        self.leaves.retain(|_, (no, _)| leaves.contains(no));
    }
}

/// Frozen: another hash would make every leaf of every store a new one.
fn hash(key: &str) -> Box<str> {
    use std::fmt::Write;
    let digest = Sha256::digest(key.as_bytes());
    let mut text = String::with_capacity(32);
    for byte in &digest[..16] {
        write!(text, "{byte:02x}").expect("writing into text cannot fail");
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_never_given_again() {
        let mut numbering = Numbering::default();
        let first = numbering.number_audience("vip");
        assert_eq!(numbering.number_audience("vip"), first);
        let leaf = numbering.number_leaf("k", CatalogVersion(1));
        assert_eq!(numbering.number_leaf("k", CatalogVersion(2)), leaf);
        numbering.retain(&BTreeSet::new(), &BTreeSet::new());
        assert_eq!(numbering.audience("vip"), None);
        assert_ne!(numbering.number_audience("vip"), first);
        assert_ne!(numbering.number_leaf("k", CatalogVersion(3)).0, leaf.0);
    }

    #[test]
    fn the_hash_is_frozen() {
        assert_eq!(&*hash("leaf"), "9f91161f43433e49a6de6db680d79f60");
    }
}
