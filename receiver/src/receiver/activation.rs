//! The activations that may send.

use std::collections::HashSet;
use std::sync::Arc;

use subtle::Choice;

use crate::credentials::{Digest, Presented, Secret};
use crate::http::Keys;
use crate::signature::{SigningSecret, Verifier, VerifyingKey};

/// Who may send, and which segment group they may write.
///
/// ```
/// use segue_receiver::Activation;
///
/// let activation = Activation::new("shop-client", "shop")
///     .secret("the new client secret")
///     .secret("the old one, until the CDP has the new one")
///     .signing_secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?)
///     .audiences(["vip", "bought"]);
/// # Ok::<(), segue_receiver::signature::InvalidSigningSecret>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Activation {
    pub(super) client_id: String,
    pub(super) segment_group: String,
    pub(super) secrets: Vec<Secret>,
    pub(super) signing_secrets: Vec<SigningSecret>,
    pub(super) verifying_keys: Vec<VerifyingKey>,
    pub(super) audiences: Option<HashSet<String>>,
}

impl Activation {
    /// An activation that is known by its client id and may write one segment group.
    pub fn new(client_id: impl Into<String>, segment_group: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            segment_group: segment_group.into(),
            secrets: Vec::new(),
            signing_secrets: Vec::new(),
            verifying_keys: Vec::new(),
            audiences: None,
        }
    }

    /// Adds a client secret or token; two may be active at once.
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.secrets.push(secret.into());
        self
    }

    /// Adds a signing secret; two may be active at once.
    pub fn signing_secret(mut self, secret: SigningSecret) -> Self {
        self.signing_secrets.push(secret);
        self
    }

    /// Adds the ed25519 key of a sender that signs with `v1a`; two may be active at once.
    pub fn verifying_key(mut self, key: VerifyingKey) -> Self {
        self.verifying_keys.push(key);
        self
    }

    /// Takes only these audiences, by id; the others are answered as skipped. Default: all.
    pub fn audiences(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.audiences = Some(ids.into_iter().map(Into::into).collect());
        self
    }
}

/// Whether messages have to be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureMode {
    /// Every message needs a good signature.
    #[default]
    Required,
    /// A message without any of the three headers passes; one with them needs a good signature.
    Optional,
    /// Signatures are not looked at; repeats are then not recognised, for the id is not signed.
    Off,
}

/// An activation as the receiver uses it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) client_id: Arc<str>,
    pub(crate) group: String,
    pub(crate) verifier: Verifier,
    audiences: Option<HashSet<String>>,
    id_digest: Digest,
    secrets: Vec<Digest>,
    pub(crate) keys: Keys,
}

impl Entry {
    pub(super) fn new(activation: Activation, tolerance_s: u64) -> Self {
        let client_id: Arc<str> = activation.client_id.into();
        Self {
            keys: Keys::new(&client_id),
            id_digest: Digest::of(client_id.as_bytes()),
            secrets: activation.secrets.iter().map(Secret::digest).collect(),
            client_id,
            group: activation.segment_group,
            verifier: Verifier::new(activation.signing_secrets)
                .keys(activation.verifying_keys)
                .tolerance_s(tolerance_s),
            audiences: activation.audiences,
        }
    }

    pub(crate) fn matches(&self, presented: &Presented) -> Choice {
        match presented {
            Presented::Client { id, secret } => {
                id.equals(&self.id_digest) & secret.is_any_of(&self.secrets)
            }
            Presented::Token(token) => token.is_any_of(&self.secrets),
        }
    }

    /// Whether a client id was presented and is this one.
    pub(crate) fn has_id_of(&self, presented: &Presented) -> bool {
        match presented {
            Presented::Client { id, .. } => id.equals(&self.id_digest).into(),
            Presented::Token(_) => false,
        }
    }

    pub(crate) fn allows(&self, audience: &str) -> bool {
        self.audiences
            .as_ref()
            .is_none_or(|allowed| allowed.contains(audience))
    }
}
