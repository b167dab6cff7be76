use super::*;
use crate::document::parse;

fn read(rest: &str) -> (Option<Destination>, Vec<String>) {
    let text = format!("id: d\n{rest}\n");
    let mut mistakes = Mistakes::default();
    let destination = Destination::read(&parse(&text).unwrap(), &mut mistakes);
    let mistakes = mistakes.into_sorted();
    (
        destination,
        mistakes
            .into_iter()
            .map(|mistake| mistake.message)
            .collect(),
    )
}

fn good(rest: &str) -> Destination {
    let (destination, mistakes) = read(rest);
    assert_eq!(mistakes, [""; 0], "{rest}");
    destination.unwrap()
}

fn bad(rest: &str) -> String {
    let (_, mistakes) = read(rest);
    assert_eq!(mistakes.len(), 1, "{rest}: {mistakes:?}");
    mistakes[0].clone()
}

/// A destination with a good URL and this line.
fn with(line: &str) -> String {
    format!("url: https://crm.example/\n{line}")
}

#[test]
fn a_url_is_enough() {
    let destination = good("url: https://crm.example/hooks?list=42&x=%20a");
    assert_eq!(
        destination.url.as_str(),
        "https://crm.example/hooks?list=42&x=%20a"
    );
    assert_eq!(destination.method, Method::Post);
    assert_eq!(
        (destination.concurrency, destination.timeout_ms),
        (8, 15_000)
    );
    assert!(destination.basic.is_none() && destination.headers.is_empty());
    assert!(!destination.allow_private && destination.signing_secrets.is_empty());
}

#[test]
fn urls_that_cannot_be_called_are_refused() {
    for url in [
        "",
        "crm.example",
        "/hook",
        "ftp://crm.example/",
        "file:///etc",
        "http://",
    ] {
        assert!(
            bad(&format!("url: \"{url}\"")).contains("http or https"),
            "{url}"
        );
    }
    let long = format!("url: https://crm.example/{}", "x".repeat(8 * 1_024));
    assert!(bad(&long).contains("longer"));
    assert_eq!(bad("method: POST"), "`url` is missing");
    assert!(!bad("url: https://user:hunter22@crm.example/").contains("hunter22"));
    assert!(bad("url: \"https://crm.example/#part\"").contains("fragment"));
}

#[test]
fn metadata_and_link_local_addresses_are_never_allowed() {
    for host in [
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "[fe80::1]",
        "[::ffff:a9fe:a9fe]",
    ] {
        for allow in [false, true] {
            bad(&format!("url: \"http://{host}/\"\nallow_private: {allow}"));
        }
    }
}

#[test]
fn private_addresses_need_permission() {
    for host in [
        "127.0.0.1",
        "2130706433",
        "localhost",
        "10.1.2.3",
        "[::1]",
        "[fd00::1]",
    ] {
        let url = format!("url: \"http://{host}:8080/\"");
        assert!(bad(&url).contains("allow_private"), "{host}");
        assert!(good(&format!("{url}\nallow_private: true")).allow_private);
    }
}

#[test]
fn credentials_and_secrets_are_kept_as_text() {
    let destination = good(&with(
        "basic: { username: 007, password: 00123 }\nheaders: { X-Api-Key: 0123, Authorization2: a }\n\
         signing_secrets: [whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD, MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]",
    ));
    let (username, password) = destination.basic.unwrap();
    assert_eq!((username.as_str(), password.expose()), ("007", "00123"));
    let (name, value) = &destination.headers[0];
    assert_eq!((name.as_str(), value.expose()), ("X-Api-Key", "0123"));
    assert_eq!(destination.signing_secrets.len(), 2);
}

#[test]
fn headers_that_would_break_the_request_are_refused() {
    for (headers, part) in [
        ("{ \"X: Y\": a }", "no name of a header"),
        ("{ \"\": a }", "no name of a header"),
        ("{ X: \"hunter22\\r\\nY: b\" }", "one line"),
        ("{ X: [a] }", "one line"),
        ("{ Host: a }", "set by the proxy"),
        ("{ content-LENGTH: 5 }", "set by the proxy"),
        ("{ Webhook-Id: a }", "set by the proxy"),
        ("{ X-A: a, x-a: b }", "given twice"),
        ("[a]", "a map of names and values"),
    ] {
        let message = bad(&with(&format!("headers: {headers}")));
        assert!(message.contains(part), "{headers}: {message}");
        assert!(!message.contains("hunter22"), "values stay out of messages");
    }
    let both = "basic: { username: a, password: b }\nheaders: { authorization: c }";
    assert!(bad(&with(both)).contains("not both"));
}

#[test]
fn other_mistakes_name_what_is_allowed() {
    for (line, part) in [
        ("method: PATCH", "`POST`, `GET`, `PUT`, `DELETE`"),
        ("concurrency: 0", "from 1 to 256"),
        ("concurrency: 257", "from 1 to 256"),
        ("timeout: 500ms", "from 1s to 1m"),
        ("timeout: 61s", "from 1s to 1m"),
        ("timeout: 15", "from 1s to 1m"),
        ("signing_secrets: [whsec_c2hvcnQ=]", "24 to 64 bytes"),
        ("signing_secrets: [whsk_abc]", "asymmetric"),
        ("basic: { username: \"a:b\", password: c }", "colons"),
        ("basic: { username: a }", "`password` is missing"),
        ("time_out: 5s", "did you mean `timeout`?"),
    ] {
        let message = bad(&with(line));
        assert!(message.contains(part), "{line}: {message}");
    }
}
