use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use futures_util::stream;
use segue_receiver::signature::{SignatureHeaders, SigningSecret, Verifier};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::delivery::Method;
use crate::delivery::testing::{NOW, destination, frozen, serve, with_headers};
use crate::secret::Secret;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const OLD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn client() -> Client {
    Client::new().unwrap()
}

async fn send(destination: &Destination, body: &str) -> Attempt {
    client().send(destination, &frozen(body), NOW).await
}

async fn answering(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let mock = Mock::given(wiremock::matchers::any()).respond_with(template);
    mock.mount(&server).await;
    server
}

#[tokio::test]
async fn the_body_arrives_signed_with_every_secret() {
    let server = answering(ResponseTemplate::new(202).set_body_string("thanks")).await;
    let secrets: Vec<SigningSecret> = [SECRET, OLD_SECRET].map(|s| s.parse().unwrap()).into();
    let mut destination = destination(&server.uri());
    destination.signing_secrets = secrets.clone();

    let answer = send(&destination, r#"{"a": 1}"#).await.answer.unwrap();
    assert_eq!((answer.status, answer.excerpt.as_str()), (202, "thanks"));

    let request = &server.received_requests().await.unwrap()[0];
    assert_eq!(request.body, br#"{"a": 1}"#);
    assert_eq!(request.headers["content-type"], "application/json");
    let named = request.headers.iter();
    let headers = SignatureHeaders::find(named.map(|(n, v)| (n.as_str(), v.as_bytes()))).unwrap();
    for secret in secrets {
        let now_s = NOW.0 / 1_000;
        let message = Verifier::new(vec![secret])
            .verify(&headers, &request.body, now_s)
            .unwrap();
        assert_eq!((message.id, message.timestamp_s), ("0123abcd", now_s));
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let canary = answering(ResponseTemplate::new(200)).await;
    for status in [301, 302, 303, 307, 308] {
        let to = ResponseTemplate::new(status).insert_header("location", canary.uri());
        let server = answering(to).await;
        let answer = send(&destination(&server.uri()), "{}")
            .await
            .answer
            .unwrap();
        assert_eq!(answer.status, status);
    }
    assert_eq!(canary.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn headers_of_the_destination_cannot_replace_ours() {
    let server = answering(ResponseTemplate::new(200)).await;
    let mut destination = with_headers(
        destination(&server.uri()),
        &[
            ("X-Api-Key", "k-1"),
            ("Webhook-Id", "forged"),
            ("webhook-signature", "v1,forged"),
            ("webhook-other", "forged"),
            ("Host", "forged.example"),
            ("Content-Length", "3"),
            ("Transfer-Encoding", "chunked"),
            ("content-type", "text/forged"),
            ("AUTHORIZATION", "Bearer forged"),
            ("User-Agent", "shop/1"),
        ],
    );
    destination.basic = Some(("client".to_owned(), Secret::new("s:cret")));
    assert!(send(&destination, "{}").await.answer.is_ok());

    let request = &server.received_requests().await.unwrap()[0];
    let all = |name: &str| -> Vec<_> {
        let values = request.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap()).collect()
    };
    assert_eq!(all("x-api-key"), ["k-1"]);
    assert_eq!(all("user-agent"), ["shop/1"]);
    assert_eq!(all("webhook-id"), ["0123abcd"]);
    assert_eq!(all("webhook-timestamp"), [(NOW.0 / 1_000).to_string()]);
    assert_eq!(all("content-type"), ["application/json"]);
    assert_eq!(all("content-length"), ["2"]);
    assert_eq!(all("host"), [server.address().to_string()]);
    assert_eq!(all("authorization"), ["Basic Y2xpZW50OnM6Y3JldA=="]);
    for absent in ["webhook-signature", "webhook-other", "transfer-encoding"] {
        assert_eq!(all(absent), [""; 0], "{absent}");
    }
}

#[tokio::test]
async fn with_get_the_members_follow_the_query_that_is_there() {
    let server = answering(ResponseTemplate::new(200)).await;
    let mut destination = destination(&format!("{}/hook?list=42&x=%20", server.uri()));
    destination.method = Method::Get;
    let body = r#"{"mail": "a&b=c@d.example", "seen": ["x", null, 2], "no": null, "o": {"p": 1}}"#;
    assert!(send(&destination, body).await.answer.is_ok());

    let request = &server.received_requests().await.unwrap()[0];
    assert_eq!(request.method.as_str(), "GET");
    assert!(request.body.is_empty());
    assert!(!request.headers.contains_key("content-type"));
    let query = "list=42&x=%20&mail=a%26b%3Dc%40d.example&seen=x&seen=2&o=%7B%22p%22%3A1%7D";
    assert_eq!(request.url.query(), Some(query));

    let unsendable = send(&destination, r#"["no object"]"#).await.answer;
    assert!(matches!(unsendable, Err(SendError::Unsendable(_))));
}

#[tokio::test]
async fn put_and_delete_are_sent_as_such() {
    let server = MockServer::start().await;
    for (verb, status) in [("PUT", 201), ("DELETE", 204)] {
        let mock = Mock::given(wiremock::matchers::method(verb))
            .respond_with(ResponseTemplate::new(status));
        mock.mount(&server).await;
    }
    let mut destination = destination(&server.uri());
    destination.method = Method::Put;
    assert_eq!(send(&destination, "{}").await.answer.unwrap().status, 201);
    destination.method = Method::Delete;
    assert_eq!(send(&destination, "{}").await.answer.unwrap().status, 204);
}

#[tokio::test]
async fn a_private_address_is_never_connected_to_without_the_setting() {
    let server = answering(ResponseTemplate::new(200)).await;
    let port = server.address().port();
    for host in ["127.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "localhost"] {
        let mut destination = destination(&format!("http://{host}:{port}/"));
        destination.allow_private = false;
        let refused = send(&destination, "{}").await.answer.unwrap_err();
        assert!(
            matches!(refused, SendError::Refused(_)),
            "{host}: {refused}"
        );
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn what_the_resolver_refuses_is_a_refusal_and_not_a_network_error() {
    let url = "http://localhost:1/".parse::<reqwest::Url>().unwrap();
    let error = client().public.get(url).send().await.unwrap_err();
    assert!(matches!(SendError::from(error), SendError::Refused(_)));
}

#[tokio::test]
async fn nobody_listening_is_a_network_error_without_the_url() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let destination = destination(&format!("http://{address}/?token=t0ps3cret"));
    let Err(SendError::Network(why)) = send(&destination, "{}").await.answer else {
        panic!("nobody listens");
    };
    assert!(why.to_lowercase().contains("refused"), "{why}");
    assert!(!why.contains("t0ps3cret"), "{why}");
}

#[tokio::test]
async fn the_deadline_covers_a_server_that_says_nothing() {
    let url = serve(Router::new().fallback(any(std::future::pending::<()>))).await;
    let mut destination = destination(&url);
    destination.timeout_ms = 50;
    let attempt = send(&destination, "{}").await;
    assert_eq!(attempt.answer, Err(SendError::Timeout));
    assert!(attempt.duration >= Duration::from_millis(50));
}

#[tokio::test]
async fn a_slow_body_ends_at_the_deadline_and_keeps_the_status() {
    let slow = || async {
        let start = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"part"))]);
        Body::from_stream(futures_util::StreamExt::chain(start, stream::pending()))
    };
    let mut destination = destination(&serve(Router::new().fallback(any(slow))).await);
    destination.timeout_ms = 200;
    let answer = send(&destination, "{}").await.answer.unwrap();
    assert_eq!((answer.status, answer.excerpt.as_str()), (200, "part"));
}

#[tokio::test]
async fn an_endless_body_is_read_to_its_bound() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let endless = move || {
        let counter = counter.clone();
        async move {
            let chunk = Bytes::from(vec![b'x'; 4_096]);
            Body::from_stream(stream::repeat_with(move || {
                counter.fetch_add(chunk.len(), Ordering::Relaxed);
                Ok::<_, Infallible>(chunk.clone())
            }))
        }
    };
    let destination = destination(&serve(Router::new().fallback(any(endless))).await);
    let answer = send(&destination, "{}").await.answer.unwrap();
    assert_eq!(
        (answer.status, answer.excerpt.len()),
        (200, EXCERPT_BYTES_MAX)
    );
    // What lies in socket buffers was sent too.
    assert!(sent.load(Ordering::Relaxed) < 16 * 1024 * 1024);
}

#[tokio::test]
async fn a_compressed_answer_stays_as_it_is() {
    let bomb = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_bytes(vec![0x1f, 0x8b, b'!']);
    let server = answering(bomb).await;
    let answer = send(&destination(&server.uri()), "{}")
        .await
        .answer
        .unwrap();
    assert!(answer.excerpt.ends_with('!'));
    let request = &server.received_requests().await.unwrap()[0];
    assert!(!request.headers.contains_key("accept-encoding"));
}

#[tokio::test]
async fn nonsense_instead_of_http_is_a_network_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(tokio::spawn(async move {
        let mut junk: Vec<&[u8]> = vec![b"\0\0\0", b"HTTP/1.1 2x0 OK\r\n\r\n", b""];
        while let Some(answer) = junk.pop() {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _read = socket.read(&mut [0; 1_024]).await.unwrap();
            socket.write_all(answer).await.unwrap();
        }
    }));
    for _ in 0..3 {
        let answer = send(&destination(&url), "{}").await.answer;
        assert!(matches!(answer, Err(SendError::Network(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn https_needs_no_provider_from_the_process() {
    let server = answering(ResponseTemplate::new(200)).await;
    let url = server.uri().replace("http://", "https://");
    // The server speaks no TLS; what counts is that we do, and that nothing panics.
    let answer = send(&destination(&url), "{}").await.answer;
    assert!(matches!(answer, Err(SendError::Network(_))), "{answer:?}");
}

#[tokio::test]
async fn retry_after_is_taken_from_the_answer() {
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "7");
    let server = answering(busy).await;
    let answer = send(&destination(&server.uri()), "{}")
        .await
        .answer
        .unwrap();
    assert_eq!((answer.status, answer.retry_after_ms), (503, Some(7_000)));
}
