//! The environment of the shop, read once.

use std::path::PathBuf;

use anyhow::Context as _;
use segue_receiver::Secret;
use segue_receiver::signature::SigningSecret;

pub(crate) struct Config {
    pub(crate) listen: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) webhook_secret: SigningSecret,
    pub(crate) segment_group: String,
    pub(crate) data: Option<PathBuf>,
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
        let webhook_secret = required("CDP_WEBHOOK_SECRET")?;
        Ok(Self {
            listen: read("LISTEN").unwrap_or_else(|| "127.0.0.1:8080".to_owned()),
            client_id: required("CDP_ACTIVATION_CLIENT_ID")?,
            client_secret: Secret::new(required("CDP_ACTIVATION_CLIENT_SECRET")?),
            webhook_secret: webhook_secret.parse().context("CDP_WEBHOOK_SECRET")?,
            segment_group: required("SEGMENT_GROUP")?,
            data: read("DATA").map(PathBuf::from),
            hooks: Hooks {
                activly: read("ACTIVLY_TOKEN").map(Secret::new),
                clevertap: read("CLEVERTAP_SECRET").map(Secret::new),
                piwik_pro: read("PIWIK_PRO_TOKEN").map(Secret::new),
                datatrics: read("DATATRICS_KEY").map(Secret::new),
            },
        })
    }
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
