//! Who owns which folder of a spool, and what an owner who is gone left behind.
//!
//! ```text
//! spool/lock              held for a moment by whoever makes, or looks for, a folder
//! spool/{id}/lock         held by the folder's owner for life
//! spool/{id}/context      the context of the owner's events
//! spool/{id}/00000001-high.log   a segment, and beside it ….done
//! ```

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::priority::Priority;

/// A folder that this process owns.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Holds the lock; the system lets go of it when the process ends.
    lock: File,
}

/// A segment that an owner who is gone left behind.
#[derive(Debug)]
pub(super) struct Orphan {
    pub(super) path: PathBuf,
    pub(super) priority: Priority,
    pub(super) context: Option<Arc<str>>,
}

impl Folder {
    /// A folder of one's own.
    pub(super) fn create(spool: &Path, id: &str, context: &str) -> io::Result<Self> {
        make(spool)?;
        let _moment = lock(&spool.join("lock"))?;
        let path = spool.join(id);
        make(&path)?;
        let lock = lock(&path.join("lock"))?;
        fs::write(path.join("context"), context)?;
        Ok(Self { path, lock })
    }

    pub(super) fn segment(&self, number: u64, priority: Priority) -> PathBuf {
        self.path
            .join(format!("{number:08}-{}.log", priority.as_str()))
    }

    /// Takes over the folders whose owner is gone.
    pub(super) fn adopt(spool: &Path) -> io::Result<Vec<Self>> {
        let _moment = lock(&spool.join("lock"))?;
        let mut adopted = Vec::new();
        for entry in fs::read_dir(spool)? {
            let path = entry?.path();
            let Ok(file) = OpenOptions::new().write(true).open(path.join("lock")) else {
                continue;
            };
            if file.try_lock().is_ok() {
                adopted.push(Self { path, lock: file });
            }
        }
        Ok(adopted)
    }

    /// Its segments, oldest first.
    pub(super) fn orphans(&self) -> io::Result<Vec<Orphan>> {
        let context = fs::read_to_string(self.path.join("context")).ok();
        // A context that was cut short would make a body of no sense.
        let context =
            context.filter(|text| serde_json::from_str::<super::store::Object>(text).is_ok());
        let context: Option<Arc<str>> = context.map(Arc::from);
        let mut orphans = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            if let Some(priority) = priority(&path) {
                orphans.push(Orphan {
                    path,
                    priority,
                    context: context.clone(),
                });
            }
        }
        orphans.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(orphans)
    }

    /// Removes the folder where no segment is left; otherwise it is the next client's from now on.
    pub(super) fn leave(&self) {
        let empty = self.orphans().is_ok_and(|orphans| orphans.is_empty());
        if empty && let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::debug!(%error, "a folder of the spool could not be removed");
        }
        if let Err(error) = self.lock.unlock() {
            tracing::debug!(%error, "a folder of the spool stays locked until the process ends");
        }
    }
}

/// The priority in a segment's name; `None` for any other file.
fn priority(path: &Path) -> Option<Priority> {
    let name = path.file_name()?.to_str()?.strip_suffix(".log")?;
    let (_, word) = name.rsplit_once('-')?;
    Priority::ALL
        .into_iter()
        .find(|priority| priority.as_str() == word)
}

/// Opens and locks a file, waiting for whoever holds it for a moment.
fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    file.lock()?;
    Ok(file)
}

/// Makes a folder for its owner alone.
fn make(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
