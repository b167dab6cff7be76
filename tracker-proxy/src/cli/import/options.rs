//! What an import is told.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::mapping::Assignment;

/// Rows are events or profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Each row is something that somebody did
    Events,
    /// Each row is what is known of a person
    Profiles,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated, with a first row of names
    Csv,
    /// A JSON object per line
    Ndjson,
}

/// The arguments of `import`. The write key comes from `SEGUE_WRITE_KEY`, where no list of
/// processes shows it.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct ImportOptions {
    /// What the rows are
    #[arg(value_enum)]
    pub what: What,
    /// The file
    pub file: PathBuf,
    /// Where the proxy answers; the write key is taken from `SEGUE_WRITE_KEY`
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8090")]
    pub url: String,
    /// How the file is written [default: by its name]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// What stands between the cells of a CSV file
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = delimiter)]
    pub delimiter: u8,
    /// What a column is: userId, anonymousId, event, timestamp, messageId, properties.NAME,
    /// traits.NAME, context.NAME, or - to leave it out; TYPE is text, number, integer, boolean or
    /// json. Other columns become properties or traits under their own names
    #[arg(
        long = "map",
        value_name = "TARGET=COLUMN[:TYPE]",
        allow_hyphen_values = true
    )]
    pub assignments: Vec<Assignment>,
    /// The name of events whose row has none
    #[arg(long, value_name = "NAME")]
    pub event: Option<String>,
    /// Where refused rows go [default: FILE.rejected]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Where the progress is kept, from which a later call goes on [default: FILE.progress]
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Check all rows, send none
    #[arg(long)]
    pub dry_run: bool,
}

impl ImportOptions {
    /// How the file is written, by word or by name.
    pub(super) fn format(&self) -> Option<Format> {
        let by_name = || match self.file.extension()?.to_str()? {
            "csv" | "tsv" => Some(Format::Csv),
            "ndjson" | "jsonl" | "json" => Some(Format::Ndjson),
            _ => None,
        };
        self.format.or_else(by_name)
    }

    pub(super) fn rejects_path(&self) -> PathBuf {
        let beside = || beside(&self.file, ".rejected");
        self.rejects.clone().unwrap_or_else(beside)
    }

    pub(super) fn checkpoint_path(&self) -> PathBuf {
        let beside = || beside(&self.file, ".progress");
        self.checkpoint.clone().unwrap_or_else(beside)
    }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    name.into()
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        b"\\t" | b"tab" => Ok(b'\t'),
        _ => Err("a delimiter is one ASCII character, or `tab`".to_owned()),
    }
}
