//! The command line: which command, and what it prints.

mod check;
mod import;
mod welcome;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

pub use check::check;
pub use import::{Format, ImportOptions, What, import};
pub use welcome::welcome;

use crate::config::env::Environment;
use crate::config::{Config, ConfigError, count};

/// The file that `serve` reads when it is there and no other is named.
pub const DEFAULT_FILE: &str = "segue.yaml";

/// Exit codes. Wrong usage is 2, as the argument parser has it.
pub mod exit {
    /// It worked.
    pub const FINE: u8 = 0;
    /// It did not work.
    pub const FAILED: u8 = 1;
    /// The configuration has mistakes.
    pub const BAD_CONFIGURATION: u8 = 64;
    /// An import is complete, without some rows.
    pub const ROWS_REJECTED: u8 = 65;
}

#[derive(Debug, Parser)]
#[command(
    name = "tracker-proxy",
    version,
    args_conflicts_with_subcommands = true
)]
#[command(about = "Takes events, keeps profiles, matches audiences, sends activations")]
struct Arguments {
    #[command(flatten)]
    serve: ServeArguments,
    #[command(subcommand)]
    command: Option<CommandArguments>,
}

#[derive(Debug, clap::Args)]
struct ServeArguments {
    /// The configuration file [default: segue.yaml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum CommandArguments {
    /// Takes events and sends activations; this is what happens without a command
    Serve(ServeArguments),
    /// Prints the JSON Schema of an audience, for editors
    Schema,
    /// Says what is wrong with configuration or audience files and how exact their conditions
    /// are, and starts nothing
    Check {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Sends the rows of a file to a running proxy; called again, it goes on where it ended
    Import(ImportOptions),
}

/// What the binary was asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Run.
    Serve {
        /// The file that was named, if one was.
        config: Option<PathBuf>,
    },
    /// Print the JSON Schema of an audience.
    Schema,
    /// Look for mistakes.
    Check {
        /// At least one.
        files: Vec<PathBuf>,
    },
    /// Import a file.
    Import(ImportOptions),
}

impl Command {
    /// Reads the arguments, the name of the program first.
    ///
    /// # Errors
    ///
    /// Wrong usage, and the texts that `--help` and `--version` ask for.
    pub fn read(
        arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        let Arguments { serve, command } = Arguments::try_parse_from(arguments)?;
        Ok(match command.unwrap_or(CommandArguments::Serve(serve)) {
            CommandArguments::Serve(ServeArguments { config }) => Self::Serve { config },
            CommandArguments::Schema => Self::Schema,
            CommandArguments::Check { files } => Self::Check { files },
            CommandArguments::Import(options) => Self::Import(options),
        })
    }
}

/// The configuration to serve with: the file that was named, or the one that is there, or none.
///
/// # Errors
///
/// [`ConfigError`], with every mistake of the file.
pub fn configuration(
    named: Option<&Path>,
    environment: Environment<'_>,
) -> Result<Config, ConfigError> {
    let usual = Path::new(DEFAULT_FILE);
    match named.or_else(|| usual.exists().then_some(usual)) {
        Some(path) => Config::load(path, environment),
        None => Ok(Config::default()),
    }
}

/// Writes each mistake as `FILE:LINE:COLUMN: message`, then how many there are.
///
/// # Errors
///
/// Those of `out`.
pub fn report(error: &ConfigError, out: &mut impl Write) -> io::Result<()> {
    match error {
        ConfigError::Unreadable { path, source } => {
            writeln!(out, "{}: cannot be read: {source}", path.display())
        }
        ConfigError::Mistakes { path, mistakes } => {
            let path = path.display();
            for mistake in mistakes {
                let (place, message) = (mistake.place, &mistake.message);
                writeln!(out, "{path}:{}:{}: {message}", place.line, place.column)?;
            }
            writeln!(out, "{}", count(mistakes.len(), "mistake"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Command, clap::error::ErrorKind> {
        Command::read([&["tracker-proxy"], arguments].concat()).map_err(|error| error.kind())
    }

    fn serve(config: Option<&str>) -> Command {
        Command::Serve {
            config: config.map(PathBuf::from),
        }
    }

    #[test]
    fn serving_needs_no_word() {
        assert_eq!(read(&[]), Ok(serve(None)));
        assert_eq!(read(&["serve"]), Ok(serve(None)));
        assert_eq!(read(&["--config", "a.yaml"]), Ok(serve(Some("a.yaml"))));
        assert_eq!(
            read(&["serve", "--config=a.yaml"]),
            Ok(serve(Some("a.yaml")))
        );
    }

    #[test]
    fn checking_needs_a_file() {
        let files = vec!["a.yaml".into(), "b.yaml".into()];
        assert_eq!(
            read(&["check", "a.yaml", "b.yaml"]),
            Ok(Command::Check { files })
        );
        assert_eq!(read(&["schema"]), Ok(Command::Schema));
        assert!(read(&["check"]).is_err() && read(&["chek"]).is_err());
    }

    #[test]
    fn a_named_file_has_to_be_there() {
        let error = configuration(Some(Path::new("no/such/file.yaml")), &|_| None).unwrap_err();
        let mut out = Vec::new();
        report(&error, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with("no/such/file.yaml: cannot be read: "),
            "{text}"
        );
    }
}
