//! The identity of an effect.

use super::output::EffectKey;
use super::program::Unit;
use super::state::Instance;
use super::step::Stepper;
use crate::ir::{Op, Step, StepIx};
use crate::model::Id;

/// An id as hashes read it: the number 7 and the text `7` are two.
pub(super) fn described(id: &Id) -> String {
    match id {
        Id::Number(number) => format!("number {number}"),
        Id::Text(text) => format!("text {text}"),
    }
}

impl Stepper<'_, '_> {
    /// The identity of the effect that this step of the instance decides.
    pub(super) fn key(&self, instance: &Instance, unit: &Unit, node: &Step) -> EffectKey {
        let kind = self.program.event_name(instance.trigger.kind);
        let (contact, trigger) = (described(&self.facts.person.id), described(&instance.trigger.id));
        let parts: [&[u8]; 4] = [contact.as_bytes(), &unit.hash.0, kind.as_bytes(), trigger.as_bytes()];
        let mut hasher = hasher(b"scn-effect-1", &parts);
        // One row starts several instances where it is not the event that starts them.
        hasher.update(&instance.entry.0.to_le_bytes());
        // A step may start the same scenario twice at one instant.
        if let Some(by) = instance.by {
            hasher.update(&by.0);
        }
        hasher.update(&node.ordinal.to_le_bytes());
        hasher.update(&node.visit.to_le_bytes());
        EffectKey(first_bytes(&hasher))
    }

    /// What a message is called in every version of its scenario: unlike [`Stepper::key`] it holds no hash of the text. Of
    /// several steps that send the same message, each has its number among them.
    pub(super) fn lasting_name(&self, instance: &Instance, unit: &Unit, step: StepIx, message: &str) -> [u8; 16] {
        let kind = self.program.event_name(instance.trigger.kind);
        let (contact, trigger) = (described(&self.facts.person.id), described(&instance.trigger.id));
        let sends_it = |node: &&Step| matches!(&node.op, Op::Send(send) if send.alternatives.iter().any(|each| each.message == message));
        let before = unit.scenario.steps.values().iter().take(step.0 as usize).filter(sends_it);
        let scenario = unit.scenario.name.as_bytes();
        let parts: [&[u8]; 5] = [contact.as_bytes(), scenario, message.as_bytes(), kind.as_bytes(), trigger.as_bytes()];
        let mut hasher = hasher(b"scn-message-1", &parts);
        hasher.update(&instance.entry.0.to_le_bytes());
        hasher.update(&(before.count() as u64).to_le_bytes());
        first_bytes(&hasher)
    }
}

fn hasher(kind: &[u8], parts: &[&[u8]]) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new();
    hasher.update(kind);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher
}

fn first_bytes(hasher: &blake3::Hasher) -> [u8; 16] {
    let mut bytes = [0u8; 16];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}
