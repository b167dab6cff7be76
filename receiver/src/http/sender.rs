//! Who sent a request.

use std::sync::Arc;

use super::accept::Message;
use crate::claims::ClaimKey;
use crate::receiver::Receiver;

/// Who sent a verified request, and what its signature vouches for.
///
/// A [`VerifyLayer`](crate::VerifyLayer) puts it into the request's extensions.
#[derive(Clone, Debug)]
pub struct Sender {
    receiver: Receiver,
    /// The place of the activation in the receiver's list.
    pub(super) activation: usize,
    pub(super) message: Option<Message>,
}

impl Sender {
    pub(super) fn new(receiver: &Receiver, activation: usize, message: Option<Message>) -> Self {
        Self {
            receiver: receiver.clone(),
            activation,
            message,
        }
    }

    /// The client id of the activation.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.client()
    }

    /// The segment group that the activation may write.
    #[must_use]
    pub fn segment_group(&self) -> &str {
        &self.receiver.inner.activations[self.activation].group
    }

    /// The signed `webhook-id`, the same on every attempt; none when signatures are not required
    /// and the message has none.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        self.message.as_ref().map(|message| message.id.as_str())
    }

    /// What a claim on this message is found by; none when the message has no signed id.
    #[must_use]
    pub fn claim_key(&self) -> Option<ClaimKey> {
        self.message_id().map(|id| ClaimKey {
            activation: Arc::clone(self.client()),
            id: id.to_owned(),
        })
    }

    /// The same, when nothing else is asked of the sender.
    pub(super) fn into_claim_key(self) -> Option<ClaimKey> {
        let activation = Arc::clone(self.client());
        let key = |message: Message| ClaimKey {
            activation,
            id: message.id,
        };
        self.message.map(key)
    }

    fn client(&self) -> &Arc<str> {
        &self.receiver.inner.activations[self.activation].client_id
    }

    /// When this attempt was signed, in seconds since 1970.
    #[must_use]
    pub fn timestamp_s(&self) -> Option<i64> {
        self.message.as_ref().map(|message| message.timestamp_s)
    }
}
