//! The extractor for handlers of one's own.

use axum::extract::{FromRef, FromRequest, Request};
use bytes::Bytes;
use http::StatusCode;
use serde::de::DeserializeOwned;

use super::VerifyRejection;
use super::accept::{Accepted, Message, parse};
use super::log::Record;
use crate::clock;
use crate::receiver::Receiver;

/// A payload whose sender, bytes and shape are checked; there is no other way to get one.
///
/// The handler's state has to give a [`Receiver`] (`FromRef`). The body is bounded before it
/// is read, and verified before it is parsed.
///
/// ```
/// use axum::Router;
/// use axum::extract::FromRef;
/// use axum::routing::post;
/// use segue_receiver::payload::Envelope;
/// use segue_receiver::{Receiver, Verified};
///
/// #[derive(Clone)]
/// struct App {
///     receiver: Receiver,
/// }
///
/// impl FromRef<App> for Receiver {
///     fn from_ref(app: &App) -> Self {
///         app.receiver.clone()
///     }
/// }
///
/// async fn webhook(delivery: Verified<Envelope>) -> String {
///     format!("{} changes", delivery.payload().data.changes.len())
/// }
///
/// let routes: Router<App> = Router::new().route("/my/webhook", post(webhook));
/// ```
#[derive(Clone, Debug)]
pub struct Verified<T> {
    payload: T,
    body: Bytes,
    message: Option<Message>,
    receiver: Receiver,
    activation: usize,
}

impl<T> Verified<T> {
    /// The payload.
    #[must_use]
    pub const fn payload(&self) -> &T {
        &self.payload
    }

    /// The payload, and nothing else.
    #[must_use]
    pub fn into_payload(self) -> T {
        self.payload
    }

    /// The bytes that were verified.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// The client id of the activation that sent it.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.receiver.inner.activations[self.activation].client_id
    }

    /// The segment group that this activation may write.
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

    /// When this attempt was signed, in seconds since 1970.
    #[must_use]
    pub fn timestamp_s(&self) -> Option<i64> {
        self.message.as_ref().map(|message| message.timestamp_s)
    }
}

impl<S, T> FromRequest<S> for Verified<T>
where
    Receiver: FromRef<S>,
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = VerifyRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, VerifyRejection> {
        let receiver = Receiver::from_ref(state);
        let mut record = Record::start();
        let accepted = receiver
            .accept(request, clock::now(), &mut record.activation)
            .await;
        let verified = accepted.and_then(|accepted| Self::read(&receiver, accepted));
        match &verified {
            Ok(verified) => {
                record.delivery = verified.message_id().map(str::to_owned);
                record.write(&receiver, StatusCode::OK, "verified");
            }
            Err(why) => record.write(&receiver, why.status(), why),
        }
        verified
    }
}

impl<T: DeserializeOwned> Verified<T> {
    fn read(receiver: &Receiver, accepted: Accepted) -> Result<Self, VerifyRejection> {
        let Accepted {
            activation,
            message,
            body,
        } = accepted;
        let payload = parse(&body)?;
        Ok(Self {
            payload,
            body,
            message,
            receiver: receiver.clone(),
            activation,
        })
    }
}
