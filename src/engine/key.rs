//! The identity of an effect.

use super::draws::id_text;
use super::output::EffectKey;
use super::program::Unit;
use super::state::Instance;
use super::step::Stepper;
use crate::ir::{Start, Step};

impl Stepper<'_, '_> {
    /// The identity of what this step of the instance decides.
    pub(super) fn key(&self, instance: &Instance, unit: &Unit, node: &Step) -> EffectKey {
        let kind = self.program.event_name(instance.trigger.kind);
        let (contact, trigger) = (id_text(&self.facts.person.id), id_text(&instance.trigger.id));
        let mut hasher = blake3::Hasher::new();
        let parts: [&[u8]; 4] = [contact.as_bytes(), &unit.hash.0, kind.as_bytes(), trigger.as_bytes()];
        hasher.update(b"scn-effect-1");
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        // One row starts one instance; the same silence, period or step may come back to what started it.
        if !matches!(unit.scenario.start, Start::Events(_)) {
            hasher.update(&instance.entry.0.to_le_bytes());
        }
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
