//! Uploaded lists: what goes up, who is on them, and what becomes of their audiences.

use http::Method;
use serde_json::json;

use crate::admin::testing::{READ, Server};
use crate::ingest::testing::event;
use crate::ingest::{Event, EventKind};

#[tokio::test]
async fn an_upload_puts_people_on_a_list_and_into_its_audiences() {
    let server = Server::start();
    let answer = server
        .csv(Method::PUT, "/lists/spring", "user_id\nada\nbob\n\"\"\n")
        .await;
    let uploaded = answer.expect(200);
    assert_eq!(
        (&uploaded["added"], &uploaded["size"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(uploaded["refused_rows"][0]["line"], 4);
    let audience = json!({ "id": "invited", "when": { "have": { "list": "spring" } } });
    server.post("/audiences", &audience).await.expect(201);
    server.settle().await;
    let members = server.get("/audiences/invited/members").await.expect(200);
    assert_eq!(members["total"], 2);

    server
        .csv(Method::POST, "/lists/spring/append", "eve\nada")
        .await
        .expect(200);
    let members = server.get("/audiences/invited/members").await.expect(200);
    assert_eq!(members["total"], 3, "who comes onto the list joins at once");

    let replaced = server
        .csv(Method::PUT, "/lists/spring", "ada\nzoe")
        .await
        .expect(200);
    assert_eq!(
        (&replaced["added"], &replaced["removed"]),
        (&json!(1), &json!(2))
    );
    let members = server.get("/lists/spring/members").await.expect(200);
    let mut names: Vec<&str> = members["members"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["user_id"].as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["ada", "zoe"]);

    server
        .csv(Method::POST, "/lists/spring/remove", "ada\nnobody")
        .await
        .expect(200);
    let shown = server.get("/lists/spring").await.expect(200);
    assert_eq!(
        (&shown["size"], &shown["audiences"]),
        (&json!(1), &json!(["invited"]))
    );
    let audiences = server.get("/audiences").await.expect(200);
    assert!(
        !audiences.to_string().contains("list:spring"),
        "its own audience is not shown"
    );
}

#[tokio::test]
async fn a_list_that_is_asked_for_stays_and_a_deleted_one_leaves_nobody() {
    let server = Server::start();
    server
        .csv(Method::PUT, "/lists/spring", "ada")
        .await
        .expect(200);
    let audience = json!({ "id": "invited", "when": { "have": { "list": "spring" } } });
    server.post("/audiences", &audience).await.expect(201);
    assert_eq!(server.delete("/lists/spring").await.refused(409), "in_use");
    server.delete("/audiences/invited").await.expect(204);
    server.delete("/lists/spring").await.expect(204);
    assert_eq!(server.get("/lists/spring").await.refused(404), "not_found");
    // Made anew it is empty.
    let made = server
        .csv(Method::POST, "/lists/spring/append", "")
        .await
        .expect(200);
    assert_eq!(made["size"], 0);
}

#[tokio::test]
async fn clients_cannot_put_themselves_on_a_list() {
    let server = Server::start();
    server
        .csv(Method::PUT, "/lists/spring", "ada")
        .await
        .expect(200);
    let eve = event(EventKind::Identify, "identify", "m1", server.clock.now());
    let claim = Event {
        user_id: Some("eve"),
        traits: Some(r#"{"$list:spring": true}"#),
        ..eve
    };
    server.take(claim).await;
    let shown = server.get("/lists/spring").await.expect(200);
    assert_eq!(shown["size"], 1);
}

#[tokio::test]
async fn uploads_are_for_managers_and_bounded() {
    let server = Server::start();
    let refused = server
        .csv_as(READ, Method::PUT, "/lists/spring", "ada")
        .await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        server
            .csv(Method::PUT, "/lists/a%20b", "ada")
            .await
            .refused(422),
        "invalid_id"
    );
    let long = "x\n".repeat(17 << 20);
    assert_eq!(
        server.csv(Method::PUT, "/lists/spring", &long).await.status,
        413
    );
}

#[tokio::test]
async fn what_is_not_likely_to_be_meant_is_said() {
    let server = Server::start();
    server.track("visit", &["ada"]).await;
    let audience = json!({
        "id": "typo",
        "when": { "all": [{ "did": "vist" }, { "have": { "list": "spring" } }] },
    });
    let created = server.post("/audiences", &audience).await.expect(201);
    let warnings = created["warnings"].as_array().unwrap();
    assert!(
        warnings[0]["message"]
            .as_str()
            .unwrap()
            .contains("did you mean `visit`?")
    );
    assert!(
        warnings[1]["message"]
            .as_str()
            .unwrap()
            .contains("no list `spring`")
    );
    assert_eq!(created["conditions"][0]["exact_to"], "event");
    let schema = server.get("/audiences/schema").await.expect(200);
    assert_eq!(schema["title"], "Segue audience");
}
