//! Piwik PRO's custom activations.
//!
//! Source: help.piwik.pro, "Custom activation". A simple body is an object of the chosen keys, an
//! advanced one is any JSON that somebody wrote as a template. Which keys there are is decided in
//! the activation, so a [`Mapping`](super::Mapping) says what they mean here.

use serde_json::{Map, Value};

use super::Records;
use super::fields::find;
use crate::http::{CheckedRequest, Input, VerifyRejection};

/// What an activation sent when somebody joined its audience (or left it).
///
/// ```
/// use axum::Router;
/// use axum::extract::State;
/// use axum::http::StatusCode;
/// use axum::routing::post;
/// use segue_receiver::payload::AudienceRef;
/// use segue_receiver::senders::{Mapping, PiwikProMessage};
/// use segue_receiver::{Receiver, Verified};
///
/// /// Whoever joins the audience joins the segment, by their user id.
/// async fn joined(
///     State(receiver): State<Receiver>,
///     message: Verified<PiwikProMessage>,
/// ) -> Result<(), StatusCode> {
///     let segment = AudienceRef { id: "apple".into(), name: "Apple users".into() };
///     let mapping = Mapping::adding("user_id", segment);
///     let changes = mapping.changes(message.payload(), jiff::Timestamp::now());
///     match receiver.apply(message.sender(), changes).await {
///         Ok(_answer) => Ok(()),
///         Err(_why) => Err(StatusCode::SERVICE_UNAVAILABLE),
///     }
/// }
///
/// let routes: Router<Receiver> = Router::new().route("/hooks/piwik-pro", post(joined));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PiwikProMessage {
    /// All members, as they came; an attribute with all its values is a list.
    pub fields: Map<String, Value>,
}

impl PiwikProMessage {
    /// The value at a path of names between dots, for the nested members of a template.
    ///
    /// ```
    /// use segue_receiver::senders::PiwikProMessage;
    ///
    /// let message = PiwikProMessage {
    ///     fields: serde_json::from_str(r#"{"profile": {"ids": ["7", "8"]}, "text": "hello"}"#)?,
    /// };
    /// assert_eq!(message.get("profile.ids").and_then(|ids| ids.get(0)).unwrap(), "7");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Value> {
        find(&self.fields, path)
    }
}

impl Input for PiwikProMessage {
    fn read(request: &CheckedRequest<'_>) -> Result<Self, VerifyRejection> {
        let fields = request.json()?;
        Ok(Self { fields })
    }
}

impl Records for PiwikProMessage {
    fn name(&self) -> String {
        "activation".to_owned()
    }

    fn records(&self) -> Vec<Map<String, Value>> {
        vec![self.fields.clone()]
    }
}
