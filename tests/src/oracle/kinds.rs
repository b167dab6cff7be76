//! The kinds of conditions, as the report counts them.

use super::language::{Check, Did, Have, InOrder, Measure, Take, ThenNot, When, Window};

impl When {
    /// The kind of this condition, those below it left out.
    #[must_use]
    pub fn kind(&self) -> String {
        let did = |head: &str, did: &Did| {
            let measure = match did.measured.as_slice() {
                [] | [(Measure::Count, _)] => "count",
                [(Measure::Sum(_), _)] => "sum",
                [(Measure::Average(_), _)] => "avg",
                [(Measure::Least(_), _)] => "min",
                [(Measure::Greatest(_), _)] => "max",
                [(Measure::Distinct(_), _)] => "distinct",
                _ => "several",
            };
            let by = if did.by.is_some() { " by" } else { "" };
            let age = if did.min_age.is_some() {
                " min_age"
            } else {
                ""
            };
            format!("{head} {measure} {}{by}{age}", did.window.kind())
        };
        match self {
            Self::All(_) => "all".to_owned(),
            Self::Any(_) => "any".to_owned(),
            Self::None(_) => "none".to_owned(),
            Self::Did(one) => did("did", one),
            Self::DidNot(one) => did("did_not", one),
            Self::ThenNot(one) => one.kind(),
            Self::InOrder(one) => one.kind(),
            Self::Have(have) => have.kind(),
        }
    }
}

impl Window {
    fn kind(&self) -> &'static str {
        match self {
            Self::Ever => "ever",
            Self::Last(_) => "in a window",
            Self::Before(_) => "more than ago",
            Self::Band { .. } => "in a band",
            Self::Fixed { .. } => "on fixed dates",
        }
    }
}

impl ThenNot {
    fn kind(&self) -> String {
        let mut kind = "then_not".to_owned();
        for (said, word) in [
            (self.matching.is_some(), " match"),
            (self.restart, " rearm"),
            (self.stay.is_some(), " stay"),
            (self.until.is_some(), " stay_until"),
        ] {
            kind.push_str(if said { word } else { "" });
        }
        kind
    }
}

impl InOrder {
    fn kind(&self) -> String {
        let mut kind = "in_order".to_owned();
        for (said, word) in [
            (self.within.is_some(), " within"),
            (self.matching.is_some(), " match"),
            (self.silence.is_some(), " then_not"),
            (self.stay.is_some(), " stay"),
            (self.until.is_some(), " stay_until"),
        ] {
            kind.push_str(if said { word } else { "" });
        }
        kind
    }
}

impl Have {
    fn kind(&self) -> String {
        match self {
            Self::Attribute(take, predicate) => {
                let first = predicate.checks.first();
                let take = match take {
                    Take::Last => "",
                    Take::First => "first ",
                    Take::All => "all ",
                };
                format!("have {take}trait {}", first.map_or("", Check::name))
            }
            Self::Total(..) => "have total".to_owned(),
            Self::Top { window, .. } => format!("have top {}", window.kind()),
            Self::Edge { first: true, .. } => "have first".to_owned(),
            Self::Edge { first: false, .. } => "have last".to_owned(),
            Self::Audience(_) => "have audience".to_owned(),
            Self::List(_) => "have list".to_owned(),
            Self::Consent(_) => "have consent".to_owned(),
        }
    }
}
