//! Who gets in, and what there is to find.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use crate::admin::testing::{MANAGE, OTHER, Server};

#[tokio::test]
async fn nobody_gets_in_without_a_token_and_all_are_told_the_same() {
    let server = Server::start();
    let mut answers = Vec::new();
    let long = format!("Bearer {}", "x".repeat(10_000));
    for header in [
        None,
        Some("Bearer"),
        Some("Bearer "),
        Some("Bearer wrong-token"),
        Some("Basic bWFuYWdlLXRva2Vu"),
        Some("manage-token"),
        Some(long.as_str()),
    ] {
        for path in ["/admin/v1/audiences", "/admin/v1/nothing", "/admin"] {
            let mut request = Request::get(path);
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            let answer = server.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.refused(401), "unauthorized", "{header:?} {path}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
            answers.push(answer.json);
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    let request = Request::get("/admin/v1/audiences").header("authorization", "bearer read-token");
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    drop(answer.expect(200));
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_problems_too() {
    let server = Server::start();
    for path in [
        "/admin",
        "/admin/",
        "/admin/v2/audiences",
        "/admin/v1/audiences/a/b/c",
    ] {
        let answer = server.call_as(MANAGE, Method::GET, path, "").await;
        assert_eq!(answer.refused(404), "unknown_call", "{path}");
    }
    for (method, path, allow) in [
        (Method::PATCH, "/admin/v1/audiences", "GET,HEAD,POST"),
        (
            Method::POST,
            "/admin/v1/audiences/buyers",
            "GET,HEAD,PUT,DELETE",
        ),
        (Method::GET, "/admin/v1/deliveries/replay", "POST"),
    ] {
        let answer = server.call_as(MANAGE, method, path, "").await;
        assert_eq!(answer.refused(405), "method_not_allowed", "{path}");
        assert_eq!(answer.headers["allow"], allow, "{path}");
    }
}

#[tokio::test]
async fn a_token_opens_one_account() {
    let server = Server::start();
    server.track("buy", &["1"]).await;
    for path in [
        "/admin/v1/audiences/buyers",
        "/admin/v1/audiences/buyers/members",
        "/admin/v1/activations/buyers_to_shop",
        "/admin/v1/profiles/1",
    ] {
        let answer = server.call_as(OTHER, Method::GET, path, "").await;
        assert_eq!(answer.status, 404, "{path}");
    }
    for (path, list) in [
        ("/admin/v1/audiences", "audiences"),
        ("/admin/v1/events", "events"),
        ("/admin/v1/deliveries", "deliveries"),
    ] {
        let answer = server.call_as(OTHER, Method::GET, path, "").await;
        assert_eq!(answer.expect(200)[list], json!([]), "{path}");
    }
    let erased = server
        .call_as(OTHER, Method::DELETE, "/admin/v1/profiles/1", "")
        .await;
    assert_eq!(erased.refused(404), "unknown_profile");
    let own = json!({ "id": "buyers", "when": { "did": "visit" } }).to_string();
    let made = server
        .call_as(OTHER, Method::POST, "/admin/v1/audiences", own)
        .await;
    assert_eq!(made.expect(201)["size"], 0);
    assert_eq!(server.get("/audiences/buyers").await.expect(200)["size"], 1);
}
