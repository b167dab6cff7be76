//! What became of an upload.

use std::fmt;

use crate::wire::RejectCode;

/// How far an upload has come.
///
/// ```no_run
/// # fn send(client: &segue_sdk::Client) -> Result<(), segue_sdk::user_data::UploadError> {
/// use segue_sdk::user_data::{Mode, Progress, UserRecord};
///
/// let show = |progress: Progress| {
///     let Progress { rows, accepted, rejected, bytes, .. } = progress;
///     eprintln!("{rows} rows: {accepted} accepted, {rejected} rejected, {bytes} bytes");
/// };
/// let people = (1..=10_000).map(UserRecord::new);
/// client.stream_user_data(people, Mode::Live).on_progress(show).send_blocking()?;
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// use segue_sdk::user_data::UploadReport;
///
/// /// What a person at a terminal has to mend.
/// fn show(report: &UploadReport) {
///     println!("{report}");
///     for rejected in &report.rejections {
///         println!("row {}: {} ({})", rejected.row, rejected.reason, rejected.code.as_str());
///     }
/// }
/// # show(&UploadReport::default());
/// ```
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
///
/// ```
/// use segue_sdk::user_data::RejectedRow;
/// use segue_sdk::wire::RejectCode;
///
/// /// Whether sending a shorter row would do.
/// fn is_too_long(row: &RejectedRow) -> bool {
///     row.code == RejectCode::EventTooLarge
/// }
/// ```
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
