//! What is right in a definition and still not likely to be meant.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Admin;
use crate::audience::{Definition, Known, lint};
use crate::document::{Mistakes, Node};
use crate::ingest::Event;
use crate::keys::{AccountNo, JournalSeq};
use crate::pipeline::catalog::Account;
use crate::pipeline::journal::{Entry, Unpacked};
use crate::store::{Reader, StoreError};

/// How many of the newest journal rows are looked through for names of events.
const ROWS_READ: u32 = 64;
/// How many names are enough.
const NAMES_MAX: usize = 2_000;

/// Warnings about an audience that was sent.
pub(super) async fn warnings(admin: &Admin, account: &Account, written: &Node) -> Vec<Value> {
    let Some(definition) = Definition::read(written, &mut Mistakes::default()) else {
        return Vec::new();
    };
    let no = account.stored.no;
    let events = admin.read(move |reader| event_names(reader, no)).await;
    let known = Known {
        // Who cannot look says nothing about events.
        events: events.unwrap_or_default(),
        lists: Some(
            account
                .stored
                .lists
                .iter()
                .map(|one| one.id.clone())
                .collect(),
        ),
    };
    let found = lint(&definition, &known).into_iter();
    let shown = found.map(|one| {
        json!({
            "line": one.place.line,
            "column": one.place.column,
            "message": one.message,
        })
    });
    shown.collect()
}

/// The names of events that came lately.
fn event_names(reader: &dyn Reader, account: AccountNo) -> Result<BTreeSet<String>, StoreError> {
    let mut names = BTreeSet::new();
    let newest = JournalSeq(i64::MAX as u64);
    for row in reader.journal_before(newest, ROWS_READ)? {
        let unpacked = Unpacked::new(&row.body)?;
        for entry in unpacked.entries()? {
            if let Entry::Event {
                account: of, event, ..
            } = entry
                && of == account
                && let Ok((event, _)) = Event::decode(event)
                && !names.contains(event.name)
            {
                names.insert(event.name.to_owned());
            }
        }
        if names.len() >= NAMES_MAX {
            break;
        }
    }
    Ok(names)
}
