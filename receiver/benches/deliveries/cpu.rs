//! How much processor time a process has used.

use std::fs;

use super::Failure;

/// Of all its threads, user and system together.
pub(super) fn time_ns(process: u32) -> Result<u64, Failure> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let statistics = fs::read_to_string(task?.path().join("schedstat"))?;
        let on_processor = statistics.split(' ').next().unwrap_or_default();
        sum += on_processor.parse::<u64>()?;
    }
    Ok(sum)
}
