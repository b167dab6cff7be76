//! The file as a value: every key with its default, every mistake with its place.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use url::Url;

use super::account::AccountConfig;
use super::env::{Environment, substitute};
use super::keys::Keyring;
use super::limits::Limits;
use crate::document::{Fields, Mistake, Mistakes, Node, Place, parse};
use crate::secret::Secret;

/// The name of the SQLite file in the data directory.
pub const SQLITE_FILE: &str = "segue.db";

/// All that the proxy is told from outside.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where its files are.
    pub data_dir: PathBuf,
    /// Where events and profiles are.
    pub store: StoreKind,
    /// How browsers and clients reach it, when that is not the address it listens on.
    pub public_url: Option<Url>,
    /// At least one.
    pub accounts: Vec<AccountConfig>,
    /// The bounds.
    pub limits: Limits,
}

/// Where events and profiles are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreKind {
    /// A file of this process alone.
    Sqlite(PathBuf),
    /// A database that several proxies may share; its URL may hold a password.
    Postgres(Secret),
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Look at the path, at the permissions, and that the file is UTF-8.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Mend the file; these are all its mistakes.
    #[error("{} has {}", path.display(), super::count(mistakes.len(), "mistake"))]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// All of them, in the order of their places.
        mistakes: Vec<Mistake>,
    },
}

impl Default for Config {
    fn default() -> Self {
        let data_dir = PathBuf::from("./segue-data");
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8090)),
            store: StoreKind::Sqlite(data_dir.join(SQLITE_FILE)),
            data_dir,
            public_url: None,
            accounts: vec![AccountConfig::default()],
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], with every mistake of the file at once.
    pub fn load(path: &Path, environment: Environment<'_>) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::read(&text, environment).map_err(|mistakes| ConfigError::Mistakes {
            path: path.to_owned(),
            mistakes,
        })
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// Every mistake in it, in the order of their places.
    pub fn read(text: &str, environment: Environment<'_>) -> Result<Self, Vec<Mistake>> {
        let written = parse(text).map_err(|mistake| vec![mistake])?;
        let mut unset = Mistakes::default();
        let node = substitute(&written, environment, &mut unset);
        let unset = unset.into_sorted();
        let mut mistakes = Mistakes::default();
        let config = Self::of(&node, &written, &mut mistakes);

        // A text whose variable is missing is wrong for that reason only.
        let missing: BTreeSet<Place> = unset.iter().map(|mistake| mistake.place).collect();
        let mut all = mistakes.into_sorted();
        all.retain(|mistake| !missing.contains(&mistake.place));
        all.extend(unset);
        all.sort();
        match config {
            Some(config) if all.is_empty() => Ok(config),
            _ => Err(all),
        }
    }

    fn of(node: &Node, written: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        let default = Self::default();
        let mut fields = Fields::of(node, "the configuration", mistakes)?;
        let listen = fields.read(
            "listen",
            "an address with a port such as 127.0.0.1:8090",
            mistakes,
            |node| node.as_text()?.parse().ok(),
        );
        let data_dir = fields.read("data_dir", "a path", mistakes, |node| {
            let text = node.as_text().filter(|text| !text.is_empty())?;
            Some(PathBuf::from(text))
        });
        let data_dir = data_dir.unwrap_or(default.data_dir);
        let store = store(&mut fields, mistakes)
            .unwrap_or_else(|| StoreKind::Sqlite(data_dir.join(SQLITE_FILE)));
        let public_url = public_url(&mut fields, mistakes);
        let limits = fields.optional("limits");
        let limits = limits.map_or(default.limits, |node| Limits::read(node, mistakes));
        let accounts = match fields.optional("accounts") {
            Some(node) => accounts(node, written, mistakes),
            None => default.accounts,
        };
        fields.finish(mistakes);
        Some(Self {
            listen: listen.unwrap_or(default.listen),
            data_dir,
            store,
            public_url,
            accounts,
            limits,
        })
    }
}

fn store(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<StoreKind> {
    let node = fields.optional("store")?;
    let text = node.as_text().unwrap_or_default();
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        let message = "PostgreSQL is not supported yet: leave `store` out to use SQLite";
        mistakes.add(node.place, message);
        return Some(StoreKind::Postgres(Secret::new(text)));
    }
    let message = "`store` has to be a URL that starts with postgres://; without it the store is \
                   an SQLite file in `data_dir`";
    mistakes.add(node.place, message);
    None
}

fn public_url(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<Url> {
    let wanted = "an http or https URL without query";
    fields.read("public_url", wanted, mistakes, |node| {
        let url = Url::parse(node.as_text()?).ok()?;
        let good = matches!(url.scheme(), "http" | "https")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        good.then_some(url)
    })
}

fn accounts(node: &Node, written: &Node, mistakes: &mut Mistakes) -> Vec<AccountConfig> {
    let nodes = node.as_list().unwrap_or_default();
    if nodes.is_empty() {
        let message = "`accounts` has to be a list of at least one account";
        mistakes.add(node.place, message);
    }
    let written = written.get("accounts").and_then(Node::as_list);
    let mut keyring = Keyring::default();
    let mut accounts: Vec<AccountConfig> = Vec::with_capacity(nodes.len());
    for (node, written) in nodes.iter().zip(written.unwrap_or_default()) {
        let Some(account) = AccountConfig::read(node, written, &mut keyring, mistakes) else {
            continue;
        };
        if accounts.iter().any(|known| known.id == account.id) {
            let place = node.get("id").map_or(node.place, |id| id.place);
            let message = format!("the account `{}` is there already", account.id);
            mistakes.add(place, message);
        }
        accounts.push(account);
    }
    accounts
}
