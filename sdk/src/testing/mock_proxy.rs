//! A proxy on loopback that misbehaves as it is told.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use wiremock::matchers::{method, path};
use wiremock::{Match, Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::wire::{BatchAnswer, RejectCode, Rejected};

/// A proxy that takes batches on loopback, keeps them, and misbehaves as a script says.
///
/// Like the real one it counts an event once by its message id. It needs a tokio runtime.
///
/// ```
/// use std::time::Duration;
///
/// use segue_sdk::Client;
/// use segue_sdk::testing::{Fault, MockProxy};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), segue_sdk::BuildError> {
/// let proxy = MockProxy::start().await;
/// proxy.script([
///     Fault::Busy { retry_after: Duration::ZERO }, // 429
///     Fault::Cut,                                  // no answer at all
///     Fault::LostAnswer,                           // taken, but nobody hears of it
/// ]);
/// let client = Client::builder(proxy.url(), "wk_test").build()?;
/// client.user("42").track_named("visit", &json!({}));
/// assert!(client.shutdown(Duration::from_secs(10)).await.is_complete());
/// assert_eq!((proxy.requests(), proxy.events().len(), proxy.repeats()), (4, 1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MockProxy {
    server: MockServer,
    state: Arc<Mutex<State>>,
}

/// One way to misbehave.
///
/// ```
/// use std::time::Duration;
///
/// use segue_sdk::Client;
/// use segue_sdk::testing::{Fault, MockProxy};
/// use segue_sdk::wire::RejectCode;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), segue_sdk::BuildError> {
/// let proxy = MockProxy::start().await;
/// proxy.script([Fault::Unavailable, Fault::Reject(vec![(0, RejectCode::Erased)])]);
/// let client = Client::builder(proxy.url(), "wk_test").build()?;
/// client.user("42").track_named("visit", &serde_json::json!({}));
/// let report = client.shutdown(Duration::from_secs(10)).await;
/// assert_eq!((report.retries, report.rejected), (1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// None: the batch is taken.
    None,
    /// 429 with `Retry-After`, in whole seconds, rounded up.
    Busy {
        /// What the header asks for.
        retry_after: Duration,
    },
    /// 503 without `Retry-After`.
    Unavailable,
    /// Any other status; nothing is taken.
    Status(u16),
    /// The batch is taken, and the answer comes this late.
    Hang(Duration),
    /// The connection is cut and nothing is taken.
    Cut,
    /// The batch is taken and the connection is cut: the answer is lost.
    LostAnswer,
    /// The batch is taken but for these, by their place in it.
    Reject(Vec<(usize, RejectCode)>),
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<Fault>,
    requests: usize,
    repeats: usize,
    ids: HashSet<String>,
    events: Vec<Value>,
}

impl MockProxy {
    /// Starts one on a free port; it takes everything until it is told otherwise.
    pub async fn start() -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let server = MockServer::start().await;
        // The first that matches answers: a cut connection is a kind of mock of its own.
        Mock::given(method("POST"))
            .and(path("/v1/batch"))
            .and(CutNow(Arc::clone(&state)))
            .respond_with_err(|_: &Request| io::Error::from(io::ErrorKind::ConnectionReset))
            .with_priority(1)
            .mount(&server)
            .await;
        Mock::given(method("POST"))
            .and(path("/v1/batch"))
            .respond_with(Answer(Arc::clone(&state)))
            .mount(&server)
            .await;
        Self { server, state }
    }

    /// The endpoint for a client.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.uri()
    }

    /// Adds faults to the script: one for each request, in order.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.state).script.extend(faults);
    }

    /// How many requests came, whatever became of them.
    #[must_use]
    pub fn requests(&self) -> usize {
        lock(&self.state).requests
    }

    /// The events that were taken, each once, in the order of arrival.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        lock(&self.state).events.clone()
    }

    /// How many events came again after they had been taken.
    #[must_use]
    pub fn repeats(&self) -> usize {
        lock(&self.state).repeats
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

struct CutNow(Arc<Mutex<State>>);

impl Match for CutNow {
    fn matches(&self, request: &Request) -> bool {
        let mut state = lock(&self.0);
        let is_cut = |fault: &mut Fault| matches!(fault, Fault::Cut | Fault::LostAnswer);
        let Some(fault) = state.script.pop_front_if(is_cut) else {
            return false;
        };
        state.requests += 1;
        if fault == Fault::LostAnswer {
            state.take(&request.body, &[]);
        }
        true
    }
}

struct Answer(Arc<Mutex<State>>);

impl Respond for Answer {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = lock(&self.0);
        state.requests += 1;
        let fault = state.script.pop_front().unwrap_or(Fault::None);
        let mut rejected = Vec::new();
        let mut late = Duration::ZERO;
        match fault {
            Fault::None | Fault::Cut | Fault::LostAnswer => {}
            Fault::Busy { retry_after } => {
                let seconds = retry_after.as_millis().div_ceil(1_000).to_string();
                return ResponseTemplate::new(429).insert_header("retry-after", seconds);
            }
            Fault::Unavailable => return ResponseTemplate::new(503),
            Fault::Status(status) => return ResponseTemplate::new(status),
            Fault::Hang(time) => late = time,
            Fault::Reject(places) => rejected = places,
        }
        let answer = state.take(&request.body, &rejected);
        ResponseTemplate::new(200)
            .set_body_json(answer)
            .set_delay(late)
    }
}

impl State {
    fn take(&mut self, body: &[u8], rejected: &[(usize, RejectCode)]) -> BatchAnswer {
        let mut body: Value = serde_json::from_slice(body).unwrap_or_default();
        let mut answer = BatchAnswer::default();
        let Value::Array(events) = body["batch"].take() else {
            return answer;
        };
        for (index, event) in events.into_iter().enumerate() {
            let id = event["messageId"].as_str().unwrap_or_default().to_owned();
            if let Some((_, code)) = rejected.iter().find(|(place, _)| *place == index) {
                answer.rejected.push(Rejected {
                    index,
                    message_id: Some(id),
                    code: code.clone(),
                    message: "rejected by the script".to_owned(),
                });
                continue;
            }
            answer.accepted += 1;
            if self.ids.insert(id) {
                self.events.push(event);
            } else {
                self.repeats += 1;
            }
        }
        answer
    }
}
