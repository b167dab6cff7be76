//! Conditions on the order of events: one leaf each, which plays the parts in their order.

use super::draft::Draft;
use super::leaf::{Intake, Memory, Question, Role, Tree};
use crate::audience::definition::{EventPattern, InOrder, ThenNot};
use crate::audience::value::Path;
use crate::profile::condition::{Arming, Part};

impl Draft<'_> {
    pub(super) fn then_not(&mut self, condition: &ThenNot) -> Tree {
        let key = condition.matching.as_ref();
        let until = condition.until.as_ref().map(|until| (until, Part::End));
        let parts = [
            (&condition.then_not, Part::Awaited),
            (&condition.did, Part::Step(0)),
        ];
        let rules = Arming {
            within_ms: condition.within_ms,
            stay_ms: condition.stay_ms,
            restart: condition.restart,
            steps: 1,
            span_ms: None,
        };
        let leaf = self.armed(rules, key, parts.into_iter().chain(until));
        let renews = true;
        self.ask(
            Question::Unanswered { leaf, renews },
            condition.to_string().into(),
        )
    }

    pub(super) fn in_order(&mut self, condition: &InOrder) -> Tree {
        let key = condition.matching.as_ref();
        let silence = condition.silence.as_ref();
        let until = condition.until.as_ref().map(|until| (until, Part::End));
        let awaited = silence.map(|silence| (&silence.then_not, Part::Awaited));
        let left = (0..u8::MAX).map(Part::Step);
        let steps = condition.steps.iter().rev().zip(left);
        let rules = Arming {
            // Without anything to be awaited it holds at once.
            within_ms: silence.map_or(0, |silence| silence.wait_ms),
            stay_ms: condition.stay_ms,
            restart: silence.is_none_or(|silence| silence.restart),
            steps: u8::try_from(condition.steps.len()).unwrap_or(u8::MAX),
            span_ms: condition.span_ms,
        };
        let leaf = self.armed(rules, key, awaited.into_iter().chain(until).chain(steps));
        let renews = silence.is_some();
        self.ask(
            Question::Unanswered { leaf, renews },
            condition.to_string().into(),
        )
    }

    fn armed<'p>(
        &mut self,
        rules: Arming,
        key: Option<&Path>,
        parts: impl Iterator<Item = (&'p EventPattern, Part)>,
    ) -> usize {
        let intakes = parts.map(|(on, part)| Intake {
            on: on.clone(),
            role: Role::Play(part),
            of: key.cloned(),
            by: None,
        });
        let intakes = intakes.collect();
        self.leaf(Memory::Armed(rules), None, None, intakes)
    }
}
