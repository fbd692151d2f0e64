//! Values while a program runs.

use super::facts::World;
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

    /// The value as plain data; `None` when it is missing. `of_id` says how an id is kept.
    pub fn literal(&self, world: &World, of_id: fn(&Id) -> Literal) -> Option<Literal> {
        Some(match self {
            Value::Missing | Value::NotGiven => return None,
            Value::Flag(flag) => Literal::Flag(*flag),
            Value::Number(number) => Literal::Number(*number),
            Value::Text(text) => Literal::Text(text.to_string()),
            Value::Instant(instant) => Literal::Instant(*instant),
            Value::Date(date) => Literal::Date(*date),
            Value::Time(time) => Literal::Time(*time),
            Value::Duration(duration) => Literal::Duration(*duration),
            Value::Entity(entity) => of_id(world.id(*entity)?),
            Value::Id(id) => of_id(id),
            Value::Message(message) => Literal::Text(message.name.to_string()),
            Value::List(all) => Literal::List(all.iter().filter_map(|each| each.literal(world, of_id)).collect()),
        })
    }

    /// A fraction as a person writes it, 50 for 0.5; `None` for what is no number.
    pub fn percent(&self) -> Option<Decimal> {
        match self {
            Value::Number(number) => Some((*number * Decimal::ONE_HUNDRED).round_dp(2).normalize()),
            _ => None,
        }
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
