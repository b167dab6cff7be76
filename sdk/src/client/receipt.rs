//! What a call gives back at once.

use std::fmt;
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::fate::NotDelivered;
use super::queue::Ticket;
use super::report::DropReason;

/// The id that makes an event idempotent: the same on every retry.
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// let receipt = client.user("42").track_named("visit", &serde_json::json!({}));
/// // A UUID of version 7, unless the caller gave an id of its own.
/// let text = receipt.message_id().to_string();
/// assert_eq!(text.len(), 36);
/// # assert_eq!(client.events()[0]["messageId"], text);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MessageId(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    /// One of our own, kept as bytes so that a receipt costs no allocation.
    Uuid(uuid::Uuid),
    Text(Box<str>),
}

impl MessageId {
    pub(super) const fn from_uuid(id: uuid::Uuid) -> Self {
        Self(Repr::Uuid(id))
    }

    pub(super) fn from_text(id: String) -> Self {
        Self(Repr::Text(id.into_boxed_str()))
    }

    /// The id's text, written to the stack where it is one of our own.
    pub(super) fn encode<'a>(&'a self, buffer: &'a mut [u8; 36]) -> &'a str {
        match &self.0 {
            Repr::Uuid(id) => id.hyphenated().encode_lower(buffer),
            Repr::Text(id) => id,
        }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode(&mut [0; 36]))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageId({self})")
    }
}

/// What became of a call: the event's id, and whether it was queued.
///
/// It need not be looked at; what is dropped is counted in the [`Report`](super::Report) too. Who
/// wants to know that the endpoint has the event asks [`deliver`](Self::deliver).
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::DropReason;
///
/// # let properties = serde_json::json!({});
/// let receipt = client.user("42").track_named("visit", &properties);
/// assert!(receipt.is_accepted() && receipt.dropped().is_none());
/// assert!(!receipt.is_spooled(), "this client has no spool");
/// println!("it will arrive as {}", receipt.message_id());
///
/// let nobodys = client.user("").track_named("visit", &properties);
/// assert_eq!(nobodys.dropped(), Some(DropReason::EmptyIdentity));
/// ```
#[derive(Clone, Debug)]
pub struct Receipt {
    id: MessageId,
    taken: Result<Ticket, DropReason>,
}

impl Receipt {
    pub(super) const fn new(id: MessageId, taken: Result<Ticket, DropReason>) -> Self {
        Self { id, taken }
    }

    /// The event's message id.
    #[must_use]
    pub const fn message_id(&self) -> &MessageId {
        &self.id
    }

    /// Whether the event was queued.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        self.taken.is_ok()
    }

    /// Why the event was dropped or refused, if it was.
    #[must_use]
    pub fn dropped(&self) -> Option<DropReason> {
        self.taken.as_ref().err().copied()
    }

    /// Whether the event was on disk before the call returned: with a spool that writes through.
    #[must_use]
    pub fn is_spooled(&self) -> bool {
        self.taken.as_ref().is_ok_and(|ticket| ticket.is_spooled)
    }

    /// Waits for the endpoint's word on this event; the event does not wait for company then.
    ///
    /// Works in any async runtime. With a spool it may take as long as an outage; the time to
    /// wait is the caller's to bound.
    ///
    /// ```
    /// # async fn paid(client: &segue_sdk::Client) -> Result<(), segue_sdk::NotDelivered> {
    /// use segue_sdk::events::Buy;
    ///
    /// client.user("42").track(&Buy::line("o-77", "p-1")).deliver().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the endpoint rejected the event, the client dropped it, or ended before an answer.
    pub async fn deliver(self) -> Result<(), NotDelivered> {
        let ticket = self.taken.map_err(NotDelivered::Dropped)?;
        let (tell, told) = oneshot::channel();
        let tell = Box::new(move |verdict| drop(tell.send(verdict)));
        ticket.fate.when_known(ticket.index, tell);
        told.await.unwrap_or(Err(NotDelivered::Unconfirmed))
    }

    /// Like [`deliver`](Self::deliver), blocking this thread for at most `timeout`.
    ///
    /// # Errors
    /// As there; when the time is up the event is `Unconfirmed`.
    ///
    /// ```
    /// # let client = segue_sdk::testing::TestClient::new();
    /// use std::time::Duration;
    ///
    /// use segue_sdk::events::Buy;
    ///
    /// let receipt = client.user("42").track(&Buy::line("o-77", "p-1"));
    /// receipt.deliver_blocking(Duration::from_secs(5))?; // the proxy has it on disk now
    /// # Ok::<(), segue_sdk::NotDelivered>(())
    /// ```
    pub fn deliver_blocking(self, timeout: Duration) -> Result<(), NotDelivered> {
        let ticket = self.taken.map_err(NotDelivered::Dropped)?;
        let (tell, told) = mpsc::channel();
        let tell = Box::new(move |verdict| drop(tell.send(verdict)));
        ticket.fate.when_known(ticket.index, tell);
        let told = told.recv_timeout(timeout);
        told.unwrap_or(Err(NotDelivered::Unconfirmed))
    }
}
