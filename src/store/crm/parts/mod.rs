//! All rows that lives are made of, read table by table in the order in which they lie, and put into parts of whole contacts.
//!
//! In the order of contacts, each row of a long table is looked up by itself, all over the file; in the order of the table
//! the same rows come in less than half of the time. So they are taken once in that order, and each is put to the others of its
//! contact: into a part of contacts, which is then in memory by itself, its contacts one after the other. No index is needed.

mod code;
mod room;
mod sink;
mod taker;
#[cfg(test)]
mod tests;

pub(super) use code::Rows;
pub use taker::Taker;

use super::{Bounds, ContactRange, Error};
use crate::model::Id;
use room::Room;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// How much is in a part, and in memory.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// For so many bytes of the CRM there is a part, at most.
    pub part: u64,
    /// How many bytes of rows are kept in memory; the others are in a temporary file.
    pub memory: usize,
}

impl Sizes {
    /// About 7,500 rows, so that no thread waits long for the last part of another, and 4 MiB, which is half a million rows. In
    /// debug builds less, so that tests have several parts and a file.
    pub const USUAL: Sizes = match cfg!(debug_assertions) {
        true => Sizes { part: 1 << 13, memory: 1 << 10 },
        false => Sizes { part: 1 << 19, memory: 1 << 22 },
    };
}

/// All rows, in parts. Shared by all threads.
#[derive(Debug)]
pub struct Parts {
    room: Arc<Mutex<Room>>,
    /// Where parts begin, but for the first.
    cuts: Arc<[Id]>,
    bounds: Option<Bounds>,
    rows: u64,
}

impl Parts {
    /// How many parts there are; at least one.
    pub fn count(&self) -> usize {
        self.cuts.len() + 1
    }

    /// The contacts of a part.
    pub fn range(&self, part: usize) -> ContactRange {
        let from = part.checked_sub(1).and_then(|before| self.cuts.get(before)).cloned();
        ContactRange { from, to: self.cuts.get(part).cloned() }
    }

    /// The bounds of the history; `None` when there is no event. Instants that cannot be read do not count.
    pub fn bounds(&self) -> Option<Bounds> {
        self.bounds
    }

    /// How many rows of events there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The rows of each of so many tables in a part.
    pub(super) fn load(&self, part: usize, tables: usize) -> Result<Vec<Vec<u8>>, Error> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        (0..tables).map(|table| room.load(table, part).map_err(refused)).collect()
    }
}

/// The rows of one table in a part, with so many columns, in the order of contacts.
pub(super) fn rows(bytes: &[u8], columns: usize) -> Result<Rows<'_>, rusqlite::Error> {
    Rows::new(bytes, columns).ok_or_else(code::damaged)
}

/// The disk that holds temporary files refuses.
#[allow(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn refused(error: io::Error) -> Error {
    Error::io(&std::env::temp_dir(), &error)
}
