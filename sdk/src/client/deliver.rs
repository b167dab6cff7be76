//! The flight of one chunk: attempts until every event of it is settled or given up.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::{sleep, sleep_until, timeout};

use super::chunk::Chunk;
use super::classify::{Step, classify};
use super::fate::NotDelivered;
use super::queue::Queue;
use super::report::DropReason;
use super::schedule::backoff;
use super::verdict::{OnVerdict, Outcome, Verdict};
use crate::clock;
use crate::limits::BACKOFF_DRAINING_MAX;
use crate::random::Random;
use crate::transport::{Request, Response, Transport, TransportError};
use crate::wire::{BatchAnswer, RejectCode, Rejected};

/// What all flights of a client share.
pub(super) struct Route<T> {
    pub(super) transport: T,
    pub(super) queue: Arc<Queue>,
    pub(super) random: Arc<Random>,
    pub(super) request_timeout: Duration,
    pub(super) retry_for: Duration,
    pub(super) on_verdict: Option<OnVerdict>,
    /// The context of every event, as an object: who sends.
    pub(super) context: Arc<str>,
    /// Until when the endpoint asked everybody to wait.
    pub(super) pause: Mutex<Option<Instant>>,
}

/// Delivers one chunk; it may fall into smaller ones on the way.
pub(super) async fn deliver<T: Transport>(route: Arc<Route<T>>, number: u64, chunk: Chunk) {
    let mut unsettled = Unsettled::new(&route.queue, number, &chunk);
    let give_up_at = clock::after(clock::instant(), route.retry_for);
    let mut parts = vec![chunk];
    while let Some(part) = parts.pop() {
        match attempt_until(&route, &part, give_up_at).await {
            Ending::Answered(answer) => settle(&route, &mut unsettled, &part, &answer),
            Ending::TooLarge if part.len() > 1 => {
                let (first, second) = part.split();
                parts.push(second);
                parts.push(first);
            }
            Ending::TooLarge => {
                let reason = "the endpoint answered 413";
                refuse(
                    &route,
                    &mut unsettled,
                    &part,
                    &RejectCode::EventTooLarge,
                    reason,
                );
            }
            Ending::Refused(response) => {
                let code = RejectCode::Other(format!("http_{}", response.status));
                let reason = String::from_utf8_lossy(&response.body);
                tracing::warn!(
                    http.status = response.status,
                    events = part.len(),
                    "the endpoint refused a batch"
                );
                refuse(&route, &mut unsettled, &part, &code, &reason);
            }
            Ending::Expired => {
                unsettled.give_up(DropReason::Expired, &part);
                route.tell(&part, 0..part.len(), Outcome::Dropped(DropReason::Expired));
            }
        }
    }
}

/// How a part's attempts ended.
enum Ending {
    Answered(BatchAnswer),
    TooLarge,
    Refused(Response),
    Expired,
}

async fn attempt_until<T: Transport>(
    route: &Route<T>,
    part: &Chunk,
    give_up_at: Instant,
) -> Ending {
    let mut attempt = 0;
    loop {
        route.wait_out_pause().await;
        let request = Request {
            body: part.body(&route.context, clock::now()),
            events: part.len(),
            attempt,
        };
        route.queue.count_request(attempt, request.body.len());
        let asked = match route.send(request).await {
            Ok(response) => match classify(&response, clock::now()) {
                Step::Settle(answer) => return Ending::Answered(answer),
                Step::Split => return Ending::TooLarge,
                Step::Refuse => return Ending::Refused(response),
                Step::Retry(wait) => {
                    report_failure(attempt, part, &format_args!("status {}", response.status));
                    wait
                }
            },
            Err(error) => {
                report_failure(attempt, part, &root_cause(&error));
                None
            }
        };
        attempt += 1;
        let wait = asked.unwrap_or_else(|| backoff(attempt, route.random.fraction()));
        let again_at = clock::after(clock::instant(), wait);
        if again_at >= give_up_at {
            return Ending::Expired;
        }
        match asked {
            Some(_) => route.pause_until(again_at),
            None => route.back_off(wait).await,
        }
    }
}

/// The first failure of a batch is worth a warning, its further ones are not.
fn report_failure(attempt: u32, part: &Chunk, cause: &dyn std::fmt::Display) {
    if attempt == 0 {
        tracing::warn!(events = part.len(), %cause, "a batch was not taken; it is tried again");
    } else {
        tracing::debug!(events = part.len(), attempt, %cause, "a batch was not taken again");
    }
}

fn root_cause(error: &TransportError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

impl<T: Transport> Route<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let sent = timeout(self.request_timeout, self.transport.send(request)).await;
        sent.unwrap_or_else(|late| Err(TransportError::new(late)))
    }

    async fn wait_out_pause(&self) {
        loop {
            let until = *self.pause.lock().unwrap_or_else(PoisonError::into_inner);
            match until {
                Some(until) if until > clock::instant() => sleep_until(until.into()).await,
                _ => return,
            }
        }
    }

    fn pause_until(&self, until: Instant) {
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        *pause = (*pause).max(Some(until));
    }

    /// Sleeps; when the client begins to shut down, the sleep ends, and later ones are short.
    async fn back_off(&self, wait: Duration) {
        if self.queue.is_running() {
            tokio::select! {
                () = sleep(wait) => {}
                () = self.queue.draining() => {}
            }
        } else {
            sleep(wait.min(BACKOFF_DRAINING_MAX)).await;
        }
    }
}

fn settle<T>(route: &Route<T>, unsettled: &mut Unsettled, part: &Chunk, answer: &BatchAnswer) {
    // An answer is foreign input: places that do not exist, or twice, count for nothing.
    let mut refused: Vec<&Rejected> = answer
        .rejected
        .iter()
        .filter(|rejected| rejected.index < part.len())
        .collect();
    refused.sort_by_key(|rejected| rejected.index);
    refused.dedup_by_key(|rejected| rejected.index);
    unsettled.settle(part, refused.len());
    if let Some(first) = refused.first() {
        tracing::warn!(
            events = refused.len(),
            code = first.code.as_str(),
            reason = first.message,
            "the endpoint rejected events; code and reason are the first one's"
        );
    }
    if let Some(first) = answer.warnings.first() {
        tracing::warn!(
            events = answer.warnings.len(),
            code = first.code.as_ref(),
            reason = first.message,
            "the endpoint accepted events with a change; code and reason are the first one's"
        );
    }
    let mut next = 0;
    for rejected in refused {
        route.tell(part, next..rejected.index, Outcome::Delivered);
        next = rejected.index + 1;
        let outcome = Outcome::Rejected {
            code: &rejected.code,
            reason: &rejected.message,
        };
        route.tell(part, rejected.index..next, outcome);
    }
    route.tell(part, next..part.len(), Outcome::Delivered);
}

fn refuse<T>(
    route: &Route<T>,
    unsettled: &mut Unsettled,
    part: &Chunk,
    code: &RejectCode,
    reason: &str,
) {
    unsettled.settle(part, part.len());
    route.tell(part, 0..part.len(), Outcome::Rejected { code, reason });
}

impl<T> Route<T> {
    /// Tells receipts and callback what became of some events.
    fn tell(&self, part: &Chunk, events: Range<usize>, outcome: Outcome<'_>) {
        let verdict = match outcome {
            Outcome::Delivered => Ok(()),
            Outcome::Rejected { code, reason } => Err(NotDelivered::Rejected {
                code: code.clone(),
                reason: reason.to_owned(),
            }),
            Outcome::Dropped(reason) => Err(NotDelivered::Dropped(reason)),
        };
        part.settle(events.clone(), &verdict);
        if let Some(callback) = &self.on_verdict {
            for event in events.filter_map(|index| part.event(index)) {
                callback(&Verdict::new(event, outcome));
            }
        }
    }
}

/// What a flight still owes the ledger. A panic in foreign code pays it as dropped; a flight that
/// is aborted by shutdown leaves it pending.
struct Unsettled {
    queue: Arc<Queue>,
    number: u64,
    events: usize,
    bytes: usize,
    is_stored: bool,
}

impl Unsettled {
    fn new(queue: &Arc<Queue>, number: u64, chunk: &Chunk) -> Self {
        Self {
            queue: Arc::clone(queue),
            number,
            events: chunk.len(),
            bytes: chunk.event_bytes(),
            is_stored: chunk.place().is_some(),
        }
    }

    fn settle(&mut self, part: &Chunk, rejected: usize) {
        part.forget();
        self.queue.settle(part, rejected);
        self.paid(part);
    }

    fn give_up(&mut self, reason: DropReason, part: &Chunk) {
        part.forget();
        let (events, bytes) = (part.len(), part.event_bytes());
        self.queue.give_up(reason, events, bytes, self.is_stored);
        self.paid(part);
    }

    fn paid(&mut self, part: &Chunk) {
        self.events -= part.len();
        self.bytes -= part.event_bytes();
    }
}

impl Drop for Unsettled {
    fn drop(&mut self) {
        if self.events > 0 && std::thread::panicking() {
            let (events, bytes) = (self.events, self.bytes);
            self.queue
                .give_up(DropReason::Panicked, events, bytes, self.is_stored);
            self.events = 0;
        }
        if self.events == 0 {
            self.queue.finish(self.number);
        }
    }
}
