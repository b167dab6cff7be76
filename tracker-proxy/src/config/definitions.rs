//! The audiences, destinations and activations that the file defines.

use std::collections::HashMap;

use serde_json::Value;

use crate::activation::Activation;
use crate::audience::Definition;
use crate::delivery::Destination;
use crate::document::{Fields, Mistakes, Node, Place, suggestion};

/// What an account's part of the file defines.
#[derive(Debug, Clone, Default)]
pub struct FileDefinitions {
    /// Who is a member of what.
    pub audiences: Vec<Defined<Definition>>,
    /// Where deliveries go.
    pub destinations: Vec<Defined<Destination>>,
    /// What goes there.
    pub activations: Vec<Defined<Activation>>,
}

/// One definition: checked, and as it was written.
#[derive(Debug, Clone)]
pub struct Defined<T> {
    /// The author's id, unique among its kind.
    pub id: String,
    /// The checked form.
    pub checked: T,
    /// The written form, which may be kept and shown: it says `${NAME}` where the checked form
    /// holds what the environment had, which may be a secret.
    pub source: Value,
    /// Where it stands in the file.
    pub place: Place,
}

impl FileDefinitions {
    /// Reads the three lists; `written` is the account before variables were replaced.
    pub(super) fn read<'a>(
        fields: &mut Fields<'a>,
        written: &'a Node,
        mistakes: &mut Mistakes,
    ) -> Self {
        let mut list = |key| List::of(key, fields, written, mistakes);
        let audiences = list("audiences");
        let destinations = list("destinations");
        let activations = list("activations");
        for node in activations.nodes {
            for key in ["audience", "audiences"] {
                check_reference(node.get(key), "audience", &audiences, mistakes);
            }
            check_reference(node.get("to"), "destination", &destinations, mistakes);
        }
        Self {
            audiences: audiences.read(Definition::read, mistakes),
            destinations: destinations.read(Destination::read, mistakes),
            activations: activations.read(read_activation, mistakes),
        }
    }
}

fn read_activation(node: &Node, mistakes: &mut Mistakes) -> Option<Activation> {
    let activation = Activation::read(node, mistakes)?;
    activation.check(node, mistakes);
    Some(activation)
}

/// One list of definitions, after and before variables were replaced.
struct List<'a> {
    nodes: &'a [Node],
    written: &'a [Node],
    /// The ids of all definitions, those that have mistakes elsewhere included.
    ids: HashMap<&'a str, Place>,
}

impl<'a> List<'a> {
    fn of(
        key: &'static str,
        fields: &mut Fields<'a>,
        written: &'a Node,
        mistakes: &mut Mistakes,
    ) -> Self {
        let nodes = fields.list(key, mistakes);
        let mut ids = HashMap::with_capacity(nodes.len());
        for id in nodes.iter().filter_map(|node| node.get("id")) {
            let Some(text) = id.as_text() else { continue };
            if let Some(first) = ids.get(text) {
                let message = format!("the id `{text}` is taken already, at {first}");
                mistakes.add(id.place, message);
            } else {
                ids.insert(text, id.place);
            }
        }
        Self {
            nodes,
            written: written.get(key).and_then(Node::as_list).unwrap_or_default(),
            ids,
        }
    }

    fn read<T>(
        &self,
        read: impl Fn(&Node, &mut Mistakes) -> Option<T>,
        mistakes: &mut Mistakes,
    ) -> Vec<Defined<T>> {
        let mut defined = Vec::with_capacity(self.nodes.len());
        for (node, written) in self.nodes.iter().zip(self.written) {
            let checked = read(node, mistakes);
            let id = node.get("id").and_then(Node::as_text);
            if let (Some(checked), Some(id)) = (checked, id) {
                defined.push(Defined {
                    id: id.to_owned(),
                    checked,
                    source: written.to_json(),
                    place: node.place,
                });
            }
        }
        defined
    }
}

/// Notes every name in `node` (one, or a list) that is not the id of something in `list`.
fn check_reference(node: Option<&Node>, what: &str, list: &List<'_>, mistakes: &mut Mistakes) {
    let Some(node) = node else { return };
    for name in node.as_list().unwrap_or(std::slice::from_ref(node)) {
        let Some(id) = name.as_text() else { continue };
        if list.ids.contains_key(id) {
            continue;
        }
        let meant = suggestion(id, list.ids.keys().copied())
            .map(|known| format!("; did you mean `{known}`?"))
            .unwrap_or_default();
        mistakes.add(name.place, format!("there is no {what} `{id}`{meant}"));
    }
}
