//! Values as bytes: ids stand for rows.

use super::World;
use super::messages::MessageRef;
use super::output::EffectKey;
use super::program::Program;
use super::value::Value;
use crate::model::{Id, Type};
use crate::time::{Date, Duration, Instant, TimeOfDay};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum SavedId {
    Number(i64),
    Text(String),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum SavedValue {
    Missing,
    Flag(bool),
    /// As [`Decimal::serialize`] writes it: the form of serde asks for the next type, which these bytes do not tell.
    Number([u8; 16]),
    Text(String),
    Instant(Instant),
    Date(Date),
    Time(TimeOfDay),
    Duration(Duration),
    Id(SavedId),
    List(Vec<SavedValue>),
    Message(String, Option<[u8; 16]>),
}

impl From<&Id> for SavedId {
    fn from(id: &Id) -> SavedId {
        match id {
            Id::Number(number) => SavedId::Number(*number),
            Id::Text(text) => SavedId::Text(text.to_string()),
        }
    }
}

impl From<SavedId> for Id {
    fn from(id: SavedId) -> Id {
        match id {
            SavedId::Number(number) => Id::Number(number),
            SavedId::Text(text) => Id::Text(Arc::from(text)),
        }
    }
}

impl SavedValue {
    pub fn of(value: &Value, world: &World) -> SavedValue {
        match value {
            Value::Missing | Value::NotGiven => SavedValue::Missing,
            Value::Flag(flag) => SavedValue::Flag(*flag),
            Value::Number(number) => SavedValue::Number(number.serialize()),
            Value::Text(text) => SavedValue::Text(text.to_string()),
            Value::Instant(instant) => SavedValue::Instant(*instant),
            Value::Date(date) => SavedValue::Date(*date),
            Value::Time(time) => SavedValue::Time(*time),
            Value::Duration(duration) => SavedValue::Duration(*duration),
            Value::Entity(entity) => world.id(*entity).map_or(SavedValue::Missing, |id| SavedValue::Id(id.into())),
            Value::Id(id) => SavedValue::Id(id.into()),
            Value::Message(message) => SavedValue::Message(message.name.to_string(), message.key.map(|key| key.0)),
            Value::List(all) => SavedValue::List(all.iter().map(|each| SavedValue::of(each, world)).collect()),
        }
    }

    /// `entity` is the slot of the entity that ids refer to.
    pub fn read(self, entity: Option<u16>, world: &World) -> Value {
        match self {
            SavedValue::Missing => Value::Missing,
            SavedValue::Flag(flag) => Value::Flag(flag),
            SavedValue::Number(bytes) => Value::Number(Decimal::deserialize(bytes)),
            SavedValue::Text(text) => Value::text(&text),
            SavedValue::Instant(instant) => Value::Instant(instant),
            SavedValue::Date(date) => Value::Date(date),
            SavedValue::Time(time) => Value::Time(time),
            SavedValue::Duration(duration) => Value::Duration(duration),
            SavedValue::Id(id) => match entity {
                Some(entity) => world.refer(entity, id.into()),
                None => Value::Id(id.into()),
            },
            SavedValue::Message(name, key) => {
                Value::Message(Arc::new(MessageRef { name: Arc::from(name), key: key.map(EffectKey) }))
            }
            SavedValue::List(all) => Value::List(all.into_iter().map(|each| each.read(entity, world)).collect()),
        }
    }
}

/// The slot of the entity that values of a type refer to.
pub(super) fn entity_slot(program: &Program, ty: &Type) -> Option<u16> {
    match ty {
        Type::Entity(name) | Type::List(name) => program.needs().entity(name),
        _ => None,
    }
}
