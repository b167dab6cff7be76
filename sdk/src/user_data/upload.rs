//! An upload: rows in, requests out, one after the other.

use std::future::{Future, poll_fn};
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use futures_core::Stream as AsyncStream;
use serde::Serialize;

use super::checkpoint::Checkpoint;
use super::chunk::Chunk;
use super::send::{Ending, Route};
use super::{Mode, Progress, RejectedRow, Row, UploadError, UploadReport};
use crate::client::Client;
use crate::limits::{
    USER_DATA_CHUNK_BYTES_MAX, USER_DATA_CHUNK_ITEMS_MAX, USER_DATA_REJECTIONS_MAX,
};
use crate::wire::{BatchAnswer, RejectCode};

/// User data on its way; made by [`Client::stream_user_data`] and its kin. Nothing happens until
/// it is told to send.
///
/// ```no_run
/// use segue_sdk::user_data::{Mode, UserRecord};
///
/// # async fn nightly(client: &segue_sdk::Client) -> Result<(), segue_sdk::user_data::UploadError> {
/// let people = (1..=1_000_000).map(UserRecord::new);
/// let report = client
///     .stream_user_data(people, Mode::Live)
///     .chunk_items_max(500)
///     .chunk_bytes_max(256 * 1024)
///     .checkpoint("/var/lib/shop/people.checkpoint") // after a failure the next run goes on there
///     .send()
///     .await?;
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent before `send` or `send_blocking`"]
pub struct Upload<'a, S> {
    client: &'a Client,
    rows: S,
    mode: Mode,
    chunk_items_max: usize,
    chunk_bytes_max: usize,
    skip: u64,
    checkpoint: Option<PathBuf>,
    on_progress: Option<Box<dyn FnMut(Progress) + Send + 'a>>,
}

impl<S> std::fmt::Debug for Upload<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload")
            .field("mode", &self.mode)
            .field("skip", &self.skip)
            .finish_non_exhaustive()
    }
}

impl<'a, S: AsyncStream<Item = Row>> Upload<'a, S> {
    pub(crate) const fn new(client: &'a Client, rows: S, mode: Mode) -> Self {
        Self {
            client,
            rows,
            mode,
            chunk_items_max: USER_DATA_CHUNK_ITEMS_MAX,
            chunk_bytes_max: USER_DATA_CHUNK_BYTES_MAX,
            skip: 0,
            checkpoint: None,
            on_progress: None,
        }
    }

    /// Most people in one request, at least one. Default: 1,000.
    pub fn chunk_items_max(mut self, items: usize) -> Self {
        self.chunk_items_max = items.max(1);
        self
    }

    /// Most bytes in one request body. Default: 512 KiB.
    pub const fn chunk_bytes_max(mut self, bytes: usize) -> Self {
        self.chunk_bytes_max = bytes;
        self
    }

    /// Leaves out the first rows, such as those that an earlier try had settled.
    ///
    /// ```no_run
    /// # fn rest(client: &segue_sdk::Client) -> Result<(), segue_sdk::user_data::UploadError> {
    /// use segue_sdk::user_data::{Mode, UserRecord};
    ///
    /// // An earlier run said that it had come to row 4,000.
    /// let people = (1..=10_000).map(UserRecord::new);
    /// client.stream_user_data(people, Mode::Live).skip(4_000).send_blocking()?;
    /// # Ok(())
    /// # }
    /// ```
    pub const fn skip(mut self, rows: u64) -> Self {
        self.skip = rows;
        self
    }

    /// Notes in this file which rows are acknowledged, and begins behind them if it exists. It is
    /// removed at the end. The source must yield the same rows in the same order then.
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint = Some(path.into());
        self
    }

    /// Tells how far it has come, after each request.
    pub fn on_progress(mut self, callback: impl FnMut(Progress) + Send + 'a) -> Self {
        self.on_progress = Some(Box::new(callback));
        self
    }

    /// Sends all rows. Works in any async runtime.
    ///
    /// Each request is retried like a batch of events, with the client's time limits. Rows that
    /// are refused are listed and do not stop it.
    ///
    /// # Errors
    /// When the endpoint refuses a whole request or takes nothing for too long, when the client
    /// ends, or when the checkpoint cannot be used.
    pub async fn send(self) -> Result<UploadReport, UploadError> {
        let (route, account) = self.client.user_data_route(self.mode)?;
        let checkpoint = self
            .checkpoint
            .map(|path| Checkpoint::new(path, &account, self.mode));
        let done = checkpoint.as_ref().map_or(Ok(0), Checkpoint::read)?;
        let mut sender = Sender {
            client: self.client,
            route,
            checkpoint,
            on_progress: self.on_progress,
            report: UploadReport::default(),
        };
        let skip = self.skip.max(done);
        let mut rows = pin!(self.rows);
        let mut chunk = Chunk::default();
        let mut row = 0;
        while let Some(next) = poll_fn(|context| rows.as_mut().poll_next(context)).await {
            row += 1;
            if row <= skip {
                sender.report.progress.rows = row;
                sender.report.progress.skipped = row;
                continue;
            }
            match next {
                Row::Person(person) => {
                    if !chunk.is_empty()
                        && !chunk.fits(person.len(), self.chunk_items_max, self.chunk_bytes_max)
                    {
                        sender.send(std::mem::take(&mut chunk), row - 1).await?;
                    }
                    chunk.push(row, person);
                }
                Row::Unreadable { code, reason } => sender.reject(row, code.into(), reason),
            }
        }
        if !chunk.is_empty() {
            sender.send(chunk, row).await?;
        }
        sender.finish()
    }

    /// Like [`send`](Self::send), blocking this thread.
    ///
    /// # Errors
    /// As there.
    pub fn send_blocking(self) -> Result<UploadReport, UploadError> {
        block_on(self.send())
    }
}

struct Sender<'a> {
    client: &'a Client,
    route: Route,
    checkpoint: Option<Checkpoint>,
    on_progress: Option<Box<dyn FnMut(Progress) + Send + 'a>>,
    report: UploadReport,
}

impl Sender<'_> {
    /// Sends a chunk, in halves where it is too large; then all rows up to `row` are settled.
    async fn send(&mut self, chunk: Chunk, row: u64) -> Result<(), UploadError> {
        let mut parts = vec![chunk];
        while let Some(mut part) = parts.pop() {
            let ending = self
                .client
                .send_user_data(&self.route, part.body(), part.len());
            match ending.await? {
                Ending::Answered(answer) => self.settle(&part, answer),
                Ending::TooLarge if part.len() > 1 => {
                    parts.push(part.split_off());
                    parts.push(part);
                }
                Ending::TooLarge => {
                    let reason = "the endpoint answered 413".to_owned();
                    self.reject(
                        part.row(0).unwrap_or(row),
                        RejectCode::EventTooLarge,
                        reason,
                    );
                }
            }
        }
        self.report.progress.rows = row;
        if let Some(checkpoint) = &self.checkpoint {
            checkpoint.write(row)?;
        }
        if let Some(callback) = &mut self.on_progress {
            callback(self.report.progress);
        }
        Ok(())
    }

    fn settle(&mut self, part: &Chunk, answer: BatchAnswer) {
        let progress = &mut self.report.progress;
        progress.chunks += 1;
        progress.bytes += part.bytes() as u64;
        let mut refused = answer.rejected;
        refused.sort_by_key(|rejected| rejected.index);
        refused.dedup_by_key(|rejected| rejected.index);
        refused.retain(|rejected| rejected.index < part.len());
        progress.accepted += (part.len() - refused.len()) as u64;
        for rejected in refused {
            let row = part.row(rejected.index).unwrap_or_default();
            self.reject(row, rejected.code, rejected.message);
        }
    }

    fn reject(&mut self, row: u64, code: RejectCode, reason: String) {
        self.report.progress.rejected += 1;
        if self.report.rejections.len() < USER_DATA_REJECTIONS_MAX {
            self.report
                .rejections
                .push(RejectedRow { row, code, reason });
        }
    }

    fn finish(mut self) -> Result<UploadReport, UploadError> {
        let progress = &mut self.report.progress;
        progress.rows = progress.skipped + progress.accepted + progress.rejected;
        if let Some(checkpoint) = &self.checkpoint {
            checkpoint.remove()?;
        }
        Ok(self.report)
    }
}

/// An iterator as a stream that never waits.
#[derive(Debug)]
pub(crate) struct Items<I>(pub(crate) I);

impl<I: Iterator<Item = Row> + Unpin> AsyncStream for Items<I> {
    type Item = Row;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Row>> {
        Poll::Ready(self.0.next())
    }
}

/// An async stream of people as one of rows.
pub(crate) struct RowStream<S> {
    people: Pin<Box<S>>,
}

impl<S> RowStream<S> {
    pub(crate) fn new(people: S) -> Self {
        Self {
            people: Box::pin(people),
        }
    }
}

impl<S: AsyncStream<Item: Serialize>> AsyncStream for RowStream<S> {
    type Item = Row;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Row>> {
        let person = self.people.as_mut().poll_next(context);
        person.map(|person| person.map(|person| Row::of(&person)))
    }
}

/// Drives a future that needs no runtime of its own; inside a runtime it blocks its thread.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::park();
    }
}
