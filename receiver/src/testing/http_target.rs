//! A receiver behind a URL, as a service.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, StatusCode, Uri};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tower_service::Service;

const ANSWER_BYTES_MAX: u64 = 1024 * 1024;
const DEADLINE: Duration = Duration::from_secs(30);

/// Sends each request over a connection of its own, exactly as it was made: other clients mend
/// what is to arrive broken. It speaks HTTP/1.1 and no TLS: give it the address of the app itself.
#[derive(Clone, Debug)]
pub struct HttpTarget {
    authority: String,
    host: HeaderValue,
}

impl HttpTarget {
    /// The server of a URL such as `http://127.0.0.1:8080/cdp/webhook`; the path is the
    /// request's own.
    ///
    /// # Errors
    ///
    /// [`HttpTargetError`] when it is no `http` URL.
    pub fn new(url: &str) -> Result<Self, HttpTargetError> {
        let uri: Uri = url.parse().map_err(|_| HttpTargetError::NoUrl)?;
        if uri.scheme_str() != Some("http") {
            return Err(HttpTargetError::NoHttp);
        }
        let authority = uri.authority().ok_or(HttpTargetError::NoUrl)?;
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| HttpTargetError::NoUrl)?;
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self {
            authority: format!("{}:{port}", authority.host()),
            host,
        })
    }

    async fn send(self, request: Request<Body>) -> io::Result<Response> {
        let (reading, mut writing) = TcpStream::connect(&self.authority).await?.into_split();
        let sent = async {
            // A server that answers early may close its side; its answer is what counts.
            drop(write(&mut writing, request, &self.host).await);
            std::future::pending::<()>().await;
        };
        let mut answer = Vec::new();
        let mut reading = reading.take(ANSWER_BYTES_MAX);
        tokio::select! {
            read = reading.read_to_end(&mut answer) => {
                // A reset behind a complete answer does not take it back.
                if let Err(error) = read && answer.is_empty() {
                    return Err(error);
                }
            }
            () = sent => {}
        }
        parse(&answer).ok_or_else(|| io::Error::other("the answer is no HTTP"))
    }
}

async fn write(
    writing: &mut OwnedWriteHalf,
    request: Request<Body>,
    host: &HeaderValue,
) -> io::Result<()> {
    let (parts, mut body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let head = format!(
        "{} {path} HTTP/1.1\r\nconnection: close\r\nhost: ",
        parts.method
    );
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(host.as_bytes());
    for (name, value) in &parts.headers {
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
    }
    let announced = parts.headers.contains_key(http::header::CONTENT_LENGTH);
    let length = axum::body::HttpBody::size_hint(&body).exact();
    match length {
        _ if announced => {}
        Some(length) => bytes.extend_from_slice(format!("\r\ncontent-length: {length}").as_bytes()),
        None => bytes.extend_from_slice(b"\r\ntransfer-encoding: chunked"),
    }
    let chunked = !announced && length.is_none();
    bytes.extend_from_slice(b"\r\n\r\n");
    writing.write_all(&bytes).await?;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(io::Error::other)?;
        if let Ok(data) = frame.into_data() {
            write_data(writing, &data, chunked).await?;
        }
    }
    if chunked {
        writing.write_all(b"0\r\n\r\n").await?;
    }
    writing.flush().await
}

async fn write_data(writing: &mut OwnedWriteHalf, data: &Bytes, chunked: bool) -> io::Result<()> {
    if chunked && !data.is_empty() {
        writing
            .write_all(format!("{:x}\r\n", data.len()).as_bytes())
            .await?;
        writing.write_all(data).await?;
        writing.write_all(b"\r\n").await
    } else {
        writing.write_all(data).await
    }
}

fn parse(answer: &[u8]) -> Option<Response> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, body) = (&answer[..end], &answer[end + 4..]);
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let status = lines.next()?.split(|byte| *byte == b' ').nth(1)?;
    let mut response = Response::new(Body::from(body.to_vec()));
    *response.status_mut() = StatusCode::from_bytes(status).ok()?;
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        response.headers_mut().append(name, value);
    }
    Some(response)
}

impl Service<Request<Body>> for HttpTarget {
    type Response = Response;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = tokio::time::timeout(DEADLINE, self.clone().send(request));
        Box::pin(async { answer.await? })
    }
}

/// Why a URL cannot be a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpTargetError {
    /// It cannot be read.
    #[error("this is no URL")]
    NoUrl,
    /// Give the address behind the TLS terminator.
    #[error("only `http` URLs are called")]
    NoHttp,
}
