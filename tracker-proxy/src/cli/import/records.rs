//! Rows out of a file, with places from which reading can go on.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Format, ROW_BYTES_MAX};

/// Behind a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) byte: u64,
    /// Lines before it.
    pub(super) line: u64,
    /// Rows before it.
    pub(super) row: u64,
}

/// A row as its columns and values, or why it is none.
pub(super) type Row = Result<Map<String, Json>, String>;

/// The rows of a file.
#[derive(Debug)]
pub(super) enum Records {
    Csv {
        reader: csv::Reader<File>,
        columns: Vec<String>,
        rows: u64,
    },
    Lines {
        reader: BufReader<File>,
        place: Place,
    },
}

impl Records {
    /// Opens a file; with a place, behind that.
    pub(super) fn open(
        path: &Path,
        format: Format,
        delimiter: u8,
        place: Option<Place>,
    ) -> io::Result<Self> {
        let mut file = File::open(path)?;
        if format == Format::Ndjson {
            let place = place.unwrap_or_default();
            file.seek(SeekFrom::Start(place.byte))?;
            let reader = BufReader::new(file);
            return Ok(Self::Lines { reader, place });
        }
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .from_reader(file);
        let names = reader.headers()?.iter();
        // Spreadsheets begin a file with a byte order mark.
        let columns = names.map(|name| name.trim_start_matches('\u{feff}').trim().to_owned());
        let columns = columns.collect();
        let mut rows = 0;
        if let Some(place) = place {
            let mut to = csv::Position::new();
            to.set_byte(place.byte).set_line(place.line);
            to.set_record(place.row);
            reader.seek(to)?;
            rows = place.row;
        }
        Ok(Self::Csv {
            reader,
            columns,
            rows,
        })
    }

    /// The names of the columns, where the file says them before its rows.
    pub(super) fn columns(&self) -> Option<&[String]> {
        match self {
            Self::Csv { columns, .. } => Some(columns),
            Self::Lines { .. } => None,
        }
    }

    /// The next row; nothing at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Row>> {
        match self {
            Self::Csv {
                reader,
                columns,
                rows,
            } => {
                let mut cells = csv::StringRecord::new();
                let read = reader.read_record(&mut cells);
                if matches!(read, Ok(false)) {
                    return Ok(None);
                }
                *rows += 1;
                match read {
                    Ok(_) => Ok(Some(row_of(columns, &cells))),
                    Err(error) => match error.into_kind() {
                        csv::ErrorKind::Io(error) => Err(error),
                        csv::ErrorKind::Utf8 { .. } => Ok(Some(Err("it is no UTF-8".to_owned()))),
                        csv::ErrorKind::UnequalLengths {
                            expected_len, len, ..
                        } => Ok(Some(Err(format!("{len} cells under {expected_len} names")))),
                        other => Ok(Some(Err(format!("it cannot be read: {other:?}")))),
                    },
                }
            }
            Self::Lines { reader, place } => next_line(reader, place),
        }
    }

    /// Behind the row that was read last.
    pub(super) fn place(&self) -> Place {
        match self {
            Self::Csv { reader, rows, .. } => Place {
                byte: reader.position().byte(),
                line: reader.position().line(),
                row: *rows,
            },
            Self::Lines { place, .. } => *place,
        }
    }
}

fn row_of(columns: &[String], cells: &csv::StringRecord) -> Row {
    if cells.as_slice().len() > ROW_BYTES_MAX {
        return Err(format!("it is longer than {ROW_BYTES_MAX} bytes"));
    }
    let cells = cells.iter().map(Json::from);
    Ok(columns.iter().cloned().zip(cells).collect())
}

/// The next line that is not blank.
fn next_line(reader: &mut BufReader<File>, place: &mut Place) -> io::Result<Option<Row>> {
    loop {
        let mut line = Vec::new();
        let bound = u64::try_from(ROW_BYTES_MAX).unwrap_or(u64::MAX);
        let read = reader.by_ref().take(bound).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        place.byte += read as u64;
        place.line += 1;
        let torn = line.len() == ROW_BYTES_MAX && line.last() != Some(&b'\n');
        if torn {
            place.byte += skip_line(reader)?;
        } else if line.trim_ascii().is_empty() {
            continue;
        }
        place.row += 1;
        return Ok(Some(if torn {
            Err(format!("it is longer than {ROW_BYTES_MAX} bytes"))
        } else {
            let text = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&line);
            serde_json::from_slice(text).map_err(|error| format!("it is no JSON object: {error}"))
        }));
    }
}

/// Reads up to the end of the line without keeping it; returns how much that was.
fn skip_line(reader: &mut BufReader<File>) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let there = reader.fill_buf()?;
        let end = there.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(there.len(), |end| end + 1);
        let over = end.is_some() || there.is_empty();
        reader.consume(count);
        skipped += count as u64;
        if over {
            return Ok(skipped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    fn all(text: &[u8], format: Format, from: Option<Place>) -> Vec<(Row, Place)> {
        let file = file(text);
        let mut records = Records::open(file.path(), format, b',', from).unwrap();
        let mut rows = Vec::new();
        while let Some(row) = records.next().unwrap() {
            rows.push((row, records.place()));
        }
        rows
    }

    const CSV: &[u8] =
        b"\xef\xbb\xbfa,b\r\n1,\"x\ny\"\r\nshort\r\n2,\"q \"\"z\"\"\"\n\xff,3\n\n5,6";
    const NDJSON: &[u8] = b"{\"a\":1}\n\n[]\n{\"a\":\n{\"a\":2}";

    #[test]
    fn quotes_line_breaks_and_bad_rows_are_told_apart() {
        let rows = all(CSV, Format::Csv, None);
        let good: Vec<_> = rows
            .iter()
            .filter_map(|(row, _)| row.as_ref().ok())
            .collect();
        assert_eq!(rows.len(), 5);
        assert_eq!(good[0]["b"], "x\ny");
        assert_eq!(good[1]["b"], "q \"z\"");
        assert_eq!(good[2]["a"], "5");
        assert!(rows[1].0.as_ref().unwrap_err().contains("1 cells under 2"));
        assert!(rows[3].0.as_ref().unwrap_err().contains("UTF-8"));
    }

    #[test]
    fn reading_goes_on_from_every_place() {
        for (text, format) in [(CSV, Format::Csv), (NDJSON, Format::Ndjson)] {
            let whole = all(text, format, None);
            for (read, (_, place)) in whole.iter().enumerate() {
                let rest = all(text, format, Some(*place));
                assert_eq!(rest[..], whole[read + 1..], "{format:?} from {place:?}");
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_costs_itself_only() {
        let long = format!(
            "{{\"a\":\"{}\"}}\n{{\"a\":2}}\n",
            "x".repeat(3 * ROW_BYTES_MAX)
        );
        let rows = all(long.as_bytes(), Format::Ndjson, None);
        assert_eq!(rows.len(), 2);
        assert!(rows[0].0.is_err());
        assert_eq!(rows[1].0.as_ref().unwrap()["a"], 2);
    }
}
