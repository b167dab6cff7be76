//! The file of refused rows: a JSON object per row, with its number and the reason, that can be
//! mended and imported.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;

use serde_json::{Map, Value as Json};

/// The member with the row's number, from 1.
pub(super) const ROW: &str = "_row";
/// The member with the reason.
pub(super) const REASON: &str = "_reason";

/// Refused rows on their way into a file, which is made with the first of them.
#[derive(Debug)]
pub(super) struct Rejects {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    bytes: u64,
}

impl Rejects {
    /// Goes on behind `bytes`: what stands there is of rows that are not acknowledged.
    pub(super) fn resume(path: PathBuf, bytes: u64) -> io::Result<Self> {
        let mut rejects = Self {
            path,
            file: None,
            bytes,
        };
        if bytes > 0 {
            rejects.file()?;
        }
        Ok(rejects)
    }

    /// Adds a row; of one that could not be read there is only the number.
    pub(super) fn add(
        &mut self,
        number: u64,
        reason: &str,
        row: Option<&Map<String, Json>>,
    ) -> io::Result<()> {
        let mut entry = Map::new();
        entry.insert(ROW.to_owned(), number.into());
        entry.insert(REASON.to_owned(), reason.into());
        for (name, value) in row.into_iter().flatten() {
            entry.entry(name).or_insert_with(|| value.clone());
        }
        let mut line = Json::Object(entry).to_string();
        line.push('\n');
        self.file()?.write_all(line.as_bytes())?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    /// Makes everything durable and says how long the file is.
    pub(super) fn sync(&mut self) -> io::Result<u64> {
        if let Some(file) = &mut self.file {
            file.flush()?;
            file.get_ref().sync_data()?;
        }
        Ok(self.bytes)
    }

    fn file(&mut self) -> io::Result<&mut BufWriter<File>> {
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(false);
            let mut file = options.open(&self.path)?;
            file.set_len(self.bytes)?;
            file.seek(SeekFrom::Start(self.bytes))?;
            self.file = Some(BufWriter::new(file));
        }
        Ok(self.file.as_mut().expect("opened above"))
    }
}
