//! What became of an upload.

use std::fmt;

use crate::wire::RejectCode;

/// How far an upload has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Rows that are settled: accepted, rejected or, on resuming, skipped.
    pub rows: u64,
    /// People that the endpoint accepted.
    pub accepted: u64,
    /// Rows that were refused, by the endpoint or because nothing could be read from them.
    pub rejected: u64,
    /// Rows that an earlier try had settled.
    pub skipped: u64,
    /// Requests that were acknowledged.
    pub chunks: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
}

/// What became of an upload that came to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadReport {
    /// The counts at the end.
    pub progress: Progress,
    /// Rows that were refused; the first
    /// [`USER_DATA_REJECTIONS_MAX`](crate::limits::USER_DATA_REJECTIONS_MAX) of them.
    pub rejections: Vec<RejectedRow>,
}

/// A row that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RejectedRow {
    /// The row's place in the source, from 1; a header line or an empty line does not count.
    pub row: u64,
    /// The reason, for programs.
    pub code: RejectCode,
    /// The reason, for people.
    pub reason: String,
}

impl fmt::Display for UploadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Progress {
            rows,
            accepted,
            rejected,
            skipped,
            chunks,
            ..
        } = self.progress;
        write!(
            f,
            "{rows} rows: {accepted} accepted in {chunks} requests, {rejected} rejected"
        )?;
        match skipped {
            0 => Ok(()),
            _ => write!(f, ", {skipped} sent by an earlier try"),
        }
    }
}
