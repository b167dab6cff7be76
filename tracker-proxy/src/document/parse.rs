//! From text to a [`Node`], bounded in size and depth before anything recurses.

use std::collections::HashSet;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::{Mistake, Node, NodeKind, Place};

/// The longest document that is read, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The deepest nesting of lists and maps.
pub const DOCUMENT_DEPTH_MAX: usize = 64;

/// Reads one YAML or JSON document.
///
/// # Errors
///
/// One mistake: the first place at which the text is not YAML, or the bound that it is over.
pub fn parse(text: &str) -> Result<Node, Mistake> {
    if text.len() > DOCUMENT_BYTES_MAX {
        let message = format!("the document is longer than {DOCUMENT_BYTES_MAX} bytes");
        return Err(Mistake {
            place: Place { line: 1, column: 1 },
            message,
        });
    }
    build(text).or_else(|mistake| match join_surrogates(text) {
        // YAML knows no halves of characters, and JSON writes some characters as two.
        Some(joined) => build(&joined),
        None => Err(mistake),
    })
}

/// The text with each `\\ud83d\\ude00` as the one character that it means; nothing if it has none.
fn join_surrogates(text: &str) -> Option<String> {
    let mut joined = String::with_capacity(text.len());
    let (mut rest, mut found) = (text, false);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        joined.push_str(before);
        let halves = (half(escape), escape.get(6..).and_then(half));
        if let (Some(high), Some(low)) = halves
            && let Some(Ok(one)) = char::decode_utf16([high, low]).next()
        {
            joined.push(one);
            rest = &escape[12..];
            found = true;
            continue;
        }
        // An escaped backslash escapes nothing.
        let end = escape
            .char_indices()
            .nth(2)
            .map_or(escape.len(), |(end, _)| end);
        joined.push_str(&escape[..end]);
        rest = &escape[end..];
    }
    joined.push_str(rest);
    found.then_some(joined)
}

/// The number in `\\u1234` at the start of a text.
fn half(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| hex)
}

fn build(text: &str) -> Result<Node, Mistake> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Mistake {
            place: place_of(error.marker()),
            message: error.info().to_owned(),
        })?;
        builder.take(event, place_of(&span.start))?;
    }
    Ok(builder
        .root
        .unwrap_or_else(|| Node::empty_map(Place { line: 1, column: 1 })))
}

fn place_of(marker: &Marker) -> Place {
    let bounded = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place {
        line: bounded(marker.line()),
        column: bounded(marker.col() + 1),
    }
}

/// A key that is given twice would silently win or lose.
fn refuse_twins(entries: &[(String, Place, Node)]) -> Result<(), Mistake> {
    let mut seen = HashSet::with_capacity(entries.len());
    for (name, place, _) in entries {
        if !seen.insert(name.as_str()) {
            let message = format!("`{name}` is given twice");
            return Err(Mistake {
                place: *place,
                message,
            });
        }
    }
    Ok(())
}

/// A list or map that is still open.
enum Open {
    List(Place, Vec<Node>),
    Map(Place, Vec<(String, Place, Node)>, Option<(String, Place)>),
}

/// Builds the tree with a stack of its own, so that hostile depth costs no machine stack.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), Mistake> {
        match event {
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                let kind = NodeKind::Scalar {
                    text: text.into_owned(),
                    plain,
                };
                self.put(Node { place, kind })
            }
            Event::SequenceStart(..) => self.open(place, Open::List(place, Vec::new())),
            Event::MappingStart(..) => self.open(place, Open::Map(place, Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open::Map(_, entries, _)) = self.open.last() {
                    refuse_twins(entries)?;
                }
                let node = match self.open.pop() {
                    Some(Open::List(place, items)) => Node {
                        place,
                        kind: NodeKind::List(items),
                    },
                    Some(Open::Map(place, entries, _)) => Node {
                        place,
                        kind: NodeKind::Map(entries),
                    },
                    None => return Ok(()),
                };
                self.put(node)
            }
            Event::Alias(_) => Err(Mistake {
                place,
                message: "aliases (*name) are not supported: write the value out".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn open(&mut self, place: Place, opened: Open) -> Result<(), Mistake> {
        if self.open.len() >= DOCUMENT_DEPTH_MAX {
            let message = format!("nested deeper than {DOCUMENT_DEPTH_MAX} levels");
            return Err(Mistake { place, message });
        }
        self.open.push(opened);
        Ok(())
    }

    fn put(&mut self, node: Node) -> Result<(), Mistake> {
        match self.open.last_mut() {
            None if self.root.is_some() => Err(Mistake {
                place: node.place,
                message: "a second document: one file holds one document".to_owned(),
            }),
            None => {
                self.root = Some(node);
                Ok(())
            }
            Some(Open::List(_, items)) => {
                items.push(node);
                Ok(())
            }
            Some(Open::Map(_, _, key @ None)) => {
                let NodeKind::Scalar { text, .. } = node.kind else {
                    let message = "a key has to be text".to_owned();
                    return Err(Mistake {
                        place: node.place,
                        message,
                    });
                };
                *key = Some((text, node.place));
                Ok(())
            }
            Some(Open::Map(_, entries, key @ Some(_))) => {
                if let Some((name, place)) = key.take() {
                    entries.push((name, place, node));
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_places() {
        let node = parse("a: 1\nb:\n  - x\n  - {c: \"00123\"}\n").unwrap();
        let list = node.get("b").unwrap().as_list().unwrap();
        assert_eq!(list[0].place, Place { line: 3, column: 5 });
        let quoted = list[1].get("c").unwrap();
        assert_eq!(quoted.as_text(), Some("00123"));
        assert_eq!(quoted.as_i64(), None, "what is quoted is text");
    }

    #[test]
    fn json_is_read_too() {
        let node = parse("{\"when\": {\"did\": {\"event\": \"buy\", \"n\": 1.5}}}").unwrap();
        let did = node.get("when").unwrap().get("did").unwrap();
        assert_eq!(did.get("n").unwrap().as_f64(), Some(1.5));
    }

    #[test]
    fn characters_that_json_writes_as_two_are_one() {
        let node = parse(r#"{"name": "a \ud83d\uDE00 b", "path": "c:\\ud83d"}"#).unwrap();
        assert_eq!(node.get("name").unwrap().as_text(), Some("a 😀 b"));
        assert_eq!(node.get("path").unwrap().as_text(), Some(r"c:\ud83d"));
        assert!(parse(r#"{"name": "\ud83d"}"#).is_err(), "half a character");
        let text = parse(r"'\ud83d\ude00'").unwrap();
        assert_eq!(
            text.as_text(),
            Some(r"\ud83d\ude00"),
            "no escape in this YAML"
        );
    }

    #[test]
    fn hostile_depth_is_refused_with_its_place() {
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(parse(&deep).is_err());
        assert!(parse(&"- ".repeat(100_000)).is_err());
        let over = format!("{}1{}", "[".repeat(65), "]".repeat(65));
        assert!(parse(&over).unwrap_err().message.contains("deeper"));
    }

    #[test]
    fn a_key_given_twice_is_a_mistake() {
        let mistake = parse("a: 1\na: 2\n").unwrap_err();
        assert_eq!(mistake.place, Place { line: 2, column: 1 });
    }

    #[test]
    fn broken_text_is_an_error_not_a_panic() {
        for text in [
            "{",
            "a: [",
            "\t\tx: 1",
            "a: b: c",
            "&a *a",
            "%YAML 9",
            "\u{0}",
            "- - -\n :",
        ] {
            drop(parse(text));
        }
        assert!(parse("{\"a\": ").is_err());
    }
}
