//! Reading a body, with a bound on what it may become.

use std::io::Read;
use std::time::Duration;

use axum::body::{Body, Bytes};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body_util::BodyExt;
use ruzstd::decoding::StreamingDecoder;

use super::rejection::IngestRejection;

/// How long a body may take to arrive, in seconds: far more than a phone on a train needs for
/// the largest one that official clients send.
const BODY_SECONDS_MAX: u64 = 30;
/// How much of a body over the bound is read and thrown away, in multiples of the bound. Many
/// clients look for an answer only when they have sent everything.
const DRAINED_BOUNDS_MAX: usize = 4;
/// How a gzip stream begins. No JSON does.
const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];
/// The most memory that unpacking may take besides the result, in bytes: what zstd's own
/// documentation asks every decoder to support.
const WINDOW_BYTES_MAX: u64 = 8 * 1_024 * 1_024;
/// How much is read of a Brotli stream at a time, in bytes.
const BROTLI_BUFFER_BYTES: usize = 4_096;

/// How a body is packed. What it says of its type is ignored: official clients send JSON as
/// `text/plain` and as a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zlib,
    Brotli,
    Zstd,
}

impl Packing {
    /// What the headers and the first bytes say. The bytes decide about gzip: some clients forget
    /// the header, and some middleboxes unpack the body and leave the header.
    pub(super) fn of(headers: &HeaderMap, body: &[u8]) -> Result<Self, IngestRejection> {
        let written = headers.get(CONTENT_ENCODING);
        let written = written.map_or(Ok(""), |value| value.to_str().map(str::trim));
        match written.unwrap_or("?").to_ascii_lowercase().as_str() {
            // Nothing in the bytes of this one says what they are.
            "br" => Ok(Self::Brotli),
            _ if body.starts_with(&GZIP_MAGIC) => Ok(Self::Gzip),
            "" | "identity" | "gzip" | "x-gzip" => Ok(Self::Plain),
            "deflate" => Ok(Self::Zlib),
            "zstd" => Ok(Self::Zstd),
            _ => Err(IngestRejection::BrokenBody(
                "only gzip, deflate, br and zstd are understood as its encoding",
            )),
        }
    }
}

/// Reads all of a body as it was sent.
pub(super) async fn collect(body: Body, bytes_max: usize) -> Result<Bytes, IngestRejection> {
    let limit = Duration::from_secs(BODY_SECONDS_MAX);
    tokio::time::timeout(limit, collect_all(body, bytes_max))
        .await
        .unwrap_or(Err(IngestRejection::SlowBody(BODY_SECONDS_MAX)))
}

async fn collect_all(mut body: Body, bytes_max: usize) -> Result<Bytes, IngestRejection> {
    let (mut first, mut all, mut bytes) = (Bytes::new(), Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| IngestRejection::BrokenBody("it broke off"))?;
        let Ok(chunk) = frame.into_data() else {
            continue;
        };
        bytes = bytes.saturating_add(chunk.len());
        if bytes > bytes_max.saturating_mul(DRAINED_BOUNDS_MAX) {
            break;
        }
        if bytes > bytes_max {
            (first, all) = (Bytes::new(), Vec::new());
        } else if bytes == chunk.len() {
            // Most bodies come in one piece, which then is not copied.
            first = chunk;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&chunk);
        }
    }
    if bytes > bytes_max {
        return Err(IngestRejection::LargeBody(bytes_max));
    }
    Ok(if all.is_empty() { first } else { all.into() })
}

/// Unpacks a body, up to the bound.
pub(super) fn unpack(
    packing: Packing,
    body: Bytes,
    bytes_max: usize,
) -> Result<Bytes, IngestRejection> {
    let mut plain = Vec::new();
    // One byte more than allowed tells whether there was more.
    let bound = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    match packing {
        Packing::Plain => return Ok(body),
        Packing::Gzip => MultiGzDecoder::new(body.as_ref())
            .take(bound)
            .read_to_end(&mut plain),
        Packing::Zlib => ZlibDecoder::new(body.as_ref())
            .take(bound)
            .read_to_end(&mut plain),
        Packing::Brotli => brotli_decompressor::Decompressor::new(&*body, BROTLI_BUFFER_BYTES)
            .take(bound)
            .read_to_end(&mut plain),
        Packing::Zstd => unzstd(&body, bound, &mut plain),
    }
    .map_err(|_| IngestRejection::BrokenBody("it does not decompress"))?;
    if plain.len() > bytes_max {
        return Err(IngestRejection::LargeBody(bytes_max));
    }
    Ok(plain.into())
}

fn unzstd(body: &[u8], bound: u64, plain: &mut Vec<u8>) -> std::io::Result<usize> {
    let decoder = StreamingDecoder::new_with_max_window_size(body, WINDOW_BYTES_MAX);
    let decoder = decoder.map_err(std::io::Error::other)?;
    decoder.take(bound).read_to_end(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(header: &str, body: &[u8]) -> Result<Bytes, IngestRejection> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, header.parse().unwrap());
        let packing = Packing::of(&headers, body)?;
        unpack(packing, Bytes::copy_from_slice(body), 1_000)
    }

    #[test]
    fn gzip_is_known_by_its_first_bytes_whatever_the_header_says() {
        for header in ["gzip", "", "identity", "zstd"] {
            assert_eq!(read(header, &gzip(b"{}")).unwrap(), "{}", "{header}");
        }
        assert_eq!(read("gzip", b"{}").unwrap(), "{}");
    }

    #[test]
    fn other_encodings_are_understood_and_unknown_ones_are_named() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(b"{}").unwrap();
        assert_eq!(read("deflate", &zlib.finish().unwrap()).unwrap(), "{}");
        assert_eq!(read("br", b"\x8b\x00\x80{}\x03").unwrap(), "{}");
        let zstd = b"\x28\xb5\x2f\xfd\x04\x58\x11\x00\x00{}\xd1\x94\xf2\x7a";
        assert_eq!(read("zstd", zstd).unwrap(), "{}");
        let error = read("compress", b"{}").unwrap_err();
        assert!(error.to_string().contains("gzip, deflate"), "{error}");
        assert!(read("br", b"{}").is_err() && read("zstd", b"{}").is_err());
    }

    #[test]
    fn what_grows_over_the_bound_is_not_unpacked_further() {
        let bomb = gzip(&vec![b' '; 50_000_000]);
        assert_eq!(
            read("gzip", &bomb).unwrap_err(),
            IngestRejection::LargeBody(1_000)
        );
        assert_eq!(
            read("gzip", &gzip(&vec![b' '; 1_000])).unwrap().len(),
            1_000
        );
    }

    #[test]
    fn a_torn_stream_is_an_error() {
        let whole = gzip(b"{\"batch\":[]}");
        let error = read("gzip", &whole[..whole.len() - 9]).unwrap_err();
        assert_eq!(error.status(), 400);
    }

    #[tokio::test]
    async fn a_body_over_the_bound_is_refused_and_one_at_the_bound_is_taken() {
        for (bytes, taken) in [(10, true), (11, false), (39, false), (100_000, false)] {
            let chunks = vec![b'x'; bytes];
            let chunks: Vec<Result<Bytes, std::io::Error>> = chunks
                .chunks(3)
                .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
                .collect();
            let body = Body::from_stream(futures_util::stream::iter(chunks));
            let read = collect(body, 10).await;
            assert_eq!(read.is_ok_and(|read| read.len() == bytes), taken, "{bytes}");
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_refused() {
        let chunks = [
            Ok(Bytes::from_static(b"{")),
            Err(std::io::Error::other("gone")),
        ];
        let body = Body::from_stream(futures_util::stream::iter(chunks));
        assert_eq!(collect(body, 10).await.unwrap_err().status(), 400);
    }
}
