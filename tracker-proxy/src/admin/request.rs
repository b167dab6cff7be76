//! The request of an activation: looked at, or sent as a test that changes nothing.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use indexmap::IndexMap;
use segue_receiver::payload::AudienceRef;
use segue_receiver::signature::SIGNATURE_HEADERS;
use serde::Serialize;
use serde_json::value::RawValue;

use super::auth::{Caller, Manager};
use super::problem::Problem;
use super::query::Id;
use super::{Admin, activations, body, definitions, people};
use crate::activation::payload::envelope::{self, Op};
use crate::activation::payload::{Moment, RenderError, sample, simple, template};
use crate::activation::{On, Payload, plan};
use crate::clock::TimeMs;
use crate::delivery::client::{SendError, preview as preview_request};
use crate::delivery::{ContentType, Destination, Frozen};
use crate::keys::{AccountNo, AudienceNo};
use crate::pipeline::catalog::{Account, CompiledActivation};
use crate::profile::{Profile, Transition};
use crate::value::Value;

/// What is asked for.
struct Wanted {
    account: Arc<Account>,
    /// The activation's id.
    id: String,
    audience: AudienceNo,
    /// The person who was named, as they are now.
    profile: Option<Profile>,
}

/// A request as it would be sent.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    method: String,
    url: String,
    headers: IndexMap<String, String>,
    body: Option<Box<RawValue>>,
    /// Why this person would get nothing now; null where they would.
    would_skip: Option<&'static str>,
}

/// What came of a test.
#[derive(Debug, Serialize)]
pub(super) struct Tested {
    status: &'static str,
    response_code: Option<u16>,
    body: String,
    duration_ms: u64,
}

/// `POST /admin/v1/activations/{id}/preview`
pub(super) async fn preview(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    Id(id): Id,
    body: Body,
) -> Result<Json<Shown>, Problem> {
    let now = admin.now();
    let wanted = wanted(&admin, caller.account, id, body).await?;
    let (activation, destination) = wanted.parts()?;
    let frozen = Frozen {
        id: "msg_preview".to_owned(),
        body: wanted.render(activation, now, false)?.into(),
        content_type: ContentType::Json,
    };
    let request = preview_request(destination, &frozen, now).map_err(|error| unsendable(&error))?;
    let [.., signature] = SIGNATURE_HEADERS;
    let headers = request.headers.into_iter().map(|(name, value)| {
        // With the body beside it, the signature would be a request that anybody can send.
        let value = if name == signature {
            "redacted".to_owned()
        } else {
            value
        };
        (name, value)
    });
    let stored = wanted.account.stored.destination(&destination.id);
    let stored_url = stored.and_then(|stored| stored.definition.get("url")?.as_str());
    let url = definitions::mask_preview_url(
        stored_url.unwrap_or_default(),
        &destination.url,
        &request.url,
    );
    let body = request.body.and_then(|body| {
        let text = String::from_utf8(body.to_vec()).ok()?;
        RawValue::from_string(text).ok()
    });
    let profile = wanted.profile.as_ref();
    let refusal = profile.and_then(|one| plan::standing_refusal(&activation.definition, one));
    Ok(Json(Shown {
        method: request.method,
        url,
        headers: headers.collect(),
        body,
        would_skip: refusal.map(plan::Reason::as_str),
    }))
}

/// `POST /admin/v1/activations/{id}/test`
pub(super) async fn test(
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    Id(id): Id,
    body: Body,
) -> Result<Json<Tested>, Problem> {
    let now = admin.now();
    let wanted = wanted(&admin, manager.account, id, body).await?;
    let (activation, destination) = wanted.parts()?;
    let random = getrandom::u64().map_err(|_| Problem::unavailable())?;
    let frozen = Frozen {
        id: format!("test_{random:016x}"),
        body: wanted.render(activation, now, true)?.into(),
        content_type: ContentType::Json,
    };
    let attempt = admin.state.client.send(destination, &frozen, now).await;
    let duration_ms = u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX);
    let (response_code, body) = match attempt.answer {
        Ok(answer) => (Some(answer.status), answer.excerpt),
        Err(error) => (None, error.to_string()),
    };
    let arrived = response_code.is_some_and(|status| (200..300).contains(&status));
    tracing::info!(
        activation = wanted.id,
        destination = destination.id,
        status = response_code,
        "a test was sent"
    );
    Ok(Json(Tested {
        status: if arrived { "success" } else { "error" },
        response_code,
        body,
        duration_ms,
    }))
}

/// Reads `{"user_id"?, "anonymous_id"?, "audience"?}` and looks the person up.
async fn wanted(
    admin: &Admin,
    account_no: AccountNo,
    id: String,
    body: Body,
) -> Result<Wanted, Problem> {
    let node = body::read(body, admin.state.bounds.body_bytes_max).await?;
    let (person, audience) = body::take(&node, |fields, mistakes| {
        let person = people::of_body(fields, mistakes);
        (person, fields.text("audience", mistakes))
    })?;
    let account = admin.account(account_no)?;
    let activation = activations::find(&account, &id)?;
    let mut listening = activation.audiences.iter().copied();
    let audience = match audience {
        None => listening.next(),
        Some(name) => listening.find(|no| account.audience_id(*no) == name),
    };
    let detail = "the activation listens to no such audience";
    let audience = audience.ok_or_else(|| Problem::unprocessable("no_audience", detail))?;
    let profile = match person {
        None => None,
        Some((kind, person)) => {
            let found = admin
                .ask(move |pipeline| pipeline.profile(account_no, kind, &person))
                .await?;
            Some(found.ok_or_else(Problem::nobody)?)
        }
    };
    Ok(Wanted {
        account,
        id,
        audience,
        profile,
    })
}

impl Wanted {
    fn parts(&self) -> Result<(&CompiledActivation, &Destination), Problem> {
        let activation = activations::find(&self.account, &self.id)?;
        let destination = self.account.destinations.get(&activation.definition.to);
        let detail = "the activation's destination is missing";
        let destination = destination.ok_or_else(|| Problem::conflict("no_destination", detail))?;
        Ok((activation, destination))
    }

    fn render(
        &self,
        activation: &CompiledActivation,
        now: TimeMs,
        test: bool,
    ) -> Result<Vec<u8>, Problem> {
        let payload = &activation.definition.payload;
        let made_up;
        let profile = match &self.profile {
            Some(profile) => profile,
            None => {
                made_up = sample::profile(payload, now);
                &made_up
            }
        };
        let body = self.body(activation, profile, now, test);
        body.map_err(|error| Problem::unprocessable(error.reason(), error.to_string()))
    }

    fn body(
        &self,
        activation: &CompiledActivation,
        profile: &Profile,
        now: TimeMs,
        test: bool,
    ) -> Result<Vec<u8>, RenderError> {
        let definition = &activation.definition;
        let id = self.account.audience_id(self.audience);
        let name = self.account.audiences.name(self.audience);
        let transition = match definition.on {
            On::Join | On::Change => Some(Transition::Join),
            On::Leave => Some(Transition::Leave),
            On::Event(_) => None,
        };
        match &definition.payload {
            Payload::Simple(fields) => simple::render(fields, profile),
            Payload::Segue(fields) => {
                let person = envelope::person(fields, profile)?;
                let op = match transition {
                    Some(Transition::Leave) => Op::Remove(person),
                    Some(Transition::Join | Transition::Renewal) | None => Op::Add(person),
                };
                let about = AudienceRef {
                    id: id.to_owned(),
                    name: name.to_owned(),
                };
                let sequence = u64::try_from(now.0).unwrap_or(0).saturating_mul(1_000);
                let changes = vec![envelope::change(op, about, sequence, now)];
                Ok(if test {
                    envelope::render_test(definition, fields, changes, now)
                } else {
                    envelope::render(definition, fields, changes, now)
                })
            }
            Payload::Template(body) => {
                let event: Option<Value> = match definition.on {
                    On::Event(_) => Some(sample::event(&definition.payload)),
                    On::Join | On::Leave | On::Change => None,
                };
                let moment = Moment {
                    activation: &definition.id,
                    audience: Some((id, name)),
                    transition,
                    at: now,
                    event: event.as_ref(),
                };
                let body = template::render(body, profile, &moment)?;
                Ok(body.to_string().into_bytes())
            }
        }
    }
}

fn unsendable(error: &SendError) -> Problem {
    Problem::unprocessable("unsendable", error.to_string())
}
