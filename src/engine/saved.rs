//! State as bytes, and back. Names stand for slots, ids for rows, hashes for scenarios, so that a state outlives the
//! program and the process that wrote it.

use super::facts::Facts;
use super::messages::OwnMessage;
use super::output::{EffectKey, TriggerRef};
use super::policy::Claim;
use super::program::Program;
use super::saved_first::First;
use super::saved_messages::{SavedOwnMessage, SavedPending};
use super::saved_own::{SavedClocks, SavedOwn};
use super::saved_value::{SavedId, SavedValue, entity_slot};
use super::state::{Handle, Instance, Mark, Pending, Phase, Progress, State};
use super::step::{Delivery, Stepper};
use super::value::Value;
use super::{Output, World};
use crate::ir::{Class, ScenarioHash, StepIx};
use crate::time::Instant;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::fmt;

/// The version of this form and of the step that wrote it. A reader refuses a newer one.
pub const STATE_FORMAT: u16 = 5;

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
pub(super) struct SavedState {
    pub format: u16,
    pub clock: Option<Instant>,
    pub next_serial: u32,
    pub scenarios: Vec<[u8; 32]>,
    /// Names of events; an empty one stands for the contact itself.
    pub events: Vec<String>,
    pub instances: Vec<SavedInstance>,
    /// What the caps count: true of a service message, false of marketing.
    pub claims: Vec<(Instant, bool)>,
    pub marks: Vec<SavedMark>,
    pub own: SavedOwn,
    pub clocks: SavedClocks,
    /// By the serial of an instance, what it may have done in versions that it has left.
    pub passed: Vec<(u32, Vec<u64>)>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SavedInstance {
    pub scenario: u16,
    pub serial: u32,
    pub entry: Instant,
    pub event: u16,
    pub trigger: SavedId,
    pub by: Option<[u8; 16]>,
    pub kept: Vec<SavedValue>,
    pub phase: SavedPhase,
    pub wake: Option<Instant>,
    pub last_message: Option<Instant>,
    pub pending: Vec<SavedPending>,
    pub own: Vec<SavedOwnMessage>,
}

#[derive(Serialize, Deserialize)]
pub(super) enum SavedPhase {
    Waiting(u32),
    WaitingFor(u32),
    Watching,
    Draining,
    Converted,
    Ended,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SavedMark {
    pub scenario: String,
    pub last_entry: Option<Instant>,
    pub keys: Vec<SavedValue>,
    pub running: Option<u32>,
}

impl State {
    /// The state as bytes; the same state gives the same bytes.
    pub fn save(&self, program: &Program, world: &World) -> Vec<u8> {
        let mut scenarios: Vec<[u8; 32]> = Vec::new();
        let mut events: Vec<String> = Vec::new();
        let mut instances: Vec<&Instance> = self.slots.iter().flatten().collect();
        instances.sort_by_key(|instance| instance.serial);
        let passed = instances.iter().filter(|instance| !instance.passed.is_empty());
        let passed = passed.map(|instance| (instance.serial, instance.passed.clone())).collect();
        let instances = instances
            .into_iter()
            .filter_map(|instance| {
                let hash = program.unit(instance.unit)?.hash.0;
                let event = saved_name(program, instance.trigger.kind);
                Some(SavedInstance {
                    scenario: place_of(&mut scenarios, |known| *known == hash, || hash),
                    serial: instance.serial,
                    entry: instance.entry,
                    event: place_of(&mut events, |known| known == event, || event.to_owned()),
                    trigger: (&instance.trigger.id).into(),
                    by: instance.by.map(|by| by.0),
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
                    pending: instance.pending.iter().map(SavedPending::from).collect(),
                    own: instance.own.iter().map(SavedOwnMessage::from).collect(),
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
            claims: self.claims.0.iter().map(|claim| (claim.at, claim.class == Class::Service)).collect(),
            marks: marks.collect(),
            scenarios,
            instances,
            own: SavedOwn::of(&self.own, program, world),
            clocks: SavedClocks::of(&self.clocks, program, &mut events),
            events,
            passed,
        };
        // The saved form has no map and no unsized part, so writing it to memory cannot fail.
        postcard::to_stdvec(&saved).unwrap_or_default()
    }

    /// The scenario versions that a saved state needs, so that a program can be linked before it is read.
    pub fn scenarios_of(bytes: &[u8]) -> Result<Vec<ScenarioHash>, StateError> {
        Ok(read(bytes)?.scenarios.into_iter().map(ScenarioHash).collect())
    }

    /// Whether scenarios made something happen to the contact of a saved state, at an instant or after it.
    pub fn has_own_events_since(bytes: &[u8], since: Instant) -> Result<bool, StateError> {
        Ok(read(bytes)?.own.has_events_since(since))
    }

    /// Reads a saved state.
    pub fn load(bytes: &[u8], program: &Program, facts: Facts<'_>) -> Result<State, StateError> {
        let saved = read(bytes)?;
        let world = facts.world;
        let mut state = State::default();
        state.clock = saved.clock;
        state.next_serial = saved.next_serial;
        let claim = |(at, is_service)| {
            let class = if is_service { Class::Service } else { Class::Marketing };
            Claim { at, class }
        };
        state.claims.0 = saved.claims.into_iter().map(claim).collect();
        let mut passed: BTreeMap<u32, Vec<u64>> = saved.passed.into_iter().collect();
        for instance in saved.instances {
            let hash = ScenarioHash(*saved.scenarios.get(usize::from(instance.scenario)).ok_or(StateError::Broken)?);
            let unit = program.units().iter().position(|unit| unit.hash == hash);
            let unit = unit.ok_or(StateError::UnknownScenario(hash))? as u16;
            let event = saved.events.get(usize::from(instance.event)).ok_or(StateError::Broken)?;
            let kind = slot_of(program, event).ok_or_else(|| StateError::UnknownEvent(event.clone()))?;
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
            let handle = Handle { serial: instance.serial, slot: state.slots.len() as u32 };
            state.slots.push(None);
            instance.pending.iter().for_each(|pending| state.wait_for(EffectKey(pending.key), handle));
            let instance = Box::new(Progress {
                unit,
                serial: instance.serial,
                generation: 0,
                entry: instance.entry,
                trigger: TriggerRef { kind, id: instance.trigger.into() },
                by: instance.by.map(EffectKey),
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
                pending: instance.pending.into_iter().map(Pending::from).collect(),
                own: instance.own.into_iter().map(OwnMessage::from).collect(),
                passed: passed.remove(&instance.serial).unwrap_or_default(),
            });
            state.put(handle, instance);
        }
        let handles = state.handles();
        let by_serial: BTreeMap<u32, Handle> = handles.iter().map(|handle| (handle.serial, *handle)).collect();
        for mark in saved.marks {
            let running = mark.running.and_then(|serial| by_serial.get(&serial).copied());
            let keys = mark.keys.into_iter().map(|key| key.read(None, world)).collect();
            state.marks.insert(mark.scenario, Mark { last_entry: mark.last_entry, keys, running });
        }
        state.own = saved.own.read(program, facts);
        state.clocks = saved.clocks.read(program, &saved.events);
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
        let mut stepper = Stepper::new(program, self, facts, Delivery::Outbox, now, &mut out);
        for handle in handles {
            let Some(instance) = stepper.state.take(*handle) else { continue };
            let held = instance.pending.iter().filter_map(|pending| Some((pending.wake?, pending.key)));
            stepper.state.held.extend(held);
            if let Some(unit) = program.unit(instance.unit) {
                stepper.watch_standing(unit, *handle, &instance);
                stepper.file(unit, *handle, &instance);
            }
            stepper.state.put(*handle, instance);
        }
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<SavedState, StateError> {
    let (format, _): (u16, _) = postcard::take_from_bytes(bytes).map_err(|_| StateError::Broken)?;
    match format {
        // The third form is the same; only the fourth told messages that were held out from others.
        STATE_FORMAT | 3 => postcard::from_bytes(bytes).map_err(|_| StateError::Broken),
        4 => fourth(bytes).map_err(|_| StateError::Broken),
        // It ended before what instances did in versions that they left: an empty list, which is one zero.
        2 => postcard::from_bytes(&[bytes, &[0]].concat()).map_err(|_| StateError::Broken),
        1 => postcard::from_bytes::<First>(bytes).map(SavedState::from).map_err(|_| StateError::Broken),
        _ => Err(StateError::Newer(format)),
    }
}

/// The fourth form: behind all else, by the serial of an instance, when its last message was held out.
fn fourth(bytes: &[u8]) -> Result<SavedState, postcard::Error> {
    let (mut saved, rest): (SavedState, _) = postcard::take_from_bytes(bytes)?;
    let held_out: BTreeMap<u32, Instant> = postcard::from_bytes::<Vec<_>>(rest)?.into_iter().collect();
    for instance in &mut saved.instances {
        instance.last_message = instance.last_message.max(held_out.get(&instance.serial).copied());
    }
    Ok(saved)
}

/// The name by which an event is saved.
pub(super) fn saved_name(program: &Program, kind: u16) -> &str {
    if kind == TriggerRef::CONTACT { "" } else { program.event_name(kind) }
}

/// The slot of an event that was saved by this name.
pub(super) fn slot_of(program: &Program, name: &str) -> Option<u16> {
    if name.is_empty() { Some(TriggerRef::CONTACT) } else { program.event_slot(name) }
}

/// The place of what is in a list, where it is added if it is not there.
pub(super) fn place_of<T>(list: &mut Vec<T>, is: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> u16 {
    if let Some(place) = list.iter().position(is) {
        return place as u16;
    }
    list.push(make());
    (list.len() - 1) as u16
}
