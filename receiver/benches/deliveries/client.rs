//! Sends deliveries over a few connections, one after the other on each.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_receiver::signature::{SigningSecret, sign};

use super::Failure;

const CONNECTIONS: usize = 16;
const ANSWER_BYTES_MAX: usize = 4_096;

pub(super) struct Connections(Vec<TcpStream>);

impl Connections {
    pub(super) fn open(address: &str) -> Result<Self, Failure> {
        let connect = |_| {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        Ok(Self(
            (0..CONNECTIONS)
                .map(connect)
                .collect::<Result<_, Failure>>()?,
        ))
    }

    pub(super) fn send_all(self, requests: &[Vec<u8>]) -> Result<(), Failure> {
        let share = requests.len().div_ceil(self.0.len());
        thread::scope(|scope| {
            let senders: Vec<_> = self
                .0
                .into_iter()
                .zip(requests.chunks(share))
                .map(|(stream, requests)| scope.spawn(|| send(stream, requests)))
                .collect();
            for sender in senders {
                sender.join().map_err(|_| "a sender panicked")??;
            }
            Ok(())
        })
    }
}

fn send(mut stream: TcpStream, requests: &[Vec<u8>]) -> Result<(), Failure> {
    let mut answer = [0; ANSWER_BYTES_MAX];
    for request in requests {
        stream.write_all(request)?;
        let mut read = 0;
        while !answer[..read].ends_with(br#""pending":0}"#) {
            let more = stream.read(&mut answer[read..])?;
            if more == 0 || !answer.starts_with(b"HTTP/1.1 200") {
                return Err(String::from_utf8_lossy(&answer[..read]).into());
            }
            read += more;
        }
    }
    Ok(())
}

/// A signed delivery.
pub(super) struct Delivery {
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Delivery {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut text = "POST /cdp/webhook HTTP/1.1\r\nhost: shop.example\r\n".to_owned();
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        (text + &self.body).into_bytes()
    }

    pub(super) fn to_request(&self) -> Result<Request<Body>, Failure> {
        let mut request = Request::post("/cdp/webhook");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        Ok(request.body(Body::from(self.body.clone()))?)
    }
}

/// Signed deliveries, the same for every contender.
pub(super) fn deliveries(from: usize, count: usize, secret: &SigningSecret) -> Vec<Delivery> {
    let now_s = jiff::Timestamp::now().as_second();
    let numbers = from..from + count;
    numbers
        .map(|number| delivery(number, now_s, secret))
        .collect()
}

fn delivery(number: usize, now_s: i64, secret: &SigningSecret) -> Delivery {
    let body = format!(
        r#"{{"type":"audience.membership","timestamp":"2026-11-20T13:00:00Z","data":{{"activation":{{"id":"vip_to_shop","name":"VIP members to the shop"}},"segment_group":"shop","person_identifier":"userid","changes":[{{"op":"add","person":"{number}","audience":{{"id":"vip","name":"VIP"}},"sequence":{number},"at":"2026-11-20T12:59:58Z"}}]}}}}"#
    );
    let id = format!("msg_2KWPBgLlAfxdpx2AI54pPJ{number:06}");
    let signature = sign(std::slice::from_ref(secret), &id, now_s, body.as_bytes());
    let credentials = STANDARD.encode("shop-client:shop-secret");
    Delivery {
        headers: vec![
            ("user-agent", "segue".to_owned()),
            ("content-type", "application/json".to_owned()),
            ("authorization", format!("Basic {credentials}")),
            ("webhook-id", id),
            ("webhook-timestamp", now_s.to_string()),
            ("webhook-signature", signature),
        ],
        body,
    }
}
