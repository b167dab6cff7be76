use serde_json::{Value as Json, json};

use crate::admin::Bounds;
use crate::admin::testing::{MANAGE, READ, Server};
use http::Method;

fn visitors() -> Json {
    json!({ "id": "visitors", "name": "Visitors", "when": { "did": "visit" } })
}

fn ids(list: &[Json]) -> Vec<&str> {
    list.iter().filter_map(|one| one["id"].as_str()).collect()
}

#[tokio::test]
async fn an_audience_is_made_changed_and_taken_away() {
    let server = Server::start();
    let answer = server.post("/audiences", &visitors()).await;
    assert_eq!(answer.headers["location"], "/admin/v1/audiences/visitors");
    let made = answer.expect(201);
    assert_eq!(
        (&made["version"], &made["source"]),
        (&json!(1), &json!("api"))
    );
    assert_eq!(made["definition"], visitors());
    let changed = json!({ "name": "Guests", "when": { "did": "come" } });
    let changed = server
        .put("/audiences/visitors", &changed)
        .await
        .expect(200);
    assert_eq!(
        (&changed["version"], &changed["name"]),
        (&json!(2), &json!("Guests"))
    );
    assert_eq!(changed["definition"]["id"], "visitors");
    let same = server
        .put("/audiences/visitors", &changed["definition"])
        .await;
    assert_eq!(same.expect(200)["version"], 2);
    server.delete("/audiences/visitors").await.expect(204);
    assert_eq!(
        server.get("/audiences/visitors").await.refused(404),
        "not_found"
    );
    assert_eq!(
        server.delete("/audiences/visitors").await.refused(404),
        "not_found"
    );
    let gone = server.put("/audiences/visitors", &visitors()).await;
    assert_eq!(gone.refused(404), "not_found");
}

#[tokio::test]
async fn a_list_comes_in_pages_in_the_order_of_ids() {
    let server = Server::start();
    for n in 0..5 {
        let definition = json!({ "id": format!("a{n}"), "when": { "did": "visit" } });
        server.post("/audiences", &definition).await.expect(201);
    }
    let listed = server.pages("/audiences?limit=2", "audiences").await;
    assert_eq!(ids(&listed), ["a0", "a1", "a2", "a3", "a4", "buyers"]);
    let buyers = &listed[5];
    assert_eq!(buyers["source"], "file");
    assert_eq!(
        (&buyers["status"], &buyers["size"]),
        (&json!("live"), &json!(0))
    );
    assert!(
        buyers["precision"][0]
            .as_str()
            .is_some_and(|line| line.contains("exact"))
    );
    for (query, code) in [
        ("limit=0", "invalid_parameter"),
        ("limit=1001", "invalid_parameter"),
        ("limit=x", "invalid_parameter"),
        ("cursor=!", "invalid_cursor"),
        ("cursor=b2", "invalid_cursor"),
        ("limt=1", "unknown_parameter"),
        ("limit=1&limit=2", "unknown_parameter"),
    ] {
        let answer = server.get(&format!("/audiences?{query}")).await;
        assert_eq!(answer.refused(400), code, "{query}");
    }
}

#[tokio::test]
async fn every_mistake_has_its_place_in_what_was_sent() {
    let server = Server::start();
    let text = "{\n  \"id\": \"x\",\n  \"when\": { \"did\": { \"event\": \"buy\", \"cuont\": 1 } },\n  \"nam\": \"X\"\n}";
    let path = "/admin/v1/audiences";
    let answer = server.call_as(MANAGE, Method::POST, path, text).await;
    assert_eq!(answer.refused(422), "invalid");
    let mistakes = answer.json["mistakes"].as_array().unwrap();
    let places: Vec<_> = mistakes
        .iter()
        .map(|one| (&one["line"], &one["column"]))
        .collect();
    assert_eq!(places, [(&json!(3), &json!(38)), (&json!(4), &json!(3))]);
    assert!(mistakes[1]["message"].as_str().unwrap().contains("`name`"));
    let unknown = json!({ "id": "x", "when": { "in_audience": "byers" } });
    let answer = server.post("/audiences", &unknown).await;
    assert_eq!(answer.refused(422), "invalid");
    let activation = "{\"id\": \"a\", \"audience\": \"byers\",\n \"to\": \"shp\", \"payload\": {\"kind\": \"simple\", \"fields\": [{\"key\": \"k\", \"constant\": \"v\"}]}}";
    let path = "/admin/v1/activations";
    let answer = server.call_as(MANAGE, Method::POST, path, activation).await;
    assert_eq!(answer.refused(422), "invalid");
    let mistakes = answer.json["mistakes"].as_array().unwrap();
    assert_eq!(
        (&mistakes[0]["line"], &mistakes[0]["column"]),
        (&json!(1), &json!(25))
    );
    assert!(
        mistakes[0]["message"]
            .as_str()
            .unwrap()
            .contains("did you mean `buyers`")
    );
    assert_eq!(mistakes[1]["line"], 2);
}

#[tokio::test]
async fn what_the_file_defines_and_what_is_there_already_stays() {
    let server = Server::start();
    for path in [
        "/audiences/buyers",
        "/destinations/shop",
        "/activations/buyers_to_shop",
    ] {
        assert_eq!(server.delete(path).await.refused(409), "defined_in_file");
        let answer = server.put(path, &json!({})).await;
        assert_eq!(answer.refused(409), "defined_in_file");
    }
    let again = json!({ "id": "buyers", "when": { "did": "visit" } });
    assert_eq!(
        server.post("/audiences", &again).await.refused(409),
        "exists"
    );
    let reserved = json!({ "id": "preview", "when": { "did": "visit" } });
    assert_eq!(
        server.post("/audiences", &reserved).await.refused(422),
        "reserved_id"
    );
    server.post("/audiences", &visitors()).await.expect(201);
    let renamed = json!({ "id": "others", "when": { "did": "visit" } });
    let answer = server.put("/audiences/visitors", &renamed).await;
    assert_eq!(answer.refused(422), "invalid");
    let bounds = Bounds {
        definitions_max: 1,
        ..Bounds::default()
    };
    let full = Server::start_with("http://127.0.0.1:8099/", bounds);
    assert_eq!(
        full.post("/audiences", &visitors()).await.refused(409),
        "too_many"
    );
}

#[tokio::test]
async fn an_audience_that_another_stands_on_cannot_go() {
    let server = Server::start();
    server.post("/audiences", &visitors()).await.expect(201);
    let above = json!({ "id": "above", "when": { "have": { "audience": "visitors" } } });
    server.post("/audiences", &above).await.expect(201);
    assert_eq!(
        server.delete("/audiences/visitors").await.refused(409),
        "in_use"
    );
    let circle = json!({ "when": { "have": { "audience": "above" } } });
    let answer = server.put("/audiences/visitors", &circle).await;
    assert_eq!(answer.refused(422), "invalid");
    assert_eq!(answer.json["mistakes"][0]["line"], 1);
}

#[tokio::test]
async fn an_audience_is_warm_when_it_says_so() {
    let server = Server::start();
    server.track("visit", &["1", "2", "3"]).await;
    let made = server.post("/audiences", &visitors()).await.expect(201);
    let mut shown = made;
    while shown["status"] != "live" {
        server.settle().await;
        shown = server.get("/audiences/visitors").await.expect(200);
    }
    assert_eq!(shown["size"], 3);
}

#[tokio::test]
async fn secrets_stay_inside() {
    let server = Server::start();
    let text = server.get("/destinations/shop").await.expect(200);
    let definition = &text["definition"];
    assert_eq!(definition["basic"]["password"], "${PASSWORD}");
    assert_eq!(definition["basic"]["username"], "segue");
    assert_eq!(definition["headers"]["X-Key"], "redacted");
    assert_eq!(
        definition["url"],
        "http://127.0.0.1:8099/hook?list=4&token=redacted"
    );
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let crm = json!({ "id": "crm", "url": "https://crm.example/hook?key=k1",
        "basic": { "username": "u", "password": "p1" }, "signing_secrets": [secret] });
    let made = server.post("/destinations", &crm).await.expect(201);
    assert_eq!(made["definition"]["signing_secrets"], json!(["redacted"]));
    assert_eq!(made["url"], "https://crm.example/hook?key=redacted");
    for path in ["/destinations", "/destinations/crm"] {
        let shown = server.get(path).await.expect(200).to_string();
        for hidden in ["p1", "k1", secret, "literal", "from-environment", "t0k"] {
            assert!(!shown.contains(hidden), "{hidden} in {shown}");
        }
    }
}

#[tokio::test]
async fn an_answer_can_be_sent_back_without_losing_secrets() {
    let server = Server::start();
    let crm = json!({ "id": "crm", "url": "https://crm.example/hook?key=k1",
        "basic": { "username": "u", "password": "p1" } });
    let mut shown = server.post("/destinations", &crm).await.expect(201)["definition"].take();
    shown["concurrency"] = 2.into();
    assert_eq!(
        server.put("/destinations/crm", &shown).await.expect(200)["version"],
        2
    );
    let catalog = server.handle.shared.catalog();
    let kept = &catalog.accounts[0].destinations["crm"];
    assert_eq!(kept.basic.as_ref().unwrap().1.expose(), "p1");
    assert_eq!(kept.url.as_str(), "https://crm.example/hook?key=k1");
    shown["url"] = "https://elsewhere.example/".into();
    let answer = server.put("/destinations/crm", &shown).await;
    assert_eq!(answer.refused(422), "invalid");
    let new = json!({ "id": "new", "url": "https://crm.example/",
        "headers": { "X-Key": "redacted" } });
    assert_eq!(
        server.post("/destinations", &new).await.refused(422),
        "invalid"
    );
}

#[tokio::test]
async fn the_environment_is_not_for_definitions_of_the_api() {
    let server = Server::start();
    let spy = json!({ "id": "spy", "url": "https://spy.example/",
        "headers": { "X-Taken": "${PASSWORD}" } });
    server.post("/destinations", &spy).await.expect(201);
    let catalog = server.handle.shared.catalog();
    let (_, value) = &catalog.accounts[0].destinations["spy"].headers[0];
    assert_eq!(value.expose(), "${PASSWORD}");
    let (_, password) = catalog.accounts[0].destinations["shop"]
        .basic
        .as_ref()
        .unwrap();
    assert_eq!(password.expose(), "from-environment");
}

#[tokio::test]
async fn a_destination_in_use_cannot_go_and_a_forbidden_one_cannot_come() {
    let server = Server::start();
    let crm = json!({ "id": "crm", "url": "https://crm.example/hook" });
    server.post("/destinations", &crm).await.expect(201);
    let tell = json!({ "id": "tell", "audience": "buyers", "to": "crm",
        "payload": { "kind": "simple", "fields": [{ "key": "k", "constant": "v" }] } });
    server.post("/activations", &tell).await.expect(201);
    let answer = server.delete("/destinations/crm").await;
    assert_eq!(answer.refused(409), "in_use");
    assert!(answer.json["detail"].as_str().unwrap().contains("tell"));
    server.delete("/activations/tell").await.expect(204);
    server.delete("/destinations/crm").await.expect(204);
    for url in [
        "http://169.254.169.254/",
        "http://2130706433/",
        "http://10.0.0.1/",
    ] {
        let bad = json!({ "id": "bad", "url": url });
        assert_eq!(
            server.post("/destinations", &bad).await.refused(422),
            "invalid"
        );
    }
}

#[tokio::test]
async fn an_activation_is_made_anew_and_switched() {
    let server = Server::start();
    let tell = json!({ "id": "tell", "audience": "buyers", "to": "shop", "status": "inactive",
        "payload": { "kind": "template", "body": { "to": "{email}" } } });
    let made = server.post("/activations", &tell).await.expect(201);
    assert_eq!(
        (&made["status"], &made["mode"]),
        (&json!("inactive"), &json!("trigger"))
    );
    let no = |server: &Server| {
        let catalog = server.handle.shared.catalog();
        catalog.accounts[0].activation("tell").unwrap().no
    };
    let first = no(&server);
    let on = server
        .post("/activations/tell/activate", &json!({}))
        .await
        .expect(200);
    assert_eq!(on["status"], "active");
    let off = server
        .post("/activations/buyers_to_shop/deactivate", &Json::Null)
        .await;
    assert_eq!(off.expect(200)["status"], "inactive");
    // The newest word counts.
    let again = server.put("/activations/tell", &tell).await.expect(200);
    assert_eq!(
        (&again["status"], &again["version"]),
        (&json!("inactive"), &json!(1))
    );
    server.delete("/activations/tell").await.expect(204);
    server.post("/activations", &tell).await.expect(201);
    assert_ne!(no(&server), first, "what is made anew is something new");
    let listed = server
        .pages("/activations?audience=buyers", "activations")
        .await;
    assert_eq!(ids(&listed), ["buyers_to_shop", "tell"]);
    let none = server.pages("/activations?audience=x", "activations").await;
    assert!(none.is_empty());
    let misused = json!({ "id": "e", "audience": "buyers", "to": "shop",
        "payload": { "kind": "template", "body": { "sku": "{event.sku}" } } });
    assert_eq!(
        server.post("/activations", &misused).await.refused(422),
        "invalid"
    );
}

#[tokio::test]
async fn an_activation_outlives_its_audience_and_is_off() {
    let server = Server::start();
    server.post("/audiences", &visitors()).await.expect(201);
    let tell = json!({ "id": "tell", "audience": "visitors", "to": "shop",
        "payload": { "kind": "simple", "fields": [{ "key": "k", "constant": "v" }] } });
    let made = server.post("/activations", &tell).await.expect(201);
    assert_eq!(made["missing"], json!([]));
    server.delete("/audiences/visitors").await.expect(204);
    let left = server.get("/activations/tell").await.expect(200);
    assert_eq!(left["status"], "inactive");
    assert_eq!(left["missing"], json!(["audience `visitors`"]));
    let on = server.post("/activations/tell/activate", &Json::Null).await;
    assert_eq!(on.refused(409), "missing");
    let asked = server.post("/activations/tell/preview", &Json::Null).await;
    assert_eq!(asked.refused(422), "no_audience");
    server.track("visit", &["1"]).await;
    server.post("/audiences", &visitors()).await.expect(201);
    let back = server.get("/activations/tell").await.expect(200);
    assert_eq!(back["status"], "active");
}

#[tokio::test]
async fn who_may_look_may_not_change() {
    let server = Server::start();
    let body = visitors().to_string();
    let calls = [
        (Method::POST, "/audiences"),
        (Method::PUT, "/audiences/buyers"),
        (Method::DELETE, "/audiences/buyers"),
        (Method::POST, "/activations/buyers_to_shop/test"),
        (Method::POST, "/activations/buyers_to_shop/activate"),
        (Method::POST, "/activations/buyers_to_shop/deactivate"),
        (Method::POST, "/activations/buyers_to_shop/resync"),
        (Method::POST, "/deliveries/replay"),
        (Method::DELETE, "/profiles/1"),
        (Method::DELETE, "/profiles?anonymous_id=1"),
    ];
    for (method, path) in calls {
        let path = format!("/admin/v1{path}");
        let answer = server.call_as(READ, method, &path, body.clone()).await;
        assert_eq!(answer.refused(403), "forbidden", "{path}");
    }
    let looked = server
        .call_as(READ, Method::GET, "/admin/v1/audiences", "")
        .await;
    looked.expect(200);
}
