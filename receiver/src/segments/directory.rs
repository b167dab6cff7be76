//! Whom the host knows.

use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use crate::payload::PersonId;

/// The host's own register of persons; without one, every person counts as known.
///
/// Persons that it does not know stay pending: they are kept, are no members yet, and become
/// members when it knows them.
///
/// ```
/// use std::pin::Pin;
/// use segue_receiver::payload::PersonId;
/// use segue_receiver::segments::{DirectoryError, PersonDirectory};
///
/// /// A shop whose user ids are positive integers.
/// #[derive(Debug)]
/// struct Shop;
///
/// impl PersonDirectory for Shop {
///     fn known<'a>(
///         &'a self,
///         persons: &'a [PersonId],
///     ) -> Pin<Box<dyn Future<Output = Result<Vec<bool>, DirectoryError>> + Send + 'a>> {
///         Box::pin(async move {
///             Ok(persons.iter().map(|p| p.to_integer().is_some_and(|id| id > 0)).collect())
///         })
///     }
/// }
/// ```
pub trait PersonDirectory: Debug + Send + Sync + 'static {
    /// Says for each of the persons, in their order, whether the host knows them.
    ///
    /// # Errors
    ///
    /// When the host cannot tell now; the delivery is answered with 503 and comes again.
    fn known<'a>(
        &'a self,
        persons: &'a [PersonId],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<bool>, DirectoryError>> + Send + 'a>>;
}

/// The directory could not tell.
#[derive(Debug, thiserror::Error)]
#[error("the directory of persons does not answer")]
pub struct DirectoryError(#[source] Box<dyn Error + Send + Sync>);

impl DirectoryError {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
