//! What authors are told and the store is not: a definition that was taken once goes on working.

use crate::activation::payload::template;
use crate::activation::{Activation, Mode, On, Payload};
use crate::document::{Mistakes, Node, Place};

impl Activation {
    /// Notes what reads well and would not do what its author means; `node` is what it was read
    /// from.
    pub fn check(&self, node: &Node, mistakes: &mut Mistakes) {
        if let (Mode::Mirror, On::Join | On::Leave, Some(on)) =
            (self.mode, &self.on, node.get("on"))
        {
            let message = "a mirror follows joins and leaves alike: `on` has to be `change`; one of \
                           them alone is for `mode: trigger`";
            mistakes.add(on.place, message);
        }
        if let Payload::Template(body) = &self.payload {
            let place = node.get("payload").and_then(|payload| payload.get("body"));
            let place = place.map_or(Place::default(), |body| body.place);
            let mut found = Vec::new();
            template::check(body, &self.on, &mut found);
            for message in found {
                mistakes.add(place, message);
            }
        }
    }
}
