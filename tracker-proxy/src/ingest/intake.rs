//! One request: key, body, events, verdicts.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Request;
use http::header::ORIGIN;
use http::request::Parts;
use segue_sdk::wire::{BatchAnswer, RejectCode, Rejected};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::body::{self, Packing};
use super::credentials;
use super::event::EventKind;
use super::keys::{Source, WriteKeys};
use super::parse::{Envelope, Parsed};
use super::rejection::IngestRejection;
use super::streams::{self, Stream, Streams};
use super::submission::{Submission, Unavailable, Verdict};
use super::translate;
use crate::clock::{Clock, TimeMs};
use crate::config::Limits;
use crate::keys::AccountNo;

/// The longest plain body that is parsed where it was received; a longer one would hold up the
/// other connections of its thread for milliseconds.
const INLINE_BYTES_MAX: usize = 256 * 1_024;
/// The same for packed bodies, which grow.
const INLINE_PACKED_BYTES_MAX: usize = 32 * 1_024;

/// Everything that taking events needs.
#[derive(Debug)]
pub struct Intake {
    keys: Arc<WriteKeys>,
    streams: Streams,
    submissions: mpsc::Sender<Submission>,
    /// One permit for each byte that may be read or wait for a commit.
    queued_bytes: Arc<Semaphore>,
    clock: Clock,
    limits: Limits,
}

/// What the path says about the body.
#[derive(Debug, Clone, Copy)]
pub(super) enum Call {
    Batch,
    Single(EventKind),
    /// A batch of ours or of PostHog's clients, which use one path.
    AnyBatch,
    Snowplow,
    /// One event in the query of a GET.
    Raptor,
    UserData,
}

/// A body and what is known of its sender, ready to be read without waiting.
struct Received {
    head: Parts,
    call: Call,
    body: Bytes,
    packing: Packing,
    source: Option<Arc<Source>>,
    stream: Option<Stream>,
    at: TimeMs,
}

impl Intake {
    /// Takes events with these keys and hands them to `submissions`. How many requests may wait
    /// is the capacity of that channel; how many bytes, one of the `limits`.
    #[must_use]
    pub fn new(
        keys: Arc<WriteKeys>,
        submissions: mpsc::Sender<Submission>,
        clock: Clock,
        limits: Limits,
    ) -> Self {
        let bytes_max = limits.queue_bytes_max.min(Semaphore::MAX_PERMITS);
        Self {
            keys,
            streams: Streams::default(),
            submissions,
            queued_bytes: Arc::new(Semaphore::new(bytes_max)),
            clock,
            limits,
        }
    }

    /// Takes user data of these streams as well.
    #[must_use]
    pub fn with_streams(self, streams: Streams) -> Self {
        Self { streams, ..self }
    }

    /// Takes the events of one request; the answer comes once they are durable.
    pub(super) async fn take(
        self: Arc<Self>,
        call: Call,
        request: Request,
    ) -> Result<BatchAnswer, IngestRejection> {
        let (head, body) = request.into_parts();
        count_retry(&head);
        // A stranger's body is not worth reading.
        let stream = match call {
            Call::UserData => Some(self.streams.of(head.uri.path(), &head.headers)?),
            Call::Batch | Call::Single(_) | Call::AnyBatch | Call::Snowplow | Call::Raptor => None,
        };
        let source = match (&stream, credentials::in_headers(&head.headers)) {
            (Some(stream), _) => Some(Arc::clone(&stream.source)),
            (None, Some(key)) => Some(self.admit(&key, &head)?),
            (None, None) => None,
        };
        let draft = stream.is_some() && streams::is_draft(&head.headers);
        let body = body::collect(body, self.limits.body_bytes_max).await?;
        let room = self.reserve(body.len())?;
        let received = Received {
            packing: Packing::of(&head.headers, &body)?,
            at: self.clock.now(),
            head,
            call,
            body,
            source,
            stream,
        };
        let (account, parsed) = if received.is_long() {
            let intake = Arc::clone(&self);
            tokio::task::spawn_blocking(move || intake.read(received))
                .await
                // Only a runtime that is shutting down does not finish the work.
                .map_err(|_| self.unavailable())??
        } else {
            self.read(received)?
        };
        if draft {
            return Ok(checked(parsed));
        }
        self.submit(account, parsed, room).await
    }

    /// The source of a key, if it may be used from where the request comes from.
    fn admit(&self, key: &str, head: &Parts) -> Result<Arc<Source>, IngestRejection> {
        let source = self.keys.source(key).ok_or(IngestRejection::UnknownKey)?;
        let origin = head.headers.get(ORIGIN);
        if !source.allows_origin(origin.and_then(|origin| origin.to_str().ok())) {
            return Err(IngestRejection::OriginNotAllowed);
        }
        Ok(source)
    }

    /// From bytes to checked events, with the key from wherever it is.
    fn read(&self, received: Received) -> Result<(AccountNo, Parsed), IngestRejection> {
        let limits = &self.limits;
        let body = body::unpack(
            received.packing,
            received.body.clone(),
            limits.body_bytes_max,
        )?;
        let translated = received.translate(&body)?;
        let envelope = match (received.call, &translated) {
            (Call::Single(kind), _) => Envelope::single(kind, &body),
            (_, Some(translated)) => Envelope::batch(translated.as_bytes(), limits),
            (_, None) => Envelope::batch(&body, limits),
        }?;
        let source = match received.source {
            Some(source) => source,
            None => {
                let in_body = envelope.write_key().map(|key| key.into_owned());
                let key = in_body.or_else(|| credentials::in_query(&received.head.uri));
                self.admit(&key.ok_or(IngestRejection::MissingKey)?, &received.head)?
            }
        };
        Ok((source.account, envelope.check(&source, received.at, limits)))
    }

    /// Hands the events over and waits until they are durable.
    async fn submit(
        &self,
        account: AccountNo,
        mut parsed: Parsed,
        mut room: OwnedSemaphorePermit,
    ) -> Result<BatchAnswer, IngestRejection> {
        let mut verdicts = Vec::new();
        if !parsed.positions.is_empty() {
            let events = std::mem::take(&mut parsed.events);
            // A packed body has become longer.
            let more = events.len().saturating_sub(room.num_permits());
            room.merge(self.reserve(more)?);
            verdicts = self
                .queue(account, events, parsed.positions.len(), room)
                .await
                .map_err(|Unavailable| self.unavailable())?;
        }
        Ok(answer(parsed, &verdicts))
    }

    async fn queue(
        &self,
        account: AccountNo,
        events: Vec<u8>,
        count: usize,
        room: OwnedSemaphorePermit,
    ) -> Result<Vec<Verdict>, Unavailable> {
        let (reply, verdicts) = oneshot::channel();
        let submission = Submission {
            account,
            events,
            count,
            reply,
        };
        self.submissions
            .try_send(submission)
            .map_err(|_| Unavailable)?;
        // A client that hangs up takes nothing out of the queue: the bytes count until the
        // pipeline has answered, whoever still listens.
        let waiting = tokio::spawn(async move {
            let verdicts = verdicts.await;
            drop(room);
            verdicts
        });
        let verdicts = waiting.await.map_err(|_| Unavailable)?;
        let verdicts = verdicts.map_err(|_| Unavailable)??;
        if verdicts.len() != count {
            tracing::error!(
                count,
                verdicts = verdicts.len(),
                "verdicts do not fit events"
            );
            return Err(Unavailable);
        }
        Ok(verdicts)
    }

    /// Room for so many bytes, at once or not at all: a client that is told to come back is
    /// better off than one that hangs.
    fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, IngestRejection> {
        let bytes = u32::try_from(bytes).map_err(|_| self.unavailable())?;
        let room = Arc::clone(&self.queued_bytes).try_acquire_many_owned(bytes);
        room.map_err(|_| self.unavailable())
    }

    fn unavailable(&self) -> IngestRejection {
        IngestRejection::Unavailable {
            retry_after_s: self.limits.retry_after_s,
        }
    }
}

impl Received {
    /// The batch of ours that the body of another product's client stands for.
    fn translate(&self, body: &[u8]) -> Result<Option<String>, IngestRejection> {
        let translated = match self.call {
            Call::Batch | Call::Single(_) => return Ok(None),
            Call::AnyBatch => return Ok(translate::posthog(body)),
            Call::Snowplow => translate::snowplow(body),
            Call::Raptor => translate::raptor(&self.head.uri),
            Call::UserData => {
                let person = self.stream.as_ref().map(|stream| stream.person.as_str());
                translate::user_data(body, person.unwrap_or_default())
            }
        };
        let unreadable =
            IngestRejection::BrokenBody("it is not of the form that its path asks for");
        translated.ok_or(unreadable).map(Some)
    }

    /// Whether reading it takes so long that it has to be done elsewhere.
    fn is_long(&self) -> bool {
        let bytes_max = match self.packing {
            Packing::Plain => INLINE_BYTES_MAX,
            Packing::Gzip | Packing::Zlib | Packing::Brotli | Packing::Zstd => {
                INLINE_PACKED_BYTES_MAX
            }
        };
        self.body.len() > bytes_max
    }
}

/// The answer to a draft, of which nothing is kept.
fn checked(parsed: Parsed) -> BatchAnswer {
    BatchAnswer {
        success: true,
        accepted: parsed.positions.len(),
        rejected: parsed.rejected,
        warnings: parsed.warnings,
        assigned: Vec::new(),
    }
}

/// The answer to a request, out of what was refused before and after the queue.
pub(super) fn answer(parsed: Parsed, verdicts: &[Verdict]) -> BatchAnswer {
    let mut rejected = parsed.rejected;
    let (mut accepted, mut repeated, refused) = (0, 0, rejected.len());
    for (index, verdict) in parsed.positions.into_iter().zip(verdicts) {
        match verdict {
            Verdict::Accepted => accepted += 1,
            Verdict::Repeat => repeated += 1,
            Verdict::Erased => rejected.push(Rejected {
                index,
                message_id: None,
                code: RejectCode::Erased,
                message: "the person was erased after this happened".to_owned(),
            }),
        }
    }
    for (outcome, events) in [
        ("accepted", accepted),
        ("repeated", repeated),
        ("rejected", refused),
        ("erased", rejected.len() - refused),
    ] {
        if events > 0 {
            let events = u64::try_from(events).unwrap_or(u64::MAX);
            metrics::counter!("segue_events_total", "outcome" => outcome).increment(events);
        }
    }
    rejected.sort_by_key(|rejected| rejected.index);
    BatchAnswer {
        success: true,
        accepted: accepted + repeated,
        rejected,
        warnings: parsed.warnings,
        assigned: parsed.assigned,
    }
}

/// How healthy clients are shows in how often they have to try.
fn count_retry(head: &Parts) {
    let tried = head.headers.get("x-retry-count");
    if tried.is_some_and(|count| count.as_bytes() != b"0") {
        metrics::counter!("segue_request_retries_total").increment(1);
    }
}
