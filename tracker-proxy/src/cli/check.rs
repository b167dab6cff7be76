//! `check FILE…`: every mistake with its place, or what there is and how exact it is.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::{exit, report};
use crate::audience::{AudienceSet, Definition, Known, Numbering, lint};
use crate::config::env::Environment;
use crate::config::{Config, ConfigError, FileDefinitions, count};
use crate::document::{Mistakes, Node, parse};
use crate::keys::CatalogVersion;

/// Checks files and returns the exit code. A file is a configuration, an audience, or a list of
/// audiences.
///
/// # Errors
///
/// Those of `out`.
pub fn check(
    files: &[PathBuf],
    environment: Environment<'_>,
    out: &mut impl Write,
) -> io::Result<u8> {
    let mut code = exit::FINE;
    for file in files {
        let checked = match audiences_of(file) {
            Some(node) => check_audiences(file, &node, out),
            None => check_configuration(file, environment, out),
        };
        if let Err(error) = checked? {
            report(&error, out)?;
            code = exit::BAD_CONFIGURATION;
        }
    }
    Ok(code)
}

/// The document, if it is an audience or a list of them.
fn audiences_of(file: &Path) -> Option<Node> {
    let node = parse(&std::fs::read_to_string(file).ok()?).ok()?;
    let first = node.as_list().and_then(<[Node]>::first).unwrap_or(&node);
    first.get("when").is_some().then_some(node)
}

type Checked = io::Result<Result<(), ConfigError>>;

fn check_audiences(file: &Path, node: &Node, out: &mut impl Write) -> Checked {
    let mut mistakes = Mistakes::default();
    let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
    let read = nodes
        .iter()
        .filter_map(|node| Definition::read(node, &mut mistakes));
    let definitions: Vec<Definition> = read.collect();
    if !mistakes.is_empty() {
        return Ok(Err(ConfigError::Mistakes {
            path: file.to_owned(),
            mistakes: mistakes.into_sorted(),
        }));
    }
    let number = count(definitions.len(), "audience");
    explain(file, &definitions, &TimeZone::UTC, &number, out)
}

fn check_configuration(file: &Path, environment: Environment<'_>, out: &mut impl Write) -> Checked {
    let config = match Config::load(file, environment) {
        Ok(config) => config,
        Err(error) => return Ok(Err(error)),
    };
    writeln!(out, "{}: {}", file.display(), summary(&config))?;
    for account in &config.accounts {
        let audiences = account.definitions.audiences.iter();
        let definitions: Vec<Definition> = audiences.map(|one| one.checked.clone()).collect();
        let heading = format!("account {}", account.id);
        if definitions.is_empty() {
            continue;
        }
        if let Err(error) = explain(file, &definitions, &account.time_zone, &heading, out)? {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// Says of each audience how exact its conditions are and what they cost.
fn explain(
    file: &Path,
    definitions: &[Definition],
    zone: &TimeZone,
    heading: &str,
    out: &mut impl Write,
) -> Checked {
    let mut numbering = Numbering::default();
    let set = match AudienceSet::compile(definitions, CatalogVersion(1), &mut numbering, zone) {
        Ok(set) => set,
        Err(mistakes) => {
            let path = file.to_owned();
            return Ok(Err(ConfigError::Mistakes { path, mistakes }));
        }
    };
    let path = file.display();
    writeln!(out, "{path}: {heading}")?;
    for definition in definitions {
        writeln!(out, "  {}", definition.id)?;
        let no = set.by_id(&definition.id);
        for one in no.map(|no| set.exactness(no)).unwrap_or_default() {
            writeln!(out, "    {one}")?;
        }
        for warning in lint(definition, &Known::default()) {
            let (place, message) = (warning.place, warning.message);
            let (line, column) = (place.line, place.column);
            writeln!(out, "{path}:{line}:{column}: warning: {message}")?;
        }
    }
    Ok(Ok(()))
}

fn summary(config: &Config) -> String {
    let number = |of: fn(&FileDefinitions) -> usize| -> usize {
        let accounts = config.accounts.iter();
        accounts.map(|account| of(&account.definitions)).sum()
    };
    [
        count(config.accounts.len(), "account"),
        count(number(|all| all.audiences.len()), "audience"),
        count(number(|all| all.activations.len()), "activation"),
        count(number(|all| all.destinations.len()), "destination"),
    ]
    .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> (u8, String) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file.yaml");
        std::fs::write(&file, text).unwrap();
        let mut out = Vec::new();
        let code = check(&[file], &|_| None, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        (
            code,
            text.replace(&format!("{}/", dir.path().display()), ""),
        )
    }

    #[test]
    fn mistakes_are_printed_as_editors_read_them() {
        let (code, text) = checked("listen: nowhere\naccount: []\n");
        assert_eq!(code, exit::BAD_CONFIGURATION);
        assert_eq!(
            text,
            "file.yaml:1:9: `listen` has to be an address with a port such as 127.0.0.1:8090, \
             this is text\n\
             file.yaml:2:1: unknown key `account`; did you mean `accounts`?\n\
             2 mistakes\n"
        );
    }

    #[test]
    fn files_without_mistakes_are_fine() {
        assert_eq!(checked("").0, exit::FINE);
        let (code, text) = checked("accounts: [{id: a}]");
        let expected = "file.yaml: 1 account, 0 audiences, 0 activations, 0 destinations\n";
        assert_eq!((code, text.as_str()), (exit::FINE, expected));
    }

    #[test]
    fn each_condition_says_how_exact_it_is_and_what_it_costs() {
        let (code, text) = checked(
            "id: vip\n\
             when:\n  \
             all:\n    \
             - did: { event: buy, in: 90d, count: { gte: 3 } }\n    \
             - did: { event: buy, in: 90d, sum: { of: amount, gte: 5 } }\n    \
             - did_not: { event: buy, in: 100d }\n",
        );
        assert_eq!(code, exit::FINE);
        assert_eq!(
            text,
            "file.yaml: 1 audience\n  \
             vip\n    \
             did buy in 90d, count gte 3: exact to the millisecond; \
             up to 3 timestamps per profile, 21 bytes at most\n    \
             did buy in 90d, sum of amount gte 5: exact to the day, a window begins with a whole \
             one; up to 92 panes of a day per profile, 2576 bytes at most\n    \
             did buy in 100d: exact to the millisecond; \
             up to 3 timestamps per profile, 21 bytes at most\n\
             file.yaml:6:16: warning: nobody can be in both: this excludes everybody who did \
             buy in 90d, count gte 3\n\
             file.yaml:6:16: warning: nobody can be in both: this excludes everybody who did \
             buy in 90d, sum of amount gte 5\n\
             file.yaml:6:16: warning: people who are new have not done it either: \
             `min_age: 100d` waits until they are known for as long\n"
        );
    }

    #[test]
    fn audiences_that_go_in_circles_are_mistakes() {
        let (code, text) = checked(
            "- { id: a, when: { have: { audience: b } } }\n\
             - { id: b, when: { have: { audience: a } } }\n",
        );
        assert_eq!(code, exit::BAD_CONFIGURATION);
        assert!(
            text.starts_with("file.yaml:1:3: `a` asks for itself"),
            "{text}"
        );
    }
}
