//! The verbs: what can be said about somebody.

mod known;

use serde::{Serialize, Serializer};

use super::identity::Identity;
use super::{Client, Options, Receipt};
use crate::event::Event;
use crate::priority::Priority;
use crate::wire::{Kind, Outgoing};

/// Somebody, and the client to tell what they did.
///
/// Made by [`Client::user`], [`Client::anonymous`] and [`Client::visitor`]; it costs nothing to
/// make one for each call. Each verb has a variant with [`Options`]: a message id, a time or a
/// context of the caller's own.
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::Person;
/// use segue_sdk::events::Buy;
/// use serde_json::json;
///
/// let ada = client.user("42");
/// ada.identify(&json!({"email": "ada@example.com"}));
/// ada.track(&Buy::line("o-77", "p-1").priced(19.5, "EUR"));
///
/// /// Code that does not mind whether the visitor is known.
/// fn left<I: segue_sdk::Identity>(person: &Person<'_, I>) {
///     person.track_named("cart_left", &json!({}));
/// }
/// left(&ada);
/// left(&client.anonymous("a-7"));
/// # assert_eq!(client.events().len(), 4);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Person<'a, I> {
    client: &'a Client,
    identity: I,
}

impl<'a, I> Person<'a, I> {
    pub(super) const fn new(client: &'a Client, identity: I) -> Self {
        Self { client, identity }
    }
}

impl<I: Identity> Person<'_, I> {
    /// They did something.
    ///
    /// ```
    /// # use segue_sdk::{Client, events::SignUp};
    /// # fn signed_up(client: &Client) {
    /// let receipt = client.user("42").track(&SignUp { method: Some("email"), plan: None });
    /// tracing::debug!(id = %receipt.message_id(), accepted = receipt.is_accepted());
    /// # }
    /// ```
    pub fn track<E: Event>(&self, event: &E) -> Receipt {
        self.track_with(event, &Options::default())
    }

    /// They did something, with options.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// use segue_sdk::{Options, events::Buy};
    ///
    /// let line = Buy::line("o-77", "p-1");
    /// let options = Options::new().message_id("buy-o-77-p-1");
    /// client.user("42").track_with(&line, &options);
    /// client.user("42").track_with(&line, &options); // the same order again: the proxy counts it once
    /// # assert_eq!(client.events()[1]["messageId"], "buy-o-77-p-1");
    /// ```
    pub fn track_with<E: Event>(&self, event: &E, options: &Options) -> Receipt {
        self.tracked(E::NAME, event, E::PRIORITY, options)
    }

    /// They did something whose name is only known at run time.
    ///
    /// `properties` must serialise to an object.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// let step = 3;
    /// let properties = serde_json::json!({"answer": "yes"});
    /// client.user("42").track_named(&format!("survey_step_{step}"), &properties);
    /// # client.assert_tracked("survey_step_3", properties);
    /// ```
    pub fn track_named<P: Serialize + ?Sized>(&self, name: &str, properties: &P) -> Receipt {
        self.track_named_with(name, properties, &Options::default())
    }

    /// They did something whose name is only known at run time, with options.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// use std::time::{Duration, SystemTime};
    ///
    /// use segue_sdk::Options;
    ///
    /// // Out of a log: when it happened is said, not taken from the clock.
    /// let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_763_632_800);
    /// let properties = serde_json::json!({"door": "north"});
    /// client.user("42").track_named_with("shop_entered", &properties, &Options::new().at(at));
    /// # assert_eq!(client.events()[0]["timestamp"], "2025-11-20T10:00:00.000Z");
    /// ```
    pub fn track_named_with<P: Serialize + ?Sized>(
        &self,
        name: &str,
        properties: &P,
        options: &Options,
    ) -> Receipt {
        self.tracked(name, properties, Priority::Normal, options)
    }

    /// They looked at a page.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// let properties = serde_json::json!({"path": "/shoes", "referrer": "https://search.example/"});
    /// client.anonymous("a-7").page("Shoes", &properties);
    /// # assert_eq!(client.events()[0]["type"], "page");
    /// ```
    pub fn page<P: Serialize + ?Sized>(&self, name: &str, properties: &P) -> Receipt {
        self.page_with(name, properties, &Options::default())
    }

    /// They looked at a page, with options.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// use segue_sdk::Options;
    ///
    /// let options = Options::new().context(&serde_json::json!({"ip": "203.0.113.7"}));
    /// client.anonymous("a-7").page_with("Shoes", &serde_json::json!({"path": "/shoes"}), &options);
    /// # assert_eq!(client.events()[0]["context"]["ip"], "203.0.113.7");
    /// ```
    pub fn page_with<P: Serialize + ?Sized>(
        &self,
        name: &str,
        properties: &P,
        options: &Options,
    ) -> Receipt {
        self.saw(Kind::Page, name, properties, options)
    }

    /// They looked at a screen of an app.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// client.user("42").screen("Basket", &serde_json::json!({"items": 2}));
    /// # assert_eq!(client.events()[0]["type"], "screen");
    /// ```
    pub fn screen<P: Serialize + ?Sized>(&self, name: &str, properties: &P) -> Receipt {
        self.screen_with(name, properties, &Options::default())
    }

    /// They looked at a screen of an app, with options.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// use segue_sdk::Options;
    ///
    /// let phone = serde_json::json!({"app": {"version": "3.1"}, "device": {"type": "android"}});
    /// let options = Options::new().context(&phone);
    /// client.user("42").screen_with("Basket", &serde_json::json!({"items": 2}), &options);
    /// # assert_eq!(client.events()[0]["context"]["app"]["version"], "3.1");
    /// ```
    pub fn screen_with<P: Serialize + ?Sized>(
        &self,
        name: &str,
        properties: &P,
        options: &Options,
    ) -> Receipt {
        self.saw(Kind::Screen, name, properties, options)
    }

    /// They belong to a group, such as a company, which has these traits.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// let traits = serde_json::json!({"name": "Analytical Engines", "seats": 12});
    /// client.user("42").group("company-9", &traits);
    /// # assert_eq!(client.events()[0]["groupId"], "company-9");
    /// ```
    pub fn group<P: Serialize + ?Sized>(&self, group_id: &str, traits: &P) -> Receipt {
        self.group_with(group_id, traits, &Options::default())
    }

    /// They belong to a group, with options.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// use segue_sdk::Options;
    ///
    /// // Told each night: the date in the id makes a second run of the same night count once.
    /// let options = Options::new().message_id("company-9-42-2026-11-20");
    /// client.user("42").group_with("company-9", &serde_json::json!({"seats": 12}), &options);
    /// # assert_eq!(client.events()[0]["messageId"], "company-9-42-2026-11-20");
    /// ```
    pub fn group_with<P: Serialize + ?Sized>(
        &self,
        group_id: &str,
        traits: &P,
        options: &Options,
    ) -> Receipt {
        let event = self.about(Kind::Group);
        self.send(
            &Outgoing {
                group_id: Some(group_id),
                traits: Some(traits),
                ..event
            },
            options,
        )
    }

    /// They gave (true) or withdrew (false) consent, purpose by purpose.
    ///
    /// ```
    /// # fn decided(client: &segue_sdk::Client) {
    /// client.anonymous("a-7").consent(&[("marketing_automation", true), ("ads", false)]);
    /// # }
    /// ```
    pub fn consent(&self, purposes: &[(&str, bool)]) -> Receipt {
        self.consent_with(purposes, &Options::default())
    }

    /// They gave or withdrew consent, with options.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// use std::time::{Duration, SystemTime};
    ///
    /// use segue_sdk::Options;
    ///
    /// // From the records of a form on paper: the newest decision wins, not the one told last.
    /// let signed = SystemTime::UNIX_EPOCH + Duration::from_secs(1_763_632_800);
    /// client.user("42").consent_with(&[("marketing_automation", true)], &Options::new().at(signed));
    /// # assert_eq!(client.events()[0]["consents"]["marketing_automation"], true);
    /// ```
    pub fn consent_with(&self, purposes: &[(&str, bool)], options: &Options) -> Receipt {
        let purposes = Purposes(purposes);
        let event = self.about(Kind::Consent);
        self.send(
            &Outgoing {
                consents: Some(&purposes),
                ..event
            },
            options,
        )
    }

    fn about<P: Serialize + ?Sized>(&self, kind: Kind) -> Outgoing<'_, P> {
        Outgoing {
            user_id: self.identity.user_id(),
            anonymous_id: self.identity.anonymous_id(),
            // The client fills in id and time.
            ..Outgoing::new(kind, "", "")
        }
    }

    fn tracked<P: Serialize + ?Sized>(
        &self,
        name: &str,
        properties: &P,
        priority: Priority,
        options: &Options,
    ) -> Receipt {
        let event = Outgoing {
            event: Some(name),
            properties: Some(properties),
            ..self.about(Kind::Track)
        };
        self.client.send(&event, priority, options)
    }

    fn saw<P: Serialize + ?Sized>(
        &self,
        kind: Kind,
        name: &str,
        properties: &P,
        options: &Options,
    ) -> Receipt {
        let event = self.about(kind);
        self.send(
            &Outgoing {
                name: Some(name),
                properties: Some(properties),
                ..event
            },
            options,
        )
    }

    fn send<P: Serialize + ?Sized>(&self, event: &Outgoing<'_, P>, options: &Options) -> Receipt {
        let priority = match event.kind {
            Kind::Identify | Kind::Group | Kind::Alias | Kind::Consent => Priority::High,
            Kind::Page | Kind::Screen => Priority::Low,
            Kind::Track => Priority::Normal,
        };
        self.client.send(event, priority, options)
    }
}

/// Purposes as an object; the last of two equal ones wins at the proxy.
struct Purposes<'a>(&'a [(&'a str, bool)]);

impl Serialize for Purposes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}
