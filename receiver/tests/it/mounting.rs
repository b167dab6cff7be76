//! The receiver is furniture: it fits into any app.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRef, State};
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use segue_receiver::payload::Envelope;
use segue_receiver::signature::SigningSecret;
use segue_receiver::testing::SignedRequest;
use segue_receiver::{Receiver, Verified, VerifyRejection};
use serde_json::json;

use crate::harness::{CLIENT, Delivery, GROUP, add, builder, memory};

#[derive(Clone)]
struct Host {
    name: &'static str,
    receiver: Receiver,
}

impl FromRef<Host> for Receiver {
    fn from_ref(host: &Host) -> Self {
        host.receiver.clone()
    }
}

async fn host() -> Host {
    let receiver = builder(&memory().await)
        .build()
        .expect("the settings are right");
    Host {
        name: "host",
        receiver,
    }
}

fn to(uri: &str) -> Delivery {
    let mut delivery = Delivery::of(json!([add("42", "vip", 1)]));
    uri.clone_into(&mut delivery.uri);
    delivery
}

#[tokio::test]
async fn it_merges_into_an_app_with_a_state_of_its_own() {
    let host = host().await;
    let name = |State(host): State<Host>| async move { host.name };
    let app = Router::new()
        .route("/", get(name))
        .merge(host.receiver.router::<Host>());
    let app = app.with_state(host);
    assert_eq!(to("/cdp/webhook").send(&app).await.status, 200);
    assert_eq!(to("/cdp/webhook/").send(&app).await.status, 200);
    assert_eq!(to("/cdp/webhook/more").send(&app).await.status, 404);
}

#[tokio::test]
async fn it_nests_under_any_prefix_and_takes_another_path() {
    let host = host().await;
    let inner = Router::new().nest("/b", host.receiver.router::<Host>());
    let app = Router::new().nest("/a", inner).with_state(host);
    assert_eq!(to("/a/b/cdp/webhook").send(&app).await.status, 200);
    assert_eq!(to("/a/b/cdp/webhook/").send(&app).await.status, 200);

    let receiver = builder(&memory().await).path("/hooks/").build().unwrap();
    let app = receiver.router::<()>();
    assert_eq!(to("/hooks").send(&app).await.status, 200);
    assert_eq!(to("/hooks/").send(&app).await.status, 200);
}

#[tokio::test]
async fn a_tighter_limit_of_the_host_holds() {
    let host = host().await;
    let app = host
        .receiver
        .router::<()>()
        .layer(DefaultBodyLimit::max(100));
    to("/cdp/webhook")
        .send(&app)
        .await
        .refuses(413, "body_too_large");
}

#[tokio::test]
async fn an_own_handler_gets_a_verified_payload() {
    async fn own(delivery: Verified<Envelope>) -> String {
        assert_eq!(
            delivery.timestamp_s().is_some(),
            delivery.message_id().is_some()
        );
        let (client, group) = (delivery.client_id(), delivery.segment_group());
        let id = delivery.message_id().unwrap_or("none");
        let bytes = delivery.body().len();
        format!(
            "{client} {group} {id} {}",
            bytes > delivery.payload().data.changes.len()
        )
    }
    let app = Router::new()
        .route("/own", post(own))
        .with_state(host().await);
    let answer = to("/own").id("msg_own").send(&app).await;
    assert_eq!(answer.text, format!("{CLIENT} {GROUP} msg_own true"));
    to("/own")
        .header("webhook-id", "msg_other")
        .send(&app)
        .await
        .refuses(401, "unauthorized");
    to("/own")
        .without("content-type")
        .send(&app)
        .await
        .refuses(415, "unsupported_media_type");
}

#[tokio::test]
async fn the_host_can_map_a_rejection() {
    async fn own(delivery: Result<Verified<Envelope>, VerifyRejection>) -> String {
        match delivery {
            Ok(delivery) => delivery.into_payload().data.activation.id,
            Err(why) => format!("{} {}: {why}", why.status().as_u16(), why.code()),
        }
    }
    let app = Router::new()
        .route("/own", post(own))
        .with_state(host().await);
    assert_eq!(to("/own").send(&app).await.text, "vip_to_shop");
    let answer = to("/own").without("authorization").send(&app).await;
    assert_eq!(
        answer.text,
        "401 unauthorized: the request has no credentials"
    );
}

#[tokio::test]
async fn it_is_a_fallback_and_two_of_them_fit_into_one_app() {
    let (first, second) = (memory().await, memory().await);
    let shop = builder(&first).build().unwrap().router::<()>();
    let blog = builder(&second)
        .path("/blog/webhook")
        .build()
        .unwrap()
        .router::<()>();
    let app = Router::new().merge(blog).fallback_service(shop);
    assert_eq!(to("/cdp/webhook").send(&app).await.status, 200);
    assert_eq!(to("/blog/webhook").send(&app).await.status, 200);
    assert_eq!(
        first.segments(GROUP).await.unwrap(),
        second.segments(GROUP).await.unwrap()
    );
}

#[tokio::test]
async fn a_layer_of_the_host_that_limits_bodies_ends_in_413() {
    use tower_http::limit::RequestBodyLimitLayer;
    let app = host()
        .await
        .receiver
        .router::<()>()
        .layer(RequestBodyLimitLayer::new(100));
    let (parts, body) = to("/cdp/webhook").request().into_parts();
    let bytes = axum::body::to_bytes(body, 2_000).await.unwrap();
    let chunks: Vec<_> = bytes
        .chunks(50)
        .map(<[u8]>::to_vec)
        .map(Ok::<_, Infallible>)
        .collect();
    let stream = Body::from_stream(futures_util::stream::iter(chunks));
    let request = Request::from_parts(parts, stream);
    crate::harness::send(&app, request)
        .await
        .refuses(413, "body_too_large");
}

/// A host as it may be: two levels of nesting, a state of its own, its own limits and layers.
fn layered(host: Host, seen: &Seen) -> Router {
    use tower_http::timeout::TimeoutLayer;
    use tower_http::trace::TraceLayer;

    let seen = Arc::clone(seen);
    let trace =
        TraceLayer::new_for_http().on_request(move |request: &Request<Body>, _: &tracing::Span| {
            let path = request.uri().path().to_owned();
            seen.lock().expect("nobody panics with it").push(path);
        });
    let timeout =
        TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(2));
    let hooks = Router::new()
        .nest("/hooks", host.receiver.router::<Host>())
        .layer(DefaultBodyLimit::max(5_000))
        .route(
            "/name",
            get(|State(host): State<Host>| async move { host.name }),
        );
    Router::new()
        .nest("/shop", hooks)
        .layer(timeout)
        .layer(trace)
        .with_state(host)
}

type Seen = Arc<Mutex<Vec<String>>>;

#[tokio::test(start_paused = true)]
async fn limits_timeouts_and_traces_of_the_host_hold_when_it_is_nested_twice() {
    let seen = Seen::default();
    let app = layered(host().await, &seen);
    let path = "/shop/hooks/cdp/webhook";
    assert_eq!(to(path).send(&app).await.status, 200);

    let mut large = Delivery::raw(vec![b' '; 5_001]);
    path.clone_into(&mut large.uri);
    large.send(&app).await.refuses(413, "body_too_large");

    let (parts, _) = to(path).request().into_parts();
    let never = futures_util::stream::pending::<Result<Vec<u8>, Infallible>>();
    let stuck = Request::from_parts(parts, Body::from_stream(never));
    let answer = crate::harness::send(&app, stuck).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);

    let name = Request::get("/shop/name").body(Body::empty()).unwrap();
    assert_eq!(crate::harness::send(&app, name).await.text, "host");
    let seen = seen.lock().unwrap();
    assert_eq!(*seen, [path, path, path, "/shop/name"]);
}

#[tokio::test]
async fn several_activations_share_one_receiver_and_nothing_else() {
    let segments = memory().await;
    segments.create_group("blog", "Blog").await.unwrap();
    let blog = segue_receiver::Activation::new("blog-client", "blog")
        .secret("blog-secret")
        .signing_secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap())
        .audiences(["readers"]);
    let receiver = builder(&segments).activation(blog).build().unwrap();
    let app = receiver.router::<()>();
    assert_eq!(to("/cdp/webhook").send(&app).await.json()["applied"], 1);

    let mut body = crate::harness::envelope(json!([add("7", "readers", 1), add("7", "vip", 1)]));
    body["data"]["segment_group"] = json!("blog");
    let signing: SigningSecret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
    let request = SignedRequest::new(&signing).basic("blog-client", "blog-secret");
    let answer = crate::harness::send(&app, request.json(&body).build())
        .await
        .json();
    assert_eq!(
        (&answer["applied"], &answer["skipped"][0]["code"]),
        (&json!(1), &json!("audience_not_allowed"))
    );
    for (group, audience) in [(GROUP, "vip"), ("blog", "readers")] {
        let found = segments.segments(group).await.unwrap();
        assert_eq!((found.len(), found[0].identifier.as_str()), (1, audience));
    }
}
