//! Which call is answered where.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use axum::{Router, middleware};
use http::StatusCode;

use super::definitions::{self, Kind};
use super::problem::Problem;
use super::{
    Admin, AdminState, activations, audiences, auth, deliveries, events, lists, preview, profiles,
    replay, request,
};

/// Everything under `/admin`.
pub fn router(state: AdminState) -> Router {
    let admin = Arc::new(Admin::new(state));
    let mut calls = Router::new();
    for kind in Kind::ALL {
        calls = with_definitions(calls, kind);
    }
    calls
        .route("/admin/v1/audiences/preview", post(preview::preview))
        .route("/admin/v1/audiences/schema", get(schema))
        .route("/admin/v1/lists", get(lists::list))
        .route(
            "/admin/v1/lists/{id}",
            get(lists::get).put(lists::replace).delete(lists::delete),
        )
        .route("/admin/v1/lists/{id}/members", get(lists::members))
        .route("/admin/v1/lists/{id}/append", post(lists::append))
        .route("/admin/v1/lists/{id}/remove", post(lists::remove))
        .route("/admin/v1/audiences/{id}/members", get(audiences::members))
        .route("/admin/v1/audiences/{id}/explain", get(audiences::explain))
        .route("/admin/v1/activations/{id}/preview", post(request::preview))
        .route("/admin/v1/activations/{id}/test", post(request::test))
        .route(
            "/admin/v1/activations/{id}/activate",
            post(activations::activate),
        )
        .route(
            "/admin/v1/activations/{id}/deactivate",
            post(activations::deactivate),
        )
        .route(
            "/admin/v1/activations/{id}/resync",
            post(activations::resync),
        )
        .route(
            "/admin/v1/profiles",
            get(profiles::by_query).delete(profiles::erase_by_query),
        )
        .route(
            "/admin/v1/profiles/{id}",
            get(profiles::by_user_id).delete(profiles::erase_by_user_id),
        )
        .route("/admin/v1/events", get(events::list))
        .route("/admin/v1/deliveries", get(deliveries::list))
        .route("/admin/v1/deliveries/replay", post(replay::replay))
        .route("/admin", any(unknown))
        .route("/admin/", any(unknown))
        .route("/admin/{*rest}", any(unknown))
        .method_not_allowed_fallback(not_allowed)
        // Bodies are bounded where they are read, with an answer that says so.
        .route_layer(DefaultBodyLimit::disable())
        .route_layer(middleware::from_fn_with_state(admin.clone(), auth::require))
        .with_state(admin)
}

/// The same verbs for every kind of definition.
fn with_definitions(calls: Router<Arc<Admin>>, kind: Kind) -> Router<Arc<Admin>> {
    let list = format!("/admin/v1/{}", kind.plural());
    let one = format!("/admin/v1/{}/{{id}}", kind.plural());
    calls
        .route(
            &list,
            get(async move |admin, caller, params| {
                definitions::list(kind, admin, caller, params).await
            })
            .post(async move |admin, manager, body| {
                definitions::create(kind, admin, manager, body).await
            }),
        )
        .route(
            &one,
            get(async move |admin, caller, id| definitions::get(kind, admin, caller, id).await)
                .put(async move |admin, manager, id, body| {
                    definitions::replace(kind, admin, manager, id, body).await
                })
                .delete(async move |admin, manager, id| {
                    definitions::remove(kind, admin, manager, id).await
                }),
        )
}

/// `GET /admin/v1/audiences/schema`
async fn schema(_: auth::Caller) -> axum::Json<serde_json::Value> {
    axum::Json(crate::audience::schema())
}

async fn unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown_call",
        "the admin API has no such path",
    )
}

async fn not_allowed() -> Problem {
    let detail = "this path is not for this method; `Allow` says for which it is";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}
