//! What a refused request looks like to its operator; for the log and nowhere else.

use http::request::Parts;
use tracing::Level;

use super::VerifyRejection;
use super::accept::signature_headers;
use crate::credentials::Presented;
use crate::receiver::Receiver;
use crate::signature::VerifyError;

/// Whether somebody reads what is found out; it costs more than refusing.
fn is_read() -> bool {
    tracing::enabled!(target: "cdp::webhook", Level::DEBUG)
}

/// Why credentials are of no activation.
pub(super) fn credentials(receiver: &Receiver, presented: &Presented) -> Option<String> {
    if !is_read() {
        return None;
    }
    let mut activations = receiver.inner.activations.iter();
    let known = activations.find(|activation| activation.has_id_of(presented))?;
    Some(format!(
        "the client id is of the activation `{}`, the secret is not",
        known.client_id
    ))
}

/// Why a signature does not match, when its sender is known.
pub(super) fn signature(
    receiver: &Receiver,
    activation: usize,
    why: VerifyRejection,
    request: &Parts,
    body: &[u8],
    now: jiff::Timestamp,
) -> Option<String> {
    let VerifyRejection::Signature(why) = why else {
        return None;
    };
    if !is_read() {
        return None;
    }
    if let VerifyError::MissingHeader(_) = why {
        let svix = request.headers.contains_key("svix-signature");
        return svix.then(|| "the sender names its headers `svix-…`, not `webhook-…`".to_owned());
    }
    let headers = signature_headers(&request.headers).ok()?;
    let now_s = now.as_second();
    let activations = &receiver.inner.activations;
    let verifies = |at: usize| {
        activations[at]
            .verifier
            .verify(&headers, body, now_s)
            .is_ok()
    };
    if why == VerifyError::Mismatch
        && let Some(at) = (0..activations.len()).find(|at| *at != activation && verifies(*at))
    {
        let other = &activations[at].client_id;
        return Some(format!("the key of the activation `{other}` matches"));
    }
    let verifier = &activations[activation].verifier;
    let diagnosis = verifier.diagnose(why, &headers, body, now_s)?;
    Some(diagnosis.to_string())
}
