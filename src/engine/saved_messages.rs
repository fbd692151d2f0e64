//! Messages that an instance decided, as bytes.

use super::messages::OwnMessage;
use super::output::{EffectKey, Outcome, Reason};
use super::state::Pending;
use crate::ir::StepIx;
use crate::time::Instant;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct SavedPending {
    pub key: [u8; 16],
    pub step: u32,
    pub due: Instant,
    pub wake: Option<Instant>,
    /// By its number, as the outcomes and reasons below.
    pub held: u8,
    pub claimed: bool,
    pub alternative: u8,
    pub otherwise: Option<(u8, u8)>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SavedOwnMessage {
    pub key: [u8; 16],
    pub step: u32,
    pub alternative: u8,
    pub due: Instant,
    pub accepted: Option<Instant>,
}

impl From<&Pending> for SavedPending {
    fn from(pending: &Pending) -> SavedPending {
        SavedPending {
            key: pending.key.0,
            step: pending.step.0,
            due: pending.due,
            wake: pending.wake,
            held: pending.held as u8,
            claimed: pending.claimed,
            alternative: pending.alternative,
            otherwise: pending.otherwise.map(|(outcome, reason)| (outcome as u8, reason as u8)),
        }
    }
}

impl From<SavedPending> for Pending {
    fn from(saved: SavedPending) -> Pending {
        let reason = |number: u8| Reason::ALL.get(usize::from(number)).copied().unwrap_or(Reason::None);
        let outcome = |number: u8| Outcome::ALL.get(usize::from(number)).copied().unwrap_or(Outcome::Cancelled);
        Pending {
            key: EffectKey(saved.key),
            step: StepIx(saved.step),
            due: saved.due,
            wake: saved.wake,
            held: reason(saved.held),
            claimed: saved.claimed,
            alternative: saved.alternative,
            otherwise: saved.otherwise.map(|(one, two)| (outcome(one), reason(two))),
        }
    }
}

impl From<&OwnMessage> for SavedOwnMessage {
    fn from(own: &OwnMessage) -> SavedOwnMessage {
        let OwnMessage { step, alternative, key, due, accepted } = *own;
        SavedOwnMessage { key: key.0, step: step.0, alternative, due, accepted }
    }
}

impl From<SavedOwnMessage> for OwnMessage {
    fn from(saved: SavedOwnMessage) -> OwnMessage {
        let SavedOwnMessage { key, step, alternative, due, accepted } = saved;
        OwnMessage { step: StepIx(step), alternative, key: EffectKey(key), due, accepted }
    }
}
