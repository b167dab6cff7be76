//! Who does what: the persons of one sender, and the books that are kept of what was sent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use segue_tests::random::Random;

/// One person in this many is erased now and then.
const ERASABLE: usize = 6;
const ANONYMOUS_IDS: usize = 2;

/// A person with an id of the app's and some of browsers.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) user: String,
    pub(super) anonymous: [String; ANONYMOUS_IDS],
    /// Whether this person is erased now and then.
    pub(super) is_erasable: bool,
    /// Which anonymous ids were linked since the person began or was erased.
    linked: BTreeSet<usize>,
    /// The time of the newest event.
    newest: i64,
}

impl Person {
    pub(super) fn new(sender: usize, number: usize) -> Self {
        Self {
            user: format!("u{sender}-{number}"),
            anonymous: [0, 1].map(|n| format!("a{sender}-{number}-{n}")),
            is_erasable: number.is_multiple_of(ERASABLE),
            linked: BTreeSet::new(),
            newest: 0,
        }
    }

    /// Now, and whether this person has done something at this very time already.
    fn now(&mut self) -> (i64, bool) {
        let now = jiff::Timestamp::now().as_millisecond();
        let again = now <= self.newest;
        self.newest = now.max(self.newest);
        (now, again)
    }
}

/// What happened.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    /// A track call with properties.
    Track(&'static str, Json),
    /// The plan of the person changed.
    Plan(&'static str),
    /// A browser turned out to be the person's.
    Link,
}

/// One event, before it is written as JSON or as a call of the SDK.
#[derive(Debug, Clone)]
pub(super) struct Happening {
    pub(super) message_id: String,
    pub(super) person: usize,
    pub(super) user: Option<String>,
    pub(super) anonymous: Option<String>,
    pub(super) at: i64,
    pub(super) deed: Deed,
}

impl Happening {
    pub(super) fn json(&self) -> Json {
        let mut event = match &self.deed {
            Deed::Track(name, properties) => {
                json!({ "type": "track", "event": name, "properties": properties })
            }
            Deed::Plan(plan) => json!({ "type": "identify", "traits": { "plan": plan } }),
            Deed::Link => json!({ "type": "identify" }),
        };
        event["messageId"] = self.message_id.as_str().into();
        for (key, id) in [("userId", &self.user), ("anonymousId", &self.anonymous)] {
            if let Some(id) = id {
                event[key] = id.as_str().into();
            }
        }
        segue_tests::ingest::at(event, self.at)
    }
}

/// What became of the events of one person.
#[derive(Debug, Clone, Default)]
pub(super) struct Books {
    /// Acknowledged: they have to be there.
    pub(super) acknowledged: BTreeSet<String>,
    /// Sent without an answer and not sent again: they may be there.
    pub(super) unknown: BTreeSet<String>,
    /// Erased: they must not be there.
    pub(super) erased: BTreeSet<String>,
}

/// The persons of one sender with their books.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) persons: Vec<Person>,
    pub(super) books: BTreeMap<usize, Books>,
    pub(super) random: Random,
    pub(super) erasures: u64,
    events: u64,
}

impl Account {
    pub(super) fn new(persons: Vec<Person>, random: Random) -> Self {
        Self {
            persons,
            books: BTreeMap::new(),
            random,
            erasures: 0,
            events: 0,
        }
    }

    fn message_id(&mut self, person: usize) -> String {
        self.events += 1;
        format!("m-{}-{}", self.persons[person].user, self.events)
    }

    /// Something that somebody does now.
    pub(super) fn next(&mut self) -> Happening {
        let person = usize::try_from(self.random.below(self.persons.len() as u64)).unwrap_or(0);
        let browser = usize::from(self.random.once_in(2));
        let deed = match self.random.below(20) {
            0..=7 => Deed::Track("visit", json!({ "page": self.random.below(9) })),
            8..=12 => Deed::Track("buy", json!({ "amount": 1 + self.random.below(40) })),
            13 if self.random.once_in(12) => Deed::Track("refund", json!({})),
            13..=14 => Deed::Plan("pro"),
            15..=16 => Deed::Plan("free"),
            _ => Deed::Link,
        };
        self.write(person, browser, deed)
    }

    fn write(&mut self, person: usize, browser: usize, deed: Deed) -> Happening {
        let message_id = self.message_id(person);
        let as_visitor = self.random.once_in(3);
        let who = &mut self.persons[person];
        let (at, again) = who.now();
        // Of two plans at one time nobody could say which is the newer one.
        let deed = match deed {
            Deed::Plan(_) if again => Deed::Track("visit", json!({})),
            other => other,
        };
        // An erasure takes what is linked: an anonymous id of somebody who will be erased does
        // nothing before it is linked.
        let may_be_anonymous = !who.is_erasable || who.linked.contains(&browser);
        let (user, anonymous) = match deed {
            Deed::Link => {
                who.linked.insert(browser);
                (true, true)
            }
            Deed::Track(..) | Deed::Plan(_) if as_visitor && may_be_anonymous => (false, true),
            Deed::Track(..) | Deed::Plan(_) => (true, false),
        };
        Happening {
            message_id,
            person,
            user: user.then(|| who.user.clone()),
            anonymous: anonymous.then(|| who.anonymous[browser].clone()),
            at,
            deed,
        }
    }

    /// The links that are made last, so that every person's history is one.
    pub(super) fn last_links(&mut self) -> Vec<Happening> {
        let all = self.persons.len() * ANONYMOUS_IDS;
        (0..all)
            .map(|n| self.write(n / ANONYMOUS_IDS, n % ANONYMOUS_IDS, Deed::Link))
            .collect()
    }

    pub(super) fn acknowledge(&mut self, happenings: &[Happening]) {
        for one in happenings {
            let books = self.books.entry(one.person).or_default();
            books.acknowledged.insert(one.message_id.clone());
        }
    }

    pub(super) fn forget(&mut self, happenings: &[Happening]) {
        for one in happenings {
            let books = self.books.entry(one.person).or_default();
            books.unknown.insert(one.message_id.clone());
        }
    }

    /// The person is erased, and begins anew.
    pub(super) fn erased(&mut self, person: usize) {
        self.erasures += 1;
        let books = self.books.entry(person).or_default();
        books.erased.append(&mut books.acknowledged);
        books.erased.append(&mut books.unknown);
        self.persons[person].linked.clear();
    }
}
