//! Leaves while definitions are still being read.

use jiff::tz::TimeZone;
use serde_json::json;

use super::leaf::{Grouped, Intake, Leaf, Memory, Number, Role, Span};
use crate::audience::Numbering;
use crate::audience::definition::Bounds;
use crate::audience::grain::Grain;
use crate::clock::TimeMs;
use crate::keys::CatalogVersion;
use crate::profile::condition::TIMES_MAX;

/// A leaf whose size is not known until all definitions are read.
pub(super) struct LeafDraft {
    /// What makes it the same as another one, its size apart.
    pub(super) key: String,
    pub(super) memory: Memory,
    pub(super) grouped: Option<Grouped>,
    pub(super) range: Option<(TimeMs, TimeMs)>,
    pub(super) intakes: Vec<Intake>,
    pub(super) questions: Vec<usize>,
}

impl LeafDraft {
    /// Gives the leaf its number. Its size is part of what it is: a larger one has to be folded
    /// from history anew.
    pub(super) fn finish(&self, numbering: &mut Numbering, version: CatalogVersion) -> Leaf {
        let size = match self.memory {
            Memory::Newest(cap) | Memory::Oldest(cap) | Memory::Distinct(cap) => cap,
            Memory::CountPanes(_, depth)
            | Memory::NumberPanes(_, _, depth)
            | Memory::PanedTally(_, depth) => usize::try_from(depth).unwrap_or_default(),
            _ => 0,
        };
        let (no, since) = numbering.number_leaf(&format!("{size} {}", self.key), version);
        Leaf {
            no,
            since,
            memory: self.memory,
            grouped: self.grouped,
            range: self.range,
            questions: self.questions.clone(),
        }
    }
}

/// What the leaf remembers, as text that stays the same from version to version.
pub(super) fn key(
    memory: Memory,
    range: Option<(TimeMs, TimeMs)>,
    intakes: &[Intake],
    zone: &TimeZone,
) -> String {
    let zone_name = || {
        zone.iana_name()
            .map_or_else(|| format!("{:?}", zone), str::to_owned)
    };
    // Only days are cut by the zone.
    let cut = |grain: Grain| match grain {
        Grain::Day => json!([grain, zone_name()]),
        Grain::Minute | Grain::Hour => json!(grain),
    };
    let memory = match memory {
        Memory::Newest(_) => json!("newest"),
        Memory::Oldest(_) => json!("oldest"),
        Memory::Count => json!("count"),
        Memory::Number(number) => json!(number),
        Memory::CountPanes(grain, _) => json!(["count", cut(grain)]),
        Memory::NumberPanes(number, grain, _) => json!([number, cut(grain)]),
        Memory::Tally => json!("tally"),
        Memory::PanedTally(grain, _) => json!(["tally", cut(grain)]),
        Memory::First => json!("first"),
        Memory::Last => json!("last"),
        Memory::Armed(rules) if rules.steps > 1 => json!([
            rules.within_ms,
            rules.stay_ms,
            rules.restart,
            rules.steps,
            rules.span_ms
        ]),
        Memory::Armed(rules) => json!([rules.within_ms, rules.stay_ms, rules.restart]),
        Memory::Distinct(_) => json!("distinct"),
    };
    let intakes: Vec<_> = intakes
        .iter()
        .map(|intake| {
            let role = match intake.role {
                Role::Play(part) => format!("{part:?}"),
                Role::Feed => "Feed".to_owned(),
            };
            // A civil date in a filter is an instant in a zone only.
            let zone = intake
                .on
                .filter
                .iter()
                .any(|p| p.depends_on_zone())
                .then(zone_name);
            match &intake.by {
                None => json!([role, intake.on, intake.of, zone]),
                Some(by) => json!([role, intake.on, intake.of, zone, by]),
            }
        })
        .collect();
    json!([memory, range, intakes]).to_string()
}

pub(super) fn memory(span: Span, number: Option<Number>, bounds: &Bounds) -> Memory {
    let ms = match span {
        Span::Ever => return number.map_or(Memory::Count, Memory::Number),
        Span::Before(_) => return Memory::Oldest(bounds.enough()),
        Span::Last(_) if number.is_none() && bounds.enough() <= TIMES_MAX => {
            return Memory::Newest(bounds.enough());
        }
        Span::Last(ms) | Span::Band { at_most_ms: ms, .. } => ms,
    };
    let grain = Grain::of_window(ms);
    let depth = grain.depth(ms);
    match number {
        None => Memory::CountPanes(grain, depth),
        Some(number) => Memory::NumberPanes(number, grain, depth),
    }
}

/// The memory that answers what either does.
pub(super) fn larger(a: Memory, b: Memory) -> Memory {
    match (a, b) {
        (Memory::Newest(a), Memory::Newest(b)) => Memory::Newest(a.max(b)),
        (Memory::Oldest(a), Memory::Oldest(b)) => Memory::Oldest(a.max(b)),
        (Memory::Distinct(a), Memory::Distinct(b)) => Memory::Distinct(a.max(b)),
        (Memory::CountPanes(grain, a), Memory::CountPanes(_, b)) => {
            Memory::CountPanes(grain, a.max(b))
        }
        (Memory::NumberPanes(number, grain, a), Memory::NumberPanes(_, _, b)) => {
            Memory::NumberPanes(number, grain, a.max(b))
        }
        (Memory::PanedTally(grain, a), Memory::PanedTally(_, b)) => {
            Memory::PanedTally(grain, a.max(b))
        }
        (same, _) => same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::definition::EventPattern;
    use crate::audience::testing::definitions;
    use crate::audience::value::Path;

    #[test]
    fn keys_are_frozen() {
        // Other keys would be other leaves: every profile would be folded from history again.
        let key = |memory, on: &EventPattern, zone: &str| {
            let zone = TimeZone::get(zone).unwrap();
            let of = Path::parse("item.price");
            let intake = Intake {
                on: on.clone(),
                role: Role::Feed,
                of,
                by: None,
            };
            key(memory, None, &[intake], &zone)
        };
        let text =
            "[{id: a, when: {did: {event: e, where: {n: {gte: 5}, a: [y, x], s: {ne: z}}}}}]";
        let definitions = definitions(text);
        let crate::audience::definition::When::Did(did) = &definitions[0].when else {
            panic!("it is a `did`");
        };
        assert_eq!(
            key(Memory::Newest(3), &did.on, "UTC"),
            r#"["newest",null,[["Feed",{"event":"e","filter":[{"checks":[{"negated":false,"operator":{"in":["x","y"]}}],"path":{"head":"a","rest":[]}},{"checks":[{"negated":false,"operator":{"gte":5.0}}],"path":{"head":"n","rest":[]}},{"checks":[{"negated":true,"operator":{"eq":"z"}}],"path":{"head":"s","rest":[]}}]},{"head":"item","rest":[{"key":"price"}]},null]]]"#
        );
        let named = EventPattern::named("e");
        let panes = Memory::NumberPanes(Number::Sum, Grain::Day, 9);
        assert_eq!(
            key(panes, &named, "Europe/Warsaw"),
            r#"[["sum",["day","Europe/Warsaw"]],null,[["Feed",{"event":"e","filter":[]},{"head":"item","rest":[{"key":"price"}]},null]]]"#
        );
    }
}
