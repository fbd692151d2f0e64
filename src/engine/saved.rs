//! State as bytes, and back. Names stand for slots, ids for rows, hashes for scenarios, so that a state outlives the
//! program and the process that wrote it.

use super::facts::Facts;
use super::output::{EffectKey, TriggerRef};
use super::program::Program;
use super::state::{Handle, Instance, Mark, Pending, Phase, State};
use super::step::{Delivery, Stepper};
use super::value::Value;
use super::{Output, World};
use crate::ir::{ScenarioHash, StepIx};
use crate::model::{Id, Type};
use crate::time::{Date, Duration, Instant, TimeOfDay};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::fmt;
use std::sync::Arc;

/// The version of this form and of the step that wrote it. A reader refuses another.
pub const STATE_FORMAT: u16 = 1;

/// Why a state cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    Newer(u16),
    Broken,
    /// It belongs to a scenario that the program does not have.
    UnknownScenario(ScenarioHash),
    /// It was started by an event that no scenario reads any more.
    UnknownEvent(String),
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateError::Newer(format) => write!(f, "the state was written by a newer version (format {format})"),
            StateError::Broken => f.write_str("the state is not readable"),
            StateError::UnknownScenario(hash) => write!(f, "the state needs the scenario {hash}, which is not kept"),
            StateError::UnknownEvent(name) => write!(f, "the state needs the event `{name}`, which no scenario reads"),
        }
    }
}

impl std::error::Error for StateError {}

#[derive(Serialize, Deserialize)]
struct SavedState {
    format: u16,
    clock: Option<Instant>,
    next_serial: u32,
    scenarios: Vec<[u8; 32]>,
    events: Vec<String>,
    instances: Vec<SavedInstance>,
    marks: Vec<SavedMark>,
}

#[derive(Serialize, Deserialize)]
struct SavedInstance {
    scenario: u16,
    serial: u32,
    entry: Instant,
    event: u16,
    trigger: SavedId,
    kept: Vec<SavedValue>,
    phase: SavedPhase,
    wake: Option<Instant>,
    last_message: Option<Instant>,
    pending: Vec<([u8; 16], u32, Instant)>,
}

#[derive(Serialize, Deserialize)]
enum SavedPhase {
    Waiting(u32),
    WaitingFor(u32),
    Watching,
    Draining,
    Converted,
    Ended,
}

#[derive(Serialize, Deserialize)]
struct SavedMark {
    scenario: String,
    last_entry: Option<Instant>,
    keys: Vec<SavedValue>,
    running: Option<u32>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum SavedId {
    Number(i64),
    Text(String),
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum SavedValue {
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
    fn of(value: &Value, world: &World) -> SavedValue {
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
            Value::List(_) => SavedValue::Missing, // waist
        }
    }

    /// `entity` is the slot of the entity that an id refers to.
    fn read(self, entity: Option<u16>, world: &World) -> Value {
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
        }
    }
}

impl State {
    /// The state as bytes; the same state gives the same bytes.
    pub fn save(&self, program: &Program, world: &World) -> Vec<u8> {
        let mut scenarios: Vec<[u8; 32]> = Vec::new();
        let mut events: Vec<String> = Vec::new();
        let mut instances: Vec<&Instance> = self.slots.iter().flatten().collect();
        instances.sort_by_key(|instance| instance.serial);
        let instances = instances
            .into_iter()
            .filter_map(|instance| {
                let hash = program.unit(instance.unit)?.hash.0;
                let event = program.event_name(instance.trigger.kind);
                Some(SavedInstance {
                    scenario: place_of(&mut scenarios, |known| *known == hash, || hash),
                    serial: instance.serial,
                    entry: instance.entry,
                    event: place_of(&mut events, |known| known == event, || event.to_owned()),
                    trigger: (&instance.trigger.id).into(),
                    kept: instance.kept.iter().map(|value| SavedValue::of(value, world)).collect(),
                    phase: match instance.phase {
                        Phase::Waiting(step) => SavedPhase::Waiting(step.0),
                        Phase::WaitingFor(step) => SavedPhase::WaitingFor(step.0),
                        Phase::Watching => SavedPhase::Watching,
                        Phase::Draining => SavedPhase::Draining,
                        Phase::Converted => SavedPhase::Converted,
                        Phase::Ended => SavedPhase::Ended,
                    },
                    wake: instance.wake,
                    last_message: instance.last_message,
                    pending: instance.pending.iter().map(|each| (each.key.0, each.step.0, each.due)).collect(),
                })
            })
            .collect();
        let marks = self.marks.iter().map(|(scenario, mark)| {
            #[allow(clippy::iter_over_hash_type, reason = "sorted just below")]
            let mut keys: Vec<SavedValue> = mark.keys.iter().map(|key| SavedValue::of(key, world)).collect();
            keys.sort();
            let running = mark.running.filter(|handle| self.get(*handle).is_some()).map(|handle| handle.serial);
            SavedMark { scenario: scenario.clone(), last_entry: mark.last_entry, keys, running }
        });
        let saved = SavedState {
            format: STATE_FORMAT,
            clock: self.clock,
            next_serial: self.next_serial,
            marks: marks.collect(),
            scenarios,
            events,
            instances,
        };
        // The saved form has no map and no unsized part, so writing it to memory cannot fail.
        postcard::to_stdvec(&saved).unwrap_or_default()
    }

    /// The scenario versions that a saved state needs, so that a program can be linked before it is read.
    pub fn scenarios_of(bytes: &[u8]) -> Result<Vec<ScenarioHash>, StateError> {
        Ok(read(bytes)?.scenarios.into_iter().map(ScenarioHash).collect())
    }

    /// Reads a saved state.
    pub fn load(bytes: &[u8], program: &Program, facts: Facts<'_>) -> Result<State, StateError> {
        let saved = read(bytes)?;
        let world = facts.world;
        let mut state = State::default();
        state.clock = saved.clock;
        state.next_serial = saved.next_serial;
        for instance in saved.instances {
            let hash = ScenarioHash(*saved.scenarios.get(usize::from(instance.scenario)).ok_or(StateError::Broken)?);
            let unit = program.units().iter().position(|unit| unit.hash == hash);
            let unit = unit.ok_or(StateError::UnknownScenario(hash))? as u16;
            let event = saved.events.get(usize::from(instance.event)).ok_or(StateError::Broken)?;
            let kind = program.event_slot(event).ok_or_else(|| StateError::UnknownEvent(event.clone()))?;
            let types: Vec<Option<u16>> = program.unit(unit).map_or(Vec::new(), |unit| {
                let fields = unit.scenario.code.trigger.iter();
                fields.map(|field| entity_slot(program, &field.ty)).collect()
            });
            let kept: SmallVec<[Value; 2]> = instance
                .kept
                .into_iter()
                .enumerate()
                .map(|(place, value)| value.read(types.get(place).copied().flatten(), world))
                .collect();
            state.slots.push(Some(Instance {
                unit,
                serial: instance.serial,
                generation: 0,
                entry: instance.entry,
                trigger: TriggerRef { kind, id: instance.trigger.into() },
                kept,
                phase: match instance.phase {
                    SavedPhase::Waiting(step) => Phase::Waiting(StepIx(step)),
                    SavedPhase::WaitingFor(step) => Phase::WaitingFor(StepIx(step)),
                    SavedPhase::Watching => Phase::Watching,
                    SavedPhase::Draining => Phase::Draining,
                    SavedPhase::Converted => Phase::Converted,
                    SavedPhase::Ended => Phase::Ended,
                },
                wake: instance.wake,
                last_message: instance.last_message,
                pending: instance
                    .pending
                    .into_iter()
                    .map(|(key, step, due)| Pending { key: EffectKey(key), step: StepIx(step), due })
                    .collect(),
            }));
        }
        let handles = state.handles();
        for mark in saved.marks {
            let running =
                mark.running.and_then(|serial| handles.iter().find(|handle| handle.serial == serial).copied());
            let keys = mark.keys.into_iter().map(|key| key.read(None, world)).collect();
            state.marks.insert(mark.scenario, Mark { last_entry: mark.last_entry, keys, running });
        }
        state.file_all(program, facts, &handles);
        Ok(state)
    }

    fn handles(&self) -> Vec<Handle> {
        let handle = |(slot, instance): (usize, &Option<Instance>)| {
            Some(Handle { serial: instance.as_ref()?.serial, slot: slot as u32 })
        };
        self.slots.iter().enumerate().filter_map(handle).collect()
    }

    /// Files every instance under what wakes it.
    fn file_all(&mut self, program: &Program, facts: Facts<'_>, handles: &[Handle]) {
        let now = self.clock.unwrap_or(Instant::MIN);
        let mut out = Output::default();
        let mut stepper = Stepper { program, state: self, facts, delivery: Delivery::Outbox, now, out: &mut out };
        for handle in handles {
            let Some(instance) = stepper.state.take(*handle) else { continue };
            if let Some(unit) = program.unit(instance.unit) {
                stepper.watch_standing(unit, *handle, &instance);
                stepper.file(unit, *handle, &instance);
            }
            stepper.state.put(*handle, instance);
        }
    }
}

fn entity_slot(program: &Program, ty: &Type) -> Option<u16> {
    match ty {
        Type::Entity(name) => program.needs().entity(name),
        _ => None,
    }
}

fn read(bytes: &[u8]) -> Result<SavedState, StateError> {
    let (format, _): (u16, _) = postcard::take_from_bytes(bytes).map_err(|_| StateError::Broken)?;
    if format != STATE_FORMAT {
        return Err(StateError::Newer(format));
    }
    postcard::from_bytes(bytes).map_err(|_| StateError::Broken)
}

fn place_of<T>(list: &mut Vec<T>, is: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> u16 {
    if let Some(place) = list.iter().position(is) {
        return place as u16;
    }
    list.push(make());
    (list.len() - 1) as u16
}
