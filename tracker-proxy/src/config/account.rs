//! One account: its keys, its time zone, its definitions.

use jiff::tz::TimeZone;
use segue_sdk::user_token::UserTokenKey;

use super::definitions::FileDefinitions;
use super::keys::{AdminToken, Keyring, WriteKey, user_token_keys};
use super::streams::StreamConfig;
use crate::document::{Fields, Mistakes, Node, suggestion};

/// The account that is there without a file.
pub const DEFAULT_ACCOUNT_ID: &str = "1";
/// The time zone of an account that names none.
pub const DEFAULT_TIME_ZONE: &str = "UTC";

/// A tenant.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    /// The account number as it was written: `"00123"` keeps its zeros.
    pub id: String,
    /// The name of the time zone, for people.
    pub time_zone_name: String,
    /// For windows of days and for quiet hours.
    pub time_zone: TimeZone,
    /// Who may send events. Empty only until the first run has made one.
    pub write_keys: Vec<WriteKey>,
    /// With these the app's backend signs who a browser's user is; several while one is replaced.
    pub user_token_keys: Vec<UserTokenKey>,
    /// Who may stream user data.
    pub streams: Vec<StreamConfig>,
    /// Who may use the admin API. Empty only until the first run has made one.
    pub admin_tokens: Vec<AdminToken>,
    /// What the file defines in this account.
    pub definitions: FileDefinitions,
}

impl Default for AccountConfig {
    fn default() -> Self {
        Self {
            id: DEFAULT_ACCOUNT_ID.to_owned(),
            time_zone_name: DEFAULT_TIME_ZONE.to_owned(),
            time_zone: TimeZone::UTC,
            write_keys: Vec::new(),
            user_token_keys: Vec::new(),
            streams: Vec::new(),
            admin_tokens: Vec::new(),
            definitions: FileDefinitions::default(),
        }
    }
}

impl AccountConfig {
    /// Reads an account; `written` is the same node before variables were replaced.
    pub(super) fn read(
        node: &Node,
        written: &Node,
        keyring: &mut Keyring,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let mut fields = Fields::of(node, "an account", mistakes)?;
        let id = fields.id(mistakes);
        let (time_zone_name, time_zone) = time_zone(&mut fields, mistakes);
        let write_keys = fields.list("write_keys", mistakes).iter();
        let write_keys = write_keys
            .filter_map(|node| WriteKey::read(node, keyring, mistakes))
            .collect();
        let user_token_keys = user_token_keys(&mut fields, mistakes);
        let streams = fields.list("streams", mistakes).iter();
        let streams = streams
            .filter_map(|node| StreamConfig::read(node, keyring, mistakes))
            .collect();
        let admin_tokens = fields.list("admin_tokens", mistakes).iter();
        let admin_tokens = admin_tokens
            .filter_map(|node| AdminToken::read(node, keyring, mistakes))
            .collect();
        let definitions = FileDefinitions::read(&mut fields, written, mistakes);
        fields.finish(mistakes);
        Some(Self {
            id: id?,
            time_zone_name,
            time_zone,
            write_keys,
            user_token_keys,
            streams,
            admin_tokens,
            definitions,
        })
    }
}

fn time_zone(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> (String, TimeZone) {
    let default = (DEFAULT_TIME_ZONE.to_owned(), TimeZone::UTC);
    let Some(node) = fields.optional("time_zone") else {
        return default;
    };
    let text = node.as_text().unwrap_or_default();
    if let Ok(zone) = TimeZone::get(text) {
        return (zone.iana_name().unwrap_or(text).to_owned(), zone);
    }
    let known: Vec<_> = jiff::tz::db().available().collect();
    let meant = suggestion(text, known.iter().map(|name| name.as_str()))
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default();
    let message = format!("`time_zone` has to be a name such as `Europe/Warsaw`{meant}");
    mistakes.add(node.place, message);
    default
}
