//! The identity of an effect.

use super::output::EffectKey;
use super::program::Unit;
use super::state::Instance;
use super::step::Stepper;
use crate::ir::{Op, Step, StepIx};
use crate::model::Id;
use smallvec::SmallVec;

/// What hashes read. Most of it fits without an allocation.
#[derive(Debug)]
pub(super) struct Hashed(SmallVec<[u8; 256]>);

const NUMBER: &[u8] = b"number ";
const TEXT: &[u8] = b"text ";
/// How many bytes the length of a part has.
const LENGTH: usize = size_of::<u64>();

impl Hashed {
    pub fn new(kind: &[u8]) -> Hashed {
        Hashed(SmallVec::from_slice(kind))
    }

    /// Bytes as they are.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// A part, with its length before it.
    pub fn part(&mut self, bytes: &[u8]) {
        self.add(&(bytes.len() as u64).to_le_bytes());
        self.add(bytes);
    }

    /// An id as a part.
    pub fn part_of(&mut self, id: &Id) {
        let (digits, count);
        let (kind, bytes) = match id {
            Id::Number(number) => {
                (digits, count) = written(*number);
                (NUMBER, digits.get(digits.len() - count..).unwrap_or(&[]))
            }
            Id::Text(text) => (TEXT, text.as_bytes()),
        };
        self.add(&((kind.len() + bytes.len()) as u64).to_le_bytes());
        self.add(kind);
        self.add(bytes);
    }

    /// An id as hashes read it: the number 7 and the text `7` are two.
    pub fn id(&mut self, id: &Id) {
        let mut part = Hashed(SmallVec::new());
        part.part_of(id);
        self.add(part.0.get(LENGTH..).unwrap_or(&[]));
    }

    /// The start of its BLAKE3.
    pub fn start<const N: usize>(&self) -> [u8; N] {
        let mut start = [0; N];
        let hash = blake3::hash(&self.0);
        start.iter_mut().zip(hash.as_bytes()).for_each(|(place, byte)| *place = *byte);
        start
    }
}

/// A number as it is written: the last so many of these bytes.
fn written(number: i64) -> ([u8; 20], usize) {
    let (mut bytes, mut left, mut count) = ([b'-'; 20], number.unsigned_abs(), 0);
    for place in bytes.iter_mut().rev() {
        *place = b'0' + (left % 10) as u8;
        (left, count) = (left / 10, count + 1);
        if left == 0 {
            break;
        }
    }
    // Before the digits of a number below zero stands what was there before.
    (bytes, count + usize::from(number < 0))
}

impl Stepper<'_, '_> {
    /// The identity of the effect that this step of the instance decides.
    pub(super) fn key(&self, instance: &Instance, unit: &Unit, node: &Step) -> EffectKey {
        let kind = self.program.event_name(instance.trigger.kind);
        let mut hashed = Hashed::new(b"scn-effect-1");
        hashed.part_of(&self.facts.person.id);
        hashed.part(&unit.hash.0);
        hashed.part(kind.as_bytes());
        hashed.part_of(&instance.trigger.id);
        // One row starts several instances where it is not the event that starts them.
        hashed.add(&instance.entry.0.to_le_bytes());
        // A step may start the same scenario twice at one instant.
        if let Some(by) = instance.by {
            hashed.add(&by.0);
        }
        hashed.add(&node.ordinal.to_le_bytes());
        hashed.add(&node.visit.to_le_bytes());
        EffectKey(hashed.start())
    }

    /// What a message is called in every version of its scenario: unlike [`Stepper::key`] it holds no hash of the text. Of
    /// several steps that send the same message, each has its number among them.
    pub(super) fn lasting_name(&self, instance: &Instance, unit: &Unit, step: StepIx, message: &str) -> [u8; 16] {
        let kind = self.program.event_name(instance.trigger.kind);
        let sends_it = |node: &&Step| matches!(&node.op, Op::Send(send) if send.alternatives.iter().any(|each| each.message == message));
        let before = unit.scenario.steps.values().iter().take(step.0 as usize).filter(sends_it);
        let mut hashed = Hashed::new(b"scn-message-1");
        hashed.part_of(&self.facts.person.id);
        hashed.part(unit.scenario.name.as_bytes());
        hashed.part(message.as_bytes());
        hashed.part(kind.as_bytes());
        hashed.part_of(&instance.trigger.id);
        hashed.add(&instance.entry.0.to_le_bytes());
        hashed.add(&(before.count() as u64).to_le_bytes());
        hashed.start()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_hashed_as_they_are_written() {
        for number in [0, 7, -7, 10, 4_096, -1_000_000, i64::MAX, i64::MIN] {
            let mut hashed = Hashed::new(b"");
            hashed.id(&Id::Number(number));
            assert_eq!(hashed.0.as_slice(), format!("number {number}").as_bytes());
        }
        let mut part = Hashed::new(b"");
        part.part_of(&Id::Text("7 ".into()));
        assert_eq!(part.0.as_slice(), b"\x07\0\0\0\0\0\0\0text 7 ");
    }
}
