//! Secrets of destinations: never in an answer, and not lost when an answer is sent back.
//!
//! An answer says `redacted` where a secret stands. Whoever changes a destination may send that
//! word back and keeps the secret with it, as long as the requests go to the same host: a token
//! that may change definitions must not be a way to read what others put into them.

use serde_json::Value;
use url::Url;

use crate::document::{Mistake, Node, NodeKind};
use crate::pipeline::catalog::Stored;

/// What stands in the place of a secret.
const REDACTED: &str = "redacted";
/// Words in names of query parameters whose values are secrets.
const SECRET_WORDS: [&str; 6] = ["token", "secret", "key", "pass", "auth", "signature"];

/// The definition of a destination without its secrets. What the file takes from the environment
/// is shown as `${NAME}`.
pub(super) fn mask(stored: &Stored) -> Value {
    let mut shown = stored.definition.clone();
    let is_name = |text: &str| stored.from_file && is_variable(text);
    if let Some(password) = shown.pointer_mut("/basic/password") {
        hide(password, &is_name);
    }
    match shown.get_mut("headers") {
        Some(Value::Object(headers)) => {
            headers.values_mut().for_each(|value| hide(value, &is_name))
        }
        Some(other) => hide(other, &is_name),
        None => {}
    }
    match shown.get_mut("signing_secrets") {
        Some(Value::Array(secrets)) => secrets.iter_mut().for_each(|one| hide(one, &is_name)),
        Some(other) => hide(other, &is_name),
        None => {}
    }
    if let Some(Value::String(url)) = shown.get_mut("url") {
        *url = mask_url(url);
    }
    shown
}

fn hide(value: &mut Value, is_name: &impl Fn(&str) -> bool) {
    if !value.as_str().is_some_and(is_name) {
        *value = REDACTED.into();
    }
}

/// `${NAME}` and nothing else: a default behind it may be the secret itself.
fn is_variable(text: &str) -> bool {
    let name = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// A URL whose query parameters that look like secrets have no values.
pub(super) fn mask_url(url: &str) -> String {
    let Some((base, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if looks_secret(name) && !is_variable(value) => {
                format!("{name}={REDACTED}")
            }
            _ => pair.to_owned(),
        })
        .collect();
    format!("{base}?{}", pairs.join("&"))
}

fn looks_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// The URL of a previewed request: the destination's own part as it is stored, because what came
/// from the environment may be a secret wherever it stands, and then what the payload added.
pub(in crate::admin) fn mask_preview_url(stored: &str, sent_to: &Url, previewed: &str) -> String {
    let own = if stored.contains("${") {
        stored
    } else {
        sent_to.as_str()
    };
    let added = previewed.strip_prefix(sent_to.as_str()).unwrap_or_default();
    format!("{}{added}", mask_url(own))
}

/// Puts stored secrets back where `redacted` was sent.
pub(super) fn restore(node: &mut Node, kept: Option<&Stored>) -> Result<(), Vec<Mistake>> {
    let kept_url = kept.and_then(|kept| kept.definition.get("url")?.as_str());
    if let (Some(url), Some(kept_url)) = (get_mut(node, "url"), kept_url)
        && url.as_text() == Some(&mask_url(kept_url))
    {
        put(url, kept_url);
    }
    let same_host = kept_url.is_some_and(|kept_url| {
        let written = node.get("url").and_then(Node::as_text);
        written
            .and_then(origin)
            .is_some_and(|new| Some(new) == origin(kept_url))
    });
    let definition = kept.map_or(&Value::Null, |kept| &kept.definition);
    let mut restoring = Restoring {
        same_host,
        mistakes: Vec::new(),
    };
    if let Some(password) = get_mut(node, "basic").and_then(|basic| get_mut(basic, "password")) {
        restoring.one(password, definition.pointer("/basic/password"));
    }
    if let Some(NodeKind::Map(headers)) = get_mut(node, "headers").map(|node| &mut node.kind) {
        for (name, _, value) in headers {
            restoring.one(
                value,
                definition.get("headers").and_then(|all| all.get(&*name)),
            );
        }
    }
    let kept_secrets = definition.get("signing_secrets");
    let secret = |n: usize| match kept_secrets {
        Some(Value::Array(all)) => all.get(n),
        one => one.filter(|_| n == 0),
    };
    match get_mut(node, "signing_secrets") {
        Some(Node {
            kind: NodeKind::List(secrets),
            ..
        }) => {
            for (n, written) in secrets.iter_mut().enumerate() {
                restoring.one(written, secret(n));
            }
        }
        Some(written) => restoring.one(written, secret(0)),
        None => {}
    }
    if restoring.mistakes.is_empty() {
        Ok(())
    } else {
        Err(restoring.mistakes)
    }
}

struct Restoring {
    same_host: bool,
    mistakes: Vec<Mistake>,
}

impl Restoring {
    fn one(&mut self, written: &mut Node, kept: Option<&Value>) {
        if written.as_text() != Some(REDACTED) {
            return;
        }
        let kept = kept.and_then(|kept| match kept {
            Value::String(text) => Some(text.clone()),
            // Digits without quotes are as good a password as any.
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        let message = match kept {
            Some(kept) if self.same_host => {
                put(written, &kept);
                return;
            }
            Some(_) => "another host gets no stored secrets: write them out again",
            None => "`redacted` stands for a stored secret, and there is none: write it out",
        };
        self.mistakes.push(Mistake {
            place: written.place,
            message: message.to_owned(),
        });
    }
}

fn put(node: &mut Node, text: &str) {
    node.kind = NodeKind::Scalar {
        text: text.to_owned(),
        plain: false,
    };
}

fn origin(url: &str) -> Option<url::Origin> {
    Url::parse(url).ok().map(|url| url.origin())
}

fn get_mut<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    match &mut node.kind {
        NodeKind::Map(entries) => entries
            .iter_mut()
            .find(|(name, ..)| name == key)
            .map(|(.., node)| node),
        NodeKind::List(_) | NodeKind::Scalar { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_in_a_url_is_hidden() {
        for (written, shown) in [
            ("https://a.example/x", "https://a.example/x"),
            (
                "https://a.example/x?list=4&token=t",
                "https://a.example/x?list=4&token=redacted",
            ),
            (
                "https://a.example/?API_KEY=${KEY}",
                "https://a.example/?API_KEY=${KEY}",
            ),
            (
                "https://a.example/?key=${K:-s}",
                "https://a.example/?key=redacted",
            ),
        ] {
            assert_eq!(mask_url(written), shown);
        }
    }

    #[test]
    fn a_preview_shows_what_the_payload_added_and_not_the_environment() {
        let sent_to = Url::parse("https://a.example/hooks/s3cret?token=t").unwrap();
        let previewed = "https://a.example/hooks/s3cret?token=t&key=k";
        let shown = mask_preview_url(
            "https://a.example/hooks/${PATH}?token=t",
            &sent_to,
            previewed,
        );
        assert_eq!(
            shown,
            "https://a.example/hooks/${PATH}?token=redacted&key=k"
        );
    }
}
