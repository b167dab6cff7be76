//! From what an author wrote to a [`Destination`].

use http::{HeaderName, HeaderValue};
use segue_receiver::signature::SigningSecret;
use url::Url;

use super::client::is_reserved_header;
use super::guard::check_url;
use super::{Destination, Method};
use crate::document::{Fields, Mistakes, Node, NodeKind, Place};
use crate::secret::Secret;

/// Requests under way at once, unless the author says otherwise.
pub const DEFAULT_CONCURRENCY: u16 = 8;
/// The most that a destination can be told to take.
pub const CONCURRENCY_MAX: u16 = 256;
/// For one attempt in all, unless the author says otherwise, in milliseconds.
pub const DEFAULT_TIMEOUT_MS: u64 = 15_000;
/// What an author may say instead: too short would fail by itself, too long hold up the rest.
const TIMEOUT_MS: std::ops::RangeInclusive<i64> = 1_000..=60_000;
/// The most headers of the author's own.
pub const HEADERS_MAX: usize = 32;
/// The most signing secrets; while rotating there are two.
pub const SIGNING_SECRETS_MAX: usize = 4;

impl Destination {
    /// Reads a destination; whatever is wrong with it is noted in `mistakes`, in which nothing
    /// is quoted that may be a secret.
    pub fn read(node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        let mut fields = Fields::of(node, "a destination", mistakes)?;
        let id = fields.id(mistakes);
        let allow_private = fields.boolean("allow_private", mistakes).unwrap_or(false);
        let url = fields.required("url", mistakes);
        let url = url.and_then(|node| read_url(node, allow_private, mistakes));
        let methods = [
            ("POST", Method::Post),
            ("GET", Method::Get),
            ("PUT", Method::Put),
            ("DELETE", Method::Delete),
        ];
        let method = fields.choice("method", &methods, mistakes);
        let basic = fields.optional("basic");
        let basic = basic.and_then(|node| read_basic(node, mistakes));
        let headers = fields.optional("headers");
        let headers = headers.map(|node| read_headers(node, basic.is_some(), mistakes));
        let signing_secrets = read_signing_secrets(&mut fields, mistakes);
        let concurrency = fields.whole("concurrency", 1..=u64::from(CONCURRENCY_MAX), mistakes);
        let timeout = fields.duration("timeout", TIMEOUT_MS, mistakes);
        fields.finish(mistakes);
        Some(Self {
            id: id?,
            url: url?,
            method: method.unwrap_or(Method::Post),
            allow_private,
            basic,
            headers: headers.unwrap_or_default(),
            signing_secrets,
            concurrency: concurrency
                .and_then(|number| u16::try_from(number).ok())
                .unwrap_or(DEFAULT_CONCURRENCY),
            timeout_ms: timeout
                .and_then(|ms| u64::try_from(ms).ok())
                .unwrap_or(DEFAULT_TIMEOUT_MS),
        })
    }
}

fn read_url(node: &Node, allow_private: bool, mistakes: &mut Mistakes) -> Option<Url> {
    let Some(url) = node.as_text().and_then(|text| Url::parse(text).ok()) else {
        mistakes.add(node.place, "`url` has to be a whole http or https URL");
        return None;
    };
    if let Err(refusal) = check_url(&url, allow_private) {
        mistakes.add(node.place, refusal.to_string());
    }
    if url.fragment().is_some() {
        let message = "a URL for requests has no fragment (`#…`)";
        mistakes.add(node.place, message);
    }
    Some(url)
}

fn read_basic(node: &Node, mistakes: &mut Mistakes) -> Option<(String, Secret)> {
    let mut fields = Fields::of(node, "`basic`", mistakes)?;
    let username = fields.required_text("username", mistakes);
    let password = fields.required_text("password", mistakes).map(Secret::new);
    fields.finish(mistakes);
    let (username, password) = (username?, password?);
    if username.contains(|c: char| c == ':' || c.is_control()) {
        let message = "`username` cannot hold colons or control characters";
        mistakes.add(place_of(node, "username"), message);
    }
    if password.expose().contains(char::is_control) {
        let message = "`password` cannot hold control characters";
        mistakes.add(place_of(node, "password"), message);
    }
    Some((username, password))
}

fn place_of(node: &Node, key: &str) -> Place {
    node.get(key).unwrap_or(node).place
}

fn read_headers(node: &Node, has_basic: bool, mistakes: &mut Mistakes) -> Vec<(String, Secret)> {
    let NodeKind::Map(entries) = &node.kind else {
        mistakes.add(node.place, "`headers` has to be a map of names and values");
        return Vec::new();
    };
    if entries.len() > HEADERS_MAX {
        mistakes.add(node.place, format!("more than {HEADERS_MAX} headers"));
    }
    let mut seen: Vec<HeaderName> = Vec::new();
    let mut headers = Vec::with_capacity(entries.len());
    for (written, place, value) in entries {
        let Ok(name) = HeaderName::try_from(written) else {
            mistakes.add(*place, "this is no name of a header");
            continue;
        };
        if is_reserved_header(&name) {
            let message = format!("the header `{name}` is set by the proxy itself");
            mistakes.add(*place, message);
        }
        if has_basic && name == http::header::AUTHORIZATION {
            let message = "either `basic` or a header `Authorization`, not both";
            mistakes.add(*place, message);
        }
        if seen.contains(&name) {
            mistakes.add(*place, format!("the header `{name}` is given twice"));
        }
        match value
            .as_text()
            .filter(|text| HeaderValue::from_str(text).is_ok())
        {
            Some(text) => headers.push((written.clone(), Secret::new(text))),
            None => {
                let message =
                    format!("the value of `{name}` has to be one line without control characters");
                mistakes.add(value.place, message);
            }
        }
        seen.push(name);
    }
    headers
}

fn read_signing_secrets(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Vec<SigningSecret> {
    let texts = fields.texts("signing_secrets", mistakes);
    if texts.len() > SIGNING_SECRETS_MAX {
        let message = format!("more than {SIGNING_SECRETS_MAX} signing secrets");
        mistakes.add(texts[0].1, message);
    }
    let mut secrets = Vec::with_capacity(texts.len());
    for (text, place) in texts {
        match text.parse() {
            Ok(secret) => secrets.push(secret),
            Err(problem) => mistakes.add(place, format!("{problem}")),
        }
    }
    secrets
}

#[cfg(test)]
mod tests;
