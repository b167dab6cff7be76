//! User tokens: how a browser says who its user is, and is believed.

use std::time::{Duration, SystemTime};

use segue_sdk::user_token::{TokenError, UserTokenKey};

use super::{TimeMs, json};

/// The member of the context that carries a token.
pub(super) const MEMBER: &str = "userToken";

/// What the token of the event before said: a page sends the same one with all of its events.
#[derive(Debug, Default)]
pub(super) struct Vouched {
    token: String,
    user: Option<Result<String, TokenError>>,
}

impl Vouched {
    /// The user that the token in `context` speaks for; nothing where there is none.
    pub(super) fn user(
        &mut self,
        context: &str,
        keys: &[UserTokenKey],
        now: TimeMs,
    ) -> Option<Result<&str, TokenError>> {
        let token = json::word(context, MEMBER)?;
        if self.user.is_none() || self.token != token {
            self.user = Some(verify(&token, keys, now));
            self.token = token.into_owned();
        }
        let user = self.user.as_ref()?;
        Some(user.as_deref().map_err(|error| *error))
    }
}

fn verify(token: &str, keys: &[UserTokenKey], now: TimeMs) -> Result<String, TokenError> {
    let since = Duration::from_millis(u64::try_from(now.0).unwrap_or_default());
    let now = SystemTime::UNIX_EPOCH + since;
    let mut verdict = Err(TokenError::WrongSignature);
    for key in keys {
        verdict = key.verify(token, now);
        // A key that is being replaced does not fit; any other verdict is the token's own.
        if verdict != Err(TokenError::WrongSignature) {
            break;
        }
    }
    verdict
}
