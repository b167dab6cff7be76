//! Large deliveries are worked off in the background.

use std::collections::HashSet;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use segue_receiver::segments::{
    self, JobId, NumberedChange, Plan, SegmentStore as _, Segments, SqliteStore,
};
use serde_json::{Value, json};

use crate::harness::{
    Answer, CLIENT, Delivery, SECRET, add, basic, builder, members, persons, replace, send, stores,
};

pub(crate) async fn status(app: &Router, job: &str) -> Answer {
    let request = Request::get(format!("/cdp/webhook/jobs/{job}"));
    let request = request.header(header::AUTHORIZATION, basic(CLIENT, SECRET));
    send(
        app,
        request.body(Body::empty()).expect("the parts are right"),
    )
    .await
}

pub(crate) async fn done(app: &Router, job: &str) -> Value {
    for _ in 0..1_000 {
        let answer = status(app, job).await;
        assert_eq!(answer.status, 200);
        if answer.json()["state"] == "done" {
            return answer.json();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the job does not end");
}

#[tokio::test]
async fn at_the_threshold_a_delivery_becomes_a_job() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        let below = Delivery::of(json!([replace(&persons(99), "vip", 1)]))
            .send(&app)
            .await;
        assert_eq!(below.status, 200);
        let adds: Vec<_> = persons(100)
            .iter()
            .map(|person| add(person, "new", 1))
            .collect();
        let at = Delivery::of(json!(adds)).send(&app).await;
        assert_eq!(at.status, 202);
        let job = done(&app, at.json()["job"].as_str().unwrap()).await;
        assert_eq!(
            (&job["applied"], &job["changes"]),
            (&json!(100), &json!(100))
        );
        assert_eq!(members(&segments, "new").await, persons(100));
    }
}

#[tokio::test]
async fn a_job_in_many_pieces_reports_what_it_skipped() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        Delivery::of(json!([add("p000001", "vip", 50)]))
            .send(&app)
            .await;
        let mut changes: Vec<_> = persons(2_500).iter().map(|p| add(p, "vip", 20)).collect();
        changes.push(replace(&persons(3_000), "other", 7));
        changes.push(add("", "vip", 1));
        let answer = Delivery::of(json!(changes)).send(&app).await;
        let job = done(&app, answer.json()["job"].as_str().unwrap()).await;
        assert_eq!(job["applied"], 2_500);
        let skipped: Vec<_> = job["skipped"].as_array().unwrap().iter().collect();
        assert_eq!((skipped.len(), &skipped[0]["index"]), (2, &json!(1)));
        assert_eq!(skipped[1]["code"], "invalid_person");
        assert_eq!(members(&segments, "other").await.len(), 3_000);
    }
}

#[tokio::test]
async fn a_job_of_an_earlier_run_is_taken_up_at_the_first_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segments.db");
    let earlier = SqliteStore::open(&path).unwrap();
    earlier.create_group("shop", "Shop").await.unwrap();
    let change = replace(&persons(500), "vip", 5);
    let stored = segments::Delivery {
        claim: None,
        claimed_until: jiff::Timestamp::MAX,
        activation: CLIENT.into(),
        group: "shop".to_owned(),
        changes: vec![NumberedChange {
            index: 0,
            change: serde_json::from_value(change).unwrap(),
        }],
        skipped: Vec::new(),
        unknown: HashSet::new(),
        plan: Plan::Store(JobId::new("left-over".to_owned())),
        now: jiff::Timestamp::now(),
    };
    earlier.deliver(stored).await.unwrap();
    drop(earlier);

    let segments = Segments::new(SqliteStore::open(&path).unwrap());
    let app = builder(&segments).build().unwrap().router::<()>();
    assert!(members(&segments, "vip").await.is_empty());
    let job = done(&app, "left-over").await;
    assert_eq!(job["applied"], 1);
    assert_eq!(members(&segments, "vip").await.len(), 500);
}

#[tokio::test]
async fn a_job_is_shown_to_its_activation_only() {
    for (segments, _folder) in stores().await {
        let other = segue_receiver::Activation::new("other-client", "shop");
        let other = other
            .secret("other-secret")
            .signing_secret(crate::harness::secret());
        let app = builder(&segments)
            .activation(other)
            .build()
            .unwrap()
            .router::<()>();
        let answer = Delivery::of(json!([replace(&persons(100), "vip", 1)]))
            .send(&app)
            .await;
        let path = format!(
            "/cdp/webhook/jobs/{}",
            answer.json()["job"].as_str().unwrap()
        );
        let ask = |authorization: Option<(&str, &str)>| {
            let mut request = Request::get(&path);
            if let Some((client, secret)) = authorization {
                request = request.header(header::AUTHORIZATION, basic(client, secret));
            }
            send(&app, request.body(Body::empty()).unwrap())
        };
        ask(None).await.refuses(401, "unauthorized");
        ask(Some((CLIENT, "wrong-secret")))
            .await
            .refuses(401, "unauthorized");
        ask(Some(("other-client", "other-secret")))
            .await
            .refuses(404, "unknown_job");
        assert_eq!(ask(Some((CLIENT, SECRET))).await.status, 200);
        status(&app, "no-such-job")
            .await
            .refuses(404, "unknown_job");
    }
}
