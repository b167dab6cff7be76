//! The extractor for handlers of one's own.

use axum::extract::{FromRef, FromRequest, Request};
use bytes::Bytes;
use http::StatusCode;

use super::accept::Content;
use super::log::Record;
use super::metered::Outcome;
use super::{CheckedRequest, Input, Sender, VerifyRejection};
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
    sender: Sender,
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

    /// Who sent it.
    #[must_use]
    pub const fn sender(&self) -> &Sender {
        &self.sender
    }

    /// The client id of the activation that sent it.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.sender.client_id()
    }

    /// The segment group that this activation may write.
    #[must_use]
    pub fn segment_group(&self) -> &str {
        self.sender.segment_group()
    }

    /// The signed `webhook-id`, the same on every attempt; none when signatures are not required
    /// and the message has none.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        self.sender.message_id()
    }

    /// When this attempt was signed, in seconds since 1970.
    #[must_use]
    pub fn timestamp_s(&self) -> Option<i64> {
        self.sender.timestamp_s()
    }
}

impl<S, T> FromRequest<S> for Verified<T>
where
    Receiver: FromRef<S>,
    S: Send + Sync,
    T: Input,
{
    type Rejection = VerifyRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, VerifyRejection> {
        let receiver = Receiver::from_ref(state);
        let mut record = Record::start();
        let verified = Self::read(&receiver, request, &mut record).await;
        match &verified {
            Ok(_) => record.done(&receiver, StatusCode::OK, Outcome::Verified),
            Err(why) => record.refused(&receiver, why.status(), why.cause(), why),
        }
        verified
    }
}

impl<T: Input> Verified<T> {
    async fn read(
        receiver: &Receiver,
        request: Request,
        record: &mut Record,
    ) -> Result<Self, VerifyRejection> {
        let accepted = receiver.accept(request, Content::Plain, clock::now(), record);
        let accepted = accepted.await?;
        Ok(Self {
            payload: T::read(&CheckedRequest::new(&accepted.parts, &accepted.body))?,
            body: accepted.body,
            sender: accepted.sender,
        })
    }
}
