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
