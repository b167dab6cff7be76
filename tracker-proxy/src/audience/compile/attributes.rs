//! From an attribute's value to the questions that it can change.

use super::index::ByScalar;
use super::leaf::Question;
use crate::audience::definition::Take;
use crate::audience::value::canonical;
use crate::profile::Attribute;

/// All that is asked of one attribute.
#[derive(Debug, Default)]
pub(crate) struct ByAttribute {
    /// Questions that any other value can change.
    any: Vec<usize>,
    /// Questions that hold of certain scalars only.
    equal: ByScalar,
    /// Questions that time can change.
    pub(crate) timed: Vec<usize>,
}

impl ByAttribute {
    pub(super) fn add(&mut self, place: usize, question: &Question) {
        if question.is_timed() {
            self.timed.push(place);
        }
        match question {
            Question::Attribute {
                predicate,
                whole: None,
                take: Take::Last,
            } if let Some(scalars) = predicate.equalities() => {
                for scalar in scalars {
                    self.equal.entry(scalar.clone()).or_default().push(place);
                }
            }
            _ => self.any.push(place),
        }
    }

    /// The questions that the step from the value before to the current one can change.
    pub(crate) fn touched<'a>(&'a self, attribute: &'a Attribute) -> impl Iterator<Item = usize> {
        let values = [Some(attribute.last()), attribute.before_last()];
        let equal = values.into_iter().flatten().filter_map(|dated| {
            let text = canonical(&dated.value)?;
            self.equal.get(text.as_ref())
        });
        self.any.iter().chain(equal.flatten()).copied()
    }
}
