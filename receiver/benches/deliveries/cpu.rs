//! How much processor time a process has used.

use std::fs;
use std::path::Path;

use super::Failure;

/// Of all its threads, user and system together.
pub(super) fn time_ns(process: u32) -> Result<u64, Failure> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        sum += on_processor(&task?.path().join("schedstat"))?;
    }
    Ok(sum)
}

/// Of the thread that asks.
pub(super) fn own_time_ns() -> Result<u64, Failure> {
    on_processor(Path::new("/proc/thread-self/schedstat"))
}

fn on_processor(statistics: &Path) -> Result<u64, Failure> {
    let statistics = fs::read_to_string(statistics)?;
    let on_processor = statistics.split(' ').next().unwrap_or_default();
    Ok(on_processor.parse()?)
}
