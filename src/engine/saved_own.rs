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

#[derive(Serialize, Deserialize)]
struct SavedEvent {
    event: String,
    id: SavedId,
    at: Instant,
    /// By the names of the fields; those that are missing are left out.
    fields: Vec<(String, SavedValue)>,
}

#[derive(Serialize, Deserialize)]
enum SavedChange {
    Set(String, SavedValue),
    Tag(String, bool),
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
    pub fn of(own: &Own, program: &Program, world: &World) -> SavedOwn {
        let event = |event: &OwnEvent| {
            let fields = fields_of(program, event.kind).iter().zip(&event.values);
            let known = fields.filter(|(_, value)| !value.is_missing());
            SavedEvent {
                event: program.event_name(event.kind).to_owned(),
                id: (&event.id).into(),
                at: event.at,
                fields: known.map(|(field, value)| (field.name.clone(), SavedValue::of(value, world))).collect(),
            }
        };
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
        SavedOwn {
            queue: own.queue.iter().map(event).collect(),
            happened: own.happened.iter().map(event).collect(),
            changes: own.changes.iter().filter_map(change).collect(),
            erased: own.erased,
        }
    }

    /// What the program does not read any more is forgotten.
    pub fn read(self, program: &Program, facts: Facts<'_>) -> Own {
        let world = facts.world;
        let event = |saved: SavedEvent| {
            let kind = program.event_slot(&saved.event)?;
            let fields = fields_of(program, kind);
            let mut values = vec![Value::Missing; fields.len()];
            for (name, value) in saved.fields {
                let place = fields.iter().position(|field| field.name == name);
                if let Some((field, slot)) = place.and_then(|place| fields.get(place).zip(values.get_mut(place))) {
                    *slot = value.read(entity_slot(program, &field.ty), world);
                }
            }
            Some(OwnEvent { kind, id: saved.id.into(), at: saved.at, values })
        };
        let change = |(key, saved): ([u8; 16], SavedChange)| {
            let change = match saved {
                SavedChange::Set(name, value) => {
                    let contact = &program.needs().contact;
                    let slot = contact.iter().position(|field| field.name == name)?;
                    let entity = contact.get(slot).and_then(|field| entity_slot(program, &field.ty));
                    Change::Set(slot as u16, value.read(entity, world))
                }
                SavedChange::Tag(tag, add) => Change::Tag { tag: Arc::from(tag), add },
            };
            Some((EffectKey(key), change))
        };
        let mut own = Own::default();
        own.queue.extend(self.queue.into_iter().filter_map(event));
        own.happened.extend(self.happened.into_iter().filter_map(event));
        own.changes.extend(self.changes.into_iter().filter_map(change));
        own.erased = self.erased;
        own.resolve(program, facts.person);
        own
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
