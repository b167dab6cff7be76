//! Who calls, and what they may do.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Admin;
use super::problem::Problem;
use crate::config::{AdminToken, Role};
use crate::keys::AccountNo;

/// Every admin token, by its digest: nothing that is kept opens a door.
#[derive(Debug, Default)]
pub struct AdminTokens(Vec<([u8; 32], Caller)>);

/// Who calls: what a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) account: AccountNo,
    role: Role,
}

/// A caller who may change things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manager {
    pub(super) account: AccountNo,
}

impl From<Manager> for Caller {
    fn from(Manager { account }: Manager) -> Self {
        let role = Role::Manage;
        Self { account, role }
    }
}

impl AdminTokens {
    /// Takes the tokens of all accounts. The configuration has no token twice.
    #[must_use]
    pub fn new<'a>(tokens: impl IntoIterator<Item = (AccountNo, &'a AdminToken)>) -> Self {
        let known = |(account, token): (AccountNo, &AdminToken)| {
            let role = token.role;
            (digest(token.token.expose()), Caller { account, role })
        };
        Self(tokens.into_iter().map(known).collect())
    }

    /// Looks at every token, so that the time says nothing about any.
    fn caller(&self, presented: &str) -> Option<Caller> {
        let presented = digest(presented);
        let mut found = None;
        for (known, caller) in &self.0 {
            if bool::from(known.ct_eq(&presented)) {
                found = Some(*caller);
            }
        }
        found
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

/// Lets known callers through. Whatever is answered is about people: nobody may keep it.
pub(super) async fn require(
    State(admin): State<Arc<Admin>>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = bearer(request.headers()).and_then(|token| admin.state.tokens.caller(token));
    let mut response = match caller {
        Some(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        None => unauthorized().into_response(),
    };
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}

/// One and the same answer for no token, a broken one and an unknown one.
fn unauthorized() -> Problem {
    let detail = "a valid admin token is required: `Authorization: Bearer …`";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().copied();
        caller.ok_or_else(unauthorized)
    }
}

impl<S: Sync> FromRequestParts<S> for Manager {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Caller { account, role } = Caller::from_request_parts(parts, state).await?;
        match role {
            Role::Manage => Ok(Self { account }),
            Role::Read => {
                let detail = "this token may look and not change: it has `role: read`";
                Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail))
            }
        }
    }
}
