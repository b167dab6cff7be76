//! The proxy: a process of its own, asked over its admin API.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::members::Members;
use crate::shop::{self, Shop};

/// The key with which the shop tracks.
pub(crate) const WRITE_KEY: &str = "wk_full_loop";
const ADMIN_TOKEN: &str = "at_full_loop";
const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/segue.yaml");
/// What the proxy says before its address.
const LISTENS: &str = "listens on ";

/// A running proxy; dropping it ends it at once.
#[derive(Debug)]
pub(crate) struct Proxy {
    url: String,
    http: reqwest::Client,
    child: Child,
    _data: TempDir,
}

#[derive(Debug, Deserialize)]
struct Audiences {
    audiences: Vec<Audience>,
}

/// One audience of the proxy.
#[derive(Debug, Deserialize)]
pub(crate) struct Audience {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
struct Page {
    members: Vec<Member>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Member {
    user_id: Option<String>,
}

impl Proxy {
    /// Builds and starts one that tells the shop of every audience.
    pub(crate) async fn start(shop: &Shop) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let mut child = Command::new(program()?)
            .args(["--config", CONFIGURATION])
            .env("LOOP_DATA", data.path())
            .env("LOOP_WRITE_KEY", WRITE_KEY)
            .env("LOOP_ADMIN_TOKEN", ADMIN_TOKEN)
            .env("LOOP_SHOP", shop.url())
            .env("LOOP_CLIENT_ID", shop::CLIENT_ID)
            .env("LOOP_CLIENT_SECRET", shop::CLIENT_SECRET)
            .env("LOOP_WEBHOOK_SECRET", shop::WEBHOOK_SECRET)
            .env("SEGUE_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("the proxy does not start")?;
        let said = BufReader::new(child.stdout.take().context("no output")?);
        let mut proxy = Self {
            url: String::new(),
            http: http_client()?,
            child,
            _data: data,
        };
        let mut lines = said.lines();
        while proxy.url.is_empty() {
            let line = lines.next().context("the proxy ended")??;
            if let Some((_, url)) = line.split_once(LISTENS) {
                url.trim().clone_into(&mut proxy.url);
            }
        }
        Ok(proxy)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn audiences(&self) -> anyhow::Result<Vec<Audience>> {
        let all: Audiences = self.ask("/admin/v1/audiences", None).await?;
        Ok(all.audiences)
    }

    /// The user ids of all members, and how many members have none.
    pub(crate) async fn members(&self, audience: &str) -> anyhow::Result<(Members, usize)> {
        let path = format!("/admin/v1/audiences/{audience}/members");
        let (mut members, mut anonymous) = (Members::new(), 0);
        let mut cursor = None;
        loop {
            let page: Page = self.ask(&path, cursor.as_deref()).await?;
            for member in page.members {
                match member.user_id {
                    Some(user_id) => drop(members.insert(user_id)),
                    None => anonymous += 1,
                }
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok((members, anonymous));
            }
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        cursor: Option<&str>,
    ) -> anyhow::Result<T> {
        let url = format!("{}{path}", self.url);
        let request = self.http.get(url).bearer_auth(ADMIN_TOKEN);
        let request = request.query(&[("limit", "1000")]);
        let request = match cursor {
            Some(cursor) => request.query(&[("cursor", cursor)]),
            None => request,
        };
        let answer = request.send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }

    /// Tells it to stop and waits until it has.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let stop = format!("kill -TERM {}", self.child.id());
        let told = Command::new("sh").args(["-c", &stop]).status()?;
        ensure!(told.success(), "the proxy cannot be told to stop");
        for _ in 0..200 {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the proxy ended with {status}");
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("the proxy does not stop")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It has ended already unless something failed.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().unwrap_or_default();
            drop(self.child.wait());
        }
    }
}

/// The proxy beside this program, built when it is older than its sources.
fn program() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe()?;
    let folder = this.parent().context("the program is in no folder")?;
    let program = folder.join("tracker-proxy");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--package", "segue-tracker-proxy"]);
    let profile = folder.file_name().and_then(|name| name.to_str());
    if let Some(profile) = profile.filter(|&name| name != "debug") {
        cargo.args(["--profile", profile]);
    }
    cargo.arg("--target-dir").args(folder.parent());
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    eprintln!("building the proxy, which takes minutes the first time …");
    match cargo.status() {
        Ok(status) => ensure!(status.success(), "the proxy does not build"),
        // Taken elsewhere without its sources: what lies beside it has to do.
        Err(_) => ensure!(program.exists(), "{} is not there", program.display()),
    }
    Ok(program)
}

/// For plain HTTP on this machine: nothing is ever verified, so nothing needs to be trusted.
pub(crate) fn http_client() -> anyhow::Result<reqwest::Client> {
    let provider = rustls::crypto::ring::default_provider();
    let tls = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(Duration::from_secs(10));
    Ok(client.build()?)
}
