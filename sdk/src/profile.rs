//! What is commonly known of a person.

use serde::Serialize;

/// Traits of a person, under the names that the field agrees on.
///
/// Fill in what is known; what is absent is not sent and changes nothing. Traits of one's own come
/// beside them with [`with`](Self::with): anything that serialises to an object.
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
/// let ada = Profile {
///     email: Some("ada@example.com"),
///     ..Profile::default()
/// };
/// # fn signed_up(client: &segue_sdk::Client, ada: Profile<'_>) {
/// client.user("42").identify(&ada.with(Loyalty { points: 7 }));
/// # }
/// let json = serde_json::to_string(&ada.with(Loyalty { points: 7 }))?;
/// assert_eq!(json, r#"{"email":"ada@example.com","points":7}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

impl Default for Profile<'_> {
    /// One of whom nothing is known.
    fn default() -> Self {
        Self {
            email: None,
            phone: None,
            login: None,
            name: None,
            first_name: None,
            last_name: None,
            date_of_birth: None,
            language: None,
            country: None,
            timezone: None,
            created_at: None,
            more: (),
        }
    }
}

impl<'a> Profile<'a> {
    /// The same with traits of one's own.
    pub fn with<M: Serialize>(self, more: M) -> Profile<'a, M> {
        Profile {
            email: self.email,
            phone: self.phone,
            login: self.login,
            name: self.name,
            first_name: self.first_name,
            last_name: self.last_name,
            date_of_birth: self.date_of_birth,
            language: self.language,
            country: self.country,
            timezone: self.timezone,
            created_at: self.created_at,
            more,
        }
    }
}
