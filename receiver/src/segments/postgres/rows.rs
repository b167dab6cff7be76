//! Reading values that this crate has written, and writing those that PostgreSQL refuses.

use std::borrow::Cow;

use tokio_postgres::Row;

use crate::payload::PersonId;
use crate::segments::{Member, Standing, StoreError};

pub(super) fn person(row: &Row, column: usize) -> Result<PersonId, StoreError> {
    PersonId::new(row.try_get(column)?).map_err(StoreError::new)
}

/// The row of a member, from its sequence and standing in these columns.
pub(super) fn member(row: &Row, column: usize) -> Result<Member, StoreError> {
    Ok(Member {
        sequence: number(row, column)?,
        standing: read_standing(row.try_get(column + 1)?),
    })
}

pub(super) fn number<T: TryFrom<i64>>(row: &Row, column: usize) -> Result<T, StoreError> {
    let number: i64 = row.try_get(column)?;
    T::try_from(number).map_err(|_| StoreError::new("a number is out of range"))
}

pub(super) fn timestamp(row: &Row, column: usize) -> Result<jiff::Timestamp, StoreError> {
    jiff::Timestamp::from_millisecond(row.try_get(column)?).map_err(StoreError::new)
}

pub(super) const fn read_standing(code: i16) -> Standing {
    match code {
        0 => Standing::Removed,
        1 => Standing::Member,
        _ => Standing::Pending,
    }
}

pub(super) const fn write_standing(standing: Standing) -> i16 {
    match standing {
        Standing::Removed => 0,
        Standing::Member => 1,
        Standing::Pending => 2,
    }
}

/// PostgreSQL holds any text but one with a NUL in it.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        text.replace('\0', "").into()
    } else {
        text.into()
    }
}

pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
