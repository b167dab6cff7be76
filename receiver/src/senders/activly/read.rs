//! Reading an event: every field that is wrong is named at once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::event::EmailDigest;
use super::{ActivlyEvent, Amount};
use crate::http::{BadFields, CheckedRequest, Input, VerifyRejection};
use crate::limits::{ACTIVLY_TEXT_BYTES_MAX, ACTIVLY_URL_BYTES_MAX};
use crate::senders::Records;

const NAMES: [&str; 10] = [
    "event",
    "first_name",
    "city",
    "country",
    "product",
    "timestamp",
    "amount",
    "currency",
    "email",
    "product_url",
];

impl Input for ActivlyEvent {
    fn read(request: &CheckedRequest<'_>) -> Result<Self, VerifyRejection> {
        let members: BTreeMap<String, Box<RawValue>> = request.json()?;
        let mut reader = Reader {
            members,
            bad: BadFields::none(&NAMES),
        };
        reader.event().ok_or(VerifyRejection::BadFields(reader.bad))
    }
}

struct Reader {
    /// Those that are not read yet, as they were written.
    members: BTreeMap<String, Box<RawValue>>,
    bad: BadFields,
}

impl Reader {
    /// The event, or nothing when a field is bad.
    fn event(&mut self) -> Option<ActivlyEvent> {
        // All are read before the first that is missing ends it, so that all are named.
        let kind = self.required("event", |text| serde_json::from_value(text.into()).ok());
        let first_name = self.required("first_name", short_text);
        let city = self.required("city", short_text);
        let country = self.required("country", short_text);
        let product = self.required("product", short_text);
        let timestamp = self.required("timestamp", utc);
        let amount = self.amount();
        let currency = self.optional("currency", currency);
        let email = self.optional("email", |text| Some(EmailDigest::of(text)));
        let product_url = self.optional("product_url", web_address);
        if !self.bad.is_empty() {
            return None;
        }
        Some(ActivlyEvent {
            kind: kind?,
            first_name: first_name?,
            city: city?,
            country: country?,
            product: product?,
            timestamp: timestamp?,
            amount,
            currency,
            product_url,
            other: self.others(),
            email,
        })
    }

    fn required<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let raw = self.members.remove(name);
        let text: Option<String> = raw.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let text = text.map(|text| text.trim().to_owned());
        let value = text
            .filter(|text| !text.is_empty())
            .and_then(|text| read(&text));
        if value.is_none() {
            self.bad.add(name);
        }
        value
    }

    /// Null and an empty text are the same as nothing: platforms fill their templates so.
    fn optional<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let raw = self.members.remove(name)?;
        let Ok(text) = serde_json::from_str::<Option<String>>(raw.get()) else {
            self.bad.add(name);
            return None;
        };
        let text = text.filter(|text| !text.trim().is_empty())?;
        let value = read(text.trim());
        if value.is_none() {
            self.bad.add(name);
        }
        value
    }

    fn amount(&mut self) -> Option<Amount> {
        let raw = self.members.remove("amount")?;
        let digits = raw.get();
        if digits == "null" {
            return None;
        }
        let number: Option<f64> = serde_json::from_str(digits).ok();
        let usable = number.is_some_and(|number| number.is_finite() && number >= 0.0);
        if !usable || digits.starts_with('-') || digits.len() > ACTIVLY_TEXT_BYTES_MAX {
            self.bad.add("amount");
            return None;
        }
        Some(Amount(digits.into()))
    }

    fn others(&mut self) -> Map<String, Value> {
        let others = std::mem::take(&mut self.members).into_iter();
        let read = |(name, raw): (String, Box<RawValue>)| {
            Some((name, serde_json::from_str(raw.get()).ok()?))
        };
        others.filter_map(read).collect()
    }
}

fn short_text(text: &str) -> Option<String> {
    (text.len() <= ACTIVLY_TEXT_BYTES_MAX).then(|| text.to_owned())
}

/// RFC 3339 with no offset: `2026-02-28T14:30:00Z`.
fn utc(text: &str) -> Option<Timestamp> {
    let no_offset = ["Z", "z", "+00:00", "-00:00"];
    let is_utc = no_offset.iter().any(|end| text.ends_with(end));
    let date_and_time = text.len() >= "2026-02-28T14:30:00Z".len()
        && text.as_bytes()[10].eq_ignore_ascii_case(&b'T');
    text.parse().ok().filter(|_| is_utc && date_and_time)
}

/// Three upper-case letters, as ISO 4217 writes them.
fn currency(text: &str) -> Option<String> {
    let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    is_code.then(|| text.to_owned())
}

fn web_address(text: &str) -> Option<String> {
    let address: http::Uri = text.parse().ok()?;
    let is_web = matches!(address.scheme_str(), Some("http" | "https"));
    let has_host = address.host().is_some_and(|host| !host.is_empty());
    (is_web && has_host && text.len() <= ACTIVLY_URL_BYTES_MAX).then(|| text.to_owned())
}

/// One record with all that may be shown; there is no e-mail address in it.
impl Records for ActivlyEvent {
    fn name(&self) -> String {
        self.kind.as_str().to_owned()
    }

    fn records(&self) -> Vec<Map<String, Value>> {
        let mut record = self.other.clone();
        let texts = [
            ("event", Some(self.kind.as_str())),
            ("first_name", Some(&self.first_name)),
            ("city", Some(&self.city)),
            ("country", Some(&self.country)),
            ("product", Some(&self.product)),
            ("currency", self.currency.as_deref()),
            ("product_url", self.product_url.as_deref()),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                record.insert(name.to_owned(), text.into());
            }
        }
        let timestamp = self.timestamp.to_string();
        record.insert("timestamp".to_owned(), timestamp.into());
        if let Some(amount) = &self.amount {
            record.insert("amount".to_owned(), amount.to_f64().into());
        }
        vec![record]
    }

    fn at(&self) -> Option<Timestamp> {
        Some(self.timestamp)
    }
}
