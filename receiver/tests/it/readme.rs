//! The README is the crate's guide, for readers outside of rustdoc.

use std::fs;
use std::path::PathBuf;

/// The guide without what only rustdoc understands: hidden lines, and links to items.
fn from_guide() -> String {
    let guide = include_str!("../../src/guide.md");
    let intro = "# segue-receiver\n\n\
                 *This is the crate's guide (`src/guide.md`), as its documentation shows it.*\n\n";
    let mut text = intro.to_owned();
    let mut in_code = false;
    for line in guide.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
            text.push_str(if in_code && line == "```" {
                "```rust"
            } else {
                line
            });
        } else if in_code {
            if line == "#" || line.starts_with("# ") {
                continue;
            }
            text.push_str(line);
        } else {
            text.push_str(&without_item_links(&deeper(line)));
        }
        text.push('\n');
    }
    text
}

/// A chapter of the guide is a section of the README.
fn deeper(line: &str) -> String {
    if line.starts_with('#') {
        format!("#{line}")
    } else {
        line.to_owned()
    }
}

/// `[text](Item)` and `[text]` become their text; addresses stay links.
fn without_item_links(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, link)) = rest.split_once('[') {
        let Some((label, behind)) = link.split_once(']') else {
            break;
        };
        text.push_str(before);
        let target = behind
            .strip_prefix('(')
            .and_then(|target| target.split_once(')'));
        match target {
            Some((address, _)) if address.starts_with("http") => {
                text.push_str(&format!("[{label}]"));
                rest = behind;
            }
            Some((_, after)) => {
                text.push_str(label);
                rest = after;
            }
            None => {
                text.push_str(label);
                rest = behind;
            }
        }
    }
    text + rest
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever runs the test decides")]
fn the_readme_is_the_guide() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let expected = from_guide();
    if std::env::var("UPDATE_GOLDEN").is_ok() {
        fs::write(&path, &expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap();
    assert!(
        found == expected,
        "README.md is out of date: run with UPDATE_GOLDEN=1"
    );
}
