//! The spool of a build without one: types that have no values.

use std::ops::Range;
use std::sync::Arc;

use super::NotStored;
use crate::client::chunk::Chunk;
use crate::priority::Priority;

#[derive(Debug)]
pub(crate) enum Store {}

#[derive(Debug)]
pub(crate) enum Place {}

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
    pub(crate) fn writes_through(&self) -> bool {
        match *self {}
    }

    pub(crate) fn append(
        &self,
        _: Priority,
        _: &mut Option<Place>,
        _: &[u8],
    ) -> Result<(), NotStored> {
        match *self {}
    }

    pub(crate) fn persist(&self, _: Priority, _: &Chunk) -> Result<Place, NotStored> {
        match *self {}
    }

    pub(crate) fn look_around(&self) {
        match *self {}
    }

    pub(crate) fn has_found(&self) -> bool {
        match *self {}
    }

    pub(crate) fn take_found(&self, _: usize, _: usize) -> Vec<Found> {
        match *self {}
    }

    pub(crate) fn close(&self) {
        match *self {}
    }
}

impl Place {
    pub(crate) fn done(&self, _: Range<usize>) {
        match *self {}
    }

    pub(crate) fn from(&self, _: usize) -> Self {
        match *self {}
    }

    pub(crate) fn read(&self) -> std::io::Result<Vec<Vec<u8>>> {
        match *self {}
    }
}
