//! Handlers of the shop's own behind the receiver's checks.
//!
//! `POST /own/deliveries` takes the same signed deliveries as `/cdp/webhook` and does something
//! else with them: it counts. `POST /own/archive` is a service that knows nothing of axum's
//! extractors, and takes signed messages of any content.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use segue_receiver::claims::{MemoryClaims, Once};
use segue_receiver::payload::Envelope;
use segue_receiver::{Receiver, Sender, Verified};
use tower::{ServiceBuilder, service_fn};

use crate::Shop;

pub(crate) fn routes(receiver: &Receiver) -> Router<Shop> {
    let archive = ServiceBuilder::new()
        .layer(receiver.layer())
        .service(service_fn(archive));
    Router::new()
        .route("/own/deliveries", post(deliveries))
        .route_service("/own/archive", archive)
}

/// What makes a handler run once for all copies of a delivery.
pub(crate) fn once() -> Once {
    Once::new(MemoryClaims::new())
}

async fn deliveries(State(shop): State<Shop>, delivery: Verified<Envelope>) -> impl IntoResponse {
    let Some(key) = delivery.sender().claim_key() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let changes = delivery.payload().data.changes.len();
    let handler = async |_claim| format!("{changes} changes\n");
    shop.once.run(key, handler).await
}

async fn archive(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let sender = request.extensions().get::<Sender>();
    let id = sender.and_then(Sender::message_id).unwrap_or("unsigned");
    let kept = format!("kept {id}\n");
    Ok(Response::new(Body::from(kept)))
}
