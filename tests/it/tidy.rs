//! House rules that no compiler checks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Past this many lines there are usually two ideas in a file.
const LINES_MAX: usize = 400;

/// The stages of the proxy in the order in which an event passes them. Each may use those before
/// it; `store` stands under all of them and uses none.
const STAGES: [&str; 12] = [
    "document",
    "config",
    "ingest",
    "tracker",
    "store",
    "profile",
    "audience",
    "activation",
    "delivery",
    "pipeline",
    "admin",
    "app",
];

/// What the order forbids and is right all the same, each with its reason.
const EXCEPTIONS: [(&str, &str); 3] = [
    // The file holds definitions, and each stage reads its own.
    ("config", "audience"),
    ("config", "activation"),
    ("config", "delivery"),
];

/// The only files outside tests that ask the machine what time it is.
const CLOCKS: [&str; 4] = [
    // It plays a sender of webhooks once.
    "examples/full-loop/src/shop.rs",
    "receiver/src/clock.rs",
    "sdk/src/clock.rs",
    "tracker-proxy/src/clock.rs",
];

#[derive(Debug)]
struct Source {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("the package is in the workspace").to_owned()
}

/// Every file of ours, by its path from the workspace's root.
fn files() -> Vec<PathBuf> {
    let (root, mut found) = (root(), Vec::new());
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("our folders can be read") {
            let path = entry.expect("our folders can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if ["target", ".git", "segue-data", "node_modules"].contains(&&*name) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let path = path.strip_prefix(&root).expect("it is under the root");
                found.push(path.to_owned());
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<Source> {
    let rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let read = |path: PathBuf| Source {
        text: fs::read_to_string(root().join(&path)).expect("sources are text"),
        path: path.to_string_lossy().replace('\\', "/"),
    };
    files().into_iter().filter(rust).map(read).collect()
}

impl Source {
    /// Whether the whole file is about testing.
    fn is_test(&self) -> bool {
        let parts = ["tests", "tests.rs", "testing.rs", "benches"];
        self.path.split('/').any(|part| parts.contains(&part))
    }

    /// The lines before the tests in the same file, comments left out, each with its number.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().map(str::trim);
        let lines = lines.take_while(|line| *line != "#[cfg(test)]");
        let numbered = (1..).zip(lines);
        numbered.filter(|(_, line)| !line.starts_with("//"))
    }
}

fn assert_none(broken: &[String], rule: &str) {
    let list = broken.join("\n  ");
    assert!(broken.is_empty(), "{rule}:\n  {list}");
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|source| source.text.lines().count() > LINES_MAX)
        .map(|source| format!("{} has {}", source.path, source.text.lines().count()))
        .collect();
    assert_none(&long, "a file has at most 400 lines");
}

/// The stages that a line of a source names.
fn named_stages(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").filter_map(|(at, found)| {
        let rest = &line[at + found.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        Some(&rest[..end.unwrap_or(rest.len())]).filter(|name| !name.is_empty())
    })
}

#[test]
fn no_stage_knows_a_later_one() {
    let place = |stage: &str| STAGES.iter().position(|one| *one == stage);
    let mut broken = Vec::new();
    for source in sources() {
        let Some(rest) = source.path.strip_prefix("tracker-proxy/src/") else {
            continue;
        };
        let stage = rest.split(['/', '.']).next().unwrap_or_default();
        let Some(own) = place(stage).filter(|_| !source.is_test()) else {
            continue;
        };
        for (number, line) in source.code() {
            for used in named_stages(line) {
                let later = place(used).is_some_and(|used| used > own);
                let from_store = stage == "store" && used != "store" && place(used).is_some();
                if (later || from_store) && !EXCEPTIONS.contains(&(stage, used)) {
                    broken.push(format!("{}:{number}: {stage} uses {used}", source.path));
                }
            }
        }
    }
    assert_none(&broken, "a stage knows those before it and none after it");
}

#[test]
fn every_folder_of_the_proxy_is_a_known_stage() {
    let beside = ["cli"];
    let folders: BTreeSet<String> = sources()
        .iter()
        .filter_map(|source| {
            source
                .path
                .strip_prefix("tracker-proxy/src/")?
                .split_once('/')
        })
        .map(|(folder, _)| folder.to_owned())
        .collect();
    for folder in folders {
        let known = STAGES.contains(&folder.as_str()) || beside.contains(&folder.as_str());
        assert!(known, "{folder} has no place in the order of stages");
    }
}

#[test]
fn nothing_is_left_to_do() {
    // Written in two pieces, so that this file does not find itself.
    let unfinished = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("todo", "!("),
        concat!("dbg", "!("),
        concat!("unimplemented", "!("),
    ];
    let mut broken = Vec::new();
    for source in sources() {
        for (number, line) in (1..).zip(source.text.lines()) {
            if unfinished.iter().any(|word| line.contains(word)) {
                broken.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    assert_none(&broken, "what is unfinished is an issue, not a remark");
}

#[test]
fn nothing_unwraps_outside_tests() {
    let word = concat!(".unw", "rap()");
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        for (number, line) in source.code() {
            if line.contains(word) {
                broken.push(format!("{}:{number}: {line}", source.path));
            }
        }
    }
    assert_none(&broken, "`expect` says why it cannot fail");
}

#[test]
fn only_clocks_read_the_clock() {
    let words = [
        concat!("SystemTime", "::now"),
        concat!("Timestamp", "::now"),
    ];
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        for (number, line) in source.code() {
            let reads = words.iter().any(|word| line.contains(word));
            if reads && !CLOCKS.contains(&source.path.as_str()) {
                broken.push(format!("{}:{number}: {line}", source.path));
            }
        }
    }
    assert_none(&broken, "time is an argument");
}

#[test]
fn every_fixture_is_used() {
    let sources = sources();
    let mut unused = Vec::new();
    for path in files() {
        let in_fixtures = path.iter().any(|part| part == "fixtures");
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let used = || sources.iter().any(|source| source.text.contains(&*name));
        if in_fixtures && !used() {
            unused.push(path.display().to_string());
        }
    }
    assert_none(&unused, "a fixture that no source names proves nothing");
}

#[test]
fn no_path_of_somebodys_machine_is_in_the_tree() {
    let machines = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/Use", "rs/"),
        concat!("/tm", "p/"),
        concat!("/wo", "rk/"),
        concat!("C:", "\\"),
    ];
    let mut broken = Vec::new();
    for path in files() {
        // What is no text has no lines to look at.
        let Ok(text) = fs::read_to_string(root().join(&path)) else {
            continue;
        };
        for (number, line) in (1..).zip(text.lines()) {
            if machines.iter().any(|start| line.contains(start)) {
                broken.push(format!("{}:{number}: {}", path.display(), line.trim()));
            }
        }
    }
    assert_none(&broken, "a path that is on one machine only");
}
