//! Keys for accounts that have none: made on the first start, kept for every later one.
//!
//! They are in `credentials.json` in the data directory, readable by its owner only. The file is
//! replaced as a whole, so that a crash leaves the old keys or the new ones.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{AdminToken, Config, KeyKind, Role, WriteKey};
use crate::secret::Secret;

/// The file in the data directory.
pub const CREDENTIALS_FILE: &str = "credentials.json";

/// Random bytes in a key: nobody guesses 32.
const KEY_RANDOM_BYTES: usize = 32;

/// The keys that an account got because the file names none.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The account.
    pub account: String,
    /// Its write key, of kind secret, if the file has none.
    pub write_key: Option<Secret>,
    /// Its admin token, which may manage, if the file has none.
    pub admin_token: Option<Secret>,
    /// Whether they were made just now; only then they are worth printing.
    pub new: bool,
}

/// Why an account has no keys.
#[derive(Debug, thiserror::Error)]
pub enum FirstRunError {
    /// Look at the permissions of the data directory, and at its disk.
    #[error("cannot keep keys in {}", path.display())]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Mend the file, or delete it to get new keys.
    #[error("{} does not hold keys", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        source: serde_json::Error,
    },
    /// The system has no randomness to give.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

/// The content of the file: by account.
type Kept = BTreeMap<String, KeptKeys>;

#[derive(Default, Serialize, Deserialize)]
struct KeptKeys {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    write_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    admin_token: Option<String>,
}

/// Gives every account that lacks a write key or an admin token one, and says which.
///
/// Call it once per start, by the process that owns the data directory.
///
/// # Errors
///
/// [`FirstRunError`] when keys can be neither read nor kept; the configuration is unchanged then.
pub fn complete(config: &mut Config) -> Result<Vec<Issued>, FirstRunError> {
    let lacks = |account: &super::AccountConfig| {
        account.write_keys.is_empty() || account.admin_tokens.is_empty()
    };
    if !config.accounts.iter().any(lacks) {
        return Ok(Vec::new());
    }
    let path = config.data_dir.join(CREDENTIALS_FILE);
    let mut kept = read(&path)?;
    let mut issued = Vec::new();
    for account in config.accounts.iter().filter(|account| lacks(account)) {
        let keys = kept.entry(account.id.clone()).or_default();
        let mut new = false;
        let mut key = |wanted: bool, kept: &mut Option<String>, prefix: &str| {
            if wanted && kept.is_none() {
                *kept = Some(random_key(prefix)?);
                new = true;
            }
            Ok(kept.as_ref().filter(|_| wanted).map(Secret::new))
        };
        let write_key = key(account.write_keys.is_empty(), &mut keys.write_key, "wk_")?;
        let admin_token = key(
            account.admin_tokens.is_empty(),
            &mut keys.admin_token,
            "at_",
        )?;
        issued.push(Issued {
            account: account.id.clone(),
            write_key,
            admin_token,
            new,
        });
    }
    if issued.iter().any(|issued| issued.new) {
        write(&config.data_dir, &path, &kept)
            .map_err(|source| FirstRunError::Unwritable { path, source })?;
    }
    hand_out(config, &issued);
    Ok(issued)
}

/// The accounts for which an earlier start made keys that no longer work, because the configuration
/// names others: somebody may still be using them. Call it before [`complete`].
#[must_use]
pub fn replaced(config: &Config) -> Vec<&str> {
    // What is wrong with the file, `complete` says where it needs it.
    let kept = read(&config.data_dir.join(CREDENTIALS_FILE)).unwrap_or_default();
    let is_replaced = |account: &&super::AccountConfig| {
        kept.get(&account.id).is_some_and(|keys| {
            let write_key = !account.write_keys.is_empty() && keys.write_key.is_some();
            write_key || (!account.admin_tokens.is_empty() && keys.admin_token.is_some())
        })
    };
    let accounts = config.accounts.iter().filter(is_replaced);
    accounts.map(|account| account.id.as_str()).collect()
}

fn hand_out(config: &mut Config, issued: &[Issued]) {
    for account in &mut config.accounts {
        let Some(issued) = issued.iter().find(|issued| issued.account == account.id) else {
            continue;
        };
        account
            .write_keys
            .extend(issued.write_key.clone().map(|key| WriteKey {
                key,
                kind: KeyKind::Secret,
                origins: Vec::new(),
                trust_browser_identity: false,
            }));
        account
            .admin_tokens
            .extend(issued.admin_token.clone().map(|token| AdminToken {
                token,
                role: Role::Manage,
            }));
    }
}

fn random_key(prefix: &str) -> Result<String, FirstRunError> {
    let mut bytes = [0; KEY_RANDOM_BYTES];
    getrandom::fill(&mut bytes).map_err(FirstRunError::Random)?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

fn read(path: &Path) -> Result<Kept, FirstRunError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::new()),
        Err(source) => {
            let path = path.to_owned();
            return Err(FirstRunError::Unwritable { path, source });
        }
    };
    serde_json::from_slice(&text).map_err(|source| FirstRunError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// Writes beside the file and renames: the keys that are about to be printed must still be
/// there when the power comes back, so both the file and its directory are synced.
fn write(data_dir: &Path, path: &Path, kept: &Kept) -> io::Result<()> {
    private_directory().create(data_dir)?;
    let beside = path.with_extension("json.new");
    // Whatever an earlier crash left there may have other permissions.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = private_file().open(&beside)?;
    serde_json::to_writer_pretty(&mut file, kept)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_directory(data_dir)
}

fn private_directory() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(data_dir: &Path, text: &str) -> Config {
        let mut config = Config::read(text, &|_| None).unwrap();
        config.data_dir = data_dir.to_owned();
        config
    }

    #[test]
    fn the_first_start_makes_keys_and_later_ones_reuse_them() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("a/segue-data");
        let mut first = config(&data_dir, "");
        let issued = complete(&mut first).unwrap();
        assert!(issued.len() == 1 && issued[0].new);
        let key = first.accounts[0].write_keys[0].key.expose();
        let token = first.accounts[0].admin_tokens[0].token.expose();
        assert!(key.starts_with("wk_") && key.len() == 46);
        assert!(token.starts_with("at_") && token[3..] != key[3..]);

        let mut second = config(&data_dir, "");
        let reused = complete(&mut second).unwrap();
        assert!(!reused[0].new);
        assert!(second.accounts[0].write_keys[0].key.matches(key));
        assert!(second.accounts[0].admin_tokens[0].token.matches(token));
    }

    #[test]
    fn an_account_with_keys_of_its_own_gets_none() {
        let dir = tempfile::tempdir().unwrap();
        let text = "accounts:\n  - id: a\n    write_keys: [{key: wk_of_mine}]\n    \
                    admin_tokens: [{token: at_of_mine}]\n";
        assert!(complete(&mut config(dir.path(), text)).unwrap().is_empty());
        assert!(!dir.path().join(CREDENTIALS_FILE).exists());
    }

    #[test]
    fn each_account_gets_only_what_it_lacks() {
        let dir = tempfile::tempdir().unwrap();
        let text = "accounts: [{id: a, write_keys: [{key: wk_of_mine}]}, {id: b}]";
        let mut config = config(dir.path(), text);
        let issued = complete(&mut config).unwrap();
        assert!(issued[0].write_key.is_none() && issued[0].admin_token.is_some());
        assert!(issued[1].write_key.is_some() && issued[1].admin_token.is_some());
        assert_eq!(config.accounts[0].write_keys.len(), 1);
        assert_eq!(config.accounts[1].write_keys.len(), 1);
    }

    #[test]
    fn keys_of_the_first_start_that_others_replace_are_told_of() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = config(dir.path(), "accounts: [{id: a}, {id: b}]");
        assert!(replaced(&first).is_empty());
        complete(&mut first).unwrap();
        let text = "accounts: [{id: a, write_keys: [{key: wk_of_mine}]}, {id: b}]";
        assert_eq!(replaced(&config(dir.path(), text)), ["a"]);
    }

    #[test]
    fn a_spoilt_file_is_said_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(CREDENTIALS_FILE);
        fs::write(&path, "{").unwrap();
        let error = complete(&mut config(dir.path(), "")).unwrap_err();
        assert!(matches!(error, FirstRunError::Unreadable { .. }));
        assert_eq!(fs::read_to_string(&path).unwrap(), "{");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_the_keys() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let leftover = dir.path().join("credentials.json.new");
        fs::write(leftover, "left by a crash").unwrap();
        complete(&mut config(dir.path(), "")).unwrap();
        let file = fs::metadata(dir.path().join(CREDENTIALS_FILE)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}
