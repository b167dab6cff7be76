//! The servers under measurement, each a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use super::connection::Connection;
use crate::binaries;

/// The key that the configurations of the load program allow.
pub(crate) const WRITE_KEY: &str = "wk_load_program";
/// What a server says before its address.
const LISTENS: &str = "listens on http://";
/// Ticks in a second of the processor times in `/proc`; Linux has no other value.
const TICKS_PER_SECOND: f64 = 100.0;
/// The longest that a stopped server may take to write back and end.
const STOP_TIMEOUT: Duration = Duration::from_secs(120);

/// A server that listens.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) addr: SocketAddr,
}

/// What a server took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// The most memory that was ever resident.
    pub(crate) rss_peak_bytes: u64,
    /// Processor time, of all its threads.
    pub(crate) cpu: Duration,
}

impl Server {
    /// The proxy, with its data in `dir` and the rest of the configuration as given.
    pub(crate) async fn proxy(dir: &Path, limits: &str, account: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let file = dir.join("segue.yaml");
        let data = data_dir(dir);
        std::fs::write(
            &file,
            format!(
                "listen: 127.0.0.1:0\ndata_dir: {data:?}\n{limits}accounts:\n  - id: load\n    \
                 write_keys: [{{ key: {WRITE_KEY} }}]\n{account}"
            ),
        )?;
        let mut command = Command::new(binaries::of_this_profile().proxy());
        command.arg("--config").arg(file).env("SEGUE_LOG", "warn");
        let server = Self::start(command)?;
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// The bare handler.
    pub(crate) fn baseline() -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("baseline-server");
        Self::start(command)
    }

    fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{command:?} does not start"))?;
        let out = child.stdout.take().context("no output")?;
        let mut server = Self {
            child,
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let mut lines = BufReader::new(out).lines();
        loop {
            let line = lines.next().context("the server ended")??;
            if let Some((_, addr)) = line.split_once(LISTENS) {
                server.addr = addr.trim().parse()?;
                break;
            }
        }
        // A server must not wait for somebody to read what it says.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(server)
    }

    async fn wait_until_ready(&self) -> anyhow::Result<()> {
        for _ in 0..200 {
            if self.get("/readyz").await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the proxy does not become ready")
    }

    /// The text of an address, if it answers 200.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<String> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.addr);
        let mut connection = Connection::open(self.addr).await?;
        let answer = connection.send(request.as_bytes()).await?;
        ensure!(answer.status == 200, "{path}: {}", answer.status);
        Ok(std::str::from_utf8(answer.body)?.to_owned())
    }

    /// One of the proxy's gauges.
    pub(crate) async fn gauge(&self, name: &str) -> anyhow::Result<f64> {
        let text = self.get("/metrics").await?;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let value = value.with_context(|| format!("there is no gauge {name}"))?;
        Ok(value.parse()?)
    }

    /// Tells it to stop, waits until it has written everything back and ended.
    pub(crate) async fn stop(mut self) -> anyhow::Result<Usage> {
        let pid = self.child.id();
        let status = format!("/proc/{pid}/status");
        // One that ends at once has no memory left to look at.
        let rss_peak_bytes = rss_peak_bytes_in(&std::fs::read_to_string(&status)?);
        let mut usage = Usage {
            rss_peak_bytes: rss_peak_bytes.unwrap_or_default(),
            cpu: Duration::ZERO,
        };
        let told = Command::new("sh")
            .args(["-c", &format!("kill -TERM {pid}")])
            .status()?;
        ensure!(told.success(), "the server cannot be told to stop");
        let begun = std::time::Instant::now();
        loop {
            let status = std::fs::read_to_string(&status)?;
            // Until it is waited for, an ended process keeps its times but not its memory.
            if let Some(peak) = rss_peak_bytes_in(&status) {
                usage.rss_peak_bytes = peak;
            }
            if status.contains("State:\tZ") {
                break;
            }
            ensure!(begun.elapsed() < STOP_TIMEOUT, "the server does not stop");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        usage.cpu = cpu(&std::fs::read_to_string(format!("/proc/{pid}/stat"))?)?;
        let status = self.child.wait()?;
        // The baseline has nothing to write back and just ends.
        ensure!(status.success() || status.code().is_none(), "{status}");
        Ok(usage)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already unless a measurement failed.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().unwrap_or_default();
            drop(self.child.wait());
        }
    }
}

/// Where a proxy started in `dir` keeps its files.
pub(crate) fn data_dir(dir: &Path) -> PathBuf {
    dir.join("data")
}

fn rss_peak_bytes_in(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024)
}

/// User and system time; the name of the program before them may hold anything.
pub(crate) fn cpu(stat: &str) -> anyhow::Result<Duration> {
    let (_, fields) = stat.rsplit_once(')').context("no process")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks =
        || -> anyhow::Result<f64> { Ok(fields.next().context("no processor time")?.parse()?) };
    Ok(Duration::from_secs_f64(
        (ticks()? + ticks()?) / TICKS_PER_SECOND,
    ))
}
