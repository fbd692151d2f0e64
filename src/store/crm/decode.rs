//! One value of a row, read as the type that its field declares.

use super::Persons;
use crate::engine::{Needs, Value, World};
use crate::model::Type;
use crate::store::id::read as id;
use crate::time::{Date, Duration, Instant, Precision, TimeOfDay, Zone};
use rusqlite::types::ValueRef;
use rust_decimal::Decimal;
use std::fmt::Write;
use std::sync::Arc;

/// Unix seconds of the years 1 to 9999. What is beyond is no date of a shop; most often it is milliseconds.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// How the values of one column are read.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    Instant(Zone),
    Date,
    Time,
    Duration,
    Enumeration(Vec<Arc<str>>),
    /// A row of an entity, by the entity's slot in the program.
    Row(u16),
    /// A row of something that is not read: its id.
    Id,
    /// A contact: the id of the person.
    Contact(Arc<Persons>),
    /// A list is a table of its own.
    List,
}

impl Kind {
    pub fn of(ty: &Type, needs: &Needs, zone: Zone, persons: &Arc<Persons>) -> Kind {
        match ty {
            Type::Text | Type::Message => Kind::Text,
            Type::Number | Type::Money | Type::Percent => Kind::Number,
            Type::Flag => Kind::Flag,
            Type::Instant => Kind::Instant(zone),
            Type::Date => Kind::Date,
            Type::Time => Kind::Time,
            Type::Duration => Kind::Duration,
            Type::Enumeration(texts) => Kind::Enumeration(texts.iter().map(|text| Arc::from(text.as_str())).collect()),
            Type::Entity(name) if name == "contact" && !persons.is_empty() => Kind::Contact(Arc::clone(persons)),
            Type::Entity(name) => needs.entity(name).map_or(Kind::Id, Kind::Row),
            Type::List(_) | Type::Texts => Kind::List,
        }
    }

    /// `None` when it is no value of this kind. NULL is a missing one.
    pub fn read(&self, value: ValueRef<'_>, world: &World) -> Option<Value> {
        if value == ValueRef::Null {
            return Some(Value::Missing);
        }
        match self {
            Kind::Text => text(value),
            Kind::Number => number(value).map(Value::Number),
            Kind::Flag => match value {
                ValueRef::Integer(0) | ValueRef::Text(b"0") => Some(Value::Flag(false)),
                ValueRef::Integer(1) | ValueRef::Text(b"1") => Some(Value::Flag(true)),
                _ => None,
            },
            Kind::Instant(zone) => instant(value, *zone).map(|(instant, _)| Value::Instant(instant)),
            Kind::Date => Date::parse(utf8(value)?).map(Value::Date),
            Kind::Time => TimeOfDay::parse(utf8(value)?).map(Value::Time),
            Kind::Duration => Duration::parse(utf8(value)?).map(Value::Duration),
            Kind::Enumeration(texts) => {
                let text = utf8(value)?;
                texts.iter().find(|each| ***each == *text).cloned().map(Value::Text)
            }
            Kind::Row(entity) => id(value).map(|id| world.refer(*entity, id)),
            Kind::Id => id(value).map(Value::Id),
            Kind::Contact(persons) => id(value).map(|id| Value::Id(persons.person(&id).clone())),
            Kind::List => Some(Value::Missing),
        }
    }

    /// What a value that cannot be read is not.
    pub fn problem(&self) -> &'static str {
        match self {
            Kind::Text => "is not a text",
            Kind::Number => "is not a number",
            Kind::Flag => "is neither 0 nor 1",
            Kind::Instant(_) => NOT_AN_INSTANT,
            Kind::Date => "is not a date",
            Kind::Time => "is not a time of day",
            Kind::Duration => "is not a duration",
            Kind::Enumeration(_) => "is none of the declared texts",
            Kind::Row(_) | Kind::Id | Kind::Contact(_) | Kind::List => NOT_AN_ID,
        }
    }
}

pub(super) const NOT_AN_INSTANT: &str = "is not an instant";
pub(super) const NOT_AN_ID: &str = "is not an id";

/// ISO 8601 TEXT, UTC unless an offset is given, or INTEGER Unix seconds. A date alone is the last second of its day
/// in `zone`.
pub(super) fn instant(value: ValueRef<'_>, zone: Zone) -> Option<(Instant, Precision)> {
    match value {
        ValueRef::Integer(seconds) => {
            SECONDS.contains(&seconds).then(|| (Instant::from_seconds(seconds), Precision::Moment))
        }
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes).ok()?;
            Instant::parse(text, if bytes.len() == 10 { zone } else { Zone::UTC })
        }
        _ => None,
    }
}

/// The text that was read last, and the instant that it is: the rows of one order have one instant.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastInstant(Option<([u8; 19], Instant)>);

impl LastInstant {
    /// As [`instant`].
    pub fn read(&mut self, value: ValueRef<'_>, zone: Zone) -> Option<(Instant, Precision)> {
        // A text of this length is no date alone, and depends on no zone.
        let text: Option<[u8; 19]> = match value {
            ValueRef::Text(bytes) => bytes.try_into().ok(),
            _ => None,
        };
        if let (Some(text), Some((last, instant))) = (text, self.0)
            && text == last
        {
            return Some((instant, Precision::Moment));
        }
        let read = instant(value, zone)?;
        self.0 = text.map(|text| (text, read.0)).or(self.0);
        Some(read)
    }
}

fn utf8(value: ValueRef<'_>) -> Option<&str> {
    match value {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// A text; a whole number is the text of its digits, since an order's number is often kept as one.
fn text(value: ValueRef<'_>) -> Option<Value> {
    match value {
        ValueRef::Integer(number) => Some(Value::text(&number.to_string())),
        _ => utf8(value).map(Value::text),
    }
}

/// A REAL is the decimal number that its shortest text shows: 12.75, not the binary fraction nearest to it.
pub(super) fn number(value: ValueRef<'_>) -> Option<Decimal> {
    match value {
        ValueRef::Integer(number) => Some(Decimal::from(number)),
        ValueRef::Real(number) => {
            let mut digits = Digits::default();
            write!(digits, "{number}").ok()?;
            digits.text().parse().ok()
        }
        _ => decimal(utf8(value)?),
    }
}

/// An optional sign, digits, and a fraction: no exponent, no separators, no more digits than a decimal can hold.
fn decimal(text: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = unsigned.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && unsigned.starts_with(|first: char| first.is_ascii_digit())
        && unsigned.ends_with(|last: char| last.is_ascii_digit());
    plain.then(|| Decimal::from_str_exact(text.strip_prefix('+').unwrap_or(text)).ok()).flatten()
}

/// Room for the text of a number, without an allocation; a number that needs more is beyond a decimal's range.
struct Digits {
    bytes: [u8; 64],
    length: usize,
}

impl Default for Digits {
    fn default() -> Digits {
        Digits { bytes: [0; 64], length: 0 }
    }
}

impl Digits {
    fn text(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(std::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
