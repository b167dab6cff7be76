//! The environment: the only file that reads it.
//!
//! `${NAME}` and `${NAME:-default}` are replaced inside scalar texts *after* the document has
//! been parsed, and the result counts as quoted. So a secret such as `00123`, `a: b` or `null`
//! stays the text that it is and can never change the shape of the document.

use crate::document::{Mistakes, Node, NodeKind};

/// Looks a variable up. Tests hand in a closure, the binary hands in [`process`].
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process.
#[must_use]
pub fn process(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the environment"
    )]
    std::env::var(name).ok()
}

/// The same tree with every variable replaced. `$${` stands for a literal `${`.
///
/// A text with a mistake in it stays as it was written.
#[must_use]
pub fn substitute(node: &Node, environment: Environment<'_>, mistakes: &mut Mistakes) -> Node {
    let kind = match &node.kind {
        NodeKind::Scalar { text, plain } => match expand(text, environment) {
            Ok(None) => NodeKind::Scalar {
                text: text.clone(),
                plain: *plain,
            },
            Ok(Some(text)) => NodeKind::Scalar { text, plain: false },
            Err(problems) => {
                for problem in problems {
                    mistakes.add(node.place, problem);
                }
                NodeKind::Scalar {
                    text: text.clone(),
                    plain: false,
                }
            }
        },
        NodeKind::List(items) => NodeKind::List(
            items
                .iter()
                .map(|item| substitute(item, environment, mistakes))
                .collect(),
        ),
        NodeKind::Map(entries) => NodeKind::Map(
            entries
                .iter()
                .map(|(key, place, value)| {
                    let value = substitute(value, environment, mistakes);
                    (key.clone(), *place, value)
                })
                .collect(),
        ),
    };
    Node {
        place: node.place,
        kind,
    }
}

/// `None` where there was nothing to replace; every problem of the text otherwise.
fn expand(text: &str, environment: Environment<'_>) -> Result<Option<String>, Vec<String>> {
    if !text.contains("${") {
        return Ok(None);
    }
    let mut out = String::with_capacity(text.len());
    let mut problems = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = &from[2..];
            continue;
        }
        out.push_str(before);
        let Some(end) = from.find('}') else {
            problems.push("`${` has no closing brace; write `$${` for a literal `${`".to_owned());
            return Err(problems);
        };
        match variable(&from[2..end], environment) {
            Ok(value) => out.push_str(&value),
            Err(problem) => problems.push(problem),
        }
        rest = &from[end + 1..];
    }
    out.push_str(rest);
    if problems.is_empty() {
        Ok(Some(out))
    } else {
        Err(problems)
    }
}

/// The value of what stands between the braces: `NAME` or `NAME:-default`.
fn variable(inside: &str, environment: Environment<'_>) -> Result<String, String> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err(format!(
            "`{name}` is no name of an environment variable; write `$${{` for a literal `${{`"
        ));
    }
    if default.is_some_and(|default| default.contains("${")) {
        return Err(format!(
            "the default of `{name}` cannot hold another variable"
        ));
    }
    // As in a shell, the default stands in for a variable that is set to nothing, too.
    let value = environment(name).filter(|value| default.is_none() || !value.is_empty());
    value
        .or_else(|| default.map(str::to_owned))
        .ok_or_else(|| format!("the environment variable `{name}` is not set"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Mistake, Place, parse};

    fn environment(name: &str) -> Option<String> {
        let value = match name {
            "ZIP" => "00123",
            "TRICKY" => "a: b",
            "NULL" => "null",
            "TRUTH" => "true",
            "MARKUP" => "\"}, {\"x\": [\n- y",
            "NESTED" => "${ZIP}",
            "EMPTY" => "",
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn substituted(text: &str) -> (Node, Vec<Mistake>) {
        let mut mistakes = Mistakes::default();
        let node = substitute(&parse(text).unwrap(), &environment, &mut mistakes);
        (node, mistakes.into_sorted())
    }

    #[test]
    fn a_value_stays_the_text_that_it_is() {
        for (written, read) in [
            ("${ZIP}", "00123"),
            ("${TRICKY}", "a: b"),
            ("${NULL}", "null"),
            ("${TRUTH}", "true"),
            ("${EMPTY}", ""),
            ("${NESTED}", "${ZIP}"),
            ("${MARKUP}", "\"}, {\"x\": [\n- y"),
            ("x-${ZIP}-${TRICKY}", "x-00123-a: b"),
        ] {
            let (node, mistakes) = substituted(&format!("key: {written}"));
            let value = node.get("key").unwrap();
            assert_eq!(value.to_json(), serde_json::json!(read), "{written}");
            assert_eq!(mistakes, []);
        }
    }

    #[test]
    fn a_default_stands_in_for_what_is_unset_or_empty() {
        for (written, read) in [
            ("${NO:-value}", "value"),
            ("${NO:-}", ""),
            ("${EMPTY:-value}", "value"),
            ("${ZIP:-value}", "00123"),
            ("${NO:-http://x:80/-}", "http://x:80/-"),
        ] {
            let (node, mistakes) = substituted(&format!("- '{written}'"));
            assert_eq!(
                node.as_list().unwrap()[0].as_text(),
                Some(read),
                "{written}"
            );
            assert_eq!(mistakes, []);
        }
    }

    #[test]
    fn two_dollars_escape() {
        for (written, read) in [
            ("$${ZIP}", "${ZIP}"),
            ("$${", "${"),
            ("$${ZIP} ${ZIP}", "${ZIP} 00123"),
            ("$ZIP $$ {ZIP}", "$ZIP $$ {ZIP}"),
        ] {
            let (node, mistakes) = substituted(&format!("- '{written}'"));
            assert_eq!(
                node.as_list().unwrap()[0].as_text(),
                Some(read),
                "{written}"
            );
            assert_eq!(mistakes, []);
        }
    }

    #[test]
    fn what_is_not_mentioned_stays_as_written() {
        let (node, _) = substituted("number: 5\ntruth: true\nquoted: \"5\"\n");
        assert_eq!(
            node.to_json(),
            serde_json::json!({"number": 5, "truth": true, "quoted": "5"})
        );
    }

    #[test]
    fn every_unset_variable_is_told_with_its_place() {
        let (node, mistakes) = substituted("a: ${NO}\nb:\n  - x\n  - ${NO_TWO} and ${NO_THREE}\n");
        let places: Vec<_> = mistakes.iter().map(|mistake| mistake.place).collect();
        let listed = Place { line: 4, column: 5 };
        assert_eq!(places, [Place { line: 1, column: 4 }, listed, listed]);
        assert!(mistakes[0].message.contains("`NO` is not set"));
        assert_eq!(node.get("a").unwrap().as_text(), Some("${NO}"));
    }

    #[test]
    fn malformed_variables_are_mistakes() {
        for written in [
            "${",
            "${}",
            "${1A}",
            "${A B}",
            "${ZIP",
            "${NO:-${ZIP}}",
            "${email:last}",
        ] {
            let (_, mistakes) = substituted(&format!("- '{written}'"));
            assert_eq!(mistakes.len(), 1, "{written}");
        }
    }
}
