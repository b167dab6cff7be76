//! Batches that are written once and patched for every request.
//!
//! A whole request lies in one buffer, its head included. Only what differs from one event to
//! the next is written again: who, the message id, the time. So the generator costs little beside
//! the server, and the bytes on the wire are those of the SDK.

use anyhow::Context as _;
use base64::Engine as _;
use jiff::Timestamp;

use crate::random::Random;

/// The user id, the time and the message id, as they are before the first patch.
const USER: &str = "u-0000000";
const TIME: &str = "2000-01-01T00:00:00.000Z";
const MESSAGE: &str = "00000000-0000-7000-8000-000000000000";
/// Where the digits of a message id are that tell its time.
const MESSAGE_TIME: [usize; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12];
/// Where the random ones are.
const MESSAGE_RANDOM: [usize; 16] = [
    15, 16, 17, 20, 21, 22, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33,
];

/// A request with a batch of events.
#[derive(Debug)]
pub(crate) struct Batch {
    request: Vec<u8>,
    places: Vec<Places>,
    body_bytes: usize,
    spread_ms: u32,
}

/// Where in the request an event differs from every other.
#[derive(Debug)]
struct Places {
    user: usize,
    message: usize,
    time: usize,
}

impl Batch {
    /// A batch of so many events for the server at `host`, each written by `event` around a user
    /// id, a message id and a time.
    pub(crate) fn of(
        host: &str,
        key: &str,
        events: usize,
        spread_ms: u32,
        mut event: impl FnMut(&str, &str, &str) -> String,
    ) -> Self {
        let events: Vec<String> = (0..events).map(|_| event(USER, MESSAGE, TIME)).collect();
        let body = format!(r#"{{"batch":[{}]}}"#, events.join(","));
        let head = head(host, key, "/v1/batch", body.len());
        let mut at = head.len() + r#"{"batch":["#.len();
        let mut places = Vec::with_capacity(events.len());
        for event in &events {
            let find = |text: &str| at + event.find(text).unwrap_or_default();
            places.push(Places {
                user: find(USER),
                message: find(MESSAGE),
                time: find(TIME),
            });
            at += event.len() + 1;
        }
        Self {
            body_bytes: body.len(),
            spread_ms,
            request: [head.as_bytes(), body.as_bytes()].concat(),
            places,
        }
    }

    /// Makes all events new: other users, other ids, and times before `now` in their order.
    pub(crate) fn renew(
        &mut self,
        now: Timestamp,
        random: &mut Random,
        mut user: impl FnMut(&mut Random) -> u32,
    ) -> anyhow::Result<()> {
        let count = i64::try_from(self.places.len())?;
        let spread_ms = i64::from(self.spread_ms);
        let mut times = Times::default();
        for (place, number) in self.places.iter().zip(1..) {
            let ms = now.as_millisecond() - spread_ms + spread_ms * number / count;
            let id = &mut self.request[place.user..][..USER.len()];
            decimal(&mut id[2..], user(random));
            let at = &mut self.request[place.time..][..TIME.len()];
            at.copy_from_slice(times.at(ms)?);
            let id = &mut self.request[place.message..][..MESSAGE.len()];
            hex(id, &MESSAGE_TIME, u64::try_from(ms)? << 16);
            hex(id, &MESSAGE_RANDOM, random.bits());
        }
        Ok(())
    }

    pub(crate) fn request(&self) -> &[u8] {
        &self.request
    }

    pub(crate) fn events(&self) -> u64 {
        self.places.len() as u64
    }

    /// Without what is around the events.
    pub(crate) fn event_bytes(&self) -> usize {
        self.body_bytes / self.places.len().max(1)
    }
}

/// Writes times; those of one second differ in three digits only.
#[derive(Debug, Default)]
struct Times {
    second: i64,
    text: [u8; TIME.len()],
}

impl Times {
    fn at(&mut self, ms: i64) -> anyhow::Result<&[u8; TIME.len()]> {
        let second = ms.div_euclid(1_000);
        if second != self.second {
            let text = format!("{:.3}", Timestamp::from_second(second)?);
            self.text = text.as_bytes().try_into().context("the time is odd")?;
            self.second = second;
        }
        decimal(&mut self.text[20..23], u32::try_from(ms.rem_euclid(1_000))?);
        Ok(&self.text)
    }
}

/// The head of a request; official clients send their key as the user name of HTTP Basic.
pub(crate) fn head(host: &str, key: &str, path: &str, body_bytes: usize) -> String {
    let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{key}:"));
    format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Basic {credentials}\r\n\
         content-type: application/json\r\ncontent-length: {body_bytes}\r\n\r\n"
    )
}

fn decimal(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Writes the highest digits of `bits` to these places.
fn hex(id: &mut [u8], places: &[usize], mut bits: u64) {
    for &place in places {
        bits = bits.rotate_left(4);
        id[place] = b"0123456789abcdef"[(bits & 15) as usize];
    }
}
