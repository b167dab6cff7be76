//! `GET {path}/jobs/{job}`: how far a background job is.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::VerifyRejection;
use super::log::Record;
use super::metered::Outcome;
use super::webhook::Refusal;
use crate::receiver::Receiver;
use crate::segments::{Job, JobId};

pub(super) async fn handle(
    State(receiver): State<Receiver>,
    Path(job): Path<String>,
    request: Request,
) -> Response {
    let mut record = Record::start();
    match find(&receiver, JobId::new(job), request, &mut record).await {
        Ok(job) => {
            record.done(&receiver, StatusCode::OK, Outcome::JobStatus);
            Json(job).into_response()
        }
        Err(refusal) => {
            let problem = refusal.problem();
            record.refused(&receiver, problem.status, refusal.cause(), &refusal);
            problem.into_response()
        }
    }
}

async fn find(
    receiver: &Receiver,
    job: JobId,
    request: Request,
    record: &mut Record,
) -> Result<Job, Refusal> {
    let activation = receiver.authenticate(&request.into_parts().0, record)?;
    // There is no body in which credentials could be.
    let activation = activation.ok_or(VerifyRejection::MissingCredentials)?;
    receiver.resume_once();
    let client_id = &receiver.inner.activations[activation].client_id;
    let found = receiver.inner.segments.store().job(&job).await?;
    found
        .filter(|job| job.activation.as_str() == &**client_id)
        .ok_or(Refusal::UnknownJob)
}
