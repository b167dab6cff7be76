//! The configuration file that a proxy under test is started with.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Map, Value as Json, json};

/// The write key of the app backend.
pub const WRITE_KEY: &str = "wk_secret_of_the_tests";
/// The write key of the browser.
pub const PUBLIC_KEY: &str = "wk_public_of_the_tests";
/// The token of somebody who may look and change.
pub const ADMIN_TOKEN: &str = "at_manage_of_the_tests";
/// The token of somebody who may only look.
pub const READ_TOKEN: &str = "at_read_of_the_tests";

/// One account with its definitions. It is written as JSON, which is YAML too.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    limits: Map<String, Json>,
    audiences: Vec<Json>,
    destinations: Vec<Json>,
    activations: Vec<Json>,
}

impl Settings {
    /// An account without definitions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one of the `limits`.
    #[must_use]
    pub fn limit(mut self, name: &str, value: u64) -> Self {
        self.limits.insert(name.to_owned(), value.into());
        self
    }

    /// Adds an audience.
    #[must_use]
    pub fn audience(mut self, id: &str, when: &Json) -> Self {
        self.audiences.push(json!({ "id": id, "when": when }));
        self
    }

    /// Adds a destination.
    #[must_use]
    pub fn destination(mut self, definition: Json) -> Self {
        self.destinations.push(definition);
        self
    }

    /// Adds an activation.
    #[must_use]
    pub fn activation(mut self, definition: Json) -> Self {
        self.activations.push(definition);
        self
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self, listen: SocketAddr, data_dir: &Path) -> String {
        json!({
            "listen": listen.to_string(),
            "data_dir": data_dir,
            "limits": self.limits,
            "accounts": [{
                "id": "1",
                "write_keys": [
                    { "key": WRITE_KEY, "kind": "secret" },
                    { "key": PUBLIC_KEY, "kind": "public" },
                ],
                "admin_tokens": [
                    { "token": ADMIN_TOKEN, "role": "manage" },
                    { "token": READ_TOKEN, "role": "read" },
                ],
                "audiences": self.audiences,
                "destinations": self.destinations,
                "activations": self.activations,
            }],
        })
        .to_string()
    }
}
