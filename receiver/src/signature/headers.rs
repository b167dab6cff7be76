//! The three headers, as text that nobody has interpreted yet.

use super::VerifyError;

/// The names of the three headers: id, timestamp, signature.
pub const SIGNATURE_HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// The values of the three Standard Webhooks headers, byte for byte as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureHeaders<'a> {
    /// `webhook-id`
    pub id: &'a [u8],
    /// `webhook-timestamp`
    pub timestamp: &'a [u8],
    /// `webhook-signature`
    pub signature: &'a [u8],
}

impl<'a> SignatureHeaders<'a> {
    /// Picks the three headers out of all headers of a request; names are in lower case.
    ///
    /// # Errors
    ///
    /// [`VerifyError::MissingHeader`] or [`VerifyError::RepeatedHeader`].
    pub fn find(
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, VerifyError> {
        let mut found = [None; 3];
        for (name, value) in headers {
            if let Some(at) = SIGNATURE_HEADERS.iter().position(|known| *known == name)
                && found[at].replace(value).is_some()
            {
                return Err(VerifyError::RepeatedHeader(SIGNATURE_HEADERS[at]));
            }
        }
        let value = |at: usize| found[at].ok_or(VerifyError::MissingHeader(SIGNATURE_HEADERS[at]));
        Ok(Self {
            id: value(0)?,
            timestamp: value(1)?,
            signature: value(2)?,
        })
    }
}
