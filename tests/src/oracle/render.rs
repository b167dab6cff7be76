//! Definitions as their authors write them.

use serde_json::{Map, Value as Json, json};

use super::language::{
    Audience, Bound, Check, Did, Have, InOrder, Measure, Pattern, Predicate, Take, ThenNot, When,
    Window,
};

impl Audience {
    /// The whole definition.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut map = Map::new();
        with(&mut map, "id", self.id.as_str().into());
        with(&mut map, "when", self.when.to_json());
        if let Some(lasts) = self.lasts {
            with(&mut map, "membership_duration", duration(lasts).into());
        }
        Json::Object(map)
    }
}

impl When {
    /// The condition.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let list = |items: &[Self]| items.iter().map(Self::to_json).collect::<Vec<_>>();
        match self {
            Self::All(items) => json!({ "all": list(items) }),
            Self::Any(items) => json!({ "any": list(items) }),
            Self::None(items) => json!({ "none": list(items) }),
            Self::Did(did) => json!({ "did": did.to_json() }),
            Self::DidNot(did) => json!({ "did_not": did.to_json() }),
            Self::ThenNot(then_not) => then_not.to_json(),
            Self::InOrder(in_order) => in_order.to_json(),
            Self::Have(have) => json!({ "have": have.to_json() }),
        }
    }
}

/// Milliseconds in the largest unit that says them exactly.
#[must_use]
pub fn duration(ms: i64) -> String {
    let units = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
    ];
    let whole = units.iter().find(|(unit, _)| ms % unit == 0);
    whole.map_or_else(
        || format!("{ms}ms"),
        |(unit, name)| format!("{}{name}", ms / unit),
    )
}

fn with(map: &mut Map<String, Json>, key: &str, value: Json) {
    map.insert(key.to_owned(), value);
}

impl Pattern {
    /// As short as it can be written.
    #[must_use]
    pub fn to_json(&self) -> Json {
        if self.filter.is_empty() {
            return self.event.as_str().into();
        }
        Json::Object(self.fields())
    }

    fn fields(&self) -> Map<String, Json> {
        let mut map = Map::new();
        with(&mut map, "event", self.event.as_str().into());
        if !self.filter.is_empty() {
            with(&mut map, "where", wanted(&self.filter));
        }
        map
    }
}

fn wanted(all: &[Predicate]) -> Json {
    let mut map = Map::new();
    for predicate in all {
        with(&mut map, &predicate.path, checks(&predicate.checks));
    }
    Json::Object(map)
}

/// Equality and lists in their short forms.
fn checks(all: &[Check]) -> Json {
    match all {
        [Check::Eq(bound)] => bound.clone(),
        [Check::In(bounds)] => bounds.clone().into(),
        _ => {
            let mut map = Map::new();
            all.iter().for_each(|check| check.put(&mut map));
            Json::Object(map)
        }
    }
}

impl Check {
    /// The operator's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Eq(_) => "eq",
            Self::Ne(_) => "ne",
            Self::In(_) => "in",
            Self::NotIn(_) => "not_in",
            Self::Gt(_) | Self::After(_) => "gt",
            Self::Gte(_) => "gte",
            Self::Lt(_) => "lt",
            Self::Lte(_) | Self::UpTo(_) => "lte",
            Self::Between(..) => "between",
            Self::Exists(_) => "exists",
            Self::Missing(_) => "missing",
            Self::Contains(_) => "contains",
            Self::StartsWith(_) => "starts_with",
            Self::EndsWith(_) => "ends_with",
            Self::Matches(_) => "matches",
            Self::AnyOf(_) => "any_of",
            Self::AllOf(_) => "all_of",
            Self::NoneOf(_) => "none_of",
            Self::BeforeDate(_) => "before",
            Self::AfterDate(_) => "after",
            Self::InLast(_) => "in_last",
            Self::InNext(_) => "in_next",
            Self::AnniversaryInNext(_) => "anniversary_in_next",
            Self::Some(_) => "some",
        }
    }

    fn put(&self, map: &mut Map<String, Json>) {
        let bound = match self {
            Self::Eq(bound) | Self::Ne(bound) => bound.clone(),
            Self::In(bounds)
            | Self::NotIn(bounds)
            | Self::AnyOf(bounds)
            | Self::AllOf(bounds)
            | Self::NoneOf(bounds) => bounds.clone().into(),
            Self::Gt(bound) | Self::Gte(bound) | Self::Lt(bound) | Self::Lte(bound) => {
                (*bound).into()
            }
            Self::After(text)
            | Self::UpTo(text)
            | Self::Contains(text)
            | Self::StartsWith(text)
            | Self::EndsWith(text)
            | Self::Matches(text)
            | Self::BeforeDate(text)
            | Self::AfterDate(text) => text.as_str().into(),
            Self::Between(low, high) => json!([low, high]),
            Self::Exists(said) | Self::Missing(said) => (*said).into(),
            Self::InLast(span) | Self::InNext(span) | Self::AnniversaryInNext(span) => {
                duration(*span).into()
            }
            Self::Some(all) => wanted(all),
        };
        with(map, self.name(), bound);
    }
}

impl Window {
    fn put(&self, map: &mut Map<String, Json>) {
        let window = match self {
            Self::Ever => return,
            Self::Last(ms) => duration(*ms).into(),
            Self::Before(ms) => json!({ "more_than": duration(*ms) }),
            Self::Band { more_than, at_most } => {
                json!({ "more_than": duration(*more_than), "at_most": duration(*at_most) })
            }
            Self::Fixed { from, to } => {
                let mut dates = Map::new();
                for (key, date) in [("from", from), ("to", to)] {
                    if let Some(date) = date {
                        with(&mut dates, key, date.as_str().into());
                    }
                }
                Json::Object(dates)
            }
        };
        with(map, "in", window);
    }
}

impl Bound {
    fn put(self, map: &mut Map<String, Json>) {
        // Counts are written without a fraction.
        let number = |number: f64| {
            if number.fract() == 0.0 {
                json!(number as i64)
            } else {
                json!(number)
            }
        };
        let (key, bound) = match self {
            Self::Eq(bound) => ("eq", number(bound)),
            Self::Ne(bound) => ("ne", number(bound)),
            Self::Gt(bound) => ("gt", number(bound)),
            Self::Gte(bound) => ("gte", number(bound)),
            Self::Lt(bound) => ("lt", number(bound)),
            Self::Lte(bound) => ("lte", number(bound)),
            Self::Between(low, high) => ("between", json!([number(low), number(high)])),
        };
        with(map, key, bound);
    }
}

fn bounds(all: &[Bound]) -> Map<String, Json> {
    let mut map = Map::new();
    all.iter().for_each(|bound| bound.put(&mut map));
    map
}

impl Did {
    fn to_json(&self) -> Json {
        let plain = self.by.is_none() && self.min_age.is_none() && self.measured.is_empty();
        if self.window == Window::Ever && plain {
            return self.on.to_json();
        }
        let mut map = self.on.fields();
        self.window.put(&mut map);
        for (measure, limits) in &self.measured {
            let mut limits = bounds(limits);
            let (key, of) = match measure {
                Measure::Count => ("count", None),
                Measure::Sum(of) => ("sum", Some(of)),
                Measure::Average(of) => ("avg", Some(of)),
                Measure::Least(of) => ("min", Some(of)),
                Measure::Greatest(of) => ("max", Some(of)),
                Measure::Distinct(of) => ("distinct", Some(of)),
            };
            if let Some(of) = of {
                with(&mut limits, "of", of.as_str().into());
            }
            with(&mut map, key, Json::Object(limits));
        }
        if let Some(by) = &self.by {
            with(&mut map, "by", by.as_str().into());
        }
        if let Some(age) = self.min_age {
            with(&mut map, "min_age", duration(age).into());
        }
        Json::Object(map)
    }
}

impl ThenNot {
    fn to_json(&self) -> Json {
        let mut map = Map::new();
        with(&mut map, "did", self.did.to_json());
        with(&mut map, "then_not", self.then_not.to_json());
        with(&mut map, "within", duration(self.within).into());
        if let Some(path) = &self.matching {
            with(&mut map, "match", path.as_str().into());
        }
        if self.restart {
            with(&mut map, "rearm", "last".into());
        }
        if let Some(stay) = self.stay {
            with(&mut map, "stay", duration(stay).into());
        }
        if let Some(until) = &self.until {
            with(&mut map, "stay_until", until.to_json());
        }
        Json::Object(map)
    }
}

impl InOrder {
    fn to_json(&self) -> Json {
        let mut map = Map::new();
        let steps = self.steps.iter().map(Pattern::to_json).collect();
        with(&mut map, "in_order", Json::Array(steps));
        if let Some(span) = self.within {
            with(&mut map, "within", duration(span).into());
        }
        if let Some(path) = &self.matching {
            with(&mut map, "match", path.as_str().into());
        }
        if let Some(silence) = &self.silence {
            with(&mut map, "then_not", silence.then_not.to_json());
            with(&mut map, "wait", duration(silence.wait).into());
            if silence.restart {
                with(&mut map, "rearm", "last".into());
            }
        }
        if let Some(stay) = self.stay {
            let key = if self.silence.is_some() { "stay" } else { "in" };
            with(&mut map, key, duration(stay).into());
        }
        if let Some(until) = &self.until {
            with(&mut map, "stay_until", until.to_json());
        }
        Json::Object(map)
    }
}

/// `buy.amount`, or the long form where there is a filter.
fn property(on: &Pattern, of: &str) -> Json {
    if on.filter.is_empty() {
        return format!("{}.{of}", on.event).into();
    }
    let mut map = on.fields();
    with(&mut map, "of", of.into());
    Json::Object(map)
}

impl Have {
    fn to_json(&self) -> Json {
        let mut map = Map::new();
        match self {
            Self::Attribute(take, predicate) => {
                with(&mut map, "trait", predicate.path.as_str().into());
                match take {
                    Take::Last => {}
                    Take::First => with(&mut map, "take", "first".into()),
                    Take::All => with(&mut map, "take", "all".into()),
                }
                predicate
                    .checks
                    .iter()
                    .for_each(|check| check.put(&mut map));
            }
            Self::Total(on, of, limits) => {
                map = bounds(limits);
                with(&mut map, "total", property(on, of));
            }
            Self::Top {
                on,
                of,
                window,
                checks,
                at_least,
            } => {
                with(&mut map, "top", property(on, of));
                window.put(&mut map);
                checks.iter().for_each(|check| check.put(&mut map));
                if *at_least > 1 {
                    with(&mut map, "at_least", (*at_least).into());
                }
            }
            Self::Edge {
                first,
                on,
                of,
                checks,
            } => {
                with(
                    &mut map,
                    if *first { "first" } else { "last" },
                    property(on, of),
                );
                checks.iter().for_each(|check| check.put(&mut map));
            }
            Self::Audience(id) => with(&mut map, "audience", id.as_str().into()),
            Self::List(id) => with(&mut map, "list", id.as_str().into()),
            Self::Consent(names) => with(&mut map, "consent", names.clone().into()),
        }
        Json::Object(map)
    }
}
