//! The environment of the shop, read once.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::Context as _;
use segue_receiver::Secret;
use segue_receiver::payload::PersonId;
use segue_receiver::signature::{SigningSecret, VerifyingKey};

pub(crate) struct Config {
    pub(crate) listen: String,
    pub(crate) client_id: String,
    /// The new one, and the old one until the CDP has the new one.
    pub(crate) client_secrets: Vec<Secret>,
    /// The new one, and the old one until the CDP has the new one.
    pub(crate) webhook_secrets: Vec<SigningSecret>,
    /// Of a CDP that signs with `v1a`.
    pub(crate) public_key: Option<VerifyingKey>,
    pub(crate) segment_group: String,
    pub(crate) data: Option<PathBuf>,
    /// Whom the shop knows; everybody when it does not say.
    pub(crate) customers: Option<HashSet<PersonId>>,
    pub(crate) hooks: Hooks,
}

/// The secrets of other senders; one without a secret has no route.
pub(crate) struct Hooks {
    pub(crate) activly: Option<Secret>,
    pub(crate) clevertap: Option<Secret>,
    pub(crate) piwik_pro: Option<Secret>,
    pub(crate) datatrics: Option<Secret>,
}

impl Config {
    pub(crate) fn from_env() -> anyhow::Result<Self> {
        Ok(Self {
            listen: read("LISTEN").unwrap_or_else(|| "127.0.0.1:8080".to_owned()),
            client_id: required("CDP_ACTIVATION_CLIENT_ID")?,
            client_secrets: rotating("CDP_ACTIVATION_CLIENT_SECRET", |text| Ok(Secret::new(text)))?,
            webhook_secrets: rotating("CDP_WEBHOOK_SECRET", |text| Ok(text.parse()?))?,
            public_key: read("CDP_WEBHOOK_PUBLIC_KEY")
                .map(|key| key.parse().context("CDP_WEBHOOK_PUBLIC_KEY"))
                .transpose()?,
            segment_group: required("SEGMENT_GROUP")?,
            data: read("DATA").map(PathBuf::from),
            customers: read("CUSTOMERS").map(|ids| customers(&ids)).transpose()?,
            hooks: Hooks {
                activly: read("ACTIVLY_TOKEN").map(Secret::new),
                clevertap: read("CLEVERTAP_SECRET").map(Secret::new),
                piwik_pro: read("PIWIK_PRO_TOKEN").map(Secret::new),
                datatrics: read("DATATRICS_KEY").map(Secret::new),
            },
        })
    }
}

/// The secret under this name, and an older one under the same name with `_OLD`.
fn rotating<T>(name: &str, parse: fn(&str) -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
    let old = format!("{name}_OLD");
    let mut secrets = vec![parse(&required(name)?).with_context(|| name.to_owned())?];
    if let Some(secret) = read(&old) {
        secrets.push(parse(&secret).context(old)?);
    }
    Ok(secrets)
}

fn customers(ids: &str) -> anyhow::Result<HashSet<PersonId>> {
    let ids: Result<_, _> = ids.split(',').map(PersonId::new).collect();
    ids.context("CUSTOMERS")
}

fn required(name: &str) -> anyhow::Result<String> {
    read(name).with_context(|| format!("the environment variable {name} is missing"))
}

/// A variable that is set to nothing counts as not set.
#[expect(
    clippy::disallowed_methods,
    reason = "this file is where the shop reads its environment"
)]
fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
