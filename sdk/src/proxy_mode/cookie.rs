//! The cookie that knows a visitor.

use http::HeaderMap;
use http::header::COOKIE;
use uuid::Uuid;

/// Its name, which the tracker uses too.
const NAME: &str = "segue_vid";

/// The visitor that a browser says it is. A value that is no id of ours is nobody's.
pub(super) fn visitor(headers: &HeaderMap) -> Option<String> {
    let headers = headers.get_all(COOKIE).iter();
    let mut pairs = headers
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split("; "))
        .filter_map(|pair| pair.split_once('='));
    let (_, id) = pairs.find(|(name, id)| *name == NAME && is_visitor(id))?;
    Some(id.to_owned())
}

/// Whether this is an id as the tracker makes them.
pub(super) fn is_visitor(id: &str) -> bool {
    id.len() == 36 && Uuid::try_parse(id).is_ok()
}

/// The value of `Set-Cookie` that keeps a visitor for so many days more. The tracker has to read
/// it, so it is not hidden from scripts.
pub(super) fn renewed(visitor: &str, days: u32) -> String {
    let seconds = u64::from(days) * 24 * 60 * 60;
    format!("{NAME}={visitor}; Path=/; Max-Age={seconds}; SameSite=Lax; Secure")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "5c6f9a52-9df0-4f7b-8a76-0c7f0a3f1e11";

    fn read(cookies: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in cookies {
            headers.append(COOKIE, value.parse().unwrap());
        }
        visitor(&headers)
    }

    #[test]
    fn the_visitor_is_found_among_other_cookies() {
        assert_eq!(read(&["a=1", &format!("b=2; segue_vid={ID}")]).unwrap(), ID);
    }

    #[test]
    fn forged_ids_are_nobodys() {
        for value in ["", "42", "segue", "{5c6f9a52-9df0-4f7b-8a76-0c7f0a3f1e1}"] {
            assert_eq!(read(&[&format!("segue_vid={value}")]), None, "{value}");
        }
        assert_eq!(read(&[]), None);
    }
}
