//! A keep-alive connection that sends requests which are written already.
//!
//! A general HTTP client would cost the generator more than the baseline costs the server.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest answer that is read: those of the routes used here are short.
const ANSWER_BYTES_MAX: usize = 256 * 1_024;

/// One connection to one server.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) addr: SocketAddr,
    stream: TcpStream,
    answer: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) async fn open(addr: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            addr,
            stream,
            answer: Vec::new(),
        })
    }

    /// Sends a whole request and waits for the whole answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        let head_bytes = loop {
            self.read().await?;
            if let Some(at) = self.answer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = std::str::from_utf8(&self.answer[..head_bytes])?;
        let status = head.get(9..12).context("no status")?.parse()?;
        let body_bytes: usize = header(head, "content-length")
            .context("an answer without its length")?
            .parse()?;
        let retry_after = header(head, "retry-after")
            .and_then(|text| text.parse().ok())
            .map(Duration::from_secs);
        while self.answer.len() < head_bytes + body_bytes {
            self.read().await?;
        }
        Ok(Answer {
            status,
            retry_after,
            body: &self.answer[head_bytes..],
        })
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.answer).await? == 0 {
            bail!("the server closed the connection");
        }
        if self.answer.len() > ANSWER_BYTES_MAX {
            bail!("an answer of more than {ANSWER_BYTES_MAX} bytes");
        }
        Ok(())
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
