//! One file of events and the list of those that are done.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::NotStored;
use super::record::{self, HEAD_BYTES};

/// The bytes that a client's segments take, against the bound.
#[derive(Debug)]
pub(super) struct Usage {
    bytes: AtomicU64,
    most: u64,
}

impl Usage {
    pub(super) fn new(most: u64) -> Self {
        Self {
            bytes: AtomicU64::new(0),
            most,
        }
    }

    pub(super) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn has_room(&self, bytes: u64) -> bool {
        self.bytes.load(Ordering::Relaxed).saturating_add(bytes) <= self.most
    }
}

#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    usage: Arc<Usage>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    done_list: Option<File>,
    bytes: u64,
    records: u32,
    /// Records that are done, each counted once because each is settled once.
    done: u32,
    /// No more events are written.
    closed: bool,
}

/// Some events that follow each other in a segment.
#[derive(Debug)]
pub(crate) struct Place {
    segment: Arc<Segment>,
    first: u32,
    bytes: Range<u64>,
}

impl Segment {
    /// A new file; it must not exist.
    pub(super) fn create(path: PathBuf, usage: Arc<Usage>) -> io::Result<Arc<Self>> {
        let file = options().create_new(true).open(&path)?;
        Ok(Self::with(path, usage, file, 0, 0))
    }

    /// A file of a client that is no more, with this much in it; it takes no more events.
    pub(super) fn adopt(
        path: PathBuf,
        usage: Arc<Usage>,
        bytes: u64,
        records: u32,
    ) -> io::Result<Arc<Self>> {
        let file = options().open(&path)?;
        let segment = Self::with(path, usage, file, bytes, records);
        segment.state().closed = true;
        Ok(segment)
    }

    fn with(path: PathBuf, usage: Arc<Usage>, file: File, bytes: u64, records: u32) -> Arc<Self> {
        Arc::new(Self {
            path,
            usage,
            state: Mutex::new(State {
                file,
                done_list: None,
                bytes,
                records,
                done: 0,
                closed: false,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.state().bytes
    }

    /// Whether nothing in it has to be kept.
    pub(super) fn is_done(&self) -> bool {
        let state = self.state();
        state.done >= state.records
    }

    /// Appends records, `count` of them; afterwards they are the operating system's.
    pub(super) fn append(self: &Arc<Self>, records: &[u8], count: u32) -> Result<Place, NotStored> {
        if !self.usage.has_room(records.len() as u64) {
            return Err(NotStored::Full);
        }
        let mut state = self.state();
        let start = state.bytes;
        if let Err(error) = state.file.write_all(records) {
            // A part may have been written: cut it off, so that the next record can be read.
            let cut = state.file.set_len(start);
            let back = state.file.seek(SeekFrom::Start(start));
            state.closed |= cut.is_err() || back.is_err();
            return Err(NotStored::Disk(error));
        }
        let first = state.records;
        state.bytes += records.len() as u64;
        state.records += count;
        self.usage.add(records.len() as u64);
        Ok(Place {
            segment: Arc::clone(self),
            first,
            bytes: start..state.bytes,
        })
    }

    /// Whether it can take more, as far as it is concerned.
    pub(super) fn is_open(&self) -> bool {
        !self.state().closed
    }

    /// Takes no more events; without any that is not done, the file goes.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        self.remove_when_done(&mut state);
    }

    /// Counts events as done without noting it, because it is noted already.
    pub(super) fn already_done(&self, count: u32) {
        self.state().done += count;
    }

    fn done(&self, first: u32, count: u32) {
        let mut state = self.state();
        state.done += count;
        if state.closed && state.done >= state.records {
            return self.remove_when_done(&mut state);
        }
        // A line that cannot be written costs a repetition after a crash, nothing else.
        let noted = state.note(&done_path(&self.path), first, count);
        if let Err(error) = noted {
            tracing::debug!(%error, "the spool could not note what is done");
        }
    }

    fn remove_when_done(&self, state: &mut State) {
        if state.done < state.records {
            return;
        }
        let bytes = std::mem::take(&mut state.bytes);
        self.usage.bytes.fetch_sub(bytes, Ordering::Relaxed);
        state.done_list = None;
        for path in [&self.path, &done_path(&self.path)] {
            match fs::remove_file(path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => tracing::warn!(%error, "a file of the spool could not be removed"),
            }
        }
    }
}

impl State {
    fn note(&mut self, path: &Path, first: u32, count: u32) -> io::Result<()> {
        let list = match &mut self.done_list {
            Some(list) => list,
            none => none.insert(options().append(true).create(true).open(path)?),
        };
        list.write_all(&record::write_done(first, count))
    }
}

impl Place {
    /// The place of the events from this one on; for settling alone, it cannot be read.
    pub(crate) fn from(&self, index: usize) -> Self {
        Self {
            segment: Arc::clone(&self.segment),
            first: self.first + index as u32,
            bytes: self.bytes.end..self.bytes.end,
        }
    }

    /// Where events are that were found in a file.
    pub(super) fn found(segment: &Arc<Segment>, first: u32, bytes: Range<u64>) -> Self {
        Self {
            segment: Arc::clone(segment),
            first,
            bytes,
        }
    }

    /// Grows by what follows; false when `next` does not follow.
    pub(super) fn extend(&mut self, next: &Self) -> bool {
        let follows =
            Arc::ptr_eq(&self.segment, &next.segment) && self.bytes.end == next.bytes.start;
        if follows {
            self.bytes.end = next.bytes.end;
        }
        follows
    }

    /// Some of the events need not be kept any more.
    pub(crate) fn done(&self, events: Range<usize>) {
        if !events.is_empty() {
            let first = self.first + events.start as u32;
            self.segment.done(first, events.len() as u32);
        }
    }

    /// The events, as they were written.
    pub(crate) fn read(&self) -> io::Result<Vec<Vec<u8>>> {
        let length = self.bytes.end - self.bytes.start;
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        let mut file = File::open(&self.segment.path)?;
        file.seek(SeekFrom::Start(self.bytes.start))?;
        file.read_exact(&mut bytes)?;
        let (mut events, mut rest) = (Vec::new(), bytes.as_slice());
        while let record::Read::Event(event, size) = record::read(rest, length as usize) {
            events.push(event.to_vec());
            rest = &rest[size..];
        }
        Ok(events)
    }
}

/// Where the list of what is done stands.
pub(super) fn done_path(segment: &Path) -> PathBuf {
    segment.with_extension("done")
}

/// Most bytes that one event takes in a segment.
pub(super) const fn record_bytes(event_bytes: usize) -> usize {
    HEAD_BYTES + event_bytes
}

/// Events are personal data: a file of them is for its owner alone.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
