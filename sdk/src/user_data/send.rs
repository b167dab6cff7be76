//! One chunk's way to the endpoint: attempts until it is answered for good.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue, USER_AGENT};
use reqwest::{Client, Url};
use tokio::time::{sleep, timeout};

use super::{Mode, Stream, UploadError};
use crate::BuildError;
use crate::client::classify::{Step, classify};
use crate::client::schedule::backoff;
use crate::clock;
use crate::limits::{ANSWER_BYTES_MAX, ANSWER_BYTES_PER_EVENT};
use crate::random::Random;
use crate::transport::http::{AGENT, endpoint_url, read};
use crate::transport::{HttpOptions, Response, TransportError};
use crate::wire::BatchAnswer;
use crate::wire::user_data::{DRAFT, DRAFT_HEADER, STREAM_ID_HEADER, path};

/// The way to an account's stream.
#[derive(Clone)]
pub(crate) struct Route {
    client: Client,
    url: Url,
    stream_id: HeaderValue,
    mode: Mode,
    request_timeout: Duration,
    retry_for: Duration,
}

/// How a chunk's attempts ended.
pub(crate) enum Ending {
    Answered(BatchAnswer),
    TooLarge,
}

impl Route {
    pub(crate) fn new(
        endpoint: &str,
        stream: &Stream,
        mode: Mode,
        http: &HttpOptions,
        request_timeout: Duration,
        retry_for: Duration,
    ) -> Result<Self, BuildError> {
        let url = endpoint_url(endpoint, &path(&stream.account))?;
        let stream_id = HeaderValue::from_str(stream.id.expose());
        let mut stream_id = stream_id.map_err(|_| BuildError::InvalidStream)?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if stream_id.is_empty() || stream.account.is_empty() || !stream.account.chars().all(is_word)
        {
            return Err(BuildError::InvalidStream);
        }
        stream_id.set_sensitive(true);
        Ok(Self {
            client: http.client(&url)?,
            url,
            stream_id,
            mode,
            request_timeout,
            retry_for,
        })
    }

    /// Sends one body until there is a word on it. Runs on the worker's runtime.
    pub(crate) async fn send(
        &self,
        body: Vec<u8>,
        people: usize,
        random: &Random,
    ) -> Result<Ending, UploadError> {
        let give_up_at = clock::after(clock::instant(), self.retry_for);
        let answer_bytes_max = people * ANSWER_BYTES_PER_EVENT + ANSWER_BYTES_MAX;
        let mut attempt = 0;
        loop {
            let tried = timeout(self.request_timeout, self.attempt(&body, answer_bytes_max)).await;
            let asked = match tried.unwrap_or_else(|late| Err(TransportError::new(late))) {
                Ok(response) => match classify(&response, clock::now()) {
                    Step::Settle(answer) => return Ok(Ending::Answered(answer)),
                    Step::Split => return Ok(Ending::TooLarge),
                    Step::Refuse => return Err(refused(&response)),
                    Step::Retry(wait) => wait,
                },
                Err(error) => {
                    tracing::debug!(attempt, %error, "user data got no answer");
                    None
                }
            };
            attempt += 1;
            tracing::warn!(
                people,
                attempt,
                "user data was not taken; it is tried again"
            );
            let wait = asked.unwrap_or_else(|| backoff(attempt, random.fraction()));
            if clock::after(clock::instant(), wait) >= give_up_at {
                return Err(UploadError::Expired);
            }
            sleep(wait).await;
        }
    }

    async fn attempt(&self, body: &[u8], bytes_max: usize) -> Result<Response, TransportError> {
        let mut call = self
            .client
            .post(self.url.clone())
            .header(STREAM_ID_HEADER, self.stream_id.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(USER_AGENT, HeaderValue::from_static(AGENT))
            .body(body.to_vec());
        if self.mode == Mode::Draft {
            call = call.header(DRAFT_HEADER, DRAFT);
        }
        let answer = call.send().await.map_err(TransportError::new)?;
        read(answer, bytes_max).await
    }
}

fn refused(response: &Response) -> UploadError {
    const BODY_BYTES_MAX: usize = 1_000;
    let shown = &response.body[..response.body.len().min(BODY_BYTES_MAX)];
    UploadError::Refused {
        status: response.status,
        body: String::from_utf8_lossy(shown).into_owned(),
    }
}
