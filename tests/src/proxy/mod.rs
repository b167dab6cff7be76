//! A proxy under test: the real binary, or the whole proxy within this process.

mod in_process;
pub use in_process::InProcessProxy;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::admin::Admin;
use crate::binaries;
use crate::child::Running;
use crate::ingest::Ingest;
use crate::ports;
use crate::settings::{ADMIN_TOKEN, Settings, WRITE_KEY};

/// The real binary on a data folder and a port of its own, which it keeps over restarts.
#[derive(Debug)]
pub struct ProxyProcess {
    running: Option<Running>,
    binary: PathBuf,
    environment: Vec<(String, String)>,
    addr: SocketAddr,
    data_dir: PathBuf,
    settings: Settings,
    folder: TempDir,
}

impl ProxyProcess {
    /// Starts a proxy.
    #[must_use]
    pub fn start(settings: Settings) -> Self {
        let mut proxy = Self::prepare(settings);
        proxy.restart();
        proxy
    }

    /// A proxy that does not run yet.
    #[must_use]
    pub fn prepare(settings: Settings) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        Self {
            running: None,
            binary: binaries::of_this_profile().proxy(),
            environment: Vec::new(),
            addr: ports::free(),
            data_dir: folder.path().join("data"),
            settings,
            folder,
        }
    }

    /// Uses another binary.
    #[must_use]
    pub fn with_binary(mut self, binary: PathBuf) -> Self {
        self.binary = binary;
        self
    }

    /// Sets a variable of the process.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Keeps the data elsewhere.
    #[must_use]
    pub fn with_data_dir(mut self, data_dir: PathBuf) -> Self {
        self.data_dir = data_dir;
        self
    }

    /// Starts the process, on the data that an earlier one left.
    pub fn restart(&mut self) {
        let config = self.folder.path().join("segue.yaml");
        let text = self.settings.text(self.addr, &self.data_dir);
        std::fs::write(&config, text).expect("there is room for a configuration");
        let mut command = Command::new(&self.binary);
        command
            .arg("serve")
            .arg("--config")
            .arg(config)
            .env("SEGUE_LOG", "info")
            .envs(self.environment.iter().cloned());
        self.running = Some(Running::start(&mut command, "listens on", &self.log()));
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
    }

    /// SIGTERM, and the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.running.take().and_then(Running::terminate)
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The process's id, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(Running::id)
    }

    /// The file that its log goes to.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log.txt")
    }

    /// Whether a word is in its log.
    #[must_use]
    pub fn log_says(&self, word: &str) -> bool {
        let log = std::fs::read(self.log()).unwrap_or_default();
        String::from_utf8_lossy(&log).contains(word)
    }

    /// A folder that goes when the proxy goes.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where its data is.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Its admin API.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin::new(&self.url(), ADMIN_TOKEN)
    }

    /// Its ingest API, as an app backend.
    #[must_use]
    pub fn ingest(&self) -> Ingest {
        Ingest::new(&self.url(), WRITE_KEY)
    }

    /// The SDK, as an app backend.
    #[must_use]
    pub fn sdk(&self) -> segue_sdk::Client {
        segue_sdk::Client::builder(self.url(), WRITE_KEY)
            .build()
            .expect("an address of this machine is a good endpoint")
    }
}
