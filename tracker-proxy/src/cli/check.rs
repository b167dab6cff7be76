//! `check FILE…`: every mistake with its place, or what there is.

use std::io::{self, Write};
use std::path::PathBuf;

use super::{exit, report};
use crate::config::env::Environment;
use crate::config::{Config, FileDefinitions, count};

/// Checks files and returns the exit code.
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
        match Config::load(file, environment) {
            Ok(config) => writeln!(out, "{}: {}", file.display(), summary(&config))?,
            Err(error) => {
                report(&error, out)?;
                code = exit::BAD_CONFIGURATION;
            }
        }
    }
    Ok(code)
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

    #[test]
    fn mistakes_are_printed_as_editors_read_them() {
        let dir = tempfile::tempdir().unwrap();
        let (good, bad) = (dir.path().join("good.yaml"), dir.path().join("bad.yaml"));
        std::fs::write(&good, "accounts: [{id: a}]").unwrap();
        std::fs::write(&bad, "listen: nowhere\naccount: []\n").unwrap();
        let mut out = Vec::new();
        let code = check(&[good.clone(), bad.clone()], &|_| None, &mut out).unwrap();
        assert_eq!(code, exit::BAD_CONFIGURATION);
        let (good, bad) = (good.display(), bad.display());
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!(
                "{good}: 1 account, 0 audiences, 0 activations, 0 destinations\n\
                 {bad}:1:9: `listen` has to be an address with a port such as 127.0.0.1:8090, \
                 this is text\n\
                 {bad}:2:1: unknown key `account`; did you mean `accounts`?\n\
                 2 mistakes\n"
            )
        );
    }

    #[test]
    fn files_without_mistakes_are_fine() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("segue.yaml");
        std::fs::write(&file, "").unwrap();
        assert_eq!(
            check(&[file], &|_| None, &mut Vec::new()).unwrap(),
            exit::FINE
        );
    }
}
