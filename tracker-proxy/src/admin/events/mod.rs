//! The newest events: everybody's from the journal, a person's from their history.

mod past;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::value::RawValue;

use self::past::Arrival;
use super::Admin;
use super::auth::Caller;
use super::problem::Problem;
use super::query::{Params, cursor};
use crate::ingest::Event;
use crate::keys::{AccountNo, JournalSeq};
use crate::pipeline::journal::{Entry, Unpacked};
use crate::store::{JournalRow, Reader, StoreError};

/// Mark the cursors of both lists.
const JOURNAL: u8 = b'j';
const HISTORY: u8 = b'h';
/// How many journal rows are read at once.
const ROWS_READ: u32 = 32;
/// How much of the journal one page looks through, in bytes: an account that sends little among
/// others that send much gets a short page and a cursor.
const PAGE_BYTES_READ_MAX: usize = 64 << 20;

/// A page of events.
#[derive(Debug, Default, Serialize)]
pub(super) struct Page {
    events: Vec<Shown>,
    next_cursor: Option<String>,
}

/// An event as it is answered.
#[derive(Debug, Serialize)]
struct Shown {
    message_id: String,
    r#type: &'static str,
    event: String,
    user_id: Option<String>,
    anonymous_id: Option<String>,
    timestamp: String,
    received_at: String,
    properties: Option<Box<RawValue>>,
    traits: Option<Box<RawValue>>,
    context: Option<Box<RawValue>>,
    /// A user id that nobody has vouched for.
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed_user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consents: Option<Box<RawValue>>,
    /// What the sender said, where it lay in the future.
    #[serde(skip_serializing_if = "Option::is_none")]
    stated_timestamp: Option<String>,
}

impl Shown {
    fn of(event: &Event<'_>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        // Ingest took nothing that is not JSON.
        let raw = |text: Option<&str>| RawValue::from_string(text?.to_owned()).ok();
        Self {
            message_id: event.message_id.to_owned(),
            r#type: event.kind.as_str(),
            event: event.name.to_owned(),
            user_id: owned(event.user_id),
            anonymous_id: owned(event.anonymous_id),
            timestamp: event.time.to_rfc3339(),
            received_at: event.received.to_rfc3339(),
            properties: raw(event.properties),
            traits: raw(event.traits),
            context: raw(event.context),
            claimed_user_id: owned(event.claimed_user_id),
            previous_id: owned(event.previous_id),
            group_id: owned(event.group_id),
            consents: raw(event.consents),
            stated_timestamp: event.stated_time.map(|at| at.to_rfc3339()),
        }
    }
}

/// `GET /admin/v1/events`
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    mut params: Params,
) -> Result<Json<Page>, Problem> {
    let limit = params.limit(admin.state.bounds.page_entries_max)? as usize;
    let page = match params.person()? {
        Some((kind, id)) => {
            let before = params
                .cursor(HISTORY)?
                .map_or(Arrival::END, Arrival::decode);
            params.finish()?;
            let found = admin.read_with(
                move |pipeline| pipeline.past(caller.account, kind, &id),
                move |found| match found {
                    Some((_, past)) => past::newest(&past, before, limit),
                    None => Ok(Page::default()),
                },
            );
            found.await?
        }
        None => {
            let before = params
                .cursor(JOURNAL)?
                .map_or(Position::END, Position::decode);
            params.finish()?;
            let read = move |reader: &dyn Reader| newest(reader, caller.account, before, limit);
            admin.read(read).await?
        }
    };
    Ok(Json(page))
}

/// A place in the journal: a row, and an entry in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    row: u64,
    entry: u32,
}

impl Position {
    /// Behind every row that a store can number.
    const END: Self = Self {
        row: i64::MAX as u64 - 1,
        entry: u32::MAX,
    };

    fn decode(bytes: [u8; 12]) -> Self {
        let (row, entry) = bytes.split_at(8);
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        Self {
            row: number(row).min(Self::END.row),
            entry: u32::try_from(number(entry)).unwrap_or(u32::MAX),
        }
    }

    fn encode(self) -> String {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&self.row.to_be_bytes());
        bytes[8..].copy_from_slice(&self.entry.to_be_bytes());
        cursor(JOURNAL, &bytes)
    }
}

/// The newest events of an account before a place in the journal.
fn newest(
    reader: &dyn Reader,
    account: AccountNo,
    before: Position,
    limit: usize,
) -> Result<Page, StoreError> {
    let mut events = Vec::new();
    // The row of the cursor may have more before it.
    let (mut before_row, mut bytes_read) = (before.row + 1, 0);
    let next = loop {
        let rows = reader.journal_before(JournalSeq(before_row), ROWS_READ)?;
        let Some(last) = rows.last() else {
            break None;
        };
        before_row = last.seq.0;
        bytes_read += rows.iter().map(|row| row.body.len()).sum::<usize>();
        let mut full = None;
        for row in &rows {
            full = full.or(take(row, account, before, limit, &mut events)?);
        }
        if full.is_some() {
            break full;
        }
        if bytes_read > PAGE_BYTES_READ_MAX {
            break Some(Position {
                row: before_row,
                entry: 0,
            });
        }
    };
    Ok(Page {
        events,
        next_cursor: next.map(Position::encode),
    })
}

/// Takes the events of a row, newest first; says where it stopped once there are enough.
fn take(
    row: &JournalRow,
    account: AccountNo,
    before: Position,
    limit: usize,
    events: &mut Vec<Shown>,
) -> Result<Option<Position>, StoreError> {
    if events.len() >= limit {
        return Ok(None);
    }
    let unpacked = Unpacked::new(&row.body)?;
    for (n, entry) in unpacked.entries()?.iter().enumerate().rev() {
        let place = Position {
            row: row.seq.0,
            entry: u32::try_from(n).unwrap_or(u32::MAX),
        };
        match *entry {
            Entry::Event {
                account: whose,
                event,
                ..
            } if whose == account && place < before => {
                let (event, _) =
                    Event::decode(event).map_err(|error| StoreError::Damaged(error.to_string()))?;
                events.push(Shown::of(&event));
            }
            _ => continue,
        }
        if events.len() >= limit {
            return Ok(Some(place));
        }
    }
    Ok(None)
}
