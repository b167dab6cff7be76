//! Sends deliveries over a few connections, one after the other on each.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_receiver::signature::{SigningSecret, sign};

use super::Failure;

const CONNECTIONS: usize = 4;
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

/// Signed deliveries, the same for every contender.
pub(super) fn requests(from: usize, count: usize, secret: &SigningSecret) -> Vec<Vec<u8>> {
    let now_s = jiff::Timestamp::now().as_second();
    let numbers = from..from + count;
    numbers
        .map(|number| request(number, now_s, secret))
        .collect()
}

fn request(number: usize, now_s: i64, secret: &SigningSecret) -> Vec<u8> {
    let body = format!(
        r#"{{"type":"audience.membership","timestamp":"2026-11-20T13:00:00Z","data":{{"activation":{{"id":"vip_to_shop","name":"VIP members to the shop"}},"segment_group":"shop","person_identifier":"userid","changes":[{{"op":"add","person":"{number}","audience":{{"id":"vip","name":"VIP"}},"sequence":{number},"at":"2026-11-20T12:59:58Z"}}]}}}}"#
    );
    let id = format!("msg_2KWPBgLlAfxdpx2AI54pPJ{number:06}");
    let signature = sign(std::slice::from_ref(secret), &id, now_s, body.as_bytes());
    let credentials = STANDARD.encode("shop-client:shop-secret");
    format!(
        "POST /cdp/webhook HTTP/1.1\r\nhost: shop.example\r\nuser-agent: segue\r\n\
         content-type: application/json\r\nauthorization: Basic {credentials}\r\n\
         webhook-id: {id}\r\nwebhook-timestamp: {now_s}\r\nwebhook-signature: {signature}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
