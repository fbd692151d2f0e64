//! Values where they stand: fields of the trigger, of the event at hand, of the entities that they refer to.

use super::eval::{Eval, TriggerValues};
use super::value::Value;
use crate::ir::{Expr, ExprIx};
use std::borrow::Cow;

impl<'a> Eval<'a> {
    /// The value of a field or a constant where it stands, or of what follows from a row: what most expressions read, over and
    /// over. `None` where there is more to say.
    pub(super) fn place(&self, ix: ExprIx) -> Option<&'a Value> {
        let value = match self.code.code.exprs.get(ix)? {
            Expr::Trigger(slot) => self.trigger_value(*slot)?,
            Expr::Event(slot) => self.event_value(*slot)?,
            Expr::Field { of, entity, field } => match self.place(*of)? {
                Value::Entity(reference) if reference.entity == *entity => self.world.value(*reference, *field)?,
                _ => return None,
            },
            Expr::Literal(_) => self.code.constants.get(usize::from(ix))?,
            _ => self.known(ix)?,
        };
        (!matches!(value, Value::NotGiven)).then_some(value)
    }

    /// Reports a field that a test reads and did not give.
    pub(super) fn given(&self, value: Option<&'a Value>, ix: ExprIx) -> Cow<'a, Value> {
        match value {
            Some(Value::NotGiven) => {
                if let Some(list) = self.not_given {
                    list.borrow_mut().push(self.path(ix));
                }
                Cow::Owned(Value::Missing)
            }
            Some(value) => Cow::Borrowed(value),
            None => Cow::Owned(Value::Missing),
        }
    }

    /// The name of a field as it is written where it is read: `product.delay`, or `order` in the filter of an event.
    pub(super) fn path(&self, ix: ExprIx) -> String {
        let code = &self.code.code;
        let known = || self.code.paths.get(usize::from(ix)).cloned().unwrap_or_default();
        match code.exprs.get(ix) {
            Some(Expr::Event(slot)) => {
                let record = self.event.and_then(|event| code.events.get(usize::from(event.event)));
                let field = record.and_then(|record| record.fields.get(usize::from(*slot)));
                field.map_or_else(String::new, |field| field.name.clone())
            }
            // What an event refers to has no name of its own in the program.
            Some(Expr::Field { of, .. }) => match known().rsplit_once('.') {
                Some((_, field)) => format!("{}.{field}", self.path(*of)),
                None => String::new(),
            },
            _ => known(),
        }
    }

    #[inline]
    pub(super) fn trigger_value(&self, slot: u16) -> Option<&'a Value> {
        match self.trigger {
            TriggerValues::None => None,
            TriggerValues::Kept(values) => values.get(usize::from(slot)),
            TriggerValues::Row(values, fields) => values.get(usize::from(*fields.get(usize::from(slot))?)),
        }
    }

    #[inline]
    pub(super) fn event_value(&self, slot: u16) -> Option<&'a Value> {
        let event = self.event?;
        event.values.get(usize::from(*event.fields.get(usize::from(slot))?))
    }

    pub(super) fn field(&self, of: ExprIx, entity: u16, field: u16, ix: ExprIx) -> Cow<'a, Value> {
        match self.value(of).as_ref() {
            Value::Entity(reference) if reference.entity == entity => {
                self.given(self.world.value(*reference, field), ix)
            }
            _ => Cow::Owned(Value::Missing),
        }
    }
}
