//! Configuring a receiver; everything is checked once, in `build`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Activation, Entry, Inner, Receiver, RecheckClock, SignatureMode, Wakeups};
use crate::credentials::{Credentials, Secret};
use crate::limits::{
    ACTIVE_SECRETS_MAX, BODY_BYTES_MAX, BODY_TIMEOUT_S, BULK_ASYNC_THRESHOLD, CLAIM_HOURS,
    CLIENT_SECRET_BYTES_MIN, TOLERANCE_S,
};
use crate::segments::{MemoryStore, PersonDirectory, Segments, is_identifier};

/// What a receiver is made of; every setting but the activations has a default.
///
/// ```
/// use std::time::Duration;
/// use segue_receiver::{Activation, BuildError, Receiver};
///
/// let activation = Activation::new("shop-client", "shop")
///     .secret("a long random secret")
///     .signing_secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?);
/// let receiver = Receiver::builder()
///     .path("/hooks/cdp")
///     .body_bytes_max(64 * 1024)
///     .body_timeout(Duration::from_secs(5))
///     .activation(activation)
///     .build()?;
///
/// let nobody = Receiver::builder().build();
/// assert_eq!(nobody.unwrap_err(), BuildError::NoActivation);
/// # drop(receiver);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct ReceiverBuilder {
    path: String,
    activations: Vec<Activation>,
    credentials: Vec<Credentials>,
    signatures: SignatureMode,
    tolerance_s: u64,
    body_bytes_max: usize,
    body_timeout: Duration,
    logged_body_bytes_max: Option<usize>,
    bulk_async_threshold: usize,
    claim_hours: u32,
    segments: Option<Segments>,
    directory: Option<Arc<dyn PersonDirectory>>,
}

impl Default for ReceiverBuilder {
    fn default() -> Self {
        Self {
            path: "/cdp/webhook".to_owned(),
            activations: Vec::new(),
            credentials: vec![Credentials::Basic],
            signatures: SignatureMode::Required,
            tolerance_s: TOLERANCE_S,
            body_bytes_max: BODY_BYTES_MAX,
            body_timeout: Duration::from_secs(BODY_TIMEOUT_S),
            logged_body_bytes_max: None,
            bulk_async_threshold: BULK_ASYNC_THRESHOLD,
            claim_hours: CLAIM_HOURS,
            segments: None,
            directory: None,
        }
    }
}

impl ReceiverBuilder {
    /// Adds an activation; at least one is needed.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activations.push(activation);
        self
    }

    /// Where the webhook is. Default: `/cdp/webhook`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Where credentials may be. Default: HTTP Basic only.
    pub fn credentials(mut self, places: impl IntoIterator<Item = Credentials>) -> Self {
        self.credentials = Vec::new();
        for place in places {
            if !self.credentials.contains(&place) {
                self.credentials.push(place);
            }
        }
        self
    }

    /// Whether messages have to be signed. Default: required.
    pub const fn signatures(mut self, mode: SignatureMode) -> Self {
        self.signatures = mode;
        self
    }

    /// How many seconds the sender's clock may be off. Default: 300.
    pub const fn tolerance_s(mut self, seconds: u64) -> Self {
        self.tolerance_s = seconds;
        self
    }

    /// The largest body, in bytes. Default: 2 MiB.
    ///
    /// The host's own limit holds too: to go above 2 MB, raise axum's `DefaultBodyLimit` there.
    pub const fn body_bytes_max(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }

    /// How long a body may take to arrive. Default: 30 seconds.
    pub const fn body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }

    /// Logs the bodies of verified requests, at most so many bytes of each. Default: none.
    ///
    /// Everything that is not known to be harmless is masked: persons, credentials, and members
    /// that are not of the membership payload.
    pub const fn log_bodies(mut self, bytes_max: usize) -> Self {
        self.logged_body_bytes_max = Some(bytes_max);
        self
    }

    /// From how many persons on a delivery becomes a background job. Default: 100.
    pub const fn bulk_async_threshold(mut self, persons: usize) -> Self {
        self.bulk_async_threshold = persons;
        self
    }

    /// For how long a repeat gets the first answer again: longer than the sender retries.
    /// Default: 168 hours.
    pub const fn claim_hours(mut self, hours: u32) -> Self {
        self.claim_hours = hours;
        self
    }

    /// Where segments are kept. Default: in memory.
    pub fn segments(mut self, segments: Segments) -> Self {
        self.segments = Some(segments);
        self
    }

    /// Whom the host knows. Default: everybody.
    ///
    /// Receivers that share their segments need the same directory: any of them works off a job.
    pub fn directory(mut self, directory: impl PersonDirectory) -> Self {
        self.directory = Some(Arc::new(directory));
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    ///
    /// The first [`BuildError`]; none of them can come later.
    pub fn build(self) -> Result<Receiver, BuildError> {
        let path = check_path(&self.path)?;
        if self.activations.is_empty() {
            return Err(BuildError::NoActivation);
        }
        if self.credentials.is_empty() {
            return Err(BuildError::NoCredentials);
        }
        if !self.credentials.iter().all(Credentials::has_usable_names) {
            return Err(BuildError::CredentialNames);
        }
        let mut client_ids = HashSet::new();
        for activation in &self.activations {
            check_activation(activation, self.signatures)?;
            if !client_ids.insert(activation.client_id.as_str()) {
                return Err(BuildError::RepeatedClientId {
                    client_id: activation.client_id.clone(),
                });
            }
        }
        if self.credentials.iter().any(Credentials::is_token) {
            check_tokens(&self.activations)?;
        }
        let entry = |activation| Entry::new(activation, self.tolerance_s);
        let inner = Inner {
            path,
            activations: self.activations.into_iter().map(entry).collect(),
            credentials: self.credentials,
            signatures: self.signatures,
            body_bytes_max: self.body_bytes_max,
            body_timeout: self.body_timeout,
            logged_body_bytes_max: self.logged_body_bytes_max,
            bulk_async_threshold: self.bulk_async_threshold.max(1),
            claimed_for: jiff::SignedDuration::from_hours(self.claim_hours.into()),
            segments: self
                .segments
                .unwrap_or_else(|| Segments::new(MemoryStore::new())),
            directory: self.directory,
            wakeups: Wakeups::default(),
            recheck: RecheckClock::default(),
        };
        Ok(Receiver {
            inner: Arc::new(inner),
        })
    }
}

fn check_path(path: &str) -> Result<String, BuildError> {
    let trimmed = path.trim_end_matches('/');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    if !trimmed.starts_with('/') || !trimmed.bytes().all(plain) {
        return Err(BuildError::InvalidPath {
            path: path.to_owned(),
        });
    }
    Ok(trimmed.to_owned())
}

fn check_activation(activation: &Activation, signatures: SignatureMode) -> Result<(), BuildError> {
    let client_id = activation.client_id.clone();
    if client_id.is_empty() || client_id.contains(':') || client_id.chars().any(char::is_control) {
        return Err(BuildError::InvalidClientId { client_id });
    }
    if !is_identifier(&activation.segment_group) {
        return Err(BuildError::InvalidGroup { client_id });
    }
    if !(1..=ACTIVE_SECRETS_MAX).contains(&activation.secrets.len())
        || activation.signing_secrets.len() > ACTIVE_SECRETS_MAX
        || activation.verifying_keys.len() > ACTIVE_SECRETS_MAX
    {
        return Err(BuildError::SecretCount { client_id });
    }
    if activation
        .secrets
        .iter()
        .any(|secret| secret.bytes_len() < CLIENT_SECRET_BYTES_MIN)
    {
        return Err(BuildError::WeakSecret { client_id });
    }
    let keyless = activation.signing_secrets.is_empty() && activation.verifying_keys.is_empty();
    if signatures != SignatureMode::Off && keyless {
        return Err(BuildError::NoSigningSecret { client_id });
    }
    Ok(())
}

/// A token has to name one activation.
fn check_tokens(activations: &[Activation]) -> Result<(), BuildError> {
    let mut seen = Vec::new();
    for activation in activations {
        let own: Vec<_> = activation.secrets.iter().map(Secret::digest).collect();
        if own.iter().any(|digest| digest.is_any_of(&seen).into()) {
            return Err(BuildError::SharedToken {
                client_id: activation.client_id.clone(),
            });
        }
        seen.extend(own);
    }
    Ok(())
}

/// Why a receiver is not built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Add one with [`ReceiverBuilder::activation`].
    #[error("a receiver needs at least one activation")]
    NoActivation,
    /// Allow at least one place for credentials.
    #[error("a receiver needs at least one place for credentials")]
    NoCredentials,
    /// A parameter or member needs a name, and an id and its secret need two.
    #[error("the places for credentials need names that differ")]
    CredentialNames,
    /// Begin it with `/`; letters, digits, `-`, `_`, `.` and `~` are allowed.
    #[error("`{path}` cannot be the path of a webhook")]
    InvalidPath {
        /// The path.
        path: String,
    },
    /// It must not be empty nor contain a colon or control characters.
    #[error("`{client_id}` cannot be a client id")]
    InvalidClientId {
        /// The client id.
        client_id: String,
    },
    /// Client ids are unique.
    #[error("the client id `{client_id}` is used twice")]
    RepeatedClientId {
        /// The client id.
        client_id: String,
    },
    /// The identifier of the segment group has other characters than letters, digits and `_-.`.
    #[error("the segment group of `{client_id}` has no usable identifier")]
    InvalidGroup {
        /// Whose group.
        client_id: String,
    },
    /// One secret is needed, two are possible while rotating.
    #[error("`{client_id}` needs one or two client secrets, and of each kind of key at most two")]
    SecretCount {
        /// Whose secrets.
        client_id: String,
    },
    /// Generate a longer one.
    #[error("a client secret of `{client_id}` is shorter than {CLIENT_SECRET_BYTES_MIN} bytes")]
    WeakSecret {
        /// Whose secret.
        client_id: String,
    },
    /// Add one, or an ed25519 key, or switch signatures off.
    #[error("`{client_id}` needs a signing secret or a verifying key")]
    NoSigningSecret {
        /// Whose secret.
        client_id: String,
    },
    /// A token names its activation, so two cannot share one.
    #[error("`{client_id}` shares a secret with another activation, but tokens are allowed")]
    SharedToken {
        /// The second one that has it.
        client_id: String,
    },
}
