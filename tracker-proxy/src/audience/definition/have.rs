//! What is true of somebody: attributes, computed values, consent, other audiences.

use std::fmt;

use super::filter::read_path;
use super::operators::{missing, take_checks, take_checks_but_in};
use super::{Bounds, Did, EventPattern, Measure, Measured, Window};
use crate::audience::grain::PANED_WINDOW_MS_MAX;
use crate::audience::value::{Check, Path, Predicate};
use crate::document::{Fields, Mistakes, Node, Place};

/// One `have` condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Have {
    /// An attribute's value, or one of its values.
    Attribute(Take, Predicate),
    /// A number over all of history.
    Total(Did),
    /// The most frequent value of a property.
    Top {
        /// Of which events.
        on: EventPattern,
        /// Which property.
        of: Path,
        /// When.
        window: Window,
        /// What has to be true of the value.
        checks: Vec<Check>,
        /// How often it must have occurred.
        at_least: u32,
        /// Where it stands.
        place: Place,
    },
    /// The first or the last value of a property.
    Edge {
        /// The first one rather than the last.
        first: bool,
        /// Of which events.
        on: EventPattern,
        /// Which property.
        of: Path,
        /// What has to be true of the value.
        checks: Vec<Check>,
        /// Where it stands.
        place: Place,
    },
    /// Membership in another audience.
    Audience {
        /// Its id.
        id: String,
        /// Where it is named.
        place: Place,
    },
    /// Being on an uploaded list.
    List {
        /// Its id.
        id: String,
        /// Where it is named.
        place: Place,
    },
    /// Consents that are all granted.
    Consent(Vec<String>),
}

/// Which of an attribute's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// The current one.
    Last,
    /// The first one ever.
    First,
    /// Any one that it ever had, as far as they are kept.
    All,
}

const TAKES: [(&str, Take); 3] = [
    ("last", Take::Last),
    ("first", Take::First),
    ("all", Take::All),
];

/// What a condition can be about; each condition has one of them.
const SUBJECTS: [&str; 10] = [
    "trait",
    "attribute",
    "path",
    "total",
    "top",
    "first",
    "last",
    "audience",
    "list",
    "consent",
];

impl Have {
    /// Reads the map that `have` takes.
    pub fn read(node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        let mut fields = Fields::of(node, "`have`", mistakes)?;
        let mut subjects = SUBJECTS
            .iter()
            .filter_map(|key| Some((*key, fields.optional(key)?)));
        let subject = subjects.next();
        if let Some((second, at)) = subjects.next() {
            let first = subject.map(|(key, _)| key).unwrap_or_default();
            mistakes.add(
                at.place,
                format!("`{first}` and `{second}` are two conditions: write two"),
            );
            return None;
        }
        let Some((key, subject)) = subject else {
            let message = format!("`have` needs one of `{}`", SUBJECTS.join("`, `"));
            mistakes.add(node.place, message);
            fields.finish(mistakes);
            return None;
        };
        let have = match key {
            "total" => Self::take_total(node, subject, &mut fields, mistakes),
            "top" => Self::take_top(node, subject, &mut fields, mistakes),
            "first" | "last" => {
                let checks = some_checks(node, &mut fields, mistakes);
                let property = read_property(subject, key, mistakes);
                property.zip(checks).map(|((on, of), checks)| Self::Edge {
                    first: key == "first",
                    on,
                    of,
                    checks,
                    place: subject.place,
                })
            }
            "audience" => fields
                .required_text("audience", mistakes)
                .map(|id| Self::Audience {
                    id,
                    place: subject.place,
                }),
            "list" => fields.required_text("list", mistakes).map(|id| Self::List {
                id,
                place: subject.place,
            }),
            "consent" => read_consent(subject, mistakes),
            _ => {
                let take = fields.choice("take", &TAKES, mistakes);
                let checks = some_checks(node, &mut fields, mistakes);
                let path = read_path(subject, &format!("`{key}`"), mistakes);
                path.zip(checks).map(|(path, checks)| {
                    let take = take.unwrap_or(Take::Last);
                    Self::Attribute(take, Predicate { path, checks })
                })
            }
        };
        fields.finish(mistakes);
        have
    }

    fn take_total(
        node: &Node,
        subject: &Node,
        fields: &mut Fields<'_>,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let bounds = Bounds::take(fields, mistakes);
        if bounds.is_none() {
            mistakes.add(node.place, "`total` needs a comparison such as `gte: 100`");
        }
        let (on, of) = read_property(subject, "total", mistakes)?;
        let measured = vec![Measured {
            measure: Measure::Sum(of),
            bounds: bounds?,
        }];
        Some(Self::Total(Did {
            measured,
            ..Did::once(on, subject.place)
        }))
    }

    fn take_top(
        node: &Node,
        subject: &Node,
        fields: &mut Fields<'_>,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        // Here `in` is the window, as in `did`; a list of values is `any_of`.
        let window = match fields.optional("in") {
            Some(node) => Window::read(node, mistakes),
            None => Some(Window::Ever),
        };
        let at_least = fields.read("at_least", "a whole number above 0", mistakes, |node| {
            node.as_i64()
                .and_then(|least| u32::try_from(least).ok())
                .filter(|least| *least > 0)
        });
        let checks = take_checks_but_in(fields, mistakes);
        if checks.is_empty() {
            missing(node, mistakes);
        }
        let (on, of) = read_property(subject, "top", mistakes)?;
        let window = window?;
        if matches!(window, Window::Before(_) | Window::Band { .. }) {
            mistakes.add(node.place, "`top` takes `in: 30d` or fixed dates, not ages");
            return None;
        }
        if matches!(window, Window::Last(ms) if ms > PANED_WINDOW_MS_MAX) {
            mistakes.add(
                node.place,
                "a window can be ten years at the most; leave `in` out",
            );
            return None;
        }
        let at_least = at_least.unwrap_or(1);
        (!checks.is_empty()).then_some(Self::Top {
            on,
            of,
            window,
            checks,
            at_least,
            place: subject.place,
        })
    }
}

fn some_checks(
    node: &Node,
    fields: &mut Fields<'_>,
    mistakes: &mut Mistakes,
) -> Option<Vec<Check>> {
    let checks = take_checks(fields, mistakes);
    if checks.is_empty() {
        missing(node, mistakes);
    }
    (!checks.is_empty()).then_some(checks)
}

/// Reads `buy.amount`, or `{ event: buy, of: amount, where: {…} }`.
fn read_property(node: &Node, key: &str, mistakes: &mut Mistakes) -> Option<(EventPattern, Path)> {
    let Some(text) = node.as_text() else {
        let mut fields = Fields::of(node, &format!("`{key}`"), mistakes)?;
        let on = EventPattern::take(&mut fields, mistakes);
        let of = fields.required("of", mistakes);
        let of = of.and_then(|node| read_path(node, "`of`", mistakes));
        fields.finish(mistakes);
        return on.zip(of);
    };
    let read = text.split_once('.').and_then(|(event, of)| {
        let of = Path::parse(of)?;
        (!event.trim().is_empty()).then(|| (EventPattern::named(event), of))
    });
    if read.is_none() {
        let message = format!(
            "`{key}` has to be an event and its property, such as `buy.amount` \
             or `{{ event: buy, of: amount }}`, this is `{text}`"
        );
        mistakes.add(node.place, message);
    }
    read
}

fn read_consent(node: &Node, mistakes: &mut Mistakes) -> Option<Have> {
    let names: Option<Vec<String>> = match node.as_list() {
        Some(items) => items
            .iter()
            .map(|item| item.as_text().map(str::to_owned))
            .collect(),
        None => node.as_text().map(|name| vec![name.to_owned()]),
    };
    let names = names.filter(|names| !names.is_empty());
    if names.is_none() {
        mistakes.add(node.place, "`consent` has to be a name or a list of names");
    }
    names.map(Have::Consent)
}

impl fmt::Display for Have {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |checks: &[Check]| {
            checks
                .iter()
                .map(Check::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        match self {
            Self::Attribute(Take::Last, predicate) => write!(f, "have {predicate}"),
            Self::Attribute(Take::First, predicate) => write!(f, "had at first {predicate}"),
            Self::Attribute(Take::All, predicate) => write!(f, "ever had {predicate}"),
            Self::Total(did) => write!(f, "did {did}"),
            Self::Top {
                on,
                of,
                window,
                checks,
                at_least,
                ..
            } => {
                write!(f, "have top {of} of {on}{window} {}", list(checks))?;
                if *at_least > 1 {
                    write!(f, ", at least {at_least} times")?;
                }
                Ok(())
            }
            Self::Edge {
                first,
                on,
                of,
                checks,
                ..
            } => {
                let edge = if *first { "first" } else { "last" };
                write!(f, "have {edge} {of} of {on} {}", list(checks))
            }
            Self::Audience { id, .. } => write!(f, "have audience {id}"),
            Self::List { id, .. } => write!(f, "are on the list {id}"),
            Self::Consent(names) => write!(f, "have consent [{}]", names.join(", ")),
        }
    }
}
