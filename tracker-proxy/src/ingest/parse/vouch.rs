//! User tokens: how a browser says who its user is, and is believed.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use segue_sdk::user_token::{TokenError, UserTokenKey};

use super::{Source, TimeMs, json};

/// The member of the context that carries a token.
const MEMBER: &str = "userToken";

/// What the token of the event before said: a page sends the same one with all of its events.
#[derive(Debug, Default)]
pub(super) struct Vouched {
    token: String,
    user: Option<Result<String, TokenError>>,
}

impl Vouched {
    /// Takes the token out of the context of a public key's event, so that whoever reads the
    /// history cannot go on as that user; returns the user for whom it speaks.
    pub(super) fn take(
        &mut self,
        source: &Source,
        context: &mut Option<Cow<'_, str>>,
        now: TimeMs,
    ) -> Option<Result<String, TokenError>> {
        let json = context.as_deref().filter(|_| source.is_public())?;
        let token = json::word(json, MEMBER)?;
        if self.user.is_none() || self.token != token {
            self.user = Some(verify(&token, &source.user_token_keys, now));
            self.token = token.into_owned();
        }
        *context = Some(Cow::Owned(json::without(MEMBER, json)));
        self.user.clone()
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
