//! Streaming of user data, against a server that answers as a script says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use segue_sdk::user_data::{Mode, Progress, UploadError, UserRecord, csv, ndjson};
use segue_sdk::{Client, ClientBuilder};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const STREAM: &str = "00000000-00000000-00000000-00000000";

fn builder(server: &MockServer) -> ClientBuilder {
    Client::builder(server.uri(), "wk").user_data("12345", STREAM)
}

/// Answers the requests in turn, then with success.
async fn script(answers: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    let answers = Mutex::new(answers.into_iter());
    Mock::given(method("POST"))
        .and(path("/stream/12345"))
        .and(header("x-streamid", STREAM))
        .and(header("content-type", "application/json"))
        .respond_with(move |_: &Request| {
            let next = answers.lock().expect("no panic").next();
            next.unwrap_or_else(|| {
                ResponseTemplate::new(200).set_body_json(json!({"success": true}))
            })
        })
        .mount(&server)
        .await;
    server
}

/// The ids in the body of each request.
async fn ids(server: &MockServer) -> Vec<Vec<u64>> {
    let requests = server.received_requests().await.expect("they are kept");
    let ids = |request: &Request| {
        let people: Vec<Value> = serde_json::from_slice(&request.body).expect("it is an array");
        people.iter().filter_map(|one| one["id"].as_u64()).collect()
    };
    requests.iter().map(ids).collect()
}

fn people(count: u64) -> impl Iterator<Item = UserRecord<'static>> + Unpin {
    (1..=count).map(UserRecord::new)
}

#[tokio::test]
async fn a_draft_says_so_and_a_live_stream_has_no_such_header() {
    for (mode, draft) in [(Mode::Draft, Some("true")), (Mode::Live, None)] {
        let server = script(Vec::new()).await;
        let client = builder(&server).build().unwrap();
        let report = client
            .stream_user_data(people(2), mode)
            .send()
            .await
            .unwrap();
        assert_eq!(report.progress.accepted, 2);
        let request = &server.received_requests().await.unwrap()[0];
        let header = request
            .headers
            .get("x-isdraft")
            .map(|value| value.to_str().unwrap());
        assert_eq!(header, draft);
        assert_eq!(request.body, br#"[{"id":1},{"id":2}]"#);
    }
}

#[tokio::test]
async fn chunks_are_bounded_by_count_and_by_bytes() {
    let server = script(Vec::new()).await;
    let client = builder(&server).build().unwrap();
    let upload = client
        .stream_user_data(people(5), Mode::Live)
        .chunk_items_max(2);
    upload.send().await.unwrap();
    let upload = client
        .stream_user_data(people(3), Mode::Live)
        .chunk_bytes_max(19);
    upload.send().await.unwrap();
    let expected = [vec![1, 2], vec![3, 4], vec![5], vec![1, 2], vec![3]];
    assert_eq!(ids(&server).await, expected);
}

#[tokio::test]
async fn an_outage_is_waited_out() {
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "0");
    let server = script(vec![busy, ResponseTemplate::new(503)]).await;
    let client = builder(&server).build().unwrap();
    let report = client
        .stream_user_data(people(2), Mode::Live)
        .send()
        .await
        .unwrap();
    assert_eq!((report.progress.accepted, report.progress.chunks), (2, 1));
    assert_eq!(ids(&server).await.len(), 3);
}

#[tokio::test]
async fn a_failed_upload_goes_on_behind_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.checkpoint");
    let wrong = ResponseTemplate::new(401).set_body_string("unknown stream");
    let server = script(vec![ResponseTemplate::new(200), wrong]).await;
    let client = builder(&server).build().unwrap();
    let upload = |mode| {
        let upload = client.stream_user_data(people(5), mode);
        upload.chunk_items_max(2).checkpoint(&path)
    };
    let error = upload(Mode::Live).send().await.unwrap_err();
    assert!(
        matches!(error, UploadError::Refused { status: 401, body } if body == "unknown stream")
    );
    let foreign = upload(Mode::Draft).send().await.unwrap_err();
    assert!(matches!(foreign, UploadError::ForeignCheckpoint));
    let report = upload(Mode::Live).send().await.unwrap();
    let progress = report.progress;
    assert_eq!(
        (progress.rows, progress.skipped, progress.accepted),
        (5, 2, 3)
    );
    assert_eq!(
        ids(&server).await,
        [vec![1, 2], vec![3, 4], vec![3, 4], vec![5]]
    );
    assert!(!path.exists(), "the next upload begins anew");
}

#[tokio::test]
async fn rejected_rows_are_listed_with_their_place() {
    let verdict = json!({"rejected": [
        {"index": 1, "code": "invalid_field", "message": "email"},
        {"index": 1, "code": "twice"},
        {"index": 9, "code": "nobody"},
    ]});
    let server = script(vec![ResponseTemplate::new(200).set_body_json(verdict)]).await;
    let client = builder(&server).build().unwrap();
    let file = "{\"id\":1}\nnonsense\n{\"id\":2}\n{\"id\":3}\n";
    let rows = ndjson(file.as_bytes());
    let report = client
        .stream_user_rows(rows, Mode::Live)
        .send()
        .await
        .unwrap();
    let rejected: Vec<(u64, &str)> = report
        .rejections
        .iter()
        .map(|one| (one.row, one.code.as_str()))
        .collect();
    assert_eq!(rejected, [(2, "invalid_json"), (3, "invalid_field")]);
    let progress = report.progress;
    assert_eq!(
        (progress.rows, progress.accepted, progress.rejected),
        (4, 2, 2)
    );
}

#[tokio::test]
async fn a_request_that_is_too_large_is_halved() {
    let server = script(vec![ResponseTemplate::new(413)]).await;
    let client = builder(&server).build().unwrap();
    let report = client
        .stream_user_data(people(3), Mode::Live)
        .send()
        .await
        .unwrap();
    assert_eq!(report.progress.accepted, 3);
    assert_eq!(ids(&server).await, [vec![1, 2, 3], vec![1, 2], vec![3]]);
}

#[tokio::test]
async fn an_async_stream_and_a_csv_file_are_sources_too() {
    let server = script(Vec::new()).await;
    let client = builder(&server).build().unwrap();
    let stream = futures_util::stream::iter(people(3));
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let report = client
        .stream_user_data_from(stream, Mode::Live)
        .chunk_items_max(2)
        .on_progress(|progress| told.lock().expect("no panic").push(progress))
        .send()
        .await
        .unwrap();
    assert_eq!(report.progress.accepted, 3);
    let rows: Vec<u64> = told.lock().unwrap().iter().map(|one| one.rows).collect();
    assert_eq!(rows, [2, 3]);
    let rows = csv("id,email\n7,a@example.com\n".as_bytes());
    client
        .stream_user_rows(rows, Mode::Draft)
        .send()
        .await
        .unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[2].body, br#"[{"email":"a@example.com","id":"7"}]"#);
}

#[test]
fn outside_of_any_runtime_it_blocks() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(script(Vec::new()));
    let client = builder(&server).build().unwrap();
    let report = client
        .stream_user_data(people(2), Mode::Live)
        .send_blocking()
        .unwrap();
    assert_eq!(report.progress.accepted, 2);
    client.shutdown_blocking(Duration::from_secs(20));
    let late = client
        .stream_user_data(people(1), Mode::Live)
        .send_blocking();
    assert!(matches!(late, Err(UploadError::Closed)));
}

#[test]
fn without_a_stream_or_with_an_odd_one_nothing_is_sent() {
    let upload = |builder: ClientBuilder| {
        let client = builder.build().expect("the settings are right");
        client
            .stream_user_data(people(1), Mode::Draft)
            .send_blocking()
    };
    let plain = || Client::builder("http://127.0.0.1:1", "wk");
    assert!(matches!(upload(plain()), Err(UploadError::NoStream)));
    for (account, stream) in [("", STREAM), ("1/../2", STREAM), ("1", ""), ("1", "a\nb")] {
        let outcome = upload(plain().user_data(account, stream));
        assert!(
            matches!(outcome, Err(UploadError::Endpoint(_))),
            "{account}"
        );
    }
}
