//! Streams people from a file to a CDP, first as a draft, then live.
//!
//! `SEGUE_STREAM_ID=… cargo run -p stream-user-data -- --account 12345 --draft people.ndjson`
//!
//! An upload that fails goes on where it stopped when it is run again.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{ArgGroup, Parser};
use indicatif::{ProgressBar, ProgressStyle};
use segue_sdk::Client;
use segue_sdk::user_data::{Mode, Row, UploadReport, csv, ndjson};

/// Streams people from an NDJSON or CSV file to a CDP.
#[derive(Parser)]
#[command(group(ArgGroup::new("mode").required(true)))]
struct Options {
    /// The file: .csv, or one JSON object in each line.
    file: PathBuf,
    /// Have the data checked; nothing changes.
    #[arg(long, group = "mode")]
    draft: bool,
    /// Have the data taken over.
    #[arg(long, group = "mode")]
    no_draft: bool,
    /// Where the data goes.
    #[arg(long, env = "SEGUE_URL", default_value = "http://127.0.0.1:8090")]
    url: String,
    /// The account whose stream it is.
    #[arg(long, env = "SEGUE_ACCOUNT")]
    account: String,
    /// The id of the stream, a secret: better in the environment than here.
    #[arg(long, env = "SEGUE_STREAM_ID", hide_env_values = true)]
    stream_id: String,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let mode = match options.draft {
        true => Mode::Draft,
        false => Mode::Live,
    };
    let report = upload(&options, mode)?;
    for rejected in &report.rejections {
        let code = rejected.code.as_str();
        eprintln!("row {}: {code}: {}", rejected.row, rejected.reason);
    }
    eprintln!("{}: {report}", mode.as_str());
    ensure!(report.progress.rejected == 0, "some rows were rejected");
    Ok(())
}

fn upload(options: &Options, mode: Mode) -> anyhow::Result<UploadReport> {
    // User data alone needs no write key.
    let client = Client::builder(&options.url, "unused")
        .user_data(options.account.as_str(), options.stream_id.as_str())
        .build()?;
    let bar = progress_bar(count_rows(&options.file)?)?;
    let report = client
        .stream_user_rows(rows(&options.file)?, mode)
        .checkpoint(checkpoint(&options.file, mode))
        .on_progress(|progress| bar.set_position(progress.rows))
        .send_blocking();
    bar.finish_and_clear();
    report.context("the upload stopped; run it again to go on behind what was acknowledged")
}

type Rows = Box<dyn Iterator<Item = Row>>;

fn rows(path: &Path) -> anyhow::Result<Rows> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(match is_csv(path) {
        true => Box::new(csv(file)),
        false => Box::new(ndjson(BufReader::new(file))),
    })
}

fn is_csv(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

/// Lines with something in them, without the header: what the bar goes up to.
fn count_rows(path: &Path) -> anyhow::Result<u64> {
    let mut file = BufReader::new(File::open(path)?);
    let (mut rows, mut line) = (0, Vec::new());
    while file.read_until(b'\n', &mut line)? > 0 {
        rows += u64::from(!line.trim_ascii().is_empty());
        line.clear();
    }
    Ok(rows - u64::from(is_csv(path) && rows > 0))
}

/// On a terminal a bar with rate and time left, elsewhere nothing.
fn progress_bar(rows: u64) -> anyhow::Result<ProgressBar> {
    let style = "{bar:30} {pos}/{len} rows, {per_sec}, {eta} left";
    Ok(ProgressBar::new(rows).with_style(ProgressStyle::with_template(style)?))
}

/// Draft and live have each their own place to go on from.
fn checkpoint(file: &Path, mode: Mode) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.checkpoint", mode.as_str()));
    file.with_file_name(name)
}
