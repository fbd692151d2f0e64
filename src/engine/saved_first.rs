//! The first form of a saved state, as far as a reader still meets it.

use super::output::EffectKey;
use super::saved::{STATE_FORMAT, SavedInstance, SavedMark, SavedPhase, SavedState};
use super::saved_messages::SavedPending;
use super::saved_value::{SavedId, SavedValue};
use super::state::Pending;
use crate::ir::StepIx;
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// Format 1: before scenarios changed their contact, and before any clock but those of instances.
#[derive(Serialize, Deserialize)]
pub(super) struct First {
    pub format: u16,
    pub clock: Option<Instant>,
    pub next_serial: u32,
    pub scenarios: Vec<[u8; 32]>,
    pub events: Vec<String>,
    pub instances: Vec<FirstInstance>,
    pub marks: Vec<SavedMark>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct FirstInstance {
    pub scenario: u16,
    pub serial: u32,
    pub entry: Instant,
    pub event: u16,
    pub trigger: SavedId,
    pub kept: Vec<SavedValue>,
    pub phase: SavedPhase,
    pub wake: Option<Instant>,
    pub last_message: Option<Instant>,
    pub pending: Vec<([u8; 16], u32, Instant)>,
}

/// A message of an outbox.
fn waiting((key, step, due): ([u8; 16], u32, Instant)) -> SavedPending {
    (&Pending::new(EffectKey(key), StepIx(step), due, 0)).into()
}

impl From<First> for SavedState {
    fn from(first: First) -> SavedState {
        SavedState {
            format: STATE_FORMAT,
            clock: first.clock,
            next_serial: first.next_serial,
            scenarios: first.scenarios,
            events: first.events,
            instances: first.instances.into_iter().map(SavedInstance::from).collect(),
            claims: Vec::new(),
            marks: first.marks,
            own: Default::default(),
            clocks: Default::default(),
            passed: Vec::new(),
        }
    }
}

impl From<FirstInstance> for SavedInstance {
    fn from(first: FirstInstance) -> SavedInstance {
        SavedInstance {
            scenario: first.scenario,
            serial: first.serial,
            entry: first.entry,
            event: first.event,
            trigger: first.trigger,
            by: None,
            kept: first.kept,
            phase: first.phase,
            wake: first.wake,
            last_message: first.last_message,
            pending: first.pending.into_iter().map(waiting).collect(),
            own: Vec::new(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A state without instances, as the first form was written: a scenario was entered once.
    pub fn written(clock: Instant, scenario: &str, entered: Instant) -> Vec<u8> {
        let mark = SavedMark { scenario: scenario.into(), last_entry: Some(entered), keys: Vec::new(), running: None };
        let first = First {
            format: 1,
            clock: Some(clock),
            next_serial: 7,
            scenarios: Vec::new(),
            events: vec!["purchased".into()],
            instances: Vec::new(),
            marks: vec![mark],
        };
        postcard::to_stdvec(&first).unwrap()
    }
}
