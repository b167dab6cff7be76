//! The verbs: what can be said about somebody.

use serde::{Serialize, Serializer};

use super::identity::{Identity, Known, KnownRequester, Requester, User, Visitor};
use super::{Client, Options, Receipt};
use crate::event::Event;
use crate::priority::Priority;
use crate::wire::{Kind, Outgoing};

/// Somebody, and the client to tell what they did.
///
/// Made by [`Client::user`], [`Client::anonymous`] and [`Client::visitor`]; it costs nothing to
/// make one for each call. Each verb has a variant with [`Options`]: a message id, a time or a
/// context of the caller's own.
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
    pub fn track_with<E: Event>(&self, event: &E, options: &Options) -> Receipt {
        self.tracked(E::NAME, event, E::PRIORITY, options)
    }

    /// They did something whose name is only known at run time.
    ///
    /// `properties` must serialise to an object.
    pub fn track_named<P: Serialize + ?Sized>(&self, name: &str, properties: &P) -> Receipt {
        self.track_named_with(name, properties, &Options::default())
    }

    /// They did something whose name is only known at run time, with options.
    pub fn track_named_with<P: Serialize + ?Sized>(
        &self,
        name: &str,
        properties: &P,
        options: &Options,
    ) -> Receipt {
        self.tracked(name, properties, Priority::Normal, options)
    }

    /// They looked at a page.
    pub fn page<P: Serialize + ?Sized>(&self, name: &str, properties: &P) -> Receipt {
        self.page_with(name, properties, &Options::default())
    }

    /// They looked at a page, with options.
    pub fn page_with<P: Serialize + ?Sized>(
        &self,
        name: &str,
        properties: &P,
        options: &Options,
    ) -> Receipt {
        let event = self.about(Kind::Page);
        self.send(
            &Outgoing {
                name: Some(name),
                properties: Some(properties),
                ..event
            },
            options,
        )
    }

    /// They looked at a screen of an app.
    pub fn screen<P: Serialize + ?Sized>(&self, name: &str, properties: &P) -> Receipt {
        self.screen_with(name, properties, &Options::default())
    }

    /// They looked at a screen of an app, with options.
    pub fn screen_with<P: Serialize + ?Sized>(
        &self,
        name: &str,
        properties: &P,
        options: &Options,
    ) -> Receipt {
        let event = self.about(Kind::Screen);
        self.send(
            &Outgoing {
                name: Some(name),
                properties: Some(properties),
                ..event
            },
            options,
        )
    }

    /// They belong to a group, such as a company, which has these traits.
    pub fn group<P: Serialize + ?Sized>(&self, group_id: &str, traits: &P) -> Receipt {
        self.group_with(group_id, traits, &Options::default())
    }

    /// They belong to a group, with options.
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

    fn send<P: Serialize + ?Sized>(&self, event: &Outgoing<'_, P>, options: &Options) -> Receipt {
        let priority = match event.kind {
            Kind::Identify | Kind::Group | Kind::Alias | Kind::Consent => Priority::High,
            Kind::Page | Kind::Screen => Priority::Low,
            Kind::Track => Priority::Normal,
        };
        self.client.send(event, priority, options)
    }
}

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
    pub fn alias(&self, previous_id: &str) -> Receipt {
        self.alias_with(previous_id, &Options::default())
    }

    /// They are the same person as another user, with options.
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

/// Purposes as an object; the last of two equal ones wins at the proxy.
struct Purposes<'a>(&'a [(&'a str, bool)]);

impl Serialize for Purposes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}
