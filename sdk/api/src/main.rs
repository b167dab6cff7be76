//! Compares the public surface of `segue-sdk` with `sdk/api/public-api.txt`, and looks whether
//! everything in it shows how it is used.
//!
//! `cargo run --manifest-path sdk/api/Cargo.toml` fails where they differ or an example is missing
//! (`examples.rs` says where one is needed); with `--update` it writes the list; `--json FILE` reads
//! a description that rustdoc made before. Rustdoc's JSON is unstable, so the compiler is told to
//! accept unstable options for this one call; with another version of its format than is known
//! here, it says so and ends well.

mod examples;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const FEATURES: &str = "csv,derive,gzip,http,proxy-mode,rustls,spool,testing,tower,user-token";

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let listing = root.join("sdk/api/public-api.txt");
    let mut arguments = std::env::args().skip_while(|argument| argument != "--json");
    let given = arguments.nth(1).map(PathBuf::from);
    let json = match given.map_or_else(|| rustdoc_json(&root), Ok) {
        Ok(json) => json,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::FAILURE;
        }
    };
    let now = match public_api::Builder::from_rustdoc_json(&json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
    {
        Ok(api) => api.to_string(),
        Err(error) => {
            eprintln!("skipped: this compiler's listing cannot be read: {error}");
            return ExitCode::SUCCESS;
        }
    };
    if std::env::args().any(|argument| argument == "--update") {
        std::fs::write(&listing, now).expect("the listing can be written");
        return ExitCode::SUCCESS;
    }
    let before = std::fs::read_to_string(&listing).unwrap_or_default();
    let is_same = compare(&before, &now);
    if show_lacking(&json) && is_same {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether nothing lacks an example.
fn show_lacking(json: &Path) -> bool {
    let text = std::fs::read(json).expect("it was read before");
    let api = serde_json::from_slice(&text).expect("its format is known");
    let lacking = examples::lacking(&api);
    for path in &lacking {
        println!("without an example: {path}");
    }
    lacking.is_empty()
}

/// Whether the surface is what it was.
fn compare(before: &str, now: &str) -> bool {
    let missing = |of: &str, from: &str, sign: char| {
        let there: std::collections::HashSet<&str> = from.lines().collect();
        let lines = of.lines().filter(|line| !there.contains(line));
        lines.map(|line| println!("{sign} {line}")).count()
    };
    let differences = missing(before, now, '-') + missing(now, before, '+');
    if differences > 0 {
        println!("the public surface changed; if that is meant, run it again with --update");
    }
    differences == 0
}

/// Lets rustdoc describe the crate; returns the file.
fn rustdoc_json(root: &Path) -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| root.join("target")).join("public-api");
    let status = Command::new("cargo")
        .args([
            "rustdoc",
            "-p",
            "segue-sdk",
            "--lib",
            "--no-default-features",
        ])
        .args(["--features", FEATURES])
        .arg("--manifest-path")
        .arg(root.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .args(["--", "-Zunstable-options", "--output-format", "json"])
        .env("RUSTC_BOOTSTRAP", "1")
        .status();
    match status {
        Ok(status) if status.success() => Ok(target.join("doc/segue_sdk.json")),
        Ok(status) => Err(format!("rustdoc ended with {status}")),
        Err(error) => Err(format!("cargo cannot be run: {error}")),
    }
}
