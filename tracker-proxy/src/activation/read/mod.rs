//! From what an author wrote to an [`Activation`].

mod check;
mod payload;

use self::payload::read_payload;
use super::{Activation, DEFAULT_ACTIVATE_WITHIN_MS, DEFAULT_SETTLE_MS, Mode, On, Payload, Repeat};
use crate::audience::EventFilter;
use crate::document::{Fields, Mistakes, Node, NodeKind, Place};

const DAY_MS: i64 = 86_400_000;

impl Activation {
    /// Reads an activation; whatever is wrong with it is noted in `mistakes`.
    ///
    /// Whether its audiences and its destination exist is for those who know all of them.
    pub fn read(node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        let mut fields = Fields::of(node, "an activation", mistakes)?;
        let id = fields.id(mistakes);
        let name = fields.name(id.as_deref(), mistakes);
        let description = fields.description(mistakes);
        let audiences = read_audiences(&mut fields, mistakes);
        let to = fields.required_text("to", mistakes);
        let payload_node = fields.required("payload", mistakes);
        let payload = payload_node.and_then(|node| read_payload(node, mistakes));
        let mode = read_mode(&mut fields, payload.as_ref(), mistakes);
        let on_node = fields.optional("on");
        let on = read_on(on_node, mode, mistakes);
        if let (Some(node), On::Event(_), Some(Payload::Segue(_))) = (on_node, &on, &payload) {
            let message = "a payload of kind `segue` tells of joins and leaves; an event needs \
                           `simple` or `template`";
            mistakes.add(node.place, message);
        }
        let consent = fields.texts("consent", mistakes);
        let multiple_user_ids = fields.boolean("multiple_user_ids", mistakes);
        let known_only = fields.boolean("known_only", mistakes);
        let active = read_active(&mut fields, mistakes);
        let trigger = TriggerOnly::read(&mut fields, mode, mistakes);
        fields.finish(mistakes);
        Some(Self {
            id: id?,
            name,
            description,
            audiences,
            mode,
            on,
            to: to?,
            repeat: trigger.repeat,
            consent: consent.into_iter().map(|(text, _)| text.into()).collect(),
            multiple_user_ids: multiple_user_ids.unwrap_or(false),
            known_only: known_only.unwrap_or(false),
            include_existing: trigger.include_existing,
            settle_ms: trigger.settle_ms,
            activate_within_ms: trigger.activate_within_ms,
            active,
            payload: payload?,
        })
    }
}

/// `audience: vip` or `audiences: [vip, cart_left]`.
fn read_audiences(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Vec<String> {
    let place = fields.place();
    let one = fields.text("audience", mistakes);
    let several = fields.texts("audiences", mistakes);
    match (&one, several.is_empty()) {
        (Some(_), false) => mistakes.add(place, "either `audience` or `audiences`, not both"),
        (None, true) => mistakes.add(place, "`audience` is missing"),
        (Some(_), true) | (None, false) => {}
    }
    let several = several.into_iter().map(|(text, _)| text.to_owned());
    one.into_iter().chain(several).collect()
}

/// The payload of the receiver mirrors unless it is told otherwise; nothing else can mirror,
/// because nothing else can say `remove` and `replace`.
fn read_mode(fields: &mut Fields<'_>, payload: Option<&Payload>, mistakes: &mut Mistakes) -> Mode {
    let place = fields.optional("mode").map(|node| node.place);
    let modes = [("mirror", Mode::Mirror), ("trigger", Mode::Trigger)];
    let written = fields.choice("mode", &modes, mistakes);
    if let (Some(place), Some(Mode::Mirror), Some(Payload::Simple(_) | Payload::Template(_))) =
        (place, written, payload)
    {
        let message = "a mirror needs a payload of kind `segue`: no other can say who is to be \
                       removed";
        mistakes.add(place, message);
    }
    written.unwrap_or(match payload {
        Some(Payload::Segue(_)) => Mode::Mirror,
        Some(Payload::Simple(_) | Payload::Template(_)) | None => Mode::Trigger,
    })
}

fn read_on(node: Option<&Node>, mode: Mode, mistakes: &mut Mistakes) -> On {
    let default = match mode {
        Mode::Mirror => On::Change,
        Mode::Trigger => On::Join,
    };
    let Some(node) = node else {
        return default;
    };
    if let NodeKind::Map(_) = node.kind {
        if mode == Mode::Mirror {
            mistakes.add(node.place, "only a trigger can fire on an event");
        }
        return EventFilter::read(node, mistakes).map_or(default, On::Event);
    }
    match node.as_text() {
        Some("join") => On::Join,
        Some("leave") => On::Leave,
        Some("change") => On::Change,
        _ => {
            let message = "`on` has to be `join`, `leave`, `change` or a map like \
                           `{ event: buy }`";
            mistakes.add(node.place, message);
            default
        }
    }
}

/// `active: false` or, in the words of the admin API, `status: inactive`.
fn read_active(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> bool {
    let active = fields.boolean("active", mistakes);
    let statuses = [("active", true), ("inactive", false)];
    let status = fields.choice("status", &statuses, mistakes);
    if active.is_some() && status.is_some() {
        let message = "either `active` or `status`, not both";
        mistakes.add(fields.place(), message);
    }
    active.or(status).unwrap_or(true)
}

/// What a mirror has no use for: it follows its audience, whatever the reason.
struct TriggerOnly {
    repeat: Repeat,
    include_existing: bool,
    settle_ms: i64,
    activate_within_ms: i64,
}

impl TriggerOnly {
    fn read(fields: &mut Fields<'_>, mode: Mode, mistakes: &mut Mistakes) -> Self {
        let keys = ["include_existing", "settle", "activate_within"];
        let mut written: Vec<(&str, Place)> = keys
            .into_iter()
            .filter_map(|key| Some((key, fields.optional(key)?.place)))
            .collect();
        let repeat_node = fields.optional("repeat");
        let repeat = repeat_node.and_then(|node| read_repeat(node, mistakes));
        let repeat = repeat.unwrap_or(Repeat::Every);
        if let (Some(node), Repeat::Once | Repeat::AtMostEvery(_)) = (repeat_node, repeat) {
            written.push(("repeat", node.place));
        }
        if mode == Mode::Mirror {
            for (key, place) in written {
                let message = format!(
                    "`{key}` is for `mode: trigger`: a mirror sends every change and all members"
                );
                mistakes.add(place, message);
            }
        }
        let settle = fields.duration("settle", 0..=DAY_MS, mistakes);
        let within = fields.duration("activate_within", 1_000..=365 * DAY_MS, mistakes);
        let include_existing = fields.boolean("include_existing", mistakes);
        Self {
            repeat,
            include_existing: include_existing.unwrap_or(false),
            settle_ms: settle.unwrap_or(DEFAULT_SETTLE_MS),
            activate_within_ms: within.unwrap_or(DEFAULT_ACTIVATE_WITHIN_MS),
        }
    }
}

fn read_repeat(node: &Node, mistakes: &mut Mistakes) -> Option<Repeat> {
    if let NodeKind::Map(_) = node.kind {
        let mut fields = Fields::of(node, "`repeat`", mistakes)?;
        fields.required("at_most_every", mistakes);
        let pause = fields.duration("at_most_every", 1_000..=3_650 * DAY_MS, mistakes);
        fields.finish(mistakes);
        return pause.map(Repeat::AtMostEvery);
    }
    match node.as_text() {
        Some("once") => Some(Repeat::Once),
        Some("every") => Some(Repeat::Every),
        _ => {
            let message = "`repeat` has to be `once`, `every` or `{ at_most_every: 24h }`";
            mistakes.add(node.place, message);
            None
        }
    }
}

#[cfg(test)]
mod tests;
