//! Members, profiles, events, and forgetting.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::admin::testing::{BEGIN, Server};
use crate::ingest::testing::event;
use crate::ingest::{Event, EventKind};

fn users(list: &[Json]) -> BTreeSet<&str> {
    list.iter()
        .filter_map(|one| one["user_id"].as_str())
        .collect()
}

#[tokio::test]
async fn members_come_in_pages_each_once() {
    let server = Server::start();
    let all: Vec<String> = (0..250).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = all.iter().map(String::as_str).collect();
    server.track("buy", &names).await;
    for limit in [7, 100, 250, 1_000] {
        let path = format!("/audiences/buyers/members?limit={limit}");
        let listed = server.pages(&path, "members").await;
        assert_eq!(listed.len(), 250);
        assert_eq!(users(&listed).len(), 250);
    }
    let page = server
        .get("/audiences/buyers/members?limit=1")
        .await
        .expect(200);
    assert_eq!(page["total"], 250);
    assert_eq!(page["members"][0]["anonymous_id"], Json::Null);
    assert!(
        page["members"][0]["since"]
            .as_str()
            .unwrap()
            .starts_with("2027-01-15T")
    );
    let foreign = page["next_cursor"].as_str().unwrap();
    let answer = server.get(&format!("/events?cursor={foreign}")).await;
    assert_eq!(answer.refused(400), "invalid_cursor");
    let answer = server.get("/audiences/nobody/members").await;
    assert_eq!(answer.refused(404), "not_found");
}

#[tokio::test]
async fn a_membership_is_explained() {
    let server = Server::start();
    server.track("buy", &["1"]).await;
    server.track("visit", &["2"]).await;
    let path = "/audiences/buyers/explain";
    let member = server.get(&format!("{path}?user_id=1")).await.expect(200);
    assert_eq!(
        (&member["member"], &member["audience"]),
        (&json!(true), &json!("buyers"))
    );
    assert!(member["since"].is_string());
    assert_eq!(member["condition"]["value"], 1);
    let other = server.get(&format!("{path}?user_id=2")).await.expect(200);
    assert_eq!(
        (&other["member"], &other["since"]),
        (&json!(false), &Json::Null)
    );
    let nobody = server.get(&format!("{path}?anonymous_id=1")).await;
    assert_eq!(nobody.refused(404), "unknown_profile");
    assert_eq!(server.get(path).await.refused(400), "missing_parameter");
    let both = server
        .get(&format!("{path}?user_id=1&anonymous_id=1"))
        .await;
    assert_eq!(both.refused(400), "invalid_parameter");
    let answer = server.get("/audiences/nobody/explain?user_id=1").await;
    assert_eq!(answer.refused(404), "not_found");
}

#[tokio::test]
async fn a_profile_has_everything_that_is_known() {
    let server = Server::start();
    for (n, mail) in ["old@x.example", "new@x.example"].into_iter().enumerate() {
        let (id, traits) = (format!("i{n}"), format!(r#"{{"email":"{mail}","age":41}}"#));
        server
            .take(Event {
                user_id: Some("a/1 ż"),
                anonymous_id: Some("visitor"),
                traits: Some(&traits),
                consents: None,
                context: Some(r#"{"consent":{"marketing":true}}"#),
                ..event(EventKind::Identify, "identify", &id, BEGIN.plus(n as i64))
            })
            .await;
    }
    server.track("buy", &["a/1 ż"]).await;
    let shown = server.get("/profiles/a%2F1%20%C5%BC").await.expect(200);
    let email = &shown["attributes"]["email"];
    assert_eq!(email["first"]["value"], "old@x.example");
    assert_eq!(email["last"]["value"], "new@x.example");
    assert_eq!(email["all"].as_array().unwrap().len(), 2);
    assert_eq!(shown["attributes"]["age"]["last"]["value"], 41);
    assert_eq!(shown["consents"]["marketing"]["granted"], true);
    assert_eq!(shown["memberships"][0]["audience"], "buyers");
    assert_eq!(shown["activations"][0]["activation"], "buyers_to_shop");
    assert_eq!(shown["activations"][0]["said"], "add");
    let by_visitor = server
        .get("/profiles?anonymous_id=visitor")
        .await
        .expect(200);
    assert_eq!(by_visitor, shown);
    let by_user = server
        .get("/profiles?user_id=a%2F1+%C5%BC")
        .await
        .expect(200);
    assert_eq!(by_user, shown);
    assert_eq!(
        server.get("/profiles/nobody").await.refused(404),
        "unknown_profile"
    );
    assert_eq!(
        server.get("/profiles").await.refused(400),
        "missing_parameter"
    );
}

#[tokio::test]
async fn who_is_erased_is_gone_everywhere() {
    let mut server = Server::start();
    server.track("buy", &["1", "2"]).await;
    server.delete("/profiles/1").await.expect(204);
    assert_eq!(
        server.get("/profiles/1").await.refused(404),
        "unknown_profile"
    );
    assert_eq!(
        server.delete("/profiles/1").await.refused(404),
        "unknown_profile"
    );
    let members = server
        .pages("/audiences/buyers/members?limit=9", "members")
        .await;
    assert_eq!(users(&members), BTreeSet::from(["2"]));
    let events = server.pages("/events?limit=9", "events").await;
    assert_eq!(users(&events), BTreeSet::from(["2"]));
    let sent = server.pages("/deliveries?limit=9", "deliveries").await;
    assert_eq!(users(&sent), BTreeSet::from(["2"]));
    server
        .take(Event {
            anonymous_id: Some("visitor"),
            ..event(EventKind::Track, "visit", "v", server.clock.now())
        })
        .await;
    server
        .delete("/profiles?anonymous_id=visitor")
        .await
        .expect(204);
    let gone = server.delete("/profiles?anonymous_id=visitor").await;
    assert_eq!(gone.refused(404), "unknown_profile");
    server.deliveries.close();
}

#[tokio::test]
async fn events_are_listed_newest_first() {
    let server = Server::start();
    for name in ["a", "b", "c", "d", "e"] {
        server.track(name, &["1", "2"]).await;
    }
    let names = |list: &[Json]| -> Vec<String> {
        let name = |one: &Json| format!("{}{}", one["event"], one["user_id"]).replace('"', "");
        list.iter().map(name).collect()
    };
    let whole = ["e2", "e1", "d2", "d1", "c2", "c1", "b2", "b1", "a2", "a1"];
    for limit in [1, 3, 10, 1_000] {
        let listed = server
            .pages(&format!("/events?limit={limit}"), "events")
            .await;
        assert_eq!(names(&listed), whole, "{limit}");
        let path = format!("/events?user_id=2&limit={limit}");
        let listed = server.pages(&path, "events").await;
        assert_eq!(names(&listed), ["e2", "d2", "c2", "b2", "a2"], "{limit}");
    }
    let newest = &server.get("/events?limit=1").await.expect(200)["events"][0];
    assert_eq!(newest["type"], "track");
    assert_eq!(newest["properties"], json!({ "amount": 5 }));
    assert_eq!(newest["traits"], Json::Null);
    assert_eq!(newest["timestamp"], newest["received_at"]);
    assert_eq!(newest.get("claimed_user_id"), None);
    let nobody = server.get("/events?user_id=nobody").await.expect(200);
    assert_eq!(nobody, json!({ "events": [], "next_cursor": null }));
    let end = server.get("/events?cursor=ankA").await;
    assert_eq!(end.refused(400), "invalid_cursor");
}
