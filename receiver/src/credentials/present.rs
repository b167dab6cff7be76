//! Finding the credentials in a request.

use axum::extract::Query;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use zeroize::Zeroizing;

use super::{Credentials, Digest};

/// What a request presents, as digests.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Presented {
    /// A client id and its secret.
    Client { id: Digest, secret: Digest },
    /// A secret alone.
    Token(Digest),
}

/// Why a request presents nothing that can be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialProblem {
    Repeated,
    Malformed,
}

/// The one credential of a request in the places outside its body that are allowed.
pub(crate) fn present(
    allowed: &[Credentials],
    request: &Parts,
) -> Result<Option<Presented>, CredentialProblem> {
    let mut found = None;
    for place in allowed {
        if let Some(presented) = look(place, request)?
            && found.replace(presented).is_some()
        {
            return Err(CredentialProblem::Repeated);
        }
    }
    Ok(found)
}

fn look(place: &Credentials, request: &Parts) -> Result<Option<Presented>, CredentialProblem> {
    let headers = &request.headers;
    match place {
        Credentials::Basic => authorization(headers, "basic")?.map(basic).transpose(),
        Credentials::Bearer => Ok(authorization(headers, "bearer")?.map(token)),
        Credentials::ApiKey { header } => Ok(single(headers, header)?.map(token)),
        Credentials::Headers {
            client_id,
            client_secret,
        } => match (single(headers, client_id)?, single(headers, client_secret)?) {
            (None, None) => Ok(None),
            (Some(id), Some(secret)) => Ok(Some(Presented::Client {
                id: Digest::of(id),
                secret: Digest::of(secret),
            })),
            (Some(_), None) | (None, Some(_)) => Err(CredentialProblem::Malformed),
        },
        Credentials::QueryToken { parameter } => query(request, parameter),
        Credentials::Json { .. } => Ok(None),
    }
}

fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a [u8]>, CredentialProblem> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map(http::HeaderValue::as_bytes);
    if values.next().is_some() {
        Err(CredentialProblem::Repeated)
    } else {
        Ok(value)
    }
}

/// What follows the scheme, when `Authorization` has this one.
fn authorization<'a>(
    headers: &'a HeaderMap,
    scheme: &str,
) -> Result<Option<&'a [u8]>, CredentialProblem> {
    let Some(value) = single(headers, &header::AUTHORIZATION)? else {
        return Ok(None);
    };
    Ok(value
        .split_at_checked(scheme.len())
        .filter(|(start, _)| start.eq_ignore_ascii_case(scheme.as_bytes()))
        .and_then(|(_, rest)| rest.strip_prefix(b" "))
        .map(<[u8]>::trim_ascii))
}

fn basic(encoded: &[u8]) -> Result<Presented, CredentialProblem> {
    let decoded = STANDARD_PAD_INDIFFERENT.decode(encoded).map(Zeroizing::new);
    let decoded = decoded.map_err(|_| CredentialProblem::Malformed)?;
    let colon = decoded.iter().position(|byte| *byte == b':');
    let (id, secret) = decoded.split_at(colon.ok_or(CredentialProblem::Malformed)?);
    Ok(Presented::Client {
        id: Digest::of(id),
        secret: Digest::of(&secret[1..]),
    })
}

fn token(secret: &[u8]) -> Presented {
    Presented::Token(Digest::of(secret))
}

fn query(request: &Parts, parameter: &str) -> Result<Option<Presented>, CredentialProblem> {
    if request.uri.query().is_none() {
        return Ok(None);
    }
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&request.uri)
        .map_err(|_| CredentialProblem::Malformed)?;
    let mut values = pairs.iter().filter(|(name, _)| name == parameter);
    let value = values.next().map(|(_, value)| token(value.as_bytes()));
    if values.next().is_some() {
        Err(CredentialProblem::Repeated)
    } else {
        Ok(value)
    }
}
