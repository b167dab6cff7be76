//! A handler of the host's own runs once for all copies of a delivery.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use segue_receiver::claims::{
    Claim, ClaimKey, Claimed, Claims, CommitError, KeptAnswer, MemoryClaims, Once, PostgresClaims,
    SqliteClaims,
};
use segue_receiver::payload::Envelope;
use segue_receiver::{Receiver, Verified};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::harness::{Delivery, add, builder, memory};

/// A store of each kind; PostgreSQL where it is installed.
async fn stores() -> Vec<(Arc<dyn Claims>, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let sqlite = SqliteClaims::open(folder.path().join("shop.db")).expect("it opens");
    let mut stores: Vec<(Arc<dyn Claims>, _)> = vec![
        (Arc::new(MemoryClaims::new()), None),
        (Arc::new(sqlite), Some(folder)),
    ];
    if let Some(url) = crate::postgres::database().await {
        let store = PostgresClaims::connect(&url).await.expect("it is empty");
        stores.push((Arc::new(store), None));
    }
    stores
}

/// What the handler does on each of its runs.
#[derive(Clone, Copy, Debug)]
enum Run {
    Answers(StatusCode),
    Panics,
    /// Waits until the test lets it go on.
    Waits,
}

#[derive(Clone)]
struct App {
    receiver: Receiver,
    once: Once,
    plan: Arc<Vec<Run>>,
    runs: Arc<AtomicUsize>,
    begun: Arc<Semaphore>,
    go_on: Arc<Semaphore>,
}

impl FromRef<App> for Receiver {
    fn from_ref(app: &App) -> Self {
        app.receiver.clone()
    }
}

impl App {
    async fn new(once: Once, plan: &[Run]) -> Self {
        Self {
            receiver: builder(&memory().await).build().expect("it is right"),
            once,
            plan: Arc::new(plan.to_vec()),
            runs: Arc::default(),
            begun: Arc::new(Semaphore::new(0)),
            go_on: Arc::new(Semaphore::new(0)),
        }
    }

    fn router(&self) -> Router {
        let routes = Router::new().route("/own", post(handle));
        routes.with_state(self.clone())
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }
}

async fn handle(State(app): State<App>, delivery: Verified<Envelope>) -> Response {
    let Some(key) = delivery.sender().claim_key() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let handler = async |_claim: Claim| {
        let run = app.runs.fetch_add(1, Ordering::SeqCst);
        app.begun.add_permits(1);
        match app.plan[run] {
            Run::Panics => panic!("the handler has a bug"),
            Run::Answers(status) => (status, format!("run {run}")),
            Run::Waits => {
                drop(app.go_on.acquire().await);
                (StatusCode::OK, format!("run {run}"))
            }
        }
    };
    app.once.run(key, handler).await
}

fn copy() -> Delivery {
    let mut delivery = Delivery::of(json!([add("42", "vip", 5)])).id("msg_claimed");
    "/own".clone_into(&mut delivery.uri);
    delivery
}

const OK: Run = Run::Answers(StatusCode::OK);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_copies_run_the_handler_once_and_get_one_answer() {
    for (claims, _folder) in stores().await {
        let app = App::new(Once::from(claims), &[Run::Waits]).await;
        let router = app.router();
        let copies: Vec<_> = (0..100)
            .map(|_| {
                let router = router.clone();
                tokio::spawn(async move { copy().send(&router).await })
            })
            .collect();
        drop(app.begun.acquire().await.unwrap());
        app.go_on.add_permits(1);
        for copy in copies {
            let answer = copy.await.unwrap();
            assert_eq!((answer.status.as_u16(), &*answer.text), (200, "run 0"));
        }
        assert_eq!(app.runs(), 1);
    }
}

#[tokio::test]
async fn only_a_2xx_answer_is_kept() {
    for (claims, _folder) in stores().await {
        let busy = Run::Answers(StatusCode::INTERNAL_SERVER_ERROR);
        let refused = Run::Answers(StatusCode::UNPROCESSABLE_ENTITY);
        let plan = [busy, refused, Run::Answers(StatusCode::CREATED)];
        let app = App::new(Once::from(claims), &plan).await;
        let router = app.router();
        for (status, text) in [
            (500, "run 0"),
            (422, "run 1"),
            (201, "run 2"),
            (201, "run 2"),
        ] {
            let answer = copy().send(&router).await;
            assert_eq!((answer.status.as_u16(), &*answer.text), (status, text));
            let kind = &answer.headers["content-type"];
            assert_eq!(kind, "text/plain; charset=utf-8");
        }
    }
}

#[tokio::test]
async fn a_handler_that_panics_leaves_the_resend_its_turn() {
    for (claims, _folder) in stores().await {
        let app = App::new(Once::from(claims), &[Run::Panics, OK]).await;
        let router = app.router();
        let first = router.clone();
        let first = tokio::spawn(async move { copy().send(&first).await });
        assert!(first.await.unwrap_err().is_panic());
        assert_eq!(copy().send(&router).await.text, "run 1");
    }
}

#[tokio::test]
async fn a_handler_that_is_cancelled_leaves_the_resend_its_turn() {
    for (claims, _folder) in stores().await {
        let app = App::new(Once::from(claims), &[Run::Waits, OK]).await;
        let router = app.router();
        let first = router.clone();
        let first = tokio::spawn(async move { copy().send(&first).await });
        drop(app.begun.acquire().await.unwrap());
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        assert_eq!(copy().send(&router).await.text, "run 1");
    }
}

#[tokio::test]
async fn a_handler_does_not_outlive_its_lease() {
    for (claims, _folder) in stores().await {
        let once = Once::from(claims).lease(Duration::from_millis(50));
        let app = App::new(once, &[Run::Waits, OK]).await;
        let router = app.router();
        let first = copy().send(&router).await;
        first.refuses(503, "unavailable");
        assert!(first.headers.contains_key("retry-after"));
        assert_eq!(copy().send(&router).await.text, "run 1");
    }
}

#[tokio::test]
async fn a_copy_that_waits_too_long_is_told_to_come_again() {
    for (claims, _folder) in stores().await {
        let once = Once::from(claims).wait(Duration::ZERO);
        let app = App::new(once, &[Run::Waits]).await;
        let router = app.router();
        let first = router.clone();
        let first = tokio::spawn(async move { copy().send(&first).await });
        drop(app.begun.acquire().await.unwrap());
        copy().send(&router).await.refuses(503, "unavailable");
        app.go_on.add_permits(1);
        assert_eq!(first.await.unwrap().text, "run 0");
    }
}

#[tokio::test]
async fn an_answer_is_kept_for_as_long_as_the_host_says() {
    for (claims, _folder) in stores().await {
        let app = App::new(Once::from(claims).claim_hours(0), &[OK, OK]).await;
        let router = app.router();
        assert_eq!(copy().send(&router).await.text, "run 0");
        assert_eq!(copy().send(&router).await.text, "run 1");
    }
}

fn claim(token: &str, leased_until: i64) -> Claim {
    Claim {
        key: ClaimKey {
            activation: "shop-client".into(),
            id: "msg_1".to_owned(),
        },
        token: token.to_owned(),
        leased_until: jiff::Timestamp::from_second(leased_until).expect("it is small"),
        kept_until: jiff::Timestamp::from_second(1_000_000).expect("it is small"),
    }
}

#[tokio::test]
async fn whoever_lost_the_lease_cannot_commit_nor_release() {
    let at = |second| jiff::Timestamp::from_second(second).unwrap();
    let answer = KeptAnswer::json(&json!({"done": true})).unwrap();
    for (claims, _folder) in stores().await {
        let (slow, quick) = (claim("slow", 10), claim("quick", 30));
        assert_eq!(claims.claim(&slow, at(0)).await.unwrap(), Claimed::Taken);
        assert_eq!(claims.claim(&quick, at(9)).await.unwrap(), Claimed::Busy);
        assert_eq!(claims.claim(&quick, at(10)).await.unwrap(), Claimed::Taken);
        let lost = claims.commit(&slow, &answer).await;
        assert!(matches!(lost, Err(CommitError::Lost)));
        claims.release(&slow).await.unwrap();
        claims.commit(&quick, &answer).await.unwrap();
        let later = KeptAnswer::empty(StatusCode::ACCEPTED);
        claims.commit(&quick, &later).await.unwrap();
        claims.release(&quick).await.unwrap();
        let kept = claims.claim(&slow, at(99)).await.unwrap();
        assert_eq!(kept, Claimed::Answered(answer.clone()));
    }
}
