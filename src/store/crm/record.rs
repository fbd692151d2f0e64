//! A row in the order of contacts, wherever it comes from: a query, or [parts](super::parts) that were taken before.

use super::parts;
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Row, Rows};

/// A row, as SQLite has it.
#[derive(Clone, Copy)]
pub(super) enum Record<'a> {
    Queried(&'a Row<'a>),
    Kept(&'a [ValueRef<'a>]),
}

impl<'a> From<&'a Row<'a>> for Record<'a> {
    fn from(row: &'a Row<'a>) -> Record<'a> {
        Record::Queried(row)
    }
}

impl<'a> Record<'a> {
    /// The value of a column, by its place in the query.
    pub fn get_ref(self, place: usize) -> Result<ValueRef<'a>, rusqlite::Error> {
        match self {
            Record::Queried(row) => row.get_ref(place),
            Record::Kept(values) => match values.get(place) {
                Some(value) => Ok(*value),
                None => Err(rusqlite::Error::InvalidColumnIndex(place)),
            },
        }
    }
}

/// Rows of one table in the order of contacts.
pub(super) enum Records<'a> {
    Queried(Rows<'a>),
    Kept(parts::Rows<'a>),
}

impl Records<'_> {
    pub fn advance(&mut self) -> Result<(), rusqlite::Error> {
        match self {
            Records::Queried(rows) => rows.advance(),
            Records::Kept(rows) => rows.advance(),
        }
    }

    /// The row at hand; `None` before the first and after the last.
    pub fn get(&self) -> Option<Record<'_>> {
        match self {
            Records::Queried(rows) => rows.get().map(Record::Queried),
            Records::Kept(rows) => rows.get().map(Record::Kept),
        }
    }
}
