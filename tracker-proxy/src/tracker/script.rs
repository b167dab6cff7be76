//! The tracker's text as it is sent: without its comments, packed once, with its digests.

use std::io::Write;
use std::sync::OnceLock;

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha384};

const SOURCE: &str = include_str!("tracker.js");

/// The tracker, ready to be sent.
#[derive(Debug)]
pub struct Script {
    /// The text.
    pub plain: Bytes,
    /// The text in gzip.
    pub gzip: Bytes,
    /// What a page writes into `integrity`, so that its browser runs this text and no other.
    pub integrity: String,
    /// The entity tag of the text.
    pub etag: String,
}

impl Script {
    /// The one of this build.
    pub fn get() -> &'static Self {
        static SCRIPT: OnceLock<Script> = OnceLock::new();
        SCRIPT.get_or_init(|| Self::of(SOURCE))
    }

    fn of(source: &str) -> Self {
        let plain = shortened(source);
        let digest = STANDARD.encode(Sha384::digest(&plain));
        Self {
            gzip: gzip(plain.as_bytes()).into(),
            integrity: format!("sha384-{digest}"),
            etag: format!("\"{}\"", &digest[..22]),
            plain: plain.into(),
        }
    }
}

/// The source without indentation and lines that are comments. No text in it spans lines.
fn shortened(source: &str) -> String {
    let lines = source.lines().map(str::trim);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    code.fold(String::with_capacity(source.len()), |text, line| {
        text + line + "\n"
    })
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let packed = encoder.write_all(plain).and_then(|()| encoder.finish());
    packed.expect("writing to memory cannot fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_small_and_has_no_comments() {
        let script = Script::get();
        assert!(script.gzip.len() < 5_000, "{} bytes", script.gzip.len());
        let text = std::str::from_utf8(&script.plain).unwrap();
        assert!(text.lines().all(|line| !line.starts_with("//")));
        assert!(text.starts_with("(function"));
    }

    #[test]
    fn what_surrounds_code_goes_and_code_stays() {
        let source = "// Head.\n(function () {\n\n  // Why.\n  var url = 'https://a';\n})();\n";
        assert_eq!(
            shortened(source),
            "(function () {\nvar url = 'https://a';\n})();\n"
        );
    }

    #[test]
    fn another_text_has_another_digest() {
        let (one, other) = (Script::of("a\n"), Script::of("b\n"));
        assert_ne!(one.integrity, other.integrity);
        assert_ne!(one.etag, other.etag);
    }
}
