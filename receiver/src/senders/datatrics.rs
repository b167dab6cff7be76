//! Datatrics' triggered webhooks.
//!
//! Source: help.datatrics.com, "Webhooks": POST or GET, the chosen profile fields (`profileid`,
//! `email`, …) beside static ones, and headers that can hold an API key.

use serde_json::{Map, Value};

use super::Records;
use super::fields::{find, from_pairs};
use crate::http::{CheckedRequest, Input, VerifyRejection};

/// What a trigger sent: the fields of a POST, as JSON or as a form, or those of a GET's query.
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use segue_receiver::senders::DatatricsMessage;
/// use segue_receiver::{Activation, Credentials, Receiver, SignatureMode, Verified};
///
/// async fn trigger(message: Verified<DatatricsMessage>) -> String {
///     match message.payload().get("profileid").and_then(|id| id.as_str()) {
///         Some(id) => format!("hello {id}"),
///         None => "hello somebody".to_owned(),
///     }
/// }
///
/// let receiver = Receiver::builder()
///     .credentials([Credentials::api_key()])
///     .signatures(SignatureMode::Off)
///     .activation(Activation::new("datatrics", "shop").secret("a long random key"))
///     .build()?;
/// let app: Router =
///     Router::new().route("/hooks/datatrics", get(trigger).post(trigger)).with_state(receiver);
/// # Ok::<(), segue_receiver::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DatatricsMessage {
    /// All fields, as they came; from a query or a form they are texts.
    pub fields: Map<String, Value>,
}

impl DatatricsMessage {
    /// The value at a path of names between dots.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Value> {
        find(&self.fields, path)
    }
}

impl Input for DatatricsMessage {
    fn read(request: &CheckedRequest<'_>) -> Result<Self, VerifyRejection> {
        let parts = request.parts();
        let fields = if parts.method == http::Method::GET {
            from_pairs(parts.uri.query().unwrap_or_default().as_bytes())
        } else if request.content_type() == "application/x-www-form-urlencoded" {
            from_pairs(request.body())
        } else {
            request.json()?
        };
        Ok(Self { fields })
    }
}

impl Records for DatatricsMessage {
    fn name(&self) -> String {
        "trigger".to_owned()
    }

    fn records(&self) -> Vec<Map<String, Value>> {
        vec![self.fields.clone()]
    }

    const TAKES_GET: bool = true;
}
