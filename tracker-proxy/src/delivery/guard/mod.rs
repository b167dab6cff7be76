//! The one place that says which URLs and addresses may be called.
//!
//! In: a URL, or what a host name resolved to. Out: yes, or the reason why not. It is asked when
//! a destination is saved, before every request (for literals, which no resolver ever sees) and
//! for every address that a connection is about to be made to. No name and no address is exempt.

mod address;
mod resolver;
mod url;

pub use address::{AddressRefusal, Forbidden, Verdict, classify};
pub use resolver::GuardedResolver;
pub use url::{URL_BYTES_MAX, UrlRefusal, check_url};

/// Which addresses a caller may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses only.
    Public,
    /// Private and loopback addresses too, because the operator said so.
    Private,
}

impl Reach {
    /// The reach of a destination with this setting.
    #[must_use]
    pub const fn of(allow_private: bool) -> Self {
        if allow_private {
            Self::Private
        } else {
            Self::Public
        }
    }
}
