//! The language of audiences as the oracle understands it: what can be written, as plain data.

use serde_json::Value as Json;

/// The lists that can be uploaded.
pub const LISTS: [&str; 2] = ["l0", "l1"];

/// One audience.
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    /// Its id.
    pub id: String,
    /// Who is a member.
    pub when: When,
    /// `membership_duration`, in milliseconds.
    pub lasts: Option<i64>,
}

/// Who is a member.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// Everything holds.
    All(Vec<Self>),
    /// One holds.
    Any(Vec<Self>),
    /// Nothing holds.
    None(Vec<Self>),
    /// Events happened.
    Did(Did),
    /// They did not.
    DidNot(Did),
    /// Something was done, and something else did not follow in time.
    ThenNot(ThenNot),
    /// Steps followed one another.
    InOrder(InOrder),
    /// Something is true of the person.
    Have(Have),
}

/// Which events.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The name.
    pub event: String,
    /// What is true of its properties.
    pub filter: Vec<Predicate>,
}

/// A path and what is true of what is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    /// The path, as written.
    pub path: String,
    /// All of these hold.
    pub checks: Vec<Check>,
}

/// One operator with its bound.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// `eq`
    Eq(Json),
    /// `ne`
    Ne(Json),
    /// `in`
    In(Vec<Json>),
    /// `not_in`
    NotIn(Vec<Json>),
    /// `gt` a number
    Gt(f64),
    /// `gte` a number
    Gte(f64),
    /// `lt` a number
    Lt(f64),
    /// `lte` a number
    Lte(f64),
    /// `gt` a text
    After(String),
    /// `lte` a text
    UpTo(String),
    /// `between`
    Between(f64, f64),
    /// `exists`
    Exists(bool),
    /// `missing`
    Missing(bool),
    /// `contains`
    Contains(String),
    /// `starts_with`
    StartsWith(String),
    /// `ends_with`
    EndsWith(String),
    /// `matches`
    Matches(String),
    /// `any_of`
    AnyOf(Vec<Json>),
    /// `all_of`
    AllOf(Vec<Json>),
    /// `none_of`
    NoneOf(Vec<Json>),
    /// `before` a date
    BeforeDate(String),
    /// `after` a date
    AfterDate(String),
    /// `in_last`, in milliseconds
    InLast(i64),
    /// `in_next`, in milliseconds
    InNext(i64),
    /// `anniversary_in_next`, in milliseconds
    AnniversaryInNext(i64),
    /// `some`
    Some(Vec<Predicate>),
}

/// When events count; durations are in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub enum Window {
    /// Always.
    Ever,
    /// The last so many.
    Last(i64),
    /// So many ago or earlier.
    Before(i64),
    /// Between two ages.
    Band {
        /// At least so long ago.
        more_than: i64,
        /// At most so long ago.
        at_most: i64,
    },
    /// On fixed dates, as written: from the first on, before the second.
    Fixed {
        /// The first instant that counts.
        from: Option<String>,
        /// The first that does not any more.
        to: Option<String>,
    },
}

/// What is computed.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// `count`
    Count,
    /// `sum`
    Sum(String),
    /// `avg`
    Average(String),
    /// `min`
    Least(String),
    /// `max`
    Greatest(String),
    /// `distinct`
    Distinct(String),
}

/// A comparison of a computed number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// `eq`
    Eq(f64),
    /// `ne`
    Ne(f64),
    /// `gt`
    Gt(f64),
    /// `gte`
    Gte(f64),
    /// `lt`
    Lt(f64),
    /// `lte`
    Lte(f64),
    /// `between`
    Between(f64, f64),
}

/// Events and what they come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Did {
    /// Which events.
    pub on: Pattern,
    /// When.
    pub window: Window,
    /// What they come to; at least one event where nothing is said.
    pub measured: Vec<(Measure, Vec<Bound>)>,
    /// For each value of this property by itself.
    pub by: Option<String>,
    /// How long the person has to be known, in milliseconds.
    pub min_age: Option<i64>,
}

/// `did … then_not …`
#[derive(Debug, Clone, PartialEq)]
pub struct ThenNot {
    /// What starts the wait.
    pub did: Pattern,
    /// What is awaited.
    pub then_not: Pattern,
    /// How long, in milliseconds.
    pub within: i64,
    /// The property that both share.
    pub matching: Option<String>,
    /// `rearm: last`
    pub restart: bool,
    /// `stay`, in milliseconds.
    pub stay: Option<i64>,
    /// `stay_until`
    pub until: Option<Pattern>,
}

/// `in_order`
#[derive(Debug, Clone, PartialEq)]
pub struct InOrder {
    /// The steps.
    pub steps: Vec<Pattern>,
    /// How long all of them may take, in milliseconds.
    pub within: Option<i64>,
    /// The property that all share.
    pub matching: Option<String>,
    /// What does not follow.
    pub silence: Option<Silence>,
    /// How long it counts, in milliseconds: `in`, or `stay` where something is awaited.
    pub stay: Option<i64>,
    /// `stay_until`
    pub until: Option<Pattern>,
}

/// What must not follow the steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Silence {
    /// `then_not`
    pub then_not: Pattern,
    /// `wait`, in milliseconds.
    pub wait: i64,
    /// `rearm: last`
    pub restart: bool,
}

/// Which of an attribute's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// The current one.
    Last,
    /// The first one ever.
    First,
    /// Any that it ever had.
    All,
}

/// What is true of somebody.
#[derive(Debug, Clone, PartialEq)]
pub enum Have {
    /// An attribute's value.
    Attribute(Take, Predicate),
    /// The sum of a property, ever.
    Total(Pattern, String, Vec<Bound>),
    /// The most frequent value of a property.
    Top {
        /// Of which events.
        on: Pattern,
        /// Which property.
        of: String,
        /// When.
        window: Window,
        /// What is true of it.
        checks: Vec<Check>,
        /// How often it occurred.
        at_least: u32,
    },
    /// The first or the last value of a property.
    Edge {
        /// The first rather than the last.
        first: bool,
        /// Of which events.
        on: Pattern,
        /// Which property.
        of: String,
        /// What is true of it.
        checks: Vec<Check>,
    },
    /// Membership in another audience.
    Audience(String),
    /// Being on an uploaded list.
    List(String),
    /// Consents that are all granted.
    Consent(Vec<String>),
}

impl When {
    /// The conditions directly below this one.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        match self {
            Self::All(items) | Self::Any(items) | Self::None(items) => items,
            _ => &[],
        }
    }

    /// This condition and all below it.
    pub fn each(&self, see: &mut impl FnMut(&Self)) {
        see(self);
        self.children().iter().for_each(|child| child.each(see));
    }
}

impl Have {
    /// The events that it is about, if it is about events.
    pub fn pattern_mut(&mut self) -> Option<&mut Pattern> {
        match self {
            Self::Total(on, ..) | Self::Top { on, .. } | Self::Edge { on, .. } => Some(on),
            Self::Attribute(..) | Self::Audience(_) | Self::List(_) | Self::Consent(_) => None,
        }
    }
}
