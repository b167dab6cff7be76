//! Where a request carries its write key.
//!
//! Official clients put it in different places, some in two of them. The order is: user of HTTP
//! Basic, `X-Write-Key`, the body, the query. A bearer token is no write key: its senders name
//! theirs in the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};

/// The header in which our own clients and the browser tracker may send the key.
pub(super) const WRITE_KEY_HEADER: &str = "x-write-key";

/// The key in the headers, which wins over one in the body.
pub(super) fn in_headers(headers: &HeaderMap) -> Option<String> {
    basic_user(headers).or_else(|| {
        let key = headers.get(WRITE_KEY_HEADER)?.to_str().ok()?.trim();
        (!key.is_empty()).then(|| key.to_owned())
    })
}

/// The user of HTTP Basic; some clients leave out the colon after it.
fn basic_user(headers: &HeaderMap) -> Option<String> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let user = pair.split_once(':').map_or(pair.as_str(), |(user, _)| user);
    (!user.is_empty()).then(|| user.to_owned())
}

/// The key in `?writeKey=`, the last resort of beacons, which have no headers.
pub(super) fn in_query(uri: &Uri) -> Option<String> {
    url::form_urlencoded::parse(uri.query()?.as_bytes())
        .find(|(name, value)| name == "writeKey" && !value.is_empty())
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
        pairs.collect()
    }

    #[test]
    fn basic_counts_with_and_without_its_colon() {
        for pair in ["wk_1:", "wk_1", "wk_1:ignored"] {
            let value = format!("Basic {}", STANDARD.encode(pair));
            assert_eq!(
                in_headers(&headers(&[("authorization", &value)])).as_deref(),
                Some("wk_1")
            );
        }
        assert_eq!(
            in_headers(&headers(&[("authorization", "basic d2tfMTo=")])).as_deref(),
            Some("wk_1")
        );
    }

    #[test]
    fn basic_wins_over_the_header_of_our_own() {
        let both = headers(&[("authorization", "Basic d2tfMTo="), ("x-write-key", "wk_2")]);
        assert_eq!(in_headers(&both).as_deref(), Some("wk_1"));
        let own = headers(&[("x-write-key", "wk_2")]);
        assert_eq!(in_headers(&own).as_deref(), Some("wk_2"));
    }

    #[test]
    fn what_is_no_write_key_leaves_the_word_to_the_body() {
        for value in [
            "Bearer abc",
            "Basic",
            "Basic ###",
            "Basic Og==",
            "Basic /w==",
        ] {
            assert_eq!(
                in_headers(&headers(&[("authorization", value)])),
                None,
                "{value}"
            );
        }
    }

    #[test]
    fn a_beacon_has_its_key_in_the_query() {
        let uri = "/v1/batch?compression=gzip&writeKey=wk%5F3"
            .parse()
            .unwrap();
        assert_eq!(in_query(&uri).as_deref(), Some("wk_3"));
        assert_eq!(in_query(&"/v1/batch?writeKey=".parse().unwrap()), None);
    }
}
