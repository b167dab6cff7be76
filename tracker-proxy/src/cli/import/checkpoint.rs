//! How far an import came, so that a later call goes on from there.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::records::Place;

/// So much of the beginning of a file tells it from others, in bytes.
const HEAD_BYTES: u64 = 64 * 1_024;

/// What is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Tells file and arguments from others.
    pub(super) of: String,
    pub(super) import_id: String,
    /// Behind the last acknowledged row; nothing before the first.
    pub(super) place: Option<Place>,
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    /// The length of the file of refused rows.
    pub(super) rejects_bytes: u64,
}

/// The file in which progress is kept.
#[derive(Debug)]
pub(super) struct Checkpoint {
    path: PathBuf,
}

/// Why an import cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckpointError {
    /// Look at the path and its permissions.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Remove the file to begin anew, or name another one.
    #[error("{0} is the progress of another import, or of another version of the file")]
    Foreign(String),
}

impl Checkpoint {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The progress of the import `of`, if it has begun.
    pub(super) fn load(&self, of: &str) -> Result<Option<Progress>, CheckpointError> {
        let text = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        match serde_json::from_str::<Progress>(&text) {
            Ok(progress) if progress.of == of => Ok(Some(progress)),
            _ => Err(CheckpointError::Foreign(self.path.display().to_string())),
        }
    }

    /// Keeps it: after a crash there is this progress or the one before, and no half of one.
    pub(super) fn save(&self, progress: &Progress) -> io::Result<()> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let mut file = File::create(&beside)?;
        file.write_all(serde_json::to_string(progress)?.as_bytes())?;
        file.sync_data()?;
        fs::rename(&beside, &self.path)
    }

    /// The import is complete.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

/// Tells a file, with the arguments that decide what becomes of it, from others.
pub(super) fn identity(path: &Path, arguments: &str) -> io::Result<String> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head)?;
    let digest = Sha256::new()
        .chain_update(bytes.to_le_bytes())
        .chain_update(head)
        .chain_update(arguments)
        .finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_comes_back_to_its_own_import_only() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::at(folder.path().join("a.progress"));
        assert!(checkpoint.load("a").unwrap().is_none());
        let progress = Progress {
            of: "a".to_owned(),
            accepted: 7,
            ..Progress::default()
        };
        checkpoint.save(&progress).unwrap();
        assert_eq!(checkpoint.load("a").unwrap(), Some(progress));
        let foreign = checkpoint.load("b").unwrap_err();
        assert!(matches!(foreign, CheckpointError::Foreign(_)), "{foreign}");
        checkpoint.remove().unwrap();
        checkpoint.remove().unwrap();
        assert!(checkpoint.load("b").unwrap().is_none());
    }
}
