//! What a call says in its body: JSON (or YAML) whose values know their places.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::{Body, Bytes};
use http::StatusCode;
use http_body_util::{BodyExt, Limited};
use serde::de::IgnoredAny;

use super::problem::Problem;
use crate::document::{self, Fields, Mistake, Mistakes, Node};

/// How long a body may take to arrive, in seconds.
const BODY_SECONDS_MAX: u64 = 30;
/// How many `key: value` pairs a body may have: reading a map compares each key with all others.
const PAIRS_MAX: usize = 10_000;

/// The bytes of a body.
pub(super) async fn collect(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let collected = Limited::new(body, bytes_max).collect();
    let collected = tokio::time::timeout(Duration::from_secs(BODY_SECONDS_MAX), collected)
        .await
        .map_err(|_| {
            let detail = format!("the body did not arrive within {BODY_SECONDS_MAX} seconds");
            Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", detail)
        })?;
    let collected = collected.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            too_large(format!("the body is longer than {bytes_max} bytes"))
        } else {
            Problem::bad_request("unreadable_body", "the body broke off")
        }
    })?;
    Ok(collected.to_bytes())
}

/// Reads a body as a document.
pub(super) async fn read(body: Body, bytes_max: usize) -> Result<Node, Problem> {
    let bytes = collect(body, bytes_max).await?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Problem::bad_request("unreadable_body", "the body is not UTF-8"))?;
    if text.bytes().filter(|byte| *byte == b':').count() > PAIRS_MAX {
        return Err(too_large(format!(
            "the body has more than {PAIRS_MAX} pairs"
        )));
    }
    document::parse(&without_surrogates(text)).map_err(|mistake| Problem::mistakes(vec![mistake]))
}

fn too_large(detail: String) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

/// Takes a body apart. `read` gets the keys of a map; an empty body is an empty map.
pub(super) fn take<T>(
    node: &Node,
    read: impl FnOnce(&mut Fields<'_>, &mut Mistakes) -> T,
) -> Result<T, Problem> {
    let mut mistakes = Mistakes::default();
    let taken = Fields::of(node, "the body", &mut mistakes).map(|mut fields| {
        let taken = read(&mut fields, &mut mistakes);
        fields.finish(&mut mistakes);
        taken
    });
    match taken {
        Some(taken) if mistakes.is_empty() => Ok(taken),
        _ => Err(Problem::mistakes(mistakes.into_sorted())),
    }
}

/// The result, or every mistake.
pub(super) fn checked<T>(read: Option<T>, mistakes: Mistakes) -> Result<T, Vec<Mistake>> {
    match read {
        Some(read) if mistakes.is_empty() => Ok(read),
        _ => Err(mistakes.into_sorted()),
    }
}

/// JSON may write one character as two escapes (`\ud83d\ude00`), which YAML does not know: each
/// pair becomes the character itself. Only columns behind it on the same line move.
fn without_surrogates(text: &str) -> Cow<'_, str> {
    let high = |escape: &str| matches!(unit(escape), Some(0xD800..=0xDBFF));
    let has_one = text.match_indices("\\u").any(|(at, _)| high(&text[at..]));
    if !has_one || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let pair = unit(from).zip(from.get(6..).and_then(unit));
        let character = pair.and_then(|(high, low)| {
            let mut decoded = char::decode_utf16([high, low]);
            decoded.next()?.ok().filter(|_| decoded.next().is_none())
        });
        rest = match character {
            Some(character) => {
                out.push(character);
                &from[12..]
            }
            None => {
                // A backslash and what it escapes stay together: `\\` is followed by plain text.
                let end = from[1..].chars().next().map_or(1, |c| 1 + c.len_utf8());
                out.push_str(&from[..end]);
                &from[end..]
            }
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The code unit of the escape with which `text` begins.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_text(text: impl Into<Body>) -> Result<Node, Problem> {
        read(text.into(), 2_000_000).await
    }

    #[tokio::test]
    async fn every_character_that_json_can_write_is_read() {
        let text = r#"{"a": "\ud83d\ude00\\ud83d \/", "b": "\u00e9"}"#;
        let node = read_text(text).await.unwrap();
        assert_eq!(node.get("a").unwrap().as_text(), Some("😀\\ud83d /"));
        assert_eq!(node.get("b").unwrap().as_text(), Some("é"));
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_refused_and_says_where() {
        let broken = read_text("{\n \"a\": [1,").await.unwrap_err();
        assert_eq!((broken.status.as_u16(), broken.code), (422, "invalid"));
        let lone = read_text(r#"{"a": "\ud83d"}"#).await.unwrap_err();
        assert_eq!(lone.status, StatusCode::UNPROCESSABLE_ENTITY);
        let binary = read_text(vec![0xFF, 0xFE]).await.unwrap_err();
        assert_eq!(binary.code, "unreadable_body");
        let long = read(Body::from("x".repeat(11)), 10).await.unwrap_err();
        assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
        let many: String = (0..20_000).map(|n| format!("k{n}: 1\n")).collect();
        assert_eq!(read_text(many).await.unwrap_err().code, "body_too_large");
    }
}
