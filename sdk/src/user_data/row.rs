//! One person, or a row from which none could be read.

use serde::Serialize;

/// What a source of user data yields.
///
/// ```
/// use segue_sdk::user_data::Row;
/// use serde_json::json;
///
/// assert_eq!(Row::of(&json!({"id": 42})), Row::Person(br#"{"id":42}"#.to_vec()));
/// assert!(matches!(Row::of("ada"), Row::Unreadable { code: "not_an_object", .. }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A person: the JSON of an object.
    Person(Vec<u8>),
    /// Nothing that could be sent, and why; it is listed in the report.
    Unreadable {
        /// The reason, for programs, such as `invalid_json`.
        code: &'static str,
        /// The reason, for people.
        reason: String,
    },
}

impl Row {
    /// A person, written at once; unreadable if it does not serialise to an object.
    #[must_use]
    pub fn of<T: Serialize + ?Sized>(item: &T) -> Self {
        match serde_json::to_vec(item) {
            Ok(json) if json.first() == Some(&b'{') => Self::Person(json),
            Ok(_) => Self::unreadable("not_an_object", "a person is an object"),
            Err(error) => Self::unreadable("unserializable", error.to_string()),
        }
    }

    pub(super) fn unreadable(code: &'static str, reason: impl Into<String>) -> Self {
        Self::Unreadable {
            code,
            reason: reason.into(),
        }
    }
}

/// A user as most apps know one. Any other type that serialises to an object does as well.
///
/// An absent member is not sent and changes nothing; a member that is sent as null deletes what is
/// known. More members come with [`with`](Self::with): anything that serialises to an object.
///
/// ```
/// use segue_sdk::user_data::{Row, UserRecord};
/// use serde::Serialize;
///
/// #[derive(Clone, Copy, Serialize)]
/// struct Shop {
///     points: u32,
///     coupon: Option<&'static str>, // none: the old one is deleted
/// }
///
/// let ada = UserRecord::new(42).with(Shop { points: 7, coupon: None });
/// assert_eq!(Row::of(&ada), Row::Person(br#"{"id":42,"points":7,"coupon":null}"#.to_vec()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UserRecord<'a, M = ()> {
    /// The app's own id: what audiences and destinations know the person by.
    pub id: u64,
    /// The name under which they log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<&'a str>,
    /// The address for e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<&'a str>,
    /// The whole name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// Members of one's own.
    #[serde(flatten)]
    pub more: M,
}

impl UserRecord<'_> {
    /// A user of whom only the id is known.
    ///
    /// ```
    /// use segue_sdk::user_data::{Row, UserRecord};
    ///
    /// let ada = UserRecord { email: Some("ada@example.com"), ..UserRecord::new(42) };
    /// let json = br#"{"id":42,"email":"ada@example.com"}"#;
    /// assert_eq!(Row::of(&ada), Row::Person(json.to_vec()));
    /// ```
    #[must_use]
    pub const fn new(id: u64) -> Self {
        Self {
            id,
            login: None,
            email: None,
            name: None,
            more: (),
        }
    }
}

impl<'a> UserRecord<'a> {
    /// The same with members of one's own.
    pub fn with<M: Serialize>(self, more: M) -> UserRecord<'a, M> {
        UserRecord {
            id: self.id,
            login: self.login,
            email: self.email,
            name: self.name,
            more,
        }
    }
}
