//! What scenarios did to a contact: events that they made.

use super::output::EffectKey;
use super::step::Stepper;
use super::value::Value;
use crate::model::Id;
use crate::time::Instant;
use std::collections::VecDeque;
use std::sync::Arc;

/// An event that a scenario made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnEvent {
    /// The event's slot in the program.
    pub kind: u16,
    /// The identity of the effect that made it.
    pub id: Id,
    pub at: Instant,
    /// In the order of the event's fields in the program.
    pub values: Vec<Value>,
}

/// All that scenarios did to one contact, as far as the program reads it.
#[derive(Clone, Debug, Default)]
pub(super) struct Own {
    pub queue: VecDeque<OwnEvent>,
}

impl Stepper<'_, '_> {
    /// Makes an event of this contact: it happens at this instant, after those that are already there. One that the
    /// program does not read is not made.
    pub(super) fn make_event(&mut self, event: &str, key: EffectKey, fields: &[(&str, Value)]) {
        let Some(kind) = self.program.event_slot(event) else { return };
        let Some(record) = self.program.needs().events.get(usize::from(kind)) else { return };
        let value = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let values = record.fields.iter().map(|field| value(&field.name).unwrap_or_default()).collect();
        let id = Id::Text(Arc::from(key.to_string()));
        self.state.own.queue.push_back(OwnEvent { kind, id, at: self.now, values });
    }
}
