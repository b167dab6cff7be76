use super::*;
use crate::delivery::testing::{NOW, destination, frozen, with_headers};
use crate::secret::Secret;

#[test]
fn a_line_break_in_a_header_is_not_sent() {
    let destination = with_headers(
        destination("https://crm.example/"),
        &[("X-A", "v\r\nX-B: w")],
    );
    let refused = Outgoing::build(&destination, &frozen("{}"), NOW);
    assert!(matches!(refused, Err(SendError::Unsendable(_))));
}

#[test]
fn a_preview_shows_everything_but_secrets() {
    let mut destination = with_headers(
        destination("https://crm.example/hook?list=42"),
        &[("X-Api-Key", "t0ps3cret")],
    );
    destination.basic = Some(("client".to_owned(), Secret::new("t0ps3cret")));
    let preview = preview(&destination, &frozen(r#"{"a":1}"#), NOW).unwrap();
    assert_eq!(preview.method, "POST");
    assert_eq!(preview.url, "https://crm.example/hook?list=42");
    assert_eq!(preview.body.as_deref(), Some(&br#"{"a":1}"#[..]));
    let value = |name: &str| {
        let found = preview.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(value("webhook-id"), Some("0123abcd"));
    assert_eq!(value("authorization"), Some("redacted"));
    assert_eq!(value("x-api-key"), Some("redacted"));
    let shown = format!("{preview:?}{destination:?}");
    assert!(!shown.contains("t0ps3cret"), "{shown}");
}

#[test]
fn fields_that_are_too_long_for_a_url_are_not_sent() {
    let mut destination = destination("https://crm.example/");
    destination.method = Method::Get;
    let body = format!(r#"{{"a": "{}"}}"#, "x".repeat(URL_WITH_QUERY_BYTES_MAX));
    let refused = Outgoing::build(&destination, &frozen(&body), NOW);
    assert!(matches!(refused, Err(SendError::Unsendable(_))));
}
