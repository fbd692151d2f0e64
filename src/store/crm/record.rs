//! A row in the order of contacts, wherever it comes from: a query, or [parts](super::parts) that were taken before.

use super::parts;
use crate::model::Id;
use crate::store::id;
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Row, Rows};
use std::sync::Arc;

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
    #[inline]
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

/// The contact of a row, without a copy: numbers before texts, as SQLite and [`Id`] order them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    Number(i64),
    Text(&'a str),
}

impl<'a> From<&'a Id> for Key<'a> {
    fn from(id: &'a Id) -> Key<'a> {
        match id {
            Id::Number(number) => Key::Number(*number),
            Id::Text(text) => Key::Text(text),
        }
    }
}

impl Key<'_> {
    pub fn of(value: ValueRef<'_>) -> Option<Key<'_>> {
        match value {
            ValueRef::Integer(number) => Some(Key::Number(number)),
            ValueRef::Real(number) => id::whole(number).map(Key::Number),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().map(Key::Text),
            ValueRef::Null | ValueRef::Blob(_) => None,
        }
    }

    pub fn id(self) -> Id {
        match self {
            Key::Number(number) => Id::Number(number),
            Key::Text(text) => Id::Text(Arc::from(text)),
        }
    }
}
