//! The same JSON with other white space.

/// How usual programs lay JSON out.
#[derive(Clone, Copy)]
enum Layout {
    /// Nothing between tokens.
    Compact,
    /// One space after each comma and colon.
    Spaced,
    /// Each element on a line of its own, indented by this text.
    Lines(&'static str),
}

const LAYOUTS: [Layout; 5] = [
    Layout::Compact,
    Layout::Spaced,
    Layout::Lines("  "),
    Layout::Lines("    "),
    Layout::Lines("\t"),
];

/// The text in each of the usual layouts, without and with a line end behind it.
///
/// Tokens stay byte for byte what they are; what is no JSON comes out as something that is none
/// either.
pub(super) fn layouts(json: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let tokens = compact(json);
    let trimmed = json.trim_ascii().to_vec();
    let laid_out = LAYOUTS
        .into_iter()
        .map(move |layout| lay_out(&tokens, layout));
    let bare = std::iter::once(trimmed).chain(laid_out);
    bare.flat_map(|text| {
        let ended = [text.as_slice(), b"\n"].concat();
        [text, ended]
    })
}

/// Whether a byte of JSON is inside a string; fed byte by byte.
#[derive(Default)]
struct Strings {
    inside: bool,
    escaped: bool,
}

impl Strings {
    fn contain(&mut self, byte: u8) -> bool {
        let was_inside = self.inside;
        if self.escaped {
            self.escaped = false;
        } else if was_inside && byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.inside = !was_inside;
        }
        was_inside
    }
}

fn compact(json: &[u8]) -> Vec<u8> {
    let mut strings = Strings::default();
    let kept = |byte: &u8| strings.contain(*byte) || !byte.is_ascii_whitespace();
    json.iter().copied().filter(kept).collect()
}

fn lay_out(tokens: &[u8], layout: Layout) -> Vec<u8> {
    let mut strings = Strings::default();
    let mut text = Vec::with_capacity(tokens.len() * 2);
    let mut depth = 0_usize;
    for (at, &byte) in tokens.iter().enumerate() {
        if strings.contain(byte) {
            text.push(byte);
            continue;
        }
        if text.len() > tokens.len().saturating_mul(GROWTH_MAX) {
            return text;
        }
        let empty = |close: u8| tokens.get(at + 1) == Some(&close);
        match (byte, layout) {
            (b',' | b':', Layout::Spaced) | (b':', Layout::Lines(_)) => {
                text.extend([byte, b' ']);
            }
            (b',', Layout::Lines(indent)) => {
                text.push(byte);
                new_line(&mut text, indent, depth);
            }
            (b'{' | b'[', Layout::Lines(indent)) if !empty(byte + 2) => {
                text.push(byte);
                depth = (depth + 1).min(DEPTH_MAX);
                new_line(&mut text, indent, depth);
            }
            (b'}' | b']', Layout::Lines(indent)) if !matches!(text.last(), Some(b'{' | b'[')) => {
                depth = depth.saturating_sub(1);
                new_line(&mut text, indent, depth);
                text.push(byte);
            }
            _ => text.push(byte),
        }
    }
    text
}

/// JSON of usual depth does not grow more than this many times by being laid out.
const GROWTH_MAX: usize = 16;

/// Deeper JSON is not indented further; parsers refuse it anyway.
const DEPTH_MAX: usize = 128;

fn new_line(text: &mut Vec<u8>, indent: &str, depth: usize) {
    text.push(b'\n');
    for _ in 0..depth {
        text.extend_from_slice(indent.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_layout_leads_to_every_other() {
        let compact = r#"{"a":[1,{"b":"x, y: \" {"}],"c":{},"d":[],"e":-1.50e3}"#;
        let spaced = r#"{"a": [1, {"b": "x, y: \" {"}], "c": {}, "d": [], "e": -1.50e3}"#;
        let lines = "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x, y: \\\" {\"\n    }\n  ],\n  \
                     \"c\": {},\n  \"d\": [],\n  \"e\": -1.50e3\n}";
        let known = [compact, spaced, lines];
        for from in known {
            let found: Vec<_> = layouts(from.as_bytes()).collect();
            for to in known {
                assert!(found.contains(&to.as_bytes().to_vec()), "{from} to {to}");
                let ended = format!("{to}\n");
                assert!(found.contains(&ended.into_bytes()));
            }
        }
    }

    #[test]
    fn what_is_no_json_does_not_grow_without_bound() {
        let hostile = b"[".repeat(1_000);
        for text in layouts(&hostile) {
            assert!(text.len() <= 1_000 * GROWTH_MAX + DEPTH_MAX * 4 + 3);
        }
        assert!(layouts(b"").all(|text| text.len() <= 1));
    }
}
