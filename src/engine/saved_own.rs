//! What scenarios did to a contact, and its clocks, as bytes.

use super::World;
use super::clocks::{Clocks, Silence};
use super::facts::Facts;
use super::output::{EffectKey, TriggerRef};
use super::own::{Change, Own, OwnEvent};
use super::program::Program;
use super::saved::{place_of, saved_name, slot_of};
use super::saved_value::{SavedId, SavedValue, entity_slot};
use super::value::Value;
use crate::ir::FieldUse;
use crate::time::Instant;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Default, Serialize, Deserialize)]
pub(super) struct SavedOwn {
    queue: Vec<SavedEvent>,
    happened: Vec<SavedEvent>,
    changes: Vec<([u8; 16], SavedChange)>,
    erased: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SavedEvent {
    event: String,
    id: SavedId,
    at: Instant,
    /// By the names of the fields; those that are missing are left out.
    fields: Vec<(String, SavedValue)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum SavedChange {
    Set(String, SavedValue),
    Tag(String, bool),
}

/// What was saved and the program at hand does not read, as it was saved: a scenario, an account or a field that is away
/// for one run finds its history again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Apart {
    queue: Vec<SavedEvent>,
    happened: Vec<SavedEvent>,
    changes: Vec<([u8; 16], SavedChange)>,
}

impl Apart {
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.happened.is_empty() && self.changes.is_empty()
    }

    /// Adds what another state of the same contact has.
    pub fn absorb(&mut self, other: Apart) {
        self.queue.extend(other.queue);
        self.happened.extend(other.happened);
        self.changes.extend(other.changes);
    }

    pub fn forget_change(&mut self, key: EffectKey) {
        self.changes.retain(|(known, _)| *known != key.0);
    }

    pub fn forget_all_changes(&mut self) {
        self.changes.clear();
    }
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct SavedClocks {
    /// By the name of the scenario.
    silences: Vec<(String, SavedSilence)>,
    periods: Vec<(String, Option<Instant>)>,
}

#[derive(Serialize, Deserialize)]
struct SavedSilence {
    after: Option<(u16, SavedId)>,
    since: Instant,
    due: Option<Instant>,
    over: bool,
}

impl SavedOwn {
    /// Whether scenarios made something happen at an instant or after it.
    pub fn has_events_since(&self, since: Instant) -> bool {
        self.happened.iter().any(|event| event.at >= since)
    }

    pub fn of(own: &Own, program: &Program, world: &World) -> SavedOwn {
        let event = |event: &OwnEvent| SavedEvent::of(event, program, world);
        let change = |(key, change): &(EffectKey, Change)| {
            let change = match change {
                Change::Set(slot, value) => {
                    let field = program.needs().contact.get(usize::from(*slot))?;
                    SavedChange::Set(field.name.clone(), SavedValue::of(value, world))
                }
                Change::Tag { tag, add } => SavedChange::Tag(tag.to_string(), *add),
            };
            Some((key.0, change))
        };
        let apart = own.apart.clone();
        SavedOwn {
            queue: own.queue.iter().map(event).chain(apart.queue).collect(),
            happened: own.happened.iter().map(event).chain(apart.happened).collect(),
            changes: own.changes.iter().filter_map(change).chain(apart.changes).collect(),
            erased: own.erased,
        }
    }

    /// What the program does not read is kept apart.
    pub fn read(self, program: &Program, facts: Facts<'_>) -> Own {
        let mut own = Own::default();
        for saved in self.queue {
            match saved.read(program, facts.world) {
                Ok(event) => own.queue.push_back(event),
                Err(saved) => own.apart.queue.push(saved),
            }
        }
        for saved in self.happened {
            match saved.read(program, facts.world) {
                Ok(event) => own.happened.push(event),
                Err(saved) => own.apart.happened.push(saved),
            }
        }
        // What comes back takes its place in time among what stayed.
        own.queue.make_contiguous().sort_by_key(|event| event.at);
        own.happened.sort_by_key(|event| event.at);
        for (key, saved) in self.changes {
            match saved.read(program, facts.world) {
                Ok(change) => own.changes.push((EffectKey(key), change)),
                Err(saved) => own.apart.changes.push((key, saved)),
            }
        }
        own.erased = self.erased;
        own.resolve(program, facts.person);
        own
    }
}

impl SavedEvent {
    fn of(event: &OwnEvent, program: &Program, world: &World) -> SavedEvent {
        let fields = fields_of(program, event.kind).iter().zip(&event.values);
        let known = fields.filter(|(_, value)| !value.is_missing());
        let known = known.map(|(field, value)| (field.name.clone(), SavedValue::of(value, world)));
        SavedEvent {
            event: program.event_name(event.kind).to_owned(),
            id: (&event.id).into(),
            at: event.at,
            fields: known.chain(event.unread.iter().cloned()).collect(),
        }
    }

    /// Gives itself back where the program does not read such events.
    fn read(self, program: &Program, world: &World) -> Result<OwnEvent, SavedEvent> {
        let Some(kind) = program.event_slot(&self.event) else { return Err(self) };
        let fields = fields_of(program, kind);
        let mut values = vec![Value::Missing; fields.len()];
        let mut unread = Vec::new();
        for (name, value) in self.fields {
            let place = fields.iter().position(|field| field.name == name);
            match place.and_then(|place| fields.get(place).zip(values.get_mut(place))) {
                Some((field, slot)) => *slot = value.read(entity_slot(program, &field.ty), world),
                None => unread.push((name, value)),
            }
        }
        Ok(OwnEvent { kind, id: self.id.into(), at: self.at, values, unread })
    }
}

impl SavedChange {
    /// Gives itself back where the program does not read the field.
    fn read(self, program: &Program, world: &World) -> Result<Change, SavedChange> {
        match self {
            SavedChange::Tag(tag, add) => Ok(Change::Tag { tag: Arc::from(tag), add }),
            SavedChange::Set(name, value) => {
                let contact = &program.needs().contact;
                let Some(slot) = contact.iter().position(|field| field.name == name) else {
                    return Err(SavedChange::Set(name, value));
                };
                let entity = contact.get(slot).and_then(|field| entity_slot(program, &field.ty));
                Ok(Change::Set(slot as u16, value.read(entity, world)))
            }
        }
    }
}

impl SavedClocks {
    pub fn of(clocks: &Clocks, program: &Program, events: &mut Vec<String>) -> SavedClocks {
        let name = |unit: u16| program.unit(unit).map_or_else(String::new, |unit| unit.scenario.name.clone());
        let mut silence = |silence: &Silence| SavedSilence {
            after: silence.after.as_ref().map(|after| {
                let event = saved_name(program, after.kind);
                (place_of(events, |known| known == event, || event.to_owned()), (&after.id).into())
            }),
            since: silence.since,
            due: silence.due,
            over: silence.over,
        };
        SavedClocks {
            silences: clocks.silences.iter().map(|(unit, each)| (name(*unit), silence(each))).collect(),
            periods: clocks.periods.iter().map(|(unit, due)| (name(*unit), *due)).collect(),
        }
    }

    /// The clocks of scenarios that are not there any more, or that start by something else by now, are forgotten.
    pub fn read(self, program: &Program, events: &[String]) -> Clocks {
        use crate::ir::Start;
        let mut clocks = Clocks::default();
        for (name, saved) in self.silences {
            let Some((unit, found)) = program.current(&name) else { continue };
            let after = saved.after.and_then(|(event, id)| {
                let kind = slot_of(program, events.get(usize::from(event))?)?;
                Some(TriggerRef { kind, id: id.into() })
            });
            if matches!(found.scenario.start, Start::Silence { .. }) {
                let SavedSilence { since, due, over, .. } = saved;
                clocks.set_silence(unit, Silence { after, since, due, over });
            }
        }
        for (name, due) in self.periods {
            let Some((unit, found)) = program.current(&name) else { continue };
            if matches!(found.scenario.start, Start::Every { .. }) {
                clocks.set_period(unit, due);
            }
        }
        clocks
    }
}

fn fields_of(program: &Program, kind: u16) -> &[FieldUse] {
    program.needs().events.get(usize::from(kind)).map_or(&[], |event| &event.fields)
}
