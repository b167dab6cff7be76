//! What a call says in its path and query.

use axum::extract::{FromRequestParts, Path};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;

use super::problem::Problem;
use crate::keys::IdKind;

/// The entries of a page, unless the caller says otherwise.
const PAGE_ENTRIES: u32 = 100;

/// The `{id}` of a path.
#[derive(Debug)]
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(id) = Path::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::bad_request("invalid_path", "the path is not UTF-8"))?;
        Ok(Self(id))
    }
}

/// The parameters of a query. Each is asked for once; what nobody asked for is refused, so that
/// a misspelt filter does not show everything.
#[derive(Debug)]
pub(super) struct Params(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Ok(Self(pairs.into_owned().collect()))
    }
}

impl Params {
    /// A parameter; an empty one counts as absent.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(known, _)| known == name)?;
        let (_, value) = self.0.remove(place);
        (!value.is_empty()).then_some(value)
    }

    /// How many entries are wanted.
    pub(super) fn limit(&mut self, most: u32) -> Result<u32, Problem> {
        let Some(text) = self.take("limit") else {
            return Ok(PAGE_ENTRIES.min(most));
        };
        let limit = text.parse().ok().filter(|limit| (1..=most).contains(limit));
        limit.ok_or_else(|| {
            let detail = format!("`limit` has to be a whole number from 1 to {most}");
            Problem::bad_request("invalid_parameter", detail)
        })
    }

    /// Where the page begins: what [`cursor`] wrote for the same list.
    pub(super) fn cursor<const N: usize>(&mut self, list: u8) -> Result<Option<[u8; N]>, Problem> {
        match self.long_cursor(list)? {
            None => Ok(None),
            Some(bytes) => bytes.try_into().map(Some).map_err(|_| bad_cursor()),
        }
    }

    /// A cursor of any length.
    pub(super) fn long_cursor(&mut self, list: u8) -> Result<Option<Vec<u8>>, Problem> {
        let Some(text) = self.take("cursor") else {
            return Ok(None);
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad_cursor())?;
        match bytes.split_first() {
            Some((kind, rest)) if *kind == list => Ok(Some(rest.to_vec())),
            _ => Err(bad_cursor()),
        }
    }

    /// The person that is asked about, if one is.
    pub(super) fn person(&mut self) -> Result<Option<(IdKind, String)>, Problem> {
        match (self.take("user_id"), self.take("anonymous_id")) {
            (Some(_), Some(_)) => {
                let detail = "either `user_id` or `anonymous_id`, not both";
                Err(Problem::bad_request("invalid_parameter", detail))
            }
            (Some(user), None) => Ok(Some((IdKind::User, user))),
            (None, Some(visitor)) => Ok(Some((IdKind::Anonymous, visitor))),
            (None, None) => Ok(None),
        }
    }

    /// The person that has to be named.
    pub(super) fn required_person(&mut self) -> Result<(IdKind, String), Problem> {
        self.person()?.ok_or_else(|| {
            let detail = "`user_id` or `anonymous_id` is missing";
            Problem::bad_request("missing_parameter", detail)
        })
    }

    /// Refuses what nobody asked for.
    pub(super) fn finish(self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                let detail = format!("there is no parameter `{name}` here, or it is given twice");
                Err(Problem::bad_request("unknown_parameter", detail))
            }
        }
    }
}

fn bad_cursor() -> Problem {
    let detail = "`cursor` has to be the `next_cursor` of the page before, unchanged";
    Problem::bad_request("invalid_cursor", detail)
}

/// A cursor of the list `list`: opaque, so that nobody builds their own.
pub(super) fn cursor(list: u8, bytes: &[u8]) -> String {
    let mut all = Vec::with_capacity(bytes.len() + 1);
    all.push(list);
    all.extend_from_slice(bytes);
    URL_SAFE_NO_PAD.encode(all)
}
