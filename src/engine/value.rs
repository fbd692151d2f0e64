//! Values while a program runs.

use super::messages::MessageRef;
use crate::model::{Id, Literal};
use crate::time::{Date, Duration, Instant, TimeOfDay};
use rust_decimal::Decimal;
use std::sync::Arc;

/// A row of an entity's table in the [`super::World`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityRef {
    /// The entity's slot in the program.
    pub entity: u16,
    pub row: u32,
}

/// A value; in a condition, a flag or missing for unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Value {
    #[default]
    Missing,
    /// A field that a test did not give. It reads as missing, and the reading is reported.
    NotGiven,
    Flag(bool),
    Number(Decimal),
    Text(Arc<str>),
    Instant(Instant),
    Date(Date),
    Time(TimeOfDay),
    Duration(Duration),
    Entity(EntityRef),
    /// The id of a row that has no table here: of an entity no field of which is read, of a contact, or of a row
    /// that the CRM does not have.
    Id(Id),
    /// A message that an event speaks of.
    Message(Arc<MessageRef>),
    /// A list, in its order; it may be empty, and is never missing.
    List(Arc<[Value]>),
}

impl Value {
    pub fn is_missing(&self) -> bool {
        matches!(self, Value::Missing | Value::NotGiven)
    }

    /// The truth of a condition; `None` for unknown.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    pub fn from_truth(truth: Option<bool>) -> Value {
        truth.map_or(Value::Missing, Value::Flag)
    }

    pub fn text(text: &str) -> Value {
        Value::Text(Arc::from(text))
    }
}

impl From<&Literal> for Value {
    fn from(literal: &Literal) -> Value {
        match literal {
            Literal::Text(text) => Value::text(text),
            Literal::Number(number) => Value::Number(*number),
            Literal::Flag(flag) => Value::Flag(*flag),
            Literal::Instant(instant) => Value::Instant(*instant),
            Literal::Date(date) => Value::Date(*date),
            Literal::Time(time) => Value::Time(*time),
            Literal::Duration(duration) => Value::Duration(*duration),
            Literal::List(all) => Value::List(all.iter().map(Value::from).collect()),
            // Rows are made for templates, and never read by a program.
            Literal::Row(_) => Value::Missing,
        }
    }
}
