//! The instants at which an answer could change by itself: generously, without asking which
//! condition looks at which event.

use jiff::tz::TimeZone;

use super::calendar::{anniversaries, date_instant, pane_end};
use super::event::Kind;
use super::language::{Audience, Check, Have, When, Window};
use super::value::date_text;
use super::world::Person;

/// What in the definitions takes time.
#[derive(Debug, Clone, Default)]
pub struct Clockwork {
    /// Distances from the instant of an event.
    after: Vec<i64>,
    /// Windows that count panes: how long, and distances from the end of an event's pane.
    panes: Vec<(i64, i64)>,
    /// Distances before and after a date.
    around: Vec<i64>,
    /// Distances before an anniversary.
    anniversaries: Vec<i64>,
    /// How long memberships last.
    lasts: Vec<i64>,
}

impl Clockwork {
    /// Collects it from definitions.
    #[must_use]
    pub fn of(audiences: &[Audience]) -> Self {
        let mut all = Self::default();
        for audience in audiences {
            audience.when.each(&mut |when| all.collect(when));
            all.lasts.extend(audience.lasts);
        }
        for list in [&mut all.after, &mut all.around, &mut all.anniversaries] {
            list.sort_unstable();
            list.dedup();
        }
        all.panes.sort_unstable();
        all.panes.dedup();
        all
    }

    fn collect(&mut self, when: &When) {
        match when {
            When::Did(did) | When::DidNot(did) => {
                self.window(&did.window);
                self.after.extend(did.min_age);
            }
            When::ThenNot(condition) => {
                self.after.push(condition.within);
                self.after
                    .push(condition.within + condition.stay.unwrap_or(condition.within));
            }
            When::InOrder(condition) => {
                let wait = condition.silence.as_ref().map_or(0, |silence| silence.wait);
                self.after.push(wait);
                self.after.push(wait + condition.stay.unwrap_or(wait));
            }
            When::Have(Have::Top { window, checks, .. }) => {
                self.window(window);
                self.checks(checks);
            }
            When::Have(Have::Edge { checks, .. }) => self.checks(checks),
            When::Have(Have::Attribute(_, predicate)) => self.checks(&predicate.checks),
            _ => {}
        }
    }

    fn window(&mut self, window: &Window) {
        match *window {
            Window::Last(ms) => {
                self.after.push(ms);
                self.panes.push((ms, ms));
            }
            Window::Before(ms) => self.after.push(ms),
            Window::Band { more_than, at_most } => {
                self.panes
                    .extend([(at_most, more_than), (at_most, at_most)]);
            }
            Window::Ever | Window::Fixed { .. } => {}
        }
    }

    fn checks(&mut self, checks: &[Check]) {
        for check in checks {
            match check {
                Check::InLast(span) => self.around.extend([0, *span]),
                Check::InNext(span) => self.around.extend([0, -span]),
                Check::AnniversaryInNext(span) => self.anniversaries.push(*span),
                Check::Some(all) => all.iter().for_each(|inner| self.checks(&inner.checks)),
                _ => {}
            }
        }
    }

    /// The instants after `from` and up to `to`, in order.
    #[must_use]
    pub fn between(&self, from: i64, to: i64, person: &Person, zone: &TimeZone) -> Vec<i64> {
        let history = person.history.as_slice();
        let mut found = Vec::new();
        for begun in person
            .held
            .values()
            .chain(history.iter().map(|one| &one.time))
        {
            found.extend(self.lasts.iter().map(|lasts| begun + lasts));
        }
        for one in history {
            found.extend(self.after.iter().map(|distance| one.time + distance));
            let panes = self.panes.iter();
            found.extend(
                panes.map(|(window, distance)| pane_end(one.time, *window, zone) + distance),
            );
            if one.kind == Kind::Identify || !self.around.is_empty() {
                self.dates(&one.said, from, zone, &mut found);
            }
        }
        found.retain(|at| from < *at && *at <= to);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn dates(&self, said: &serde_json::Value, now: i64, zone: &TimeZone, found: &mut Vec<i64>) {
        let mut values: Vec<&serde_json::Value> = vec![said];
        while let Some(value) = values.pop() {
            match value {
                serde_json::Value::Object(map) => values.extend(map.values()),
                serde_json::Value::Array(items) => values.extend(items),
                scalar => {
                    let Some(text) = date_text(scalar) else {
                        continue;
                    };
                    let date = date_instant(&text, zone);
                    found.extend(
                        date.into_iter()
                            .flat_map(|at| self.around.iter().map(move |by| at + by)),
                    );
                    for span in &self.anniversaries {
                        let edges = anniversaries(&text, *span, now, zone);
                        found.extend(edges.into_iter().flat_map(|(start, end)| [start, end]));
                    }
                }
            }
        }
    }
}
