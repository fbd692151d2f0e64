//! Where the instances of a contact stand: what tables count of those who wait.

use super::marks::Journey;
use super::saved::{self, SavedPhase, StateError};
use super::state::{Phase, State};
use crate::ir::{ScenarioHash, StepIx};
use crate::model::Id;
use crate::time::Instant;

/// An instance of a saved state that stands in a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The version that it runs.
    pub scenario: ScenarioHash,
    /// The event that started it; `contact` where it was the contact itself.
    pub event: String,
    pub trigger: Id,
    pub entered_at: Instant,
    /// The wait.
    pub wait: StepIx,
}

impl State {
    /// The journeys whose steps are not over, and the waits in which they stand.
    pub fn standing(&self) -> impl Iterator<Item = (Journey, StepIx)> {
        self.slots.iter().flatten().filter_map(|instance| match instance.phase {
            Phase::Waiting(wait) | Phase::WaitingFor(wait) => Some((Journey::of(instance), wait)),
            Phase::Watching | Phase::Draining | Phase::Converted | Phase::Ended => None,
        })
    }

    /// As [`State::standing`], of a saved state, whatever program reads it.
    pub fn standing_of(bytes: &[u8]) -> Result<Vec<Standing>, StateError> {
        let saved = saved::read(bytes)?;
        let mut standing = Vec::new();
        for instance in saved.instances {
            let (SavedPhase::Waiting(wait) | SavedPhase::WaitingFor(wait)) = instance.phase else { continue };
            let scenario = saved.scenarios.get(usize::from(instance.scenario)).ok_or(StateError::Broken)?;
            let event = saved.events.get(usize::from(instance.event)).ok_or(StateError::Broken)?;
            standing.push(Standing {
                scenario: ScenarioHash(*scenario),
                event: if event.is_empty() { "contact" } else { event.as_str() }.to_owned(),
                trigger: instance.trigger.into(),
                entered_at: instance.entry,
                wait: StepIx(wait),
            });
        }
        Ok(standing)
    }
}
