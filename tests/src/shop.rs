//! The receiving app: the example's real binary.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::Command;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::binaries;
use crate::child::Running;
use crate::http::{self, Answer};
use crate::ports;

const CLIENT_ID: &str = "shop-client";
const CLIENT_SECRET: &str = "shop-secret-of-the-tests";
const WEBHOOK_SECRET: &str = "whsec_c2VjcmV0LW9mLXRoZS1lbmQtdG8tZW5kLXRlc3Rz";
const SEGMENT_GROUP: &str = "shop_group";

/// A shop with its segments in a file.
#[derive(Debug)]
pub struct Shop {
    running: Option<Running>,
    addr: SocketAddr,
    folder: TempDir,
    client: reqwest::Client,
}

impl Shop {
    /// Starts a shop.
    #[must_use]
    pub fn start() -> Self {
        let mut shop = Self {
            running: None,
            addr: ports::free(),
            folder: tempfile::tempdir().expect("there is room for a temporary folder"),
            client: http::client(),
        };
        shop.restart();
        shop
    }

    /// Starts the process, on the data that an earlier one left.
    pub fn restart(&mut self) {
        let mut command = Command::new(binaries::of_this_profile().shop());
        command
            .env("LISTEN", self.addr.to_string())
            .env("CDP_ACTIVATION_CLIENT_ID", CLIENT_ID)
            .env("CDP_ACTIVATION_CLIENT_SECRET", CLIENT_SECRET)
            .env("CDP_WEBHOOK_SECRET", WEBHOOK_SECRET)
            .env("SEGMENT_GROUP", SEGMENT_GROUP)
            .env("DATA", self.folder.path().join("shop.db"))
            .env("RUST_LOG", "cdp::webhook=debug");
        let log = self.folder.path().join("log.txt");
        self.running = Some(Running::start(&mut command, "listening on", &log));
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
    }

    /// How a proxy reaches the shop.
    #[must_use]
    pub fn destination(&self) -> Json {
        json!({
            "id": "shop",
            "url": format!("http://{}/cdp/webhook", self.addr),
            "allow_private": true,
            "basic": { "username": CLIENT_ID, "password": CLIENT_SECRET },
            "signing_secrets": [WEBHOOK_SECRET],
        })
    }

    /// An activation that mirrors audiences into the shop's segments.
    #[must_use]
    pub fn mirror(&self, id: &str, audiences: &[&str]) -> Json {
        json!({
            "id": id,
            "audiences": audiences,
            "on": "change",
            "to": "shop",
            "payload": {
                "kind": "segue",
                "segment_group": SEGMENT_GROUP,
                "person_identifier": "userid",
            },
        })
    }

    /// The members of each segment.
    pub async fn segments(&self) -> BTreeMap<String, BTreeSet<String>> {
        let url = format!("http://{}/segments", self.addr);
        let response = self.client.get(url).send().await;
        let answer = Answer::read(response.expect("the shop is there")).await;
        let answer = answer.expect("the shop answers").expect(200);
        assert_eq!(answer.json["group"], SEGMENT_GROUP);
        assert_eq!(answer.json["locked"], true, "the group is the CDP's");
        let segments = answer.json["segments"].as_array();
        let segments = segments.expect("segments are listed").iter().map(|one| {
            let identifier = one["identifier"].as_str().expect("an identifier is text");
            let members = one["members"].as_array().expect("members are listed");
            (identifier.to_owned(), members.iter().map(person).collect())
        });
        segments.collect()
    }

    /// The members of one segment; none where the segment is not there yet.
    pub async fn segment(&self, identifier: &str) -> BTreeSet<String> {
        let mut segments = self.segments().await;
        segments.remove(identifier).unwrap_or_default()
    }
}

/// A person is text or a number.
fn person(id: &Json) -> String {
    match id {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
