//! Write keys, and what each allows.

use std::collections::HashMap;
use std::sync::Arc;

use segue_sdk::user_token::UserTokenKey;
use sha2::{Digest, Sha256};

use crate::config::{KeyKind, WriteKey};
use crate::keys::AccountNo;

/// Who sends: what a write key stands for.
#[derive(Debug, Clone)]
pub struct Source {
    /// The account that its events belong to.
    pub account: AccountNo,
    /// What it may do.
    pub kind: KeyKind,
    /// The web origins that may use it; empty for any.
    pub origins: Vec<String>,
    /// Whether a browser may say who someone is.
    pub trust_browser_identity: bool,
    /// The keys of user tokens, which let a browser say who its own user is.
    pub user_token_keys: Arc<[UserTokenKey]>,
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
    /// Adds the keys of an account, and the keys of its user tokens. The configuration has no
    /// write key twice.
    pub fn add(&mut self, account: AccountNo, keys: &[WriteKey], user_token_keys: &[UserTokenKey]) {
        let user_token_keys: Arc<[UserTokenKey]> = user_token_keys.into();
        for key in keys {
            let source = Source {
                account,
                kind: key.kind,
                origins: key.origins.clone(),
                trust_browser_identity: key.trust_browser_identity,
                user_token_keys: Arc::clone(&user_token_keys),
            };
            self.sources
                .insert(digest(key.key.expose()), Arc::new(source));
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

    fn public(account: AccountNo, origins: &[&str]) -> WriteKeys {
        let key = WriteKey {
            key: Secret::new("wk_public"),
            kind: KeyKind::Public,
            origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
            trust_browser_identity: false,
        };
        let mut keys = WriteKeys::default();
        keys.add(account, &[key], &[]);
        keys
    }

    #[test]
    fn a_key_leads_to_its_account_and_no_other_text_does() {
        let keys = public(AccountNo(7), &[]);
        assert_eq!(keys.source("wk_public").unwrap().account, AccountNo(7));
        for stranger in ["", "wk_publi", "wk_public ", "WK_PUBLIC"] {
            assert!(keys.source(stranger).is_none(), "{stranger}");
        }
        assert!(!format!("{keys:?}").contains("wk_public"));
    }

    #[test]
    fn a_key_with_origins_is_for_those_origins() {
        let keys = public(AccountNo(1), &["https://shop.example"]);
        let source = keys.source("wk_public").unwrap();
        assert!(source.allows_origin(Some("https://shop.example")));
        for stranger in [None, Some("null"), Some("https://shop.example.evil.test")] {
            assert!(!source.allows_origin(stranger), "{stranger:?}");
        }
        let anywhere = public(AccountNo(1), &[]);
        assert!(anywhere.source("wk_public").unwrap().allows_origin(None));
    }
}
