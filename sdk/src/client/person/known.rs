//! What can be said about a user alone, and who becomes one.

use serde::Serialize;

use super::Person;
use crate::client::identity::{Known, KnownRequester, Requester, User, Visitor};
use crate::client::{Options, Receipt};
use crate::wire::{Kind, Outgoing};

impl<I: Known> Person<'_, I> {
    /// They are this user, with these traits; an anonymous id that is given too becomes theirs.
    ///
    /// `traits` must serialise to an object.
    ///
    /// ```
    /// # fn logged_in(client: &segue_sdk::Client) {
    /// let traits = serde_json::json!({"email": "ada@example.com", "plan": "pro"});
    /// client.user("42").anonymous("a-7").identify(&traits);
    /// # }
    /// ```
    pub fn identify<P: Serialize + ?Sized>(&self, traits: &P) -> Receipt {
        self.identify_with(traits, &Options::default())
    }

    /// They are this user, with options.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// use segue_sdk::{Options, Priority};
    ///
    /// // A nightly sweep over all users should not displace what happens now.
    /// let options = Options::new().priority(Priority::Low);
    /// client.user("42").identify_with(&serde_json::json!({"points": 7}), &options);
    /// # client.assert_identified("42", serde_json::json!({"points": 7}));
    /// ```
    pub fn identify_with<P: Serialize + ?Sized>(&self, traits: &P, options: &Options) -> Receipt {
        let event = self.about(Kind::Identify);
        self.send(
            &Outgoing {
                traits: Some(traits),
                ..event
            },
            options,
        )
    }

    /// They are the same person as the user `previous_id`.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// // Two accounts were one person: what `17` did belongs to `42` from now on.
    /// client.user("42").alias("17");
    /// # assert_eq!(client.events()[0]["previousId"], "17");
    /// ```
    pub fn alias(&self, previous_id: &str) -> Receipt {
        self.alias_with(previous_id, &Options::default())
    }

    /// They are the same person as another user, with options.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// use segue_sdk::Options;
    ///
    /// let options = Options::new().message_id("merge-17-into-42");
    /// client.user("42").alias_with("17", &options);
    /// # assert_eq!(client.events()[0]["messageId"], "merge-17-into-42");
    /// ```
    pub fn alias_with(&self, previous_id: &str, options: &Options) -> Receipt {
        let event = self.about::<()>(Kind::Alias);
        self.send(
            &Outgoing {
                previous_id: Some(previous_id),
                ..event
            },
            options,
        )
    }
}

impl<'a> Person<'a, User<'a>> {
    /// The same user with the anonymous id they had before.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// client.user("42").anonymous("a-7").identify(&serde_json::json!({"plan": "pro"}));
    /// # assert_eq!(client.events()[0]["anonymousId"], "a-7");
    /// ```
    #[must_use]
    pub const fn anonymous(self, anonymous_id: &'a str) -> Person<'a, Visitor<'a>> {
        Person::new(self.client, self.identity.with_anonymous(anonymous_id))
    }
}

impl<'c> Person<'c, Requester> {
    /// The same visitor, now known to be this user: for a log-in.
    ///
    /// ```
    /// # fn logged_in(client: &segue_sdk::Client) {
    /// client.current().user("42").identify(&serde_json::json!({"plan": "pro"}));
    /// # }
    /// ```
    #[must_use]
    pub fn user<'a>(self, user_id: &'a str) -> Person<'c, KnownRequester<'a>> {
        Person::new(self.client, self.identity.with_user(user_id))
    }
}
