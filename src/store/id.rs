//! Ids on their way in and out of a database.

use crate::model::Id;
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use std::sync::Arc;

/// INTEGER or TEXT; also a REAL that is whole, as a view may compute it.
pub(super) fn read(value: ValueRef<'_>) -> Option<Id> {
    match value {
        ValueRef::Integer(number) => Some(Id::Number(number)),
        ValueRef::Real(number) => whole(number).map(Id::Number),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().map(|text| Id::Text(Arc::from(text))),
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

/// The integer that a REAL is, within the range where every integer is one.
pub(super) fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// An id as a parameter of a statement.
pub(super) enum Parameter<'a> {
    Number(i64),
    Text(&'a str),
}

impl<'a> From<&'a Id> for Parameter<'a> {
    fn from(id: &'a Id) -> Parameter<'a> {
        match id {
            Id::Number(number) => Parameter::Number(*number),
            Id::Text(text) => Parameter::Text(text),
        }
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Parameter::Number(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Parameter::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}
