//! What a visitor does to become known.

use serde::Serialize;

use crate::{Event, Priority};

/// Somebody made an account. Send an identify as well, so that the account's traits are known.
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::Profile;
/// use segue_sdk::events::SignUp;
///
/// let ada = client.visitor("42", "a-7");
/// ada.identify(&Profile { email: Some("ada@example.com"), ..Profile::default() });
/// ada.track(&SignUp { method: Some("email"), plan: Some("pro") });
/// # client.assert_tracked("sign_up", serde_json::json!({"plan": "pro"}));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SignUp<'a> {
    /// How: `email`, `google`, `invitation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'a str>,
    /// The plan chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<&'a str>,
}

impl Event for SignUp<'_> {
    const NAME: &'static str = "sign_up";
    const PRIORITY: Priority = Priority::High;
}
