//! `{email:last}` inside the texts of a template.

use super::Extraction;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Stands for itself.
    Text(&'a str),
    /// Stands for a value of the profile.
    Value {
        /// The attribute, its nested path with dots included.
        attribute: &'a str,
        /// Which of its values.
        take: Extraction,
    },
}

/// Splits a text into what stands for itself and what is replaced.
///
/// `{name}` and `{name:last}` are the current value, `{name:first}` the first, `{name:all}` all;
/// `{{` and `}}` are literal braces.
///
/// # Errors
///
/// What is wrong with the text, for its author.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        if from.starts_with("{{") || from.starts_with("}}") {
            pieces.push(Piece::Text(&from[..1]));
            rest = &from[2..];
            continue;
        }
        let inside = from.strip_prefix('{').and_then(|from| from.split_once('}'));
        let Some((inside, after)) = inside else {
            return Err(
                "a brace without its partner; write `{{` and `}}` for literal braces".into(),
            );
        };
        pieces.push(value(inside)?);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

fn value(inside: &str) -> Result<Piece<'_>, String> {
    let (attribute, take) = match inside.rsplit_once(':') {
        None => (inside, Extraction::Last),
        Some((attribute, "first")) => (attribute, Extraction::First),
        Some((attribute, "last")) => (attribute, Extraction::Last),
        Some((attribute, "all")) => (attribute, Extraction::All),
        Some((_, other)) => {
            return Err(format!(
                "`{{{inside}}}` asks for `{other}`; it can be `first`, `last` or `all`"
            ));
        }
    };
    if attribute.is_empty() || attribute.contains(['{', ':']) || attribute.trim() != attribute {
        return Err(format!(
            "`{{{inside}}}` is no placeholder; write one like `{{email:last}}`, and `{{{{` and \
             `}}}}` for literal braces"
        ));
    }
    Ok(Piece::Value { attribute, take })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(attribute: &str) -> Piece<'_> {
        let take = Extraction::Last;
        Piece::Value { attribute, take }
    }

    #[test]
    fn texts_and_placeholders_take_turns() {
        use Piece::Text;
        for (text, expected) in [
            ("", vec![]),
            ("plain", vec![Text("plain")]),
            ("{email}", vec![last("email")]),
            ("{email:last}", vec![last("email")]),
            ("{a b}{c.d}", vec![last("a b"), last("c.d")]),
            ("Hi {name}!", vec![Text("Hi "), last("name"), Text("!")]),
            ("{{x}}", vec![Text("{"), Text("x"), Text("}")]),
            ("{{{x}}}", vec![Text("{"), last("x"), Text("}")]),
            ("żółć {ż}", vec![Text("żółć "), last("ż")]),
        ] {
            assert_eq!(pieces(text).as_deref(), Ok(&expected[..]), "{text}");
        }
        let all = Piece::Value {
            attribute: "tags",
            take: Extraction::All,
        };
        assert_eq!(pieces("{tags:all}"), Ok(vec![all]));
    }

    #[test]
    fn what_cannot_be_replaced_is_an_error() {
        for text in [
            "{",
            "}",
            "a {b",
            "{}",
            "{:last}",
            "{a:newest}",
            "{a:}",
            "{ a }",
            "{a{b}",
        ] {
            assert!(pieces(text).is_err(), "{text}");
        }
    }
}
