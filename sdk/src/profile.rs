//! What is commonly known of a person.

use serde::Serialize;

/// Traits of a person, under the names that the field agrees on.
///
/// Fill in what is known; what is absent is not sent and changes nothing. Traits of one's own come
/// beside them as `more`: anything that serialises to an object.
///
/// ```
/// use segue_sdk::Profile;
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Loyalty {
///     points: u32,
/// }
///
/// # fn signed_up(client: &segue_sdk::Client) {
/// client.user("42").identify(&Profile {
///     email: Some("ada@example.com"),
///     language: Some("da"),
///     more: Loyalty { points: 7 },
///     ..Profile::default()
/// });
/// # }
/// let json = serde_json::to_string(&Profile { name: Some("Ada"), more: Loyalty { points: 7 },
///     ..Profile::default() })?;
/// assert_eq!(json, r#"{"name":"Ada","points":7}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Profile<'a, M = ()> {
    /// The address for e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<&'a str>,
    /// The number for calls and text messages, best in E.164: `+4512345678`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<&'a str>,
    /// The name under which they log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<&'a str>,
    /// The whole name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// The first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<&'a str>,
    /// The last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<&'a str>,
    /// ISO 8601: `1815-12-10`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<&'a str>,
    /// ISO 639-1: `da`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<&'a str>,
    /// ISO 3166-1 alpha-2: `DK`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<&'a str>,
    /// The name of the time zone, which quiet hours go by: `Europe/Copenhagen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<&'a str>,
    /// When the account was made, ISO 8601 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<&'a str>,
    /// Traits of one's own.
    #[serde(flatten)]
    pub more: M,
}
