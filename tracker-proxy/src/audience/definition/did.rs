//! What somebody did, how often, and when.

use std::fmt;

use serde::Serialize;

use super::filter::read_path;
use super::{Bounds, EventPattern};
use crate::audience::grain::PANED_WINDOW_MS_MAX;
use crate::audience::span::{Moment, parse_duration, read_duration, read_moment};
use crate::audience::value::Path;
use crate::document::{Fields, Mistakes, Node, NodeKind, Place, duration_text};
use crate::profile::condition::{DISTINCT_MAX, TIMES_MAX};

/// Events that happened, and what has to be true of them together.
#[derive(Debug, Clone, PartialEq)]
pub struct Did {
    /// Which events.
    pub on: EventPattern,
    /// When.
    pub window: Window,
    /// All of these have to hold; never empty.
    pub measured: Vec<Measured>,
    /// Computed for each value of this property by itself; one of them has to fulfil it.
    pub by: Option<Path>,
    /// How long the person has to be known before the answer counts.
    pub min_age_ms: Option<i64>,
    /// Where it stands.
    pub place: Place,
}

/// A number that events come to, and its bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Which number.
    pub measure: Measure,
    /// What it has to be.
    pub bounds: Bounds,
}

/// What is computed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// How many events.
    Count,
    /// The sum of a property.
    Sum(Path),
    /// The average of a property.
    Average(Path),
    /// The least value of a property.
    Least(Path),
    /// The greatest value of a property.
    Greatest(Path),
    /// How many different values a property has.
    Distinct(Path),
}

/// In which time events count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Window {
    /// Always.
    Ever,
    /// In the last so many milliseconds.
    Last(i64),
    /// So many milliseconds ago or earlier.
    Before(i64),
    /// Between two ages.
    Band {
        /// At least so many milliseconds ago.
        more_than_ms: i64,
        /// Less than so many milliseconds ago.
        at_most_ms: i64,
    },
    /// On fixed dates: from the first on, before the second.
    Fixed {
        /// The first instant that counts.
        from: Option<Moment>,
        /// The first instant that does not count any more.
        to: Option<Moment>,
    },
}

impl Did {
    /// Reads an event name, or the map that `did` and `did_not` take.
    pub fn read(node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        if node.as_text().is_some() {
            let on = EventPattern::read(node, mistakes)?;
            return Some(Self::once(on, node.place));
        }
        let mut fields = Fields::of(node, "`did`", mistakes)?;
        let on = EventPattern::take(&mut fields, mistakes);
        let window = match fields.optional("in") {
            Some(node) => Window::read(node, mistakes),
            None => Some(Window::Ever),
        };
        let mut measured = Vec::new();
        if let Some(count) = fields.optional("count") {
            let bounds = Bounds::read_count(count, mistakes);
            measured.extend(bounds.map(|bounds| Measured {
                measure: Measure::Count,
                bounds,
            }));
        }
        type Measures = [(&'static str, fn(Path) -> Measure); 5];
        let measures: Measures = [
            ("sum", Measure::Sum),
            ("avg", Measure::Average),
            ("min", Measure::Least),
            ("max", Measure::Greatest),
            ("distinct", Measure::Distinct),
        ];
        for (key, measure) in measures {
            let node = fields.optional(key);
            measured.extend(node.and_then(|node| read_measured(node, key, measure, mistakes)));
        }
        let by = fields.optional("by");
        let by = by.map(|node| read_path(node, "`by`", mistakes));
        let min_age = fields.optional("min_age");
        let min_age = min_age.map(|node| read_duration(node, "`min_age`", mistakes));
        fields.finish(mistakes);
        if measured.is_empty() {
            measured.push(once());
        }
        if by.is_some() && measured.len() > 1 {
            let message = "with `by` one value has to fulfil everything: \
                           write one of `count`, `sum`, `avg`, `min`, `max` and `distinct`";
            mistakes.add(node.place, message);
            return None;
        }
        let window = window?;
        if let Some(message) = unanswerable(window, &measured) {
            mistakes.add(node.place, message);
            return None;
        }
        Some(Self {
            on: on?,
            window,
            measured,
            by: match by {
                Some(read) => Some(read?),
                None => None,
            },
            min_age_ms: match min_age {
                Some(read) => Some(read?),
                None => None,
            },
            place: node.place,
        })
    }

    /// At least one event, ever.
    #[must_use]
    pub fn once(on: EventPattern, place: Place) -> Self {
        Self {
            on,
            window: Window::Ever,
            measured: vec![once()],
            by: None,
            min_age_ms: None,
            place,
        }
    }
}

/// What cannot be known from a memory of bounded size.
fn unanswerable(window: Window, measured: &[Measured]) -> Option<&'static str> {
    let few = |one: &Measured| match one.measure {
        Measure::Count => one.bounds.enough() <= TIMES_MAX,
        Measure::Distinct(_) => matches!(window, Window::Last(_)),
        _ => false,
    };
    let few = measured.iter().all(few);
    let distinct = |one: &&Measured| matches!(one.measure, Measure::Distinct(_));
    let mut distinct = measured.iter().filter(distinct);
    if distinct
        .clone()
        .any(|one| one.bounds.enough() > DISTINCT_MAX)
    {
        return Some("`distinct` counts up to 255 different values");
    }
    if distinct.next().is_some() && matches!(window, Window::Before(_) | Window::Band { .. }) {
        return Some("`distinct` takes `in: 30d` or fixed dates, not ages");
    }
    match window {
        Window::Before(_) if !few => {
            Some("`more_than` without `at_most` goes with a `count` of up to 63; add `at_most`")
        }
        Window::Last(ms) if !few && ms > PANED_WINDOW_MS_MAX => {
            Some("a window over ten years goes with a `count` of up to 63; leave `in` out")
        }
        Window::Band { at_most_ms, .. } if at_most_ms > PANED_WINDOW_MS_MAX => {
            Some("`at_most` can be ten years at the most; leave it out")
        }
        _ => None,
    }
}

fn once() -> Measured {
    Measured {
        measure: Measure::Count,
        bounds: Bounds::at_least(1.0),
    }
}

fn read_measured(
    node: &Node,
    key: &str,
    measure: fn(Path) -> Measure,
    mistakes: &mut Mistakes,
) -> Option<Measured> {
    let mut fields = Fields::of(node, &format!("`{key}`"), mistakes)?;
    let of = fields.required("of", mistakes);
    let of = of.and_then(|node| read_path(node, "`of`", mistakes));
    let bounds = Bounds::take(&mut fields, mistakes);
    let whole = key != "distinct" || bounds.as_ref().is_none_or(Bounds::are_counts);
    if !whole {
        mistakes.add(node.place, "`distinct` is compared with whole numbers");
        return None;
    }
    if bounds.is_none() {
        mistakes.add(
            node.place,
            format!("`{key}` needs a comparison such as `gte: 100`"),
        );
    }
    fields.finish(mistakes);
    Some(Measured {
        measure: measure(of?),
        bounds: bounds?,
    })
}

impl Window {
    /// Reads `90d`, `ever`, `{from, to}` or `{more_than, at_most}`.
    pub fn read(node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        if !matches!(node.kind, NodeKind::Map(_)) {
            return match node.as_text() {
                Some("ever") => Some(Self::Ever),
                text => match text.and_then(parse_duration) {
                    Some(last) => Some(Self::Last(last)),
                    None => read_duration(node, "`in`", mistakes).map(Self::Last),
                },
            };
        }
        let mut fields = Fields::of(node, "`in`", mistakes)?;
        let [from, to] = ["from", "to"].map(|key| {
            let node = fields.optional(key)?;
            Some(read_moment(node, &format!("`{key}`"), mistakes))
        });
        let [more_than, at_most] = ["more_than", "at_most"].map(|key| {
            let node = fields.optional(key)?;
            Some(read_duration(node, &format!("`{key}`"), mistakes))
        });
        fields.finish(mistakes);
        let window = match (from, to, more_than, at_most) {
            (None, None, None, None) => {
                Err("`in` needs `from` or `to`, or `more_than` or `at_most`")
            }
            (None, None, None, Some(at_most)) => Ok(Self::Last(at_most?)),
            (None, None, Some(more_than), None) => Ok(Self::Before(more_than?)),
            (None, None, Some(more_than), Some(at_most)) => {
                let (more_than_ms, at_most_ms) = (more_than?, at_most?);
                if more_than_ms < at_most_ms {
                    Ok(Self::Band {
                        more_than_ms,
                        at_most_ms,
                    })
                } else {
                    Err(
                        "`more_than` and `at_most` contradict each other: nothing is older than the one and younger than the other",
                    )
                }
            }
            (from, to, None, None) => {
                let (from, to) = (flat(from)?, flat(to)?);
                if is_empty(from, to) {
                    Err("`from` and `to` contradict each other: `to` is not after `from`")
                } else {
                    Ok(Self::Fixed { from, to })
                }
            }
            _ => Err(
                "`in` takes fixed dates (`from`, `to`) or ages (`more_than`, `at_most`), not both",
            ),
        };
        window
            .map_err(|message| mistakes.add(node.place, message))
            .ok()
    }
}

/// `None` where there was something that could not be read.
fn flat(moment: Option<Option<Moment>>) -> Option<Option<Moment>> {
    match moment {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}

fn is_empty(from: Option<Moment>, to: Option<Moment>) -> bool {
    let utc = jiff::tz::TimeZone::UTC;
    matches!((from, to), (Some(from), Some(to)) if from.instant(&utc) >= to.instant(&utc))
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ever => Ok(()),
            Self::Last(last) => write!(f, " in {}", duration_text(*last)),
            Self::Before(ago) => write!(f, " more than {} ago", duration_text(*ago)),
            Self::Band {
                more_than_ms,
                at_most_ms,
            } => {
                let (more_than, at_most) =
                    (duration_text(*more_than_ms), duration_text(*at_most_ms));
                write!(f, " more than {more_than} and at most {at_most} ago")
            }
            Self::Fixed { from, to } => {
                if let Some(from) = from {
                    write!(f, " from {from}")?;
                }
                if let Some(to) = to {
                    write!(f, " before {to}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("count"),
            Self::Sum(of) => write!(f, "sum of {of}"),
            Self::Average(of) => write!(f, "avg of {of}"),
            Self::Least(of) => write!(f, "min of {of}"),
            Self::Greatest(of) => write!(f, "max of {of}"),
            Self::Distinct(of) => write!(f, "distinct {of}"),
        }
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.on, self.window)?;
        if self.measured != [once()] {
            for Measured { measure, bounds } in &self.measured {
                write!(f, ", {measure} {bounds}")?;
            }
        }
        if let Some(by) = &self.by {
            write!(f, " for one {by}")?;
        }
        match self.min_age_ms {
            Some(age) => write!(f, ", known for {}", duration_text(age)),
            None => Ok(()),
        }
    }
}
