//! How many people an audience would have, before there is one.
//!
//! Profiles are looked at in the order of their keys, which are hashes: those looked at first are
//! a fair sample of all. Whoever has no more profiles than the bound gets the exact numbers,
//! everybody else an estimate and the interval that it lies in 19 times out of 20.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use serde::Serialize;

use super::auth::Caller;
use super::problem::Problem;
use super::query::Params;
use super::warnings::warnings;
use super::{Admin, activations, audiences, body, definitions};
use crate::activation::payload::envelope;
use crate::activation::{Activation, Payload, plan};
use crate::audience::{AudienceSet, Exactness};
use crate::clock::TimeMs;
use crate::keys::{AccountNo, AudienceNo, ProfileId};
use crate::pipeline::{self, decode_profile, history};
use crate::profile::Profile;
use crate::store::{Reader, StoreError, StoredProfile};

/// How many profiles are read at once.
const PROFILES_READ: u32 = 256;
/// How many persons are shown.
const SAMPLE_MAX: usize = 10;
/// How long a preview may look at profiles; with what it has by then it makes an estimate.
const LOOKING_MAX: Duration = Duration::from_secs(20);
/// How long a preview waits for the one before it.
const WAITING_MAX: Duration = Duration::from_secs(5);
/// The id of a definition that has none yet.
const NO_ID: &str = "preview";

/// How many people an audience would have.
#[derive(Debug, Serialize)]
pub(super) struct Estimate {
    qualified: u64,
    /// Those of them who can be told of.
    reachable: u64,
    /// False where only a part of all profiles was looked at.
    exact: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<Intervals>,
    /// How many profiles were looked at.
    looked_at: u64,
    sample: Vec<Sampled>,
    /// How exact each condition is, and what it costs.
    conditions: Vec<Exactness>,
    /// What is right and still not likely to be meant.
    warnings: Vec<serde_json::Value>,
}

#[derive(Debug, Serialize)]
struct Intervals {
    qualified: [u64; 2],
    reachable: [u64; 2],
}

#[derive(Debug, Serialize)]
struct Sampled {
    user_id: Option<String>,
    anonymous_id: Option<String>,
}

/// `POST /admin/v1/audiences/preview`; with `?activation=` those are reachable who pass its
/// filters and have the identifier that it uses, otherwise those with a user id.
pub(super) async fn preview(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    mut params: Params,
    body: Body,
) -> Result<Json<Estimate>, Problem> {
    let activation = params.take("activation");
    params.finish()?;
    let mut node = body::read(body, admin.state.bounds.body_bytes_max).await?;
    // A definition that is not saved needs no id.
    definitions::give_id(&mut node, NO_ID);
    let account = admin.account(caller.account)?;
    let (set, definition) = definitions::audience(&account, &node).map_err(Problem::mistakes)?;
    let audience = set.by_id(&definition.id);
    let audience = audience.ok_or_else(|| Problem::not_found("audience", &definition.id))?;
    let activation = match activation {
        Some(id) => Some(activations::find(&account, &id)?.definition.clone()),
        None => None,
    };
    let waiting = tokio::time::timeout(WAITING_MAX, admin.previews.clone().acquire_owned());
    let Ok(Ok(permit)) = waiting.await else {
        return Err(Problem::busy("another preview is still being counted"));
    };
    let clock = admin.now();
    pipeline::write_back(&admin.state.handle).await?;
    let (now, reader) = admin
        .ask(move |pipeline| Ok((pipeline.time(clock), pipeline.settled_reader()?)))
        .await?;
    let conditions = set.exactness(audience);
    let warnings = warnings(&admin, &account, &node).await;
    let most = admin.state.bounds.preview_profiles_max;
    let counting = tokio::task::spawn_blocking(move || {
        // Held by the counting, not by the request: who hangs up frees no thread.
        let _permit = permit;
        let preview = Preview {
            reader: &*reader,
            account: caller.account,
            set: &set,
            audience,
            activation: activation.as_ref(),
            now,
        };
        preview.count(most, Instant::now() + LOOKING_MAX)
    });
    let counted = counting.await.map_err(|error| {
        tracing::error!(%error, "a preview ended with a panic");
        Problem::unavailable()
    })?;
    Ok(Json(Estimate {
        conditions,
        warnings,
        ..counted?
    }))
}

struct Preview<'a> {
    reader: &'a dyn Reader,
    account: AccountNo,
    set: &'a AudienceSet,
    audience: AudienceNo,
    activation: Option<&'a Activation>,
    now: TimeMs,
}

/// What was counted so far.
#[derive(Debug, Default)]
struct Counted {
    looked_at: u64,
    qualified: u64,
    reachable: u64,
    sample: Vec<Sampled>,
}

impl Preview<'_> {
    fn count(&self, most: u64, deadline: Instant) -> Result<Estimate, StoreError> {
        let mut counted = Counted::default();
        for first_byte in 0..=u8::MAX {
            let (mut from, mut last) = (ProfileId([0; 16]), ProfileId([0xFF; 16]));
            (from.0[0], last.0[0]) = (first_byte, first_byte);
            loop {
                // A page and the histories of its profiles are read from one state: in another,
                // somebody may be gone, and their chunks another one's.
                self.reader.release()?;
                self.reader.hold()?;
                let page = self
                    .reader
                    .profiles_by_key(self.account, from, last, PROFILES_READ)?;
                let Some(end) = page.last().map(|stored| stored.id) else {
                    break;
                };
                for stored in page {
                    let key = stored.id;
                    if counted.looked_at >= most {
                        return Ok(counted.estimate(share_before(key)));
                    }
                    self.look_at(&stored, &mut counted)?;
                }
                if Instant::now() > deadline {
                    return Ok(counted.estimate(share_before(end)));
                }
                match successor(end) {
                    Some(next) if next <= last => from = next,
                    _ => break,
                }
            }
        }
        Ok(counted.exact())
    }

    fn look_at(&self, stored: &StoredProfile, counted: &mut Counted) -> Result<(), StoreError> {
        counted.looked_at += 1;
        let profile = audiences::warmed(self.set, decode_profile(&stored.state)?, || {
            history::unframe(&self.reader.history(stored.newest)?, &[])
        })?;
        let explained = self.set.explain(self.audience, &profile, self.now);
        if !explained.is_some_and(|explained| explained.member) {
            return Ok(());
        }
        counted.qualified += 1;
        counted.reachable += u64::from(self.reaches(&profile));
        if counted.sample.len() < SAMPLE_MAX {
            counted.sample.push(Sampled {
                user_id: profile.user_id().map(str::to_owned),
                anonymous_id: profile.anonymous_id().map(str::to_owned),
            });
        }
        Ok(())
    }

    fn reaches(&self, profile: &Profile) -> bool {
        let Some(activation) = self.activation else {
            return profile.user_id().is_some();
        };
        let refusal = plan::standing_refusal(activation, profile);
        let passes = matches!(refusal, None | Some(plan::Reason::Inactive));
        let has_name = match &activation.payload {
            Payload::Segue(fields) => envelope::person(fields, profile).is_ok(),
            Payload::Simple(_) | Payload::Template(_) => true,
        };
        passes && has_name
    }
}

impl Counted {
    fn exact(self) -> Estimate {
        Estimate {
            qualified: self.qualified,
            reachable: self.reachable,
            exact: true,
            interval: None,
            looked_at: self.looked_at,
            sample: self.sample,
            conditions: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// From a share of all profiles to all.
    fn estimate(self, share: f64) -> Estimate {
        let intervals = Intervals {
            qualified: interval(self.qualified, share),
            reachable: interval(self.reachable, share),
        };
        Estimate {
            qualified: scaled(as_float(self.qualified), share),
            reachable: scaled(as_float(self.reachable), share),
            exact: false,
            interval: Some(intervals),
            ..self.exact()
        }
    }
}

/// The 95 % interval of a count that was seen in a share: people turn up in a sample like
/// raindrops, so that the variance is the count itself (with the correction that keeps small
/// counts honest).
fn interval(count: u64, share: f64) -> [u64; 2] {
    const Z: f64 = 1.96;
    let count = as_float(count);
    let middle = count + Z * Z / 2.0;
    let half = Z * (count + Z * Z / 4.0).sqrt();
    [scaled(middle - half, share), scaled(middle + half, share)]
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a count of people, far below 2^53"
)]
fn as_float(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of people, far below 2^53, and never below nobody"
)]
fn scaled(count: f64, share: f64) -> u64 {
    (count / share).round().max(0.0) as u64
}

/// The share of all keys that lie before `key`.
fn share_before(key: ProfileId) -> f64 {
    let [a, b, c, d, ..] = key.0;
    let keys = f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX);
    keys.max(f64::EPSILON)
}

/// The next key.
fn successor(key: ProfileId) -> Option<ProfileId> {
    let next = u128::from_be_bytes(key.0).checked_add(1)?;
    Some(ProfileId(next.to_be_bytes()))
}
