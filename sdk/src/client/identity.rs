//! Who an event is about: known at compile time, so that no event is without anybody.

use std::sync::Arc;

use crate::context::Current;

/// A user, by the app's own id.
///
/// ```
/// use segue_sdk::{Person, User};
///
/// /// Code that wants a user and knows nothing of browsers.
/// fn paid(customer: Person<'_, User<'_>>, order: &str) {
///     customer.track_named("paid", &serde_json::json!({"order_id": order}));
/// }
///
/// # let client = segue_sdk::testing::TestClient::new();
/// paid(client.user("42"), "o-77");
/// # client.assert_tracked("paid", serde_json::json!({"order_id": "o-77"}));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User<'a> {
    user_id: &'a str,
}

/// A visitor of whom only an anonymous id is known.
///
/// ```
/// use segue_sdk::{Anonymous, Person};
///
/// fn landed(visitor: Person<'_, Anonymous<'_>>, campaign: &str) {
///     visitor.track_named("landed", &serde_json::json!({"campaign": campaign}));
/// }
///
/// # let client = segue_sdk::testing::TestClient::new();
/// landed(client.anonymous("a-7"), "spring");
/// # client.assert_tracked("landed", serde_json::json!({"campaign": "spring"}));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anonymous<'a> {
    anonymous_id: &'a str,
}

/// A user whose anonymous id is known too.
///
/// ```
/// use segue_sdk::{Person, Visitor};
///
/// fn logged_in(person: Person<'_, Visitor<'_>>) {
///     person.identify(&serde_json::json!({})); // the visitor is this user from now on
/// }
///
/// # let client = segue_sdk::testing::TestClient::new();
/// logged_in(client.visitor("42", "a-7"));
/// # assert_eq!(client.events()[0]["anonymousId"], "a-7");
/// ```
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
///
/// ```
/// use segue_sdk::{Person, Requester};
///
/// fn searched(who: &Person<'_, Requester>, phrase: &str) {
///     who.track_named("search", &serde_json::json!({"phrase": phrase}));
/// }
///
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::context::RequestContext;
///
/// let request = RequestContext::new().anonymous("a-7");
/// request.sync_scope(|| searched(&client.current(), "shoes"));
/// # client.assert_tracked("search", serde_json::json!({"phrase": "shoes"}));
/// ```
#[derive(Clone, Debug)]
pub struct Requester {
    request: Option<Arc<Current>>,
}

/// Whoever made the request at hand, now known to be this user.
///
/// ```
/// use segue_sdk::{KnownRequester, Person};
///
/// fn logged_in(user: Person<'_, KnownRequester<'_>>) {
///     user.identify(&serde_json::json!({"logged_in": true}));
/// }
///
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::context::RequestContext;
///
/// let request = RequestContext::new().anonymous("a-7");
/// request.sync_scope(|| logged_in(client.current().user("42")));
/// # assert_eq!(client.events()[0]["anonymousId"], "a-7");
/// ```
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
/// An empty id counts as absent. The trait is there for code that does not mind which it is:
///
/// ```
/// use segue_sdk::{Identity, Person};
///
/// fn cart_left<I: Identity>(person: &Person<'_, I>) {
///     person.track_named("cart_left", &serde_json::json!({}));
/// }
///
/// # let client = segue_sdk::testing::TestClient::new();
/// cart_left(&client.user("42"));
/// cart_left(&client.anonymous("a-7"));
/// # assert_eq!(client.events().len(), 2);
/// ```
pub trait Identity: sealed::Ids {}

/// An identity with a user id: [`User`], [`Visitor`] or [`KnownRequester`].
///
/// ```
/// use segue_sdk::{Known, Person};
///
/// fn upgraded<I: Known>(person: &Person<'_, I>) {
///     person.identify(&serde_json::json!({"plan": "pro"}));
/// }
///
/// # let client = segue_sdk::testing::TestClient::new();
/// upgraded(&client.visitor("42", "a-7"));
/// # client.assert_identified("42", serde_json::json!({"plan": "pro"}));
/// ```
///
/// Of a visitor nobody knows who to say it of:
///
/// ```compile_fail
/// # let client = segue_sdk::testing::TestClient::new();
/// client.anonymous("a-7").identify(&serde_json::json!({"plan": "pro"}));
/// ```
pub trait Known: Identity {}

impl Known for User<'_> {}

impl Known for Visitor<'_> {}

impl Known for KnownRequester<'_> {}

impl Identity for User<'_> {}

impl sealed::Ids for User<'_> {
    fn user_id(&self) -> Option<&str> {
        filled(self.user_id)
    }

    fn anonymous_id(&self) -> Option<&str> {
        None
    }
}

impl Identity for Anonymous<'_> {}

impl sealed::Ids for Anonymous<'_> {
    fn user_id(&self) -> Option<&str> {
        None
    }

    fn anonymous_id(&self) -> Option<&str> {
        filled(self.anonymous_id)
    }
}

impl Identity for Visitor<'_> {}

impl sealed::Ids for Visitor<'_> {
    fn user_id(&self) -> Option<&str> {
        filled(self.user_id)
    }

    fn anonymous_id(&self) -> Option<&str> {
        filled(self.anonymous_id)
    }
}

impl Identity for Requester {}

impl sealed::Ids for Requester {
    fn user_id(&self) -> Option<&str> {
        self.request.as_deref()?.user_id()
    }

    fn anonymous_id(&self) -> Option<&str> {
        self.request.as_deref()?.anonymous_id()
    }
}

impl Identity for KnownRequester<'_> {}

impl sealed::Ids for KnownRequester<'_> {
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

pub(super) mod sealed {
    /// What a client reads out of an identity.
    pub trait Ids {
        /// The app's own id, if it is known.
        fn user_id(&self) -> Option<&str>;

        /// The anonymous id, if it is known.
        fn anonymous_id(&self) -> Option<&str>;
    }
}
