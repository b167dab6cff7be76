//! Bounds on a number that conditions compute: a count, a sum.

use std::fmt;

use serde::Serialize;

use crate::document::{Fields, Mistakes, Node};

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Comparison {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
}

/// All that has to be true of a number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bounds(Vec<(Comparison, f64)>);

/// A number that makes a difference to those that fall past it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Edge {
    /// Once they are below it.
    Below(f64),
    /// Once they are at it, or below it.
    At(f64),
}

impl Edge {
    /// True if `number` has not fallen past it.
    #[must_use]
    pub fn is_ahead(self, number: f64) -> bool {
        match self {
            Self::Below(edge) => number >= edge,
            Self::At(edge) => number > edge,
        }
    }
}

impl Bounds {
    /// At least `bound`.
    #[must_use]
    pub fn at_least(bound: f64) -> Self {
        Self(vec![(Comparison::Gte, bound)])
    }

    /// Takes the comparisons out of a map that may have other keys as well.
    pub fn take(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut bounds = Vec::new();
        for (key, comparison) in [
            ("eq", Comparison::Eq),
            ("ne", Comparison::Ne),
            ("gt", Comparison::Gt),
            ("gte", Comparison::Gte),
            ("lt", Comparison::Lt),
            ("lte", Comparison::Lte),
        ] {
            if let Some(bound) = fields.read(key, "a number", mistakes, Node::as_f64) {
                bounds.push((comparison, bound));
            }
        }
        if let Some([low, high]) = fields.read("between", "a list of two numbers", mistakes, pair) {
            bounds.extend([(Comparison::Gte, low), (Comparison::Lte, high)]);
        }
        if bounds.is_empty() {
            return None;
        }
        let bounds = Self(bounds);
        if bounds.is_contradictory() {
            mistakes.add(fields.place(), format!("no number is {bounds}"));
            return None;
        }
        Some(bounds)
    }

    /// Reads a count: a whole number (exactly so many), or a map of comparisons with such.
    pub fn read_count(node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        let bounds = match node.as_i64() {
            Some(exactly) => {
                #[expect(clippy::cast_precision_loss, reason = "counts are small")]
                let exactly = exactly as f64;
                Some(Self(vec![(Comparison::Eq, exactly)]))
            }
            None => {
                let mut fields = Fields::of(node, "`count`", mistakes)?;
                let bounds = Self::take(&mut fields, mistakes);
                fields.finish(mistakes);
                bounds
            }
        };
        match bounds {
            Some(bounds) if bounds.are_counts() => Some(bounds),
            _ => {
                let message = "`count` has to be a whole number such as `3`, \
                               or a comparison such as `{ gte: 3 }`";
                mistakes.add(node.place, message);
                None
            }
        }
    }

    /// True if all bounds are whole numbers that something can be counted up to.
    #[must_use]
    pub fn are_counts(&self) -> bool {
        let whole =
            |(_, bound): &(Comparison, f64)| *bound >= 0.0 && bound.fract() == 0.0 && *bound < 1e9;
        self.0.iter().all(whole)
    }

    /// True if `number` is within the bounds.
    #[must_use]
    pub fn hold(&self, number: f64) -> bool {
        self.0.iter().all(|(comparison, bound)| match comparison {
            Comparison::Eq => number == *bound,
            Comparison::Ne => number != *bound,
            Comparison::Gt => number > *bound,
            Comparison::Gte => number >= *bound,
            Comparison::Lt => number < *bound,
            Comparison::Lte => number <= *bound,
        })
    }

    /// Where the answer can turn while a number falls.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        self.0.iter().flat_map(|(comparison, bound)| {
            let (below, at) = match comparison {
                Comparison::Gte | Comparison::Lt => (true, false),
                Comparison::Gt | Comparison::Lte => (false, true),
                Comparison::Eq | Comparison::Ne => (true, true),
            };
            let below = below.then_some(Edge::Below(*bound));
            below.into_iter().chain(at.then_some(Edge::At(*bound)))
        })
    }

    /// The count from which on a larger one makes no difference: so many events are enough to
    /// know the answer.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts were checked to be whole, not negative and below 1e9"
    )]
    pub fn enough(&self) -> usize {
        let enough = self.0.iter().map(|(comparison, bound)| match comparison {
            Comparison::Gte | Comparison::Lt => *bound as usize,
            Comparison::Eq | Comparison::Ne | Comparison::Gt | Comparison::Lte => {
                *bound as usize + 1
            }
        });
        enough.max().unwrap_or(1).max(1)
    }

    fn is_contradictory(&self) -> bool {
        // Bounds change their answer only at themselves, so looking there and on both sides of
        // each is looking everywhere.
        let mut points = vec![f64::MIN, f64::MAX];
        for (_, bound) in &self.0 {
            points.extend([bound.next_down(), *bound, bound.next_up()]);
        }
        !points.into_iter().any(|point| self.hold(point))
    }
}

/// A list of two.
pub(super) fn pair(node: &Node) -> Option<[f64; 2]> {
    match node.as_list()? {
        [low, high] => Some([low.as_f64()?, high.as_f64()?]),
        _ => None,
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (comparison, bound)) in self.0.iter().enumerate() {
            let and = if n == 0 { "" } else { " and " };
            let comparison = match comparison {
                Comparison::Eq => "eq",
                Comparison::Ne => "ne",
                Comparison::Gt => "gt",
                Comparison::Gte => "gte",
                Comparison::Lt => "lt",
                Comparison::Lte => "lte",
            };
            write!(f, "{and}{comparison} {bound}")?;
        }
        Ok(())
    }
}
