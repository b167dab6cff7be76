//! The spool of one client: writes its events, and hands out what others left behind.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::folder::{Folder, Orphan};
use super::record::{self, Read};
use super::segment::{Place, Segment, Usage, done_path, record_bytes};
use super::{NotStored, Spool};
use crate::client::chunk::Chunk;
use crate::limits::SPOOL_SEGMENT_BYTES;
use crate::priority::Priority;

/// A JSON object, whatever is in it.
pub(super) type Object = serde_json::Map<String, serde_json::Value>;

#[derive(Debug)]
pub(crate) struct Store {
    spool: PathBuf,
    writes_through: bool,
    event_bytes_max: usize,
    usage: Arc<Usage>,
    folder: Folder,
    /// Bytes after which a segment ends.
    segment_bytes: u64,
    writing: Mutex<Writing>,
    found: Mutex<Abandoned>,
}

#[derive(Debug, Default)]
struct Writing {
    next: u64,
    active: [Option<Arc<Segment>>; Priority::ALL.len()],
    buffer: Vec<u8>,
}

/// What clients that are no more left behind.
#[derive(Debug, Default)]
struct Abandoned {
    folders: Vec<Folder>,
    segments: VecDeque<Orphan>,
}

/// Events of a client that is no more.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) priority: Priority,
    pub(crate) place: Place,
    pub(crate) events: usize,
    pub(crate) event_bytes: usize,
    pub(crate) context: Option<Arc<str>>,
}

impl Store {
    /// Opens a folder of one's own in the spool.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub(crate) fn open(
        spool: &Spool,
        id: &str,
        context: &str,
        event_bytes_max: usize,
    ) -> io::Result<Self> {
        Ok(Self {
            spool: spool.folder().to_owned(),
            writes_through: spool.writes_through(),
            event_bytes_max,
            usage: Arc::new(Usage::new(spool.most())),
            // Room for what waits in each lane, beside what is done and not yet let go.
            segment_bytes: SPOOL_SEGMENT_BYTES.min(spool.most() / 8),
            folder: Folder::create(spool.folder(), id, context)?,
            writing: Mutex::default(),
            found: Mutex::default(),
        })
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn abandoned(&self) -> MutexGuard<'_, Abandoned> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether each event is written before its call returns.
    pub(crate) fn writes_through(&self) -> bool {
        self.writes_through
    }

    /// Writes one event behind those at `place`, or as the first of a new place.
    pub(crate) fn append(
        &self,
        priority: Priority,
        place: &mut Option<Place>,
        event: &[u8],
    ) -> Result<(), NotStored> {
        let mut writing = self.writing();
        if place.is_none() {
            writing.begin_chunk(priority, self.segment_bytes);
        }
        let segment = writing.segment(self, priority)?;
        writing.buffer.clear();
        record::write(event, &mut writing.buffer);
        let written = segment.append(&writing.buffer, 1)?;
        match place {
            Some(place) => {
                let follows = place.extend(&written);
                debug_assert!(follows, "a segment changes between chunks only");
            }
            none => *none = Some(written),
        }
        Ok(())
    }

    /// Writes all events of a chunk.
    pub(crate) fn persist(&self, priority: Priority, chunk: &Chunk) -> Result<Place, NotStored> {
        let mut writing = self.writing();
        writing.begin_chunk(priority, self.segment_bytes);
        let segment = writing.segment(self, priority)?;
        let mut records = std::mem::take(&mut writing.buffer);
        records.clear();
        for event in chunk.events() {
            record::write(event, &mut records);
        }
        let place = segment.append(&records, chunk.len() as u32);
        writing.buffer = records;
        place
    }

    /// Takes over what clients that are no more left behind.
    pub(crate) fn look_around(&self) {
        let adopted = match Folder::adopt(&self.spool) {
            Ok(adopted) => adopted,
            Err(error) => return tracing::warn!(%error, "the spool cannot be read"),
        };
        let mut found = self.abandoned();
        for folder in adopted {
            match folder.orphans() {
                Ok(segments) if segments.is_empty() => folder.leave(),
                Ok(segments) => {
                    found.segments.extend(segments);
                    found.folders.push(folder);
                }
                Err(error) => tracing::warn!(%error, "a folder of the spool cannot be read"),
            }
        }
    }

    /// Whether something was left behind that is not taken yet.
    pub(crate) fn has_found(&self) -> bool {
        !self.abandoned().segments.is_empty()
    }

    /// The next segment that was left behind, in batches.
    pub(crate) fn take_found(&self, batch_events_max: usize, batch_bytes_max: usize) -> Vec<Found> {
        let Some(orphan) = self.abandoned().segments.pop_front() else {
            return Vec::new();
        };
        let read = self.read_orphan(&orphan, batch_events_max, batch_bytes_max);
        read.unwrap_or_else(|error| {
            tracing::error!(%error, "a segment of the spool cannot be read; it is left alone");
            Vec::new()
        })
    }

    fn read_orphan(
        &self,
        orphan: &Orphan,
        events_max: usize,
        bytes_max: usize,
    ) -> io::Result<Vec<Found>> {
        let bytes = fs::read(&orphan.path)?;
        let list = fs::read(done_path(&orphan.path)).unwrap_or_default();
        let done: Vec<_> = record::read_done(&list).collect();
        let mut batches = Batches::new(events_max, bytes_max);
        let (mut at, mut index, mut finished) = (0, 0_u32, 0_u32);
        loop {
            let size = match record::read(&bytes[at..], self.event_bytes_max) {
                Read::Event(event, size) => {
                    match done.iter().any(|range| range.contains(&index)) {
                        true => finished += 1,
                        false => batches.add(index, at as u64, event.len(), size),
                    }
                    size
                }
                Read::Damaged(size) => {
                    tracing::error!(bytes = size, "an event in the spool is damaged and lost");
                    finished += 1;
                    size
                }
                Read::End => break,
            };
            at += size;
            index += 1;
        }
        if at < bytes.len() {
            let torn = bytes.len() - at;
            tracing::warn!(bytes = torn, "the end of a segment was not written wholly");
        }
        self.usage.add(bytes.len() as u64);
        let usage = Arc::clone(&self.usage);
        let segment = Segment::adopt(orphan.path.clone(), usage, bytes.len() as u64, index)?;
        segment.already_done(finished);
        segment.close();
        let found = batches.ready.into_iter().map(|batch| Found {
            priority: orphan.priority,
            place: Place::found(&segment, batch.first, batch.at..batch.at + batch.bytes),
            events: batch.events,
            event_bytes: batch.event_bytes,
            context: orphan.context.clone(),
        });
        Ok(found.collect())
    }

    /// Ends the writing; what is all done goes, the rest is for the next client.
    pub(crate) fn close(&self) {
        for segment in self.writing().active.iter_mut().filter_map(Option::take) {
            segment.close();
        }
        self.folder.leave();
        for folder in self.abandoned().folders.drain(..) {
            folder.leave();
        }
    }
}

impl Writing {
    /// The segment that takes this priority's events now.
    fn segment(&mut self, store: &Store, priority: Priority) -> Result<Arc<Segment>, NotStored> {
        let active = &mut self.active[priority as usize];
        if let Some(segment) = active.take_if(|segment| !segment.is_open()) {
            segment.close();
        }
        if let Some(segment) = active {
            return Ok(Arc::clone(segment));
        }
        self.next += 1;
        let path = store.folder.segment(self.next, priority);
        let segment = Segment::create(path, Arc::clone(&store.usage)).map_err(NotStored::Disk)?;
        Ok(Arc::clone(active.insert(segment)))
    }

    /// Only between chunks a segment may change, so that a chunk is in one.
    ///
    /// A segment also ends when all of it is done and it has grown enough to be worth a new file.
    fn begin_chunk(&mut self, priority: Priority, segment_bytes: u64) {
        let is_full = |segment: &mut Arc<Segment>| {
            let bytes = segment.bytes();
            bytes >= segment_bytes || (bytes >= segment_bytes / 8 && segment.is_done())
        };
        if let Some(full) = self.active[priority as usize].take_if(is_full) {
            full.close();
        }
    }
}

/// Events that follow each other, gathered into what fits into a request.
struct Batches {
    events_max: usize,
    bytes_max: usize,
    ready: Vec<Batch>,
}

struct Batch {
    first: u32,
    at: u64,
    bytes: u64,
    events: usize,
    event_bytes: usize,
}

impl Batches {
    const fn new(events_max: usize, bytes_max: usize) -> Self {
        Self {
            events_max,
            bytes_max,
            ready: Vec::new(),
        }
    }

    fn add(&mut self, index: u32, at: u64, event_bytes: usize, size: usize) {
        debug_assert_eq!(size, record_bytes(event_bytes));
        if let Some(last) = self.ready.last_mut() {
            let follows = last.at + last.bytes == at;
            let fits = last.events < self.events_max
                && last.event_bytes + last.events + event_bytes <= self.bytes_max;
            if follows && fits {
                last.bytes += size as u64;
                last.events += 1;
                last.event_bytes += event_bytes;
                return;
            }
        }
        self.ready.push(Batch {
            first: index,
            at,
            bytes: size as u64,
            events: 1,
            event_bytes,
        });
    }
}
