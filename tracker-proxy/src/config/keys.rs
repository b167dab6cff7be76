//! Who may send events, and who may look and change.

use segue_sdk::user_token::{self, UserTokenKey};
use url::{Origin, Url};

use crate::document::{Fields, Mistakes, Node, Place};
use crate::secret::Secret;

/// The shortest key or token, in bytes; a shorter one can be guessed.
pub const KEY_BYTES_MIN: usize = 8;
/// The longest key or token, in bytes: it travels in a header.
pub const KEY_BYTES_MAX: usize = 256;

/// Allows its holder to send events into one account.
#[derive(Debug, Clone)]
pub struct WriteKey {
    /// The key itself.
    pub key: Secret,
    /// What it allows.
    pub kind: KeyKind,
    /// The web origins (`https://shop.example`) that may use a public key; empty for any.
    pub origins: Vec<String>,
    /// Whether a browser may say who someone is, without a user token.
    pub trust_browser_identity: bool,
}

/// What a write key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Everything that an app backend does.
    Secret,
    /// Tracking from a browser: anybody can read this key.
    Public,
}

/// Allows its holder to use the admin API of one account.
#[derive(Debug, Clone)]
pub struct AdminToken {
    /// The token itself.
    pub token: Secret,
    /// What it allows.
    pub role: Role,
}

/// What an admin token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looking.
    Read,
    /// Looking and changing.
    Manage,
}

/// Every key and token read so far, so that none opens two doors.
#[derive(Debug, Default)]
pub(super) struct Keyring(Vec<(Secret, Place)>);

impl Keyring {
    /// Reads a key or token; its text is in no message.
    pub(super) fn read(
        &mut self,
        key: &'static str,
        fields: &mut Fields<'_>,
        mistakes: &mut Mistakes,
    ) -> Option<Secret> {
        let node = fields.required(key, mistakes)?;
        // A colon ends the user name of HTTP Basic, in which official clients send their key.
        let good = |text: &&str| {
            (KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && byte != b':')
        };
        let Some(text) = node.as_text().filter(good) else {
            let message = format!(
                "`{key}` has to be {KEY_BYTES_MIN} to {KEY_BYTES_MAX} visible ASCII characters \
                 without colons"
            );
            mistakes.add(node.place, message);
            return None;
        };
        if let Some((_, place)) = self.0.iter().find(|(known, _)| known.expose() == text) {
            mistakes.add(node.place, format!("`{key}` is in use already, at {place}"));
            return None;
        }
        let secret = Secret::new(text);
        self.0.push((secret.clone(), node.place));
        Some(secret)
    }
}

impl WriteKey {
    pub(super) fn read(
        node: &Node,
        keyring: &mut Keyring,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let mut fields = Fields::of(node, "a write key", mistakes)?;
        let key = keyring.read("key", &mut fields, mistakes);
        let kinds = [("secret", KeyKind::Secret), ("public", KeyKind::Public)];
        let kind = fields.choice("kind", &kinds, mistakes);
        let written = fields.texts("origins", mistakes);
        let trust_browser_identity = fields
            .boolean("trust_browser_identity", mistakes)
            .unwrap_or(false);
        fields.finish(mistakes);

        let kind = kind.unwrap_or(KeyKind::Secret);
        if kind == KeyKind::Secret && (trust_browser_identity || !written.is_empty()) {
            let message = "`origins` and `trust_browser_identity` are for keys of `kind: public`";
            mistakes.add(node.place, message);
        }
        let mut origins = Vec::with_capacity(written.len());
        for (text, place) in written {
            match origin(text) {
                Some(origin) => origins.push(origin),
                None => mistakes.add(
                    place,
                    "an origin is written like `https://shop.example`; without `origins` any is \
                     allowed",
                ),
            }
        }
        Some(Self {
            key: key?,
            kind,
            origins,
            trust_browser_identity,
        })
    }
}

/// The secrets with which an app's backend signs user tokens; none of them is in a message.
pub(super) fn user_token_keys(
    fields: &mut Fields<'_>,
    mistakes: &mut Mistakes,
) -> Vec<UserTokenKey> {
    let mut keys = Vec::new();
    for (text, place) in fields.texts("user_token_keys", mistakes) {
        match UserTokenKey::new(text) {
            Ok(key) => keys.push(key),
            Err(_) => {
                let bytes_min = user_token::KEY_BYTES_MIN;
                let message = format!("a user token key has to be {bytes_min} bytes or longer");
                mistakes.add(place, message);
            }
        }
    }
    keys
}

/// The origin as a browser writes it: lower case, no default port, nothing after the host.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    match url.origin() {
        Origin::Tuple(..) if bare && url.username().is_empty() => {
            Some(url.origin().ascii_serialization())
        }
        _ => None,
    }
}

impl AdminToken {
    pub(super) fn read(
        node: &Node,
        keyring: &mut Keyring,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let mut fields = Fields::of(node, "an admin token", mistakes)?;
        let token = keyring.read("token", &mut fields, mistakes);
        let roles = [("manage", Role::Manage), ("read", Role::Read)];
        // Whoever does not say what a token is for gets the one that can do no harm.
        let role = fields
            .choice("role", &roles, mistakes)
            .unwrap_or(Role::Read);
        fields.finish(mistakes);
        Some(Self {
            token: token?,
            role,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::parse;

    fn write_key(text: &str) -> (Option<WriteKey>, Vec<String>) {
        let mut mistakes = Mistakes::default();
        let node = parse(text).unwrap();
        let key = WriteKey::read(&node, &mut Keyring::default(), &mut mistakes);
        let mistakes = mistakes.into_sorted();
        (
            key,
            mistakes
                .into_iter()
                .map(|mistake| mistake.message)
                .collect(),
        )
    }

    #[test]
    fn origins_are_kept_as_browsers_send_them() {
        let (key, mistakes) = write_key(
            "{key: wk_public, kind: public, origins: [\"HTTPS://Shop.Example:443/\", http://localhost:3000]}",
        );
        assert_eq!(mistakes, [""; 0]);
        assert_eq!(
            key.unwrap().origins,
            ["https://shop.example", "http://localhost:3000"]
        );
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "shop.example",
            "https://shop.example/path",
            "https://u@shop.example",
            "*",
        ] {
            let (_, mistakes) = write_key(&format!(
                "{{key: wk_public, kind: public, origins: [\"{text}\"]}}"
            ));
            assert_eq!(mistakes.len(), 1, "{text}");
        }
    }

    #[test]
    fn keys_that_can_be_guessed_or_not_be_sent_are_refused() {
        for key in [
            "\"\"",
            "short",
            "'with space'",
            "'with:colon'",
            "żółwiątko",
            "[a]",
        ] {
            let (read, mistakes) = write_key(&format!("{{key: {key}}}"));
            assert!(read.is_none() && mistakes.len() == 1, "{key}: {mistakes:?}");
        }
        let (read, mistakes) = write_key(&format!("{{key: {}}}", "k".repeat(257)));
        assert!(read.is_none() && mistakes.len() == 1);
    }

    #[test]
    fn a_secret_key_is_not_for_browsers() {
        let (_, mistakes) = write_key("{key: wk_backend, trust_browser_identity: true}");
        assert!(mistakes[0].contains("kind: public"));
    }
}
