//! The identity of an effect.

use super::output::EffectKey;
use super::program::Unit;
use super::state::Instance;
use super::step::Stepper;
use crate::ir::Step;
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
        let mut hasher = blake3::Hasher::new();
        let parts: [&[u8]; 4] = [contact.as_bytes(), &unit.hash.0, kind.as_bytes(), trigger.as_bytes()];
        hasher.update(b"scn-effect-1");
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        // One row starts several instances where it is not the event that starts them.
        hasher.update(&instance.entry.0.to_le_bytes());
        // A step may start the same scenario twice at one instant.
        if let Some(by) = instance.by {
            hasher.update(&by.0);
        }
        hasher.update(&node.ordinal.to_le_bytes());
        hasher.update(&node.visit.to_le_bytes());
        let mut key = [0u8; 16];
        hasher.finalize_xof().fill(&mut key);
        EffectKey(key)
    }
}
