//! Who an event is about: known at compile time, so that no event is without anybody.

use std::sync::Arc;

use crate::context::Current;

/// A user, by the app's own id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User<'a> {
    user_id: &'a str,
}

/// A visitor of whom only an anonymous id is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anonymous<'a> {
    anonymous_id: &'a str,
}

/// A user whose anonymous id is known too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor<'a> {
    user_id: &'a str,
    anonymous_id: &'a str,
}

impl<'a> User<'a> {
    pub(super) const fn new(user_id: &'a str) -> Self {
        Self { user_id }
    }

    pub(super) const fn with_anonymous(self, anonymous_id: &'a str) -> Visitor<'a> {
        Visitor {
            user_id: self.user_id,
            anonymous_id,
        }
    }
}

impl<'a> Anonymous<'a> {
    pub(super) const fn new(anonymous_id: &'a str) -> Self {
        Self { anonymous_id }
    }
}

impl<'a> Visitor<'a> {
    pub(super) const fn new(user_id: &'a str, anonymous_id: &'a str) -> Self {
        Self {
            user_id,
            anonymous_id,
        }
    }
}

/// Whoever made the request at hand.
#[derive(Clone, Debug)]
pub struct Requester {
    request: Option<Arc<Current>>,
}

/// Whoever made the request at hand, now known to be this user.
#[derive(Clone, Debug)]
pub struct KnownRequester<'a> {
    user_id: &'a str,
    request: Option<Arc<Current>>,
}

impl Requester {
    pub(super) fn at_hand() -> Self {
        Self {
            request: Current::get(),
        }
    }

    pub(super) fn with_user(self, user_id: &str) -> KnownRequester<'_> {
        KnownRequester {
            user_id,
            request: self.request,
        }
    }
}

/// One of [`User`], [`Anonymous`], [`Visitor`], [`Requester`] and [`KnownRequester`]; sealed.
///
/// An empty id counts as absent.
pub trait Identity: sealed::Sealed {
    /// The app's own id, if it is known.
    fn user_id(&self) -> Option<&str>;

    /// The anonymous id, if it is known.
    fn anonymous_id(&self) -> Option<&str>;
}

/// An identity with a user id: [`User`], [`Visitor`] or [`KnownRequester`].
pub trait Known: Identity {}

impl Known for User<'_> {}

impl Known for Visitor<'_> {}

impl Known for KnownRequester<'_> {}

impl Identity for User<'_> {
    fn user_id(&self) -> Option<&str> {
        filled(self.user_id)
    }

    fn anonymous_id(&self) -> Option<&str> {
        None
    }
}

impl Identity for Anonymous<'_> {
    fn user_id(&self) -> Option<&str> {
        None
    }

    fn anonymous_id(&self) -> Option<&str> {
        filled(self.anonymous_id)
    }
}

impl Identity for Visitor<'_> {
    fn user_id(&self) -> Option<&str> {
        filled(self.user_id)
    }

    fn anonymous_id(&self) -> Option<&str> {
        filled(self.anonymous_id)
    }
}

impl Identity for Requester {
    fn user_id(&self) -> Option<&str> {
        self.request.as_deref()?.user_id()
    }

    fn anonymous_id(&self) -> Option<&str> {
        self.request.as_deref()?.anonymous_id()
    }
}

impl Identity for KnownRequester<'_> {
    fn user_id(&self) -> Option<&str> {
        filled(self.user_id)
    }

    fn anonymous_id(&self) -> Option<&str> {
        self.request.as_deref()?.anonymous_id()
    }
}

fn filled(id: &str) -> Option<&str> {
    (!id.is_empty()).then_some(id)
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::User<'_> {}

    impl Sealed for super::Anonymous<'_> {}

    impl Sealed for super::Visitor<'_> {}

    impl Sealed for super::Requester {}

    impl Sealed for super::KnownRequester<'_> {}
}
