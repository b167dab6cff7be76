//! Persons that the host does not know yet.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use segue_receiver::payload::PersonId;
use segue_receiver::segments::{DirectoryError, PersonDirectory};
use serde_json::json;

use crate::harness::{Delivery, add, builder, members, persons, remove, replace, stores};

/// Knows who was registered; fails when it holds `broken`.
#[derive(Clone, Debug, Default)]
struct Register(Arc<Mutex<HashSet<String>>>);

impl Register {
    fn enter(&self, person: &str) {
        self.0
            .lock()
            .expect("no test panics with it")
            .insert(person.to_owned());
    }
}

impl PersonDirectory for Register {
    fn known<'a>(
        &'a self,
        persons: &'a [PersonId],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<bool>, DirectoryError>> + Send + 'a>> {
        Box::pin(async move {
            let known = self.0.lock().expect("no test panics with it");
            if known.contains("broken") {
                return Err(DirectoryError::new("the register is closed"));
            }
            Ok(persons
                .iter()
                .map(|person| known.contains(person.as_str()))
                .collect())
        })
    }
}

#[tokio::test]
async fn an_unknown_person_is_pending_until_the_directory_knows_them() {
    for (segments, _folder) in stores().await {
        let register = Register::default();
        register.enter("1");
        let receiver = builder(&segments)
            .directory(register.clone())
            .build()
            .unwrap();
        let app = receiver.router::<()>();
        let changes = json!([
            add("1", "vip", 1),
            add("2", "vip", 1),
            replace(&["1".into(), "2".into(), "3".into()], "new", 1),
            add("4", "vip", 1),
            remove("4", "vip", 2),
        ]);
        let answer = Delivery::of(changes).send(&app).await;
        assert_eq!(
            answer.json(),
            json!({"applied": 5, "skipped": [], "pending": 3})
        );
        assert_eq!(members(&segments, "vip").await, ["1"]);
        assert_eq!(members(&segments, "new").await, ["1"]);

        assert_eq!(receiver.recheck_pending().await.unwrap(), 0);
        register.enter("2");
        register.enter("4");
        assert_eq!(receiver.recheck_pending().await.unwrap(), 2);
        assert_eq!(members(&segments, "vip").await, ["1", "2"]);
        let settled = segments.settle(vec!["3".parse().unwrap()]).await.unwrap();
        assert_eq!(settled, 1);
        assert_eq!(members(&segments, "new").await, ["1", "2", "3"]);
    }
}

#[tokio::test]
async fn a_directory_that_fails_is_503_and_the_resend_runs() {
    for (segments, _folder) in stores().await {
        let register = Register::default();
        register.enter("broken");
        let receiver = builder(&segments)
            .directory(register.clone())
            .build()
            .unwrap();
        let app = receiver.router::<()>();
        let delivery = || Delivery::of(json!([add("1", "vip", 1)])).id("msg_503");
        let answer = delivery().send(&app).await;
        answer.refuses(503, "unavailable");
        assert!(answer.headers.contains_key("retry-after"));
        register.0.lock().unwrap().clear();
        assert_eq!(delivery().send(&app).await.json()["pending"], 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_waits_for_a_directory_that_fails() {
    let segments = crate::harness::memory().await;
    let register = Register::default();
    register.enter("broken");
    let receiver = builder(&segments)
        .directory(register.clone())
        .build()
        .unwrap();
    let app = receiver.router::<()>();
    let bulk = || Delivery::of(json!([replace(&persons(100), "vip", 1)]));
    let answer = bulk().send(&app).await;
    assert_eq!(answer.status, 202);
    // Longer than all tries of the worker together; then a request wakes it up again.
    tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    let job = answer.json()["job"].as_str().unwrap().to_owned();
    assert_eq!(
        crate::jobs::status(&app, &job).await.json()["state"],
        "queued"
    );
    register.0.lock().unwrap().clear();
    let done = crate::jobs::done(&app, &job).await;
    assert_eq!(
        (&done["applied"], &done["pending"]),
        (&json!(1), &json!(100))
    );
}
