//! Rows from files.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::de::IgnoredAny;

use super::Row;
use crate::limits::USER_DATA_ROW_BYTES_MAX;

/// The people of an NDJSON file: one object in each line. Empty lines are left out.
///
/// ```
/// use segue_sdk::user_data::{Row, ndjson};
///
/// let file = "{\"id\":1}\n\nnonsense\n".as_bytes();
/// let rows: Vec<Row> = ndjson(file).collect();
/// assert_eq!(rows[0], Row::Person(br#"{"id":1}"#.to_vec()));
/// assert!(matches!(&rows[1], Row::Unreadable { code: "invalid_json", .. }));
/// ```
pub fn ndjson(mut file: impl BufRead) -> impl Iterator<Item = Row> {
    let mut is_broken = false;
    std::iter::from_fn(move || {
        while !is_broken {
            match next_line(&mut file) {
                Ok(None) => return None,
                Ok(Some(Line::Whole(line))) if line.trim_ascii().is_empty() => {}
                Ok(Some(Line::Whole(line))) => return Some(person(line.trim_ascii())),
                Ok(Some(Line::TooLong)) => {
                    let reason = format!("a row has at most {USER_DATA_ROW_BYTES_MAX} bytes");
                    return Some(Row::unreadable("too_large", reason));
                }
                Err(error) => {
                    // Nothing behind it can be read either.
                    is_broken = true;
                    return Some(Row::unreadable("unreadable", error.to_string()));
                }
            }
        }
        None
    })
}

enum Line {
    Whole(Vec<u8>),
    TooLong,
}

/// Reads up to the next line break, and keeps no more than a row may have.
fn next_line(file: &mut impl BufRead) -> std::io::Result<Option<Line>> {
    let (mut line, mut too_long, mut read_any) = (Vec::new(), false, false);
    loop {
        let part = file.fill_buf()?;
        if part.is_empty() {
            break;
        }
        read_any = true;
        let end = part.iter().position(|byte| *byte == b'\n');
        let taken = &part[..end.unwrap_or(part.len())];
        too_long |= line.len() + taken.len() > USER_DATA_ROW_BYTES_MAX;
        if !too_long {
            line.extend_from_slice(taken);
        }
        let used = end.map_or(part.len(), |end| end + 1);
        file.consume(used);
        if end.is_some() {
            break;
        }
    }
    let line = match too_long {
        true => Line::TooLong,
        false => Line::Whole(line),
    };
    Ok(read_any.then_some(line))
}

fn person(line: &[u8]) -> Row {
    match serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(line) {
        Ok(_) => Row::Person(line.to_vec()),
        Err(error) => Row::unreadable("invalid_json", error.to_string()),
    }
}

/// The people of a CSV file whose first line names the members.
///
/// Every cell is sent as text; an empty one is left out, and changes nothing.
///
/// ```
/// use segue_sdk::user_data::{Row, csv};
///
/// let file = "id,email\n1,ada@example.com\n2,\n".as_bytes();
/// let rows: Vec<Row> = csv(file).collect();
/// assert_eq!(rows[0], Row::Person(br#"{"email":"ada@example.com","id":"1"}"#.to_vec()));
/// assert_eq!(rows[1], Row::Person(br#"{"id":"2"}"#.to_vec()));
/// ```
#[cfg(feature = "csv")]
pub fn csv(file: impl std::io::Read) -> impl Iterator<Item = Row> {
    ::csv::Reader::from_reader(file)
        .into_deserialize::<BTreeMap<String, String>>()
        .map(|row| match row {
            Ok(mut cells) => {
                cells.retain(|_, cell| !cell.is_empty());
                Row::of(&cells)
            }
            Err(error) => Row::unreadable("invalid_csv", error.to_string()),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_too_long_costs_itself_and_not_those_behind_it() {
        let long = "x".repeat(USER_DATA_ROW_BYTES_MAX + 1);
        let file = format!("{{\"id\":1}}\n{long}\n{{\"id\":2}}");
        let rows: Vec<Row> = ndjson(file.as_bytes()).collect();
        assert_eq!(rows.len(), 3);
        assert!(matches!(
            rows[1],
            Row::Unreadable {
                code: "too_large",
                ..
            }
        ));
        assert_eq!(rows[2], Row::Person(br#"{"id":2}"#.to_vec()));
    }

    #[test]
    fn a_list_is_nobody() {
        let rows: Vec<Row> = ndjson("[1]\n{\"a\":\n".as_bytes()).collect();
        let unreadable = |row: &Row| {
            matches!(
                row,
                Row::Unreadable {
                    code: "invalid_json",
                    ..
                }
            )
        };
        assert!(rows.len() == 2 && rows.iter().all(unreadable));
    }

    #[cfg(feature = "csv")]
    #[test]
    fn a_line_with_cells_too_many_is_unreadable() {
        let rows: Vec<Row> = csv("id\n1,2\n3\n".as_bytes()).collect();
        assert!(matches!(
            rows[0],
            Row::Unreadable {
                code: "invalid_csv",
                ..
            }
        ));
        assert_eq!(rows[1], Row::Person(br#"{"id":"3"}"#.to_vec()));
    }
}
