//! How far an upload has come, in a file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Mode, UploadError};

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    account: String,
    mode: String,
    rows: u64,
}

/// A file that says how many rows are acknowledged.
#[derive(Debug)]
pub(super) struct Checkpoint {
    path: PathBuf,
    account: String,
    mode: Mode,
}

impl Checkpoint {
    pub(super) fn new(path: PathBuf, account: &str, mode: Mode) -> Self {
        Self {
            path,
            account: account.to_owned(),
            mode,
        }
    }

    /// The rows that are acknowledged already.
    pub(super) fn read(&self) -> Result<u64, UploadError> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(UploadError::Checkpoint(error)),
        };
        let state: State = serde_json::from_slice(&text)
            .map_err(|error| UploadError::Checkpoint(io::Error::other(error)))?;
        if state.account != self.account || state.mode != self.mode.as_str() {
            return Err(UploadError::ForeignCheckpoint);
        }
        Ok(state.rows)
    }

    /// Notes the rows that are acknowledged: wholly, or as it was before.
    pub(super) fn write(&self, rows: u64) -> Result<(), UploadError> {
        let state = State {
            account: self.account.clone(),
            mode: self.mode.as_str().to_owned(),
            rows,
        };
        let draft = draft_path(&self.path);
        let text = serde_json::to_vec(&state).map_err(io::Error::other);
        text.and_then(|text| fs::write(&draft, text))
            .and_then(|()| fs::rename(&draft, &self.path))
            .map_err(UploadError::Checkpoint)
    }

    /// All is done: the next upload begins at the first row.
    pub(super) fn remove(&self) -> Result<(), UploadError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(UploadError::Checkpoint(error))
            }
            _ => Ok(()),
        }
    }
}

fn draft_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}
