//! The identity of a message.

use super::output::EffectKey;
use super::program::Unit;
use super::state::Instance;
use super::step::Stepper;
use crate::model::Id;

impl Stepper<'_, '_> {
    /// The identity of the message that this step of the instance decides.
    pub(super) fn key(&self, instance: &Instance, unit: &Unit, ordinal: u16) -> EffectKey {
        // Each step is visited once: `repeat` is not in this version.
        const VISIT: u32 = 0;
        let kind = self.program.event_name(instance.trigger.kind);
        // The number 7 and the text `7` are two ids.
        let id = |id: &Id| match id {
            Id::Number(number) => format!("number {number}"),
            Id::Text(text) => format!("text {text}"),
        };
        let (contact, trigger) = (id(&self.facts.person.id), id(&instance.trigger.id));
        let mut hasher = blake3::Hasher::new();
        let parts: [&[u8]; 4] = [contact.as_bytes(), &unit.hash.0, kind.as_bytes(), trigger.as_bytes()];
        hasher.update(b"scn-effect-1");
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.update(&ordinal.to_le_bytes());
        hasher.update(&VISIT.to_le_bytes());
        let mut key = [0u8; 16];
        hasher.finalize_xof().fill(&mut key);
        EffectKey(key)
    }
}
