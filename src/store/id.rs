//! Ids on their way in and out of a database.

use crate::model::Id;
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use std::sync::Arc;

/// An id without a copy, as a row has it or as a parameter of a statement: numbers before texts, as SQLite and [`Id`] order them.
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

impl<'a> Key<'a> {
    /// INTEGER or TEXT; also a REAL that is whole, as a view may compute it.
    pub fn of(value: ValueRef<'a>) -> Option<Key<'a>> {
        match value {
            ValueRef::Integer(number) => Some(Key::Number(number)),
            ValueRef::Real(number) => whole(number).map(Key::Number),
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

/// The id that a column holds.
pub(super) fn read(value: ValueRef<'_>) -> Option<Id> {
    Key::of(value).map(Key::id)
}

/// The integer that a REAL is, within the range where every integer is one.
pub(super) fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

impl ToSql for Key<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Key::Number(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Key::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}
