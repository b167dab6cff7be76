//! One event.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// An event, checked; its e-mail address is known as a digest only.
///
/// ```
/// use axum::Router;
/// use axum::routing::post;
/// use segue_receiver::Verified;
/// use segue_receiver::senders::{ActivlyEvent, ActivlyKind};
/// # use segue_receiver::Receiver;
///
/// async fn hook(event: Verified<ActivlyEvent>) -> String {
///     let event = event.payload();
///     match event.kind {
///         ActivlyKind::Purchase => format!("{} bought {}", event.first_name, event.product),
///         _ => format!("{}: {}", event.first_name, event.product),
///     }
/// }
///
/// let routes: Router<Receiver> = Router::new().route("/hooks/activly", post(hook));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ActivlyEvent {
    /// `event`: what happened.
    pub kind: ActivlyKind,
    /// The first name of whom it happened to.
    pub first_name: String,
    /// Their city.
    pub city: String,
    /// Their country, as the sender writes it: `DE`, but also `UK`.
    pub country: String,
    /// The product it is about; of a custom event, what people read.
    pub product: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What was paid.
    pub amount: Option<Amount>,
    /// The ISO 4217 code of the currency.
    pub currency: Option<String>,
    /// The product's page, `http` or `https`.
    pub product_url: Option<String>,
    /// Members that this crate does not know.
    pub other: Map<String, Value>,
    /// Of the e-mail address, for de-duplication only.
    pub(super) email: Option<EmailDigest>,
}

impl ActivlyEvent {
    /// Whether this tells of the same thing as another event: the same e-mail address, kind and
    /// product. Without an address nothing is a repeat.
    #[must_use]
    pub fn repeats(&self, other: &Self) -> bool {
        let subject = |event: &Self| (event.email, event.kind, event.product.clone());
        self.email.is_some() && subject(self) == subject(other)
    }
}

/// The four types of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActivlyKind {
    /// A completed transaction.
    Purchase,
    /// A new account, or a lead.
    Signup,
    /// A new review or rating.
    Review,
    /// Any other.
    Custom,
}

impl ActivlyKind {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Signup => "signup",
            Self::Review => "review",
            Self::Custom => "custom",
        }
    }
}

/// An amount of money, with the digits that the sender wrote; never negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount(pub(super) Box<str>);

impl Amount {
    /// The digits: `49.00`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest floating-point number.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.to_f64())
    }
}

/// The SHA-256 of an e-mail address without its case and the white space around it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct EmailDigest([u8; 32]);

impl EmailDigest {
    pub(super) fn of(address: &str) -> Self {
        let address = address.trim().to_lowercase();
        Self(Sha256::digest(address.as_bytes()).into())
    }
}

impl fmt::Debug for EmailDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailDigest(redacted)")
    }
}
