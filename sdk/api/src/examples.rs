//! Whether everything public shows how it is used.
//!
//! Types, traits, macros, functions and methods need an example: in their own docs, or by their
//! name in the one of their type or module. What a reader does not see (hidden lines, blocks of
//! other languages) is none. Fields, variants, constants, names for other types and what a foreign
//! trait asks for need none. That examples compile is for `cargo test --doc` to say.

use rustdoc_types::{Crate, Id, Item, ItemEnum};

/// The paths of those without an example.
pub fn lacking(api: &Crate) -> Vec<String> {
    let mut walk = Walk {
        api,
        lacking: Vec::new(),
    };
    walk.module("segue_sdk", &api.index[&api.root]);
    walk.lacking
}

struct Walk<'a> {
    api: &'a Crate,
    lacking: Vec<String>,
}

impl<'a> Walk<'a> {
    fn module(&mut self, path: &str, module: &Item) {
        let ItemEnum::Module(content) = &module.inner else {
            return;
        };
        let around = code(module.docs.as_deref());
        for item in self.items(&content.items) {
            let name = item.name.as_deref().unwrap_or_default();
            match &item.inner {
                ItemEnum::Module(_) => self.module(&format!("{path}::{name}"), item),
                ItemEnum::Use(import) => {
                    let target = import.id.and_then(|id| self.api.index.get(&id));
                    let own = code(item.docs.as_deref());
                    // What comes from another crate is shown where it is handed on.
                    let target = target.unwrap_or(item);
                    self.named(&format!("{path}::{}", import.name), target, &(own + &around));
                }
                _ => self.named(&format!("{path}::{name}"), item, &around),
            }
        }
    }

    /// One item and what belongs to it; `around` are the examples of its module.
    fn named(&mut self, path: &str, item: &Item, around: &str) {
        let own = code(item.docs.as_deref());
        let name = path.rsplit("::").next().unwrap_or_default();
        let members = match &item.inner {
            ItemEnum::Struct(of) => self.methods(&of.impls),
            ItemEnum::Enum(of) => self.methods(&of.impls),
            ItemEnum::Union(of) => self.methods(&of.impls),
            ItemEnum::Trait(of) => of.items.clone(),
            ItemEnum::Function(_) | ItemEnum::Macro(_) | ItemEnum::ProcMacro(_) => Vec::new(),
            ItemEnum::Use(_) => Vec::new(),
            _ => return,
        };
        if own.is_empty() && words(around, name).next().is_none() {
            self.lacking.push(path.to_owned());
        }
        let around = own + around;
        for member in self.items(&members) {
            let name = member.name.as_deref().unwrap_or_default();
            let is_method = matches!(member.inner, ItemEnum::Function(_));
            let shows_itself = !code(member.docs.as_deref()).is_empty();
            if is_method && !shows_itself && !calls(&around, name) {
                self.lacking.push(format!("{path}::{name}"));
            }
        }
    }

    /// What the impls that are not of a trait hold.
    fn methods(&self, impls: &[Id]) -> Vec<Id> {
        let inherent = self.items(impls).into_iter().filter_map(|item| match &item.inner {
            ItemEnum::Impl(of) if of.trait_.is_none() => Some(of.items.clone()),
            _ => None,
        });
        inherent.flatten().collect()
    }

    fn items(&self, ids: &[Id]) -> Vec<&'a Item> {
        ids.iter().filter_map(|id| self.api.index.get(id)).collect()
    }
}

/// The lines of all examples in some docs that a reader sees.
fn code(docs: Option<&str>) -> String {
    let mut lines = String::new();
    let mut fence: Option<bool> = None;
    for line in docs.unwrap_or_default().lines() {
        let line = line.trim_start();
        match (line.strip_prefix("```"), fence) {
            (Some(_), Some(_)) => fence = None,
            (Some(info), None) => fence = Some(is_example(info)),
            (None, Some(true)) if line != "#" && !line.starts_with("# ") => {
                lines.push_str(line);
                lines.push('\n');
            }
            _ => {}
        }
    }
    lines
}

/// Whether a block is compiled, and meant to.
fn is_example(info: &str) -> bool {
    let mut words = info.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.all(|word| ["rust", "no_run", "should_panic"].contains(&word))
}

/// What follows each whole word `name` in the text.
fn words<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = &'t str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).filter_map(move |(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let is_whole = !before.ends_with(is_part) && !after.starts_with(is_part);
        is_whole.then_some(after)
    })
}

fn calls(text: &str, name: &str) -> bool {
    words(text, name).any(|after| after.starts_with('(') || after.starts_with("::<"))
}
