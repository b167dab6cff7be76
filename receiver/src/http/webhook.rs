//! `POST {path}`: a membership delivery.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::accept::{Content, parse};
use super::apply::{ApplyError, Work, allowed};
use super::log::Record;
use super::metered::Outcome;
use super::problem::Problem;
use super::rejection::VerifyRejection;
use crate::claims::ClaimKey;
use crate::clock;
use crate::payload::{Item, Received, ReceivedData};
use crate::receiver::{Entry, Receiver};
use crate::segments::{Answer, DirectoryError, NumberedChange, Skipped, StoreError};

pub(super) async fn handle(State(receiver): State<Receiver>, request: Request) -> Response {
    let mut record = Record::start();
    match deliver(&receiver, request, &mut record).await {
        Ok((answer, outcome)) => {
            let status = match &answer {
                Answer::Applied(_) => StatusCode::OK,
                Answer::Accepted { .. } => StatusCode::ACCEPTED,
            };
            record.done(&receiver, status, outcome);
            respond(status, &answer)
        }
        Err(refusal) => {
            let problem = refusal.problem();
            record.refused(&receiver, problem.status, refusal.cause(), &refusal);
            problem.into_response()
        }
    }
}

fn respond(status: StatusCode, answer: &Answer) -> Response {
    let Ok(json) = serde_json::to_vec(answer) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

async fn deliver(
    receiver: &Receiver,
    request: Request,
    record: &mut Record,
) -> Result<(Answer, Outcome), Refusal> {
    let now = clock::now();
    let accepted = receiver.accept(request, Content::Json, now, record).await?;
    receiver.resume_once();
    let sender = accepted.sender;
    let entry = &receiver.inner.activations[sender.activation];
    let received: Received<'_> = parse(&accepted.body)?;
    let work = read(receiver, entry, sender.into_claim_key(), received.data).await?;
    Ok(receiver.carry_out(entry, work, now).await?)
}

/// What a membership delivery asks for.
async fn read(
    receiver: &Receiver,
    entry: &Entry,
    claim: Option<ClaimKey>,
    data: ReceivedData<'_>,
) -> Result<Work, Refusal> {
    let group = group(receiver, entry, data.segment_group()).await?;
    let (changes, mut skipped) = usable(data.changes);
    let (changes, excluded) = allowed(entry, changes.into_iter());
    skipped.extend(excluded);
    Ok(Work {
        claim,
        group,
        changes,
        skipped,
        test: data.test,
    })
}

/// The group to write: the activation's own, or a refusal.
async fn group(receiver: &Receiver, entry: &Entry, asked: Option<&str>) -> Result<String, Refusal> {
    match asked {
        Some(group) if group != entry.group => match receiver.inner.segments.group(group).await? {
            Some(_) => Err(Refusal::Forbidden),
            None => Err(Refusal::UnknownGroup),
        },
        Some(_) | None => Ok(entry.group.clone()),
    }
}

/// Parts what can be used from what is skipped.
fn usable(items: Vec<Item>) -> (Vec<NumberedChange>, Vec<Skipped>) {
    let mut changes = Vec::with_capacity(items.len());
    let mut skipped = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        if let Some(why) = item.refused {
            skipped.push(Skipped::new(index, why.code(), &why.to_string()));
        }
        changes.extend(item.change.map(|change| NumberedChange { index, change }));
    }
    (changes, skipped)
}

/// Why a delivery is not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(transparent)]
    Rejected(#[from] VerifyRejection),
    #[error("the activation may not write this segment group")]
    Forbidden,
    #[error("unknown segment group")]
    UnknownGroup,
    #[error("unknown job")]
    UnknownJob,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl From<ApplyError> for Refusal {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::UnknownGroup => Self::UnknownGroup,
            ApplyError::Store(error) => Self::Store(error),
            ApplyError::Directory(error) => Self::Directory(error),
        }
    }
}

impl Refusal {
    /// A word for it that never changes.
    pub(super) const fn cause(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.cause(),
            Self::Forbidden => "segment_group_forbidden",
            Self::UnknownGroup => "unknown_segment_group",
            Self::UnknownJob => "unknown_job",
            Self::Store(_) => "store",
            Self::Directory(_) => "directory",
        }
    }

    /// What the sender is told; a failure of the host's own side is logged here, once.
    pub(super) fn problem(&self) -> Problem {
        let (status, code, title) = match self {
            Self::Rejected(rejection) => return rejection.problem(),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "segment_group_forbidden",
                "This activation may not write this segment group",
            ),
            Self::UnknownGroup => (
                StatusCode::NOT_FOUND,
                "unknown_segment_group",
                "There is no such segment group",
            ),
            Self::UnknownJob => (StatusCode::NOT_FOUND, "unknown_job", "There is no such job"),
            Self::Store(_) | Self::Directory(_) => {
                let error: &dyn std::error::Error = self;
                tracing::error!(target: "cdp::webhook", error, "a delivery could not be stored");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "Try again later",
                )
            }
        };
        Problem {
            status,
            code,
            title,
        }
    }
}
