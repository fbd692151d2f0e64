//! The values of one field in many rows.
//!
//! Numbers, instants, numbers of rows and ids that are numbers are kept as such; everything else by a dictionary of the values
//! that there are, each once.

use super::bytes::{Reader, Writer};
use crate::engine::{EntityRef, Value};
use crate::model::Id;
use crate::time::{Date, Duration, Instant, TimeOfDay};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A column that is read.
#[derive(Debug)]
pub(super) struct Column {
    values: Values,
    /// A bit for each row that has no value, the lowest first; empty where all have one.
    missing: Vec<u8>,
}

#[derive(Debug)]
enum Values {
    Instants(Vec<i64>),
    /// Mantissas and scales.
    Numbers(Vec<i64>, Vec<i64>),
    Rows(u16, Vec<i64>),
    Ids(Vec<i64>),
    /// The values that there are, and for each row the place of its own.
    Dictionary(Vec<Value>, Vec<i64>),
}

const INSTANTS: u8 = 1;
const NUMBERS: u8 = 2;
const ROWS: u8 = 3;
const IDS: u8 = 4;
const DICTIONARY: u8 = 5;

/// A value of a dictionary.
#[derive(Serialize, Deserialize)]
enum Stored {
    Missing,
    Flag(bool),
    /// As [`Decimal::serialize`] has it: with its scale and sign.
    Number([u8; 16]),
    Text(String),
    Instant(Instant),
    Date(Date),
    Time(TimeOfDay),
    Duration(Duration),
    Row(u16, u32),
    NumberId(i64),
    TextId(String),
    List(Vec<Stored>),
}

impl Stored {
    /// `None` for what no CRM holds.
    fn of(value: &Value) -> Option<Stored> {
        Some(match value {
            Value::Missing => Stored::Missing,
            Value::Flag(flag) => Stored::Flag(*flag),
            Value::Number(number) => Stored::Number(number.serialize()),
            Value::Text(text) => Stored::Text(text.to_string()),
            Value::Instant(instant) => Stored::Instant(*instant),
            Value::Date(date) => Stored::Date(*date),
            Value::Time(time) => Stored::Time(*time),
            Value::Duration(duration) => Stored::Duration(*duration),
            Value::Entity(row) => Stored::Row(row.entity, row.row),
            Value::Id(Id::Number(number)) => Stored::NumberId(*number),
            Value::Id(Id::Text(text)) => Stored::TextId(text.to_string()),
            Value::List(all) => Stored::List(all.iter().map(Stored::of).collect::<Option<_>>()?),
            Value::NotGiven | Value::Message(_) => return None,
        })
    }

    fn value(self) -> Value {
        match self {
            Stored::Missing => Value::Missing,
            Stored::Flag(flag) => Value::Flag(flag),
            Stored::Number(bytes) => Value::Number(Decimal::deserialize(bytes)),
            Stored::Text(text) => Value::Text(Arc::from(text)),
            Stored::Instant(instant) => Value::Instant(instant),
            Stored::Date(date) => Value::Date(date),
            Stored::Time(time) => Value::Time(time),
            Stored::Duration(duration) => Value::Duration(duration),
            Stored::Row(entity, row) => Value::Entity(EntityRef { entity, row }),
            Stored::NumberId(number) => Value::Id(Id::Number(number)),
            Stored::TextId(text) => Value::Id(Id::Text(Arc::from(text))),
            Stored::List(all) => Value::List(all.into_iter().map(Stored::value).collect()),
        }
    }
}

/// Writes a column; false for a value that no CRM holds.
pub(super) fn write(values: &[Value], to: &mut Writer) -> bool {
    let there: Vec<&Value> = values.iter().filter(|value| **value != Value::Missing).collect();
    let Some(plain) = Plain::of(&there) else { return write_dictionary(values, to) };
    to.byte(plain.tag);
    to.count(values.len());
    to.bytes(&missing(values, there.len()));
    if plain.tag == ROWS {
        to.number(plain.of);
    }
    // Rows without a value hold any, so that each has its own place.
    let mut numbers = plain.numbers.iter();
    let default = plain.numbers.first().copied().unwrap_or((0, 0));
    let all: Vec<(i64, i64)> = values
        .iter()
        .map(|value| if *value == Value::Missing { default } else { numbers.next().copied().unwrap_or(default) })
        .collect();
    to.numbers(&all.iter().map(|(number, _)| *number).collect::<Vec<_>>());
    if plain.tag == NUMBERS {
        to.numbers(&all.iter().map(|(_, scale)| *scale).collect::<Vec<_>>());
    }
    true
}

/// The rows without a value, as bits; empty where there are none.
fn missing(values: &[Value], there: usize) -> Vec<u8> {
    if there == values.len() {
        return Vec::new();
    }
    let mut bits = vec![0; values.len().div_ceil(8)];
    for place in values.iter().enumerate().filter(|(_, value)| **value == Value::Missing).map(|(place, _)| place) {
        if let Some(byte) = bits.get_mut(place / 8) {
            *byte |= 1 << (place % 8);
        }
    }
    bits
}

/// Values that are numbers, one way or another, all of one kind.
struct Plain {
    tag: u8,
    /// The entity of rows.
    of: i64,
    /// With the scale of a number.
    numbers: Vec<(i64, i64)>,
}

impl Plain {
    fn of(values: &[&Value]) -> Option<Plain> {
        let (tag, of) = match values.first()? {
            Value::Instant(_) => (INSTANTS, 0),
            Value::Number(_) => (NUMBERS, 0),
            Value::Entity(row) => (ROWS, i64::from(row.entity)),
            Value::Id(_) => (IDS, 0),
            _ => return None,
        };
        let number = |value: &&Value| {
            Some(match value {
                Value::Instant(instant) if tag == INSTANTS => (instant.0, 0),
                Value::Number(number) if tag == NUMBERS => decimal(number)?,
                Value::Entity(row) if tag == ROWS && i64::from(row.entity) == of => (i64::from(row.row), 0),
                Value::Id(Id::Number(number)) if tag == IDS => (*number, 0),
                _ => return None,
            })
        };
        Some(Plain { tag, of, numbers: values.iter().map(number).collect::<Option<_>>()? })
    }
}

/// Mantissa and scale; `None` for a number that they do not give back bit by bit: a large one, or a zero below zero.
fn decimal(number: &Decimal) -> Option<(i64, i64)> {
    let mantissa = i64::try_from(number.mantissa()).ok()?;
    let back = Decimal::new(mantissa, number.scale());
    (back.serialize() == number.serialize()).then_some((mantissa, i64::from(number.scale())))
}

fn write_dictionary(values: &[Value], to: &mut Writer) -> bool {
    // By their bytes: 1 and 1.00 are equal, and not the same.
    let mut known: FxHashMap<Vec<u8>, i64> = FxHashMap::default();
    let (mut entries, mut codes) = (Writer::default(), Vec::with_capacity(values.len()));
    for value in values {
        let Some(bytes) = Stored::of(value).and_then(|stored| postcard::to_stdvec(&stored).ok()) else { return false };
        let next = known.len() as i64;
        codes.push(*known.entry(bytes).or_insert_with_key(|bytes| {
            entries.bytes(bytes);
            next
        }));
    }
    to.byte(DICTIONARY);
    to.count(values.len());
    to.count(known.len());
    to.0.append(&mut entries.0);
    to.numbers(&codes);
    true
}

impl Column {
    /// Reads a column of so many rows; `None` where the bytes are not one.
    pub fn read(from: &mut Reader<'_>, rows: usize) -> Option<Column> {
        let (tag, count) = (from.byte()?, from.count()?);
        if count != rows {
            return None;
        }
        let of_rows = |numbers: Vec<i64>| (numbers.len() == rows).then_some(numbers);
        if tag == DICTIONARY {
            let entries = from.count()?;
            let mut values = Vec::new();
            for _ in 0..entries {
                values.push(postcard::from_bytes::<Stored>(from.bytes()?).ok()?.value());
            }
            let codes = of_rows(from.numbers()?)?;
            return Some(Column { values: Values::Dictionary(values, codes), missing: Vec::new() });
        }
        let missing = from.bytes()?.to_vec();
        let values = match tag {
            INSTANTS => Values::Instants(of_rows(from.numbers()?)?),
            NUMBERS => Values::Numbers(of_rows(from.numbers()?)?, of_rows(from.numbers()?)?),
            ROWS => Values::Rows(u16::try_from(from.number()?).ok()?, of_rows(from.numbers()?)?),
            IDS => Values::Ids(of_rows(from.numbers()?)?),
            _ => return None,
        };
        Some(Column { values, missing })
    }

    fn has(&self, row: usize) -> bool {
        self.missing.get(row / 8).is_none_or(|byte| byte & (1 << (row % 8)) == 0)
    }

    /// The value of a row; missing where there is no such row.
    pub fn value(&self, row: usize) -> Value {
        if !self.has(row) {
            return Value::Missing;
        }
        let value = match &self.values {
            Values::Instants(all) => all.get(row).map(|at| Value::Instant(Instant(*at))),
            Values::Numbers(all, scales) => {
                let scale = scales.get(row).and_then(|scale| u32::try_from(*scale).ok());
                all.get(row)
                    .zip(scale)
                    .and_then(|(number, scale)| Decimal::try_new(*number, scale).ok())
                    .map(Value::Number)
            }
            Values::Rows(entity, all) => {
                all.get(row).map(|row| Value::Entity(EntityRef { entity: *entity, row: *row as u32 }))
            }
            Values::Ids(all) => all.get(row).map(|id| Value::Id(Id::Number(*id))),
            Values::Dictionary(values, codes) => {
                codes.get(row).and_then(|code| values.get(usize::try_from(*code).ok()?)).cloned()
            }
        };
        value.unwrap_or_default()
    }

    /// The id of a row, in a column of ids.
    pub fn id(&self, row: usize) -> Option<Id> {
        match &self.values {
            Values::Ids(all) => all.get(row).map(|id| Id::Number(*id)),
            _ => match self.value(row) {
                Value::Id(id) => Some(id),
                _ => None,
            },
        }
    }
}
