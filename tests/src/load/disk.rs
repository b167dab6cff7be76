//! What the disk itself takes to make a write durable.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Instant;

use super::measure::Latencies;

/// About what a commit of a few events writes.
pub(crate) const WRITE_BYTES: usize = 8 * 1_024;
const WRITES: usize = 200;

/// Writes over a file that has its size already, as a write-ahead log in use does, and makes
/// each write durable.
pub(crate) fn measure(dir: &Path) -> anyhow::Result<Latencies> {
    let path = dir.join("sync-probe");
    let mut file = File::create(&path)?;
    let block = [0x5a; WRITE_BYTES];
    for _ in 0..WRITES {
        file.write_all(&block)?;
    }
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    let mut latencies = Latencies::default();
    for _ in 0..WRITES {
        let begun = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        latencies.add(begun.elapsed());
    }
    std::fs::remove_file(&path)?;
    Ok(latencies)
}
