//! The CSV of an upload: one id in each row.

use axum::body::Body;
use csv::{ReaderBuilder, StringRecord, Trim};
use serde::Serialize;

use crate::admin::body;
use crate::admin::problem::Problem;
use crate::config::Limits;
use crate::keys::IdKind;
use crate::pipeline::Name;

/// The longest upload, in bytes.
pub(super) const UPLOAD_BYTES_MAX: usize = 32 << 20;
/// The most people of one upload.
const PEOPLE_MAX: usize = 1_000_000;
/// How many rows that were left out are told one by one.
const REFUSED_TOLD_MAX: usize = 20;
/// Headings of a column of ids.
const HEADINGS: [(&str, IdKind); 4] = [
    ("user_id", IdKind::User),
    ("userid", IdKind::User),
    ("anonymous_id", IdKind::Anonymous),
    ("anonymousid", IdKind::Anonymous),
];

/// The people of an upload.
#[derive(Debug, Default)]
pub(super) struct People {
    pub(super) names: Vec<Name>,
    pub(super) refused: u64,
    pub(super) refused_rows: Vec<Refused>,
}

/// A row that was left out.
#[derive(Debug, Serialize)]
pub(super) struct Refused {
    line: u64,
    message: &'static str,
}

/// Reads an upload. Without a heading the first column holds user ids.
pub(super) async fn read(body: Body) -> Result<People, Problem> {
    let bytes = body::collect(body, UPLOAD_BYTES_MAX).await?;
    people(&bytes)
}

fn people(bytes: &[u8]) -> Result<People, Problem> {
    let mut rows = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes));
    let mut column = (0, IdKind::User);
    let mut people = People::default();
    let mut row = StringRecord::new();
    let mut first = true;
    loop {
        match rows.read_record(&mut row) {
            Ok(false) => break,
            Ok(true) => {}
            Err(_) => {
                let line = rows.position().line();
                people.refuse(line, "not UTF-8, or not CSV");
                continue;
            }
        }
        if std::mem::take(&mut first)
            && let Some(found) = heading(&row)
        {
            column = found;
            continue;
        }
        let line = row.position().map_or(0, csv::Position::line);
        match row.get(column.0).unwrap_or_default() {
            "" => people.refuse(line, "no id"),
            id if id.len() > Limits::default().id_bytes_max => {
                people.refuse(line, "the id is too long")
            }
            _ if people.names.len() >= PEOPLE_MAX => {
                let detail = format!("an upload has at most {PEOPLE_MAX} rows");
                return Err(Problem::unprocessable("too_many_rows", detail));
            }
            id => people.names.push((column.1, id.to_owned())),
        }
    }
    Ok(people)
}

/// The column of ids, if the row is a heading.
fn heading(row: &StringRecord) -> Option<(usize, IdKind)> {
    row.iter().enumerate().find_map(|(place, cell)| {
        let known = |(name, _): &&(&str, IdKind)| cell.eq_ignore_ascii_case(name);
        let (_, kind) = HEADINGS.iter().find(known)?;
        Some((place, *kind))
    })
}

impl People {
    fn refuse(&mut self, line: u64, message: &'static str) {
        self.refused += 1;
        if self.refused_rows.len() < REFUSED_TOLD_MAX {
            self.refused_rows.push(Refused { line, message });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        let people = people(text.as_bytes()).unwrap();
        people.names.into_iter().map(|(_, id)| id).collect()
    }

    #[test]
    fn a_column_of_ids_is_found_by_its_heading_or_is_the_first() {
        assert_eq!(ids("ada\nbob\n"), ["ada", "bob"]);
        assert_eq!(
            ids("mail,user_id\na@x,ada\r\n\"b,@x\",\"bob\"\n"),
            ["ada", "bob"]
        );
        let people = people("\u{feff}anonymousId\nv1".as_bytes()).unwrap();
        assert_eq!(people.names, [(IdKind::Anonymous, "v1".to_owned())]);
    }

    #[test]
    fn rows_that_cannot_be_read_are_left_out_and_told() {
        let long = "x".repeat(600);
        let text = [b"ada\n,\n\xFF\xFE\n".as_slice(), long.as_bytes(), b"\nbob"].concat();
        let people = people(&text).unwrap();
        assert_eq!((people.names.len(), people.refused), (2, 3));
        assert_eq!(people.refused_rows[0].line, 2);
    }
}
