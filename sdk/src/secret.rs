//! Secrets: printed as `redacted`, wiped when dropped.

use std::fmt;

use zeroize::Zeroizing;

/// The key that says for which account a client sends.
///
/// ```
/// let key = segue_sdk::WriteKey::from("wk_secret");
/// assert_eq!(format!("{key:?}"), "WriteKey(redacted)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct WriteKey(Zeroizing<String>);

impl WriteKey {
    /// The key itself; do not log it.
    ///
    /// ```
    /// let key = segue_sdk::WriteKey::from("wk_secret");
    /// assert_eq!(key.expose(), "wk_secret");
    /// ```
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WriteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteKey(redacted)")
    }
}

impl From<String> for WriteKey {
    fn from(key: String) -> Self {
        Self(Zeroizing::new(key))
    }
}

impl From<&str> for WriteKey {
    fn from(key: &str) -> Self {
        Self(Zeroizing::new(key.to_owned()))
    }
}

/// The address of a proxy, which may hold a password.
#[cfg(feature = "rustls")]
#[derive(Clone)]
pub(crate) struct ProxyUrl(Zeroizing<String>);

#[cfg(feature = "rustls")]
impl ProxyUrl {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "rustls")]
impl From<String> for ProxyUrl {
    fn from(url: String) -> Self {
        Self(Zeroizing::new(url))
    }
}
