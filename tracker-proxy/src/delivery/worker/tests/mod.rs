mod attempts;
mod bounds;

use std::sync::Arc;

use bytes::Bytes;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::delivery::testing::{NOW, PATIENCE};
use crate::delivery::{ContentType, Destination};
use crate::keys::{AccountNo, ActivationNo};

const ACCOUNT: AccountNo = AccountNo(1);

/// A worker with a clock that stands still.
struct Harness {
    clock: Clock,
    destinations: Destinations,
    deliveries: mpsc::Sender<Delivery>,
    reports: mpsc::Receiver<Report>,
    shutdown: CancellationToken,
    ended: tokio::task::JoinHandle<()>,
}

impl Harness {
    fn new(all: Vec<Destination>) -> Self {
        Self::with(all, Limits::default(), always_go())
    }

    fn with(all: Vec<Destination>, limits: Limits, precheck: PrecheckFn) -> Self {
        Self::start(all, limits, precheck, PATIENCE)
    }

    fn graceful(all: Vec<Destination>, grace: Duration) -> Self {
        Self::start(all, Limits::default(), always_go(), grace)
    }

    fn start(all: Vec<Destination>, limits: Limits, precheck: PrecheckFn, grace: Duration) -> Self {
        let (deliveries, incoming) = mpsc::channel(64);
        let (reports_in, reports) = mpsc::channel(64);
        let clock = Clock::manual(NOW);
        let destinations = Destinations::new(map(all));
        let shutdown = CancellationToken::new();
        let parts = Parts {
            client: Client::new().unwrap(),
            clock: clock.clone(),
            destinations: destinations.clone(),
            precheck,
            limits,
        };
        let worker = Worker::new(parts, incoming, reports_in);
        let ended = tokio::spawn(worker.run(shutdown.clone(), grace));
        Self {
            clock,
            destinations,
            deliveries,
            reports,
            shutdown,
            ended,
        }
    }

    async fn send(&self, delivery: Delivery) {
        self.deliveries.send(delivery).await.unwrap();
    }

    async fn report(&mut self) -> Report {
        let report = tokio::time::timeout(PATIENCE, self.reports.recv()).await;
        report.expect("a report in time").expect("a worker")
    }

    async fn result(&mut self) -> AttemptResult {
        match self.report().await {
            Report::Attempt(result) => *result,
            other => panic!("{other:?} instead of a result"),
        }
    }
}

fn map(all: Vec<Destination>) -> DestinationMap {
    let keyed = |one: Destination| ((ACCOUNT, one.id.clone()), Arc::new(one));
    all.into_iter().map(keyed).collect()
}

fn named(id: &str, mut destination: Destination) -> Destination {
    destination.id = id.to_owned();
    destination
}

fn delivery(id: &str, destination: &str) -> Delivery {
    Delivery {
        id: id.to_owned(),
        account: ACCOUNT,
        activation: ActivationNo(7),
        destination: destination.to_owned(),
        profile: None,
        body: Bytes::from_static(b"{}"),
        content_type: ContentType::Json,
        attempts: 0,
        next: NOW,
    }
}

async fn answering(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let mock = Mock::given(wiremock::matchers::any()).respond_with(template);
    mock.mount(&server).await;
    server
}

async fn hits(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    let id = |r: &wiremock::Request| r.headers["webhook-id"].to_str().unwrap().to_owned();
    requests.iter().map(id).collect()
}
