//! How a sender says who it is, and how that is checked.

mod members;
mod present;
mod secret;

use http::HeaderName;

pub(crate) use members::members;
pub(crate) use present::{CredentialProblem, Presented, present};
pub(crate) use secret::Digest;
pub use secret::Secret;

/// A place in the request where credentials may be.
///
/// A receiver takes those that it is told to take and ignores the others; of those that it
/// takes, exactly one may be in a request. A token is the client secret alone; it names the
/// activation too.
///
/// ```
/// use segue_receiver::{Activation, Credentials, Receiver};
///
/// let receiver = Receiver::builder()
///     .credentials([
///         Credentials::Basic,
///         Credentials::ApiKey { header: "x-shop-key".parse()? },
///     ])
///     .activation(
///         Activation::new("shop-client", "shop")
///             .secret("a long random secret")
///             .signing_secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?),
///     )
///     .build()?;
/// # drop(receiver);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// `Authorization: Basic` with client id and client secret.
    Basic,
    /// Two headers; see [`Credentials::headers`] for the usual names.
    Headers {
        /// The header with the client id.
        client_id: HeaderName,
        /// The header with the client secret.
        client_secret: HeaderName,
    },
    /// One header with the secret; see [`Credentials::api_key`] for the usual name.
    ApiKey {
        /// The header with the secret.
        header: HeaderName,
    },
    /// `Authorization: Bearer` with the secret.
    Bearer,
    /// A query parameter with the secret; URLs end up in logs, so take it only when the sender
    /// cannot set headers. See [`Credentials::query_token`] for the usual name.
    QueryToken {
        /// The name of the parameter.
        parameter: String,
    },
    /// Two members of the JSON object that is the body; see [`Credentials::json`] for the usual
    /// names. The body is then read before its sender is known, so take it only when the sender
    /// can do nothing else.
    Json {
        /// The member with the client id.
        client_id: String,
        /// The member with the client secret.
        client_secret: String,
    },
}

impl Credentials {
    /// The headers `x-client-id` and `x-client-secret`.
    #[must_use]
    pub const fn headers() -> Self {
        Self::Headers {
            client_id: HeaderName::from_static("x-client-id"),
            client_secret: HeaderName::from_static("x-client-secret"),
        }
    }

    /// The header `x-api-key`.
    #[must_use]
    pub const fn api_key() -> Self {
        Self::ApiKey {
            header: HeaderName::from_static("x-api-key"),
        }
    }

    /// The query parameter `token`.
    #[must_use]
    pub fn query_token() -> Self {
        Self::QueryToken {
            parameter: "token".to_owned(),
        }
    }

    /// The members `client_id` and `client_secret`.
    #[must_use]
    pub fn json() -> Self {
        Self::Json {
            client_id: "client_id".to_owned(),
            client_secret: "client_secret".to_owned(),
        }
    }

    /// Whether the secret alone names the activation.
    pub(crate) const fn is_token(&self) -> bool {
        match self {
            Self::Basic | Self::Headers { .. } | Self::Json { .. } => false,
            Self::ApiKey { .. } | Self::Bearer | Self::QueryToken { .. } => true,
        }
    }

    /// Whether its names can be told apart.
    pub(crate) fn has_usable_names(&self) -> bool {
        match self {
            Self::Basic | Self::Bearer | Self::ApiKey { .. } => true,
            Self::Headers {
                client_id,
                client_secret,
            } => client_id != client_secret,
            Self::QueryToken { parameter } => !parameter.is_empty(),
            Self::Json {
                client_id,
                client_secret,
            } => !client_id.is_empty() && !client_secret.is_empty() && client_id != client_secret,
        }
    }

    /// Whether the body has to be read to find them.
    pub(crate) const fn is_in_body(&self) -> bool {
        matches!(self, Self::Json { .. })
    }
}
