//! Write keys, and what each allows.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::config::{KeyKind, WriteKey};
use crate::keys::AccountNo;

/// Who sends: what a write key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The account that its events belong to.
    pub account: AccountNo,
    /// What it may do.
    pub kind: KeyKind,
    /// The web origins that may use it; empty for any.
    pub origins: Vec<String>,
    /// Whether a browser may say who someone is.
    pub trust_browser_identity: bool,
}

impl Source {
    /// Whether the key may be used from this origin. Only public keys have origins, and one that
    /// names some is for browsers: those always say where a request comes from.
    #[must_use]
    pub fn allows_origin(&self, origin: Option<&str>) -> bool {
        !self.is_public()
            || self.origins.is_empty()
            || origin.is_some_and(|origin| self.origins.iter().any(|known| known == origin))
    }

    /// Whether anybody can read the key.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.kind == KeyKind::Public
    }

    /// Whether a user id on its events is who the person is, and not only a claim.
    #[must_use]
    pub fn may_say_who(&self) -> bool {
        !self.is_public() || self.trust_browser_identity
    }
}

/// Every write key. Keys are found by their digests, so that the time of a look-up says nothing
/// about a key.
#[derive(Debug, Default)]
pub struct WriteKeys {
    sources: HashMap<[u8; 32], Arc<Source>>,
}

impl WriteKeys {
    /// Takes the keys of all accounts. The configuration has no key twice.
    #[must_use]
    pub fn new<'a>(keys: impl IntoIterator<Item = (AccountNo, &'a WriteKey)>) -> Self {
        let source = |(account, key): (AccountNo, &WriteKey)| {
            let source = Source {
                account,
                kind: key.kind,
                origins: key.origins.clone(),
                trust_browser_identity: key.trust_browser_identity,
            };
            (digest(key.key.expose()), Arc::new(source))
        };
        Self {
            sources: keys.into_iter().map(source).collect(),
        }
    }

    /// The source that `presented` stands for.
    #[must_use]
    pub fn source(&self, presented: &str) -> Option<Arc<Source>> {
        self.sources.get(&digest(presented)).cloned()
    }
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn public(origins: &[&str]) -> WriteKey {
        WriteKey {
            key: Secret::new("wk_public"),
            kind: KeyKind::Public,
            origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
            trust_browser_identity: false,
        }
    }

    #[test]
    fn a_key_leads_to_its_account_and_no_other_text_does() {
        let keys = WriteKeys::new([(AccountNo(7), &public(&[]))]);
        assert_eq!(keys.source("wk_public").unwrap().account, AccountNo(7));
        for stranger in ["", "wk_publi", "wk_public ", "WK_PUBLIC"] {
            assert!(keys.source(stranger).is_none(), "{stranger}");
        }
        assert!(!format!("{keys:?}").contains("wk_public"));
    }

    #[test]
    fn a_key_with_origins_is_for_those_origins() {
        let keys = WriteKeys::new([(AccountNo(1), &public(&["https://shop.example"]))]);
        let source = keys.source("wk_public").unwrap();
        assert!(source.allows_origin(Some("https://shop.example")));
        for stranger in [None, Some("null"), Some("https://shop.example.evil.test")] {
            assert!(!source.allows_origin(stranger), "{stranger:?}");
        }
        let anywhere = WriteKeys::new([(AccountNo(1), &public(&[]))]);
        assert!(anywhere.source("wk_public").unwrap().allows_origin(None));
    }
}
