//! Counts in tests what a check does, so that a check that ends early is found out.
//!
//! How long something takes cannot be told from a test on a busy machine; how much it does can.

use std::cell::Cell;

/// What was done on this thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// SHA-256 of credentials.
    pub(crate) digests: u32,
    /// HMACs of messages.
    pub(crate) macs: u32,
    /// Comparisons in constant time.
    pub(crate) comparisons: u32,
}

thread_local! {
    static DONE: Cell<Work> = const { Cell::new(Work { digests: 0, macs: 0, comparisons: 0 }) };
}

pub(crate) fn add(count: impl FnOnce(&mut Work)) {
    let mut done = DONE.get();
    count(&mut done);
    DONE.set(done);
}

/// What the action does.
pub(crate) fn of(action: impl FnOnce()) -> Work {
    DONE.set(Work::default());
    action();
    DONE.take()
}
