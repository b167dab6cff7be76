//! The servers: one process each, with one thread.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use segue_receiver::payload::Envelope;
use segue_receiver::segments::{MemoryStore, Segments, SqliteStore};
use segue_receiver::{Activation, Receiver};

use super::{Failure, signing_secret};

#[derive(Clone, Copy)]
pub(super) enum Contender {
    Bare,
    Memory,
    Sqlite,
}

impl Contender {
    /// The first is what the others are compared with.
    pub(super) const ALL: [Self; 3] = [Self::Bare, Self::Memory, Self::Sqlite];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare handler",
            Self::Memory => "memory store",
            Self::Sqlite => "SQLite store",
        }
    }

    pub(super) fn find(name: &str) -> Result<Self, Failure> {
        let found = Self::ALL.into_iter().find(|known| known.name() == name);
        Ok(found.ok_or("there is no such contender")?)
    }

    /// How many deliveries make a round; SQLite waits for the disk.
    pub(super) const fn deliveries(self) -> usize {
        match self {
            Self::Bare | Self::Memory => 20_000,
            Self::Sqlite => 1_000,
        }
    }
}

pub(super) struct Server {
    child: Child,
    address: String,
}

impl Server {
    pub(super) fn start(contender: Contender) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", contender.name()])
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("the server has no output")?;
        let mut address = String::new();
        BufReader::new(output).read_line(&mut address)?;
        Ok(Self {
            child,
            address: address.trim().to_owned(),
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[expect(clippy::print_stdout, reason = "the parent has to know the address")]
pub(super) fn serve(name: &str) -> Result<(), Failure> {
    super::runtime()?.block_on(async {
        let folder = tempfile::tempdir_in(".")?;
        let app = app(Contender::find(name)?, folder.path()).await?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        axum::serve(listener, app).await?;
        Ok(())
    })
}

pub(super) async fn app(contender: Contender, folder: &Path) -> Result<Router, Failure> {
    match contender {
        Contender::Bare => Ok(Router::new().route("/cdp/webhook", post(bare))),
        Contender::Memory => receiver(Segments::new(MemoryStore::new())).await,
        Contender::Sqlite => {
            let store = SqliteStore::open(folder.join("segments.db"))?;
            receiver(Segments::new(store)).await
        }
    }
}

async fn bare(body: Bytes) -> Result<String, StatusCode> {
    let envelope: Result<Envelope, _> = serde_json::from_slice(&body);
    let envelope = envelope.map_err(|_| StatusCode::BAD_REQUEST)?;
    let changes = envelope.data.changes.len();
    Ok(format!(
        r#"{{"applied":{changes},"skipped":[],"pending":0}}"#
    ))
}

async fn receiver(segments: Segments) -> Result<Router, Failure> {
    segments.create_group("shop", "Shop").await?;
    let activation = Activation::new("shop-client", "shop")
        .secret("shop-secret")
        .signing_secret(signing_secret()?);
    let receiver = Receiver::builder()
        .segments(segments)
        .activation(activation);
    Ok(receiver.build()?.router())
}
