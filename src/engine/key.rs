//! The identity of an effect.

use super::output::EffectKey;
use super::program::Unit;
use super::state::Instance;
use super::step::Stepper;
use crate::ir::{Op, ScenarioHash, Step, StepIx};
use crate::model::Id;
use crate::time::Instant;
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

/// What tells an effect from every other. Its key is the primary key of the outbox and stands in journals: what is hashed, and in
/// which order, is for life (`tests/data/engine/for_life.txt`).
pub(super) struct Decided<'a> {
    pub person: &'a Id,
    pub scenario: &'a ScenarioHash,
    /// The name of the event that started the instance, and its id.
    pub trigger: (&'a str, &'a Id),
    /// One row starts several instances where it is not the event that starts them.
    pub entry: Instant,
    /// A step may start the same scenario twice at one instant.
    pub by: Option<EffectKey>,
    pub ordinal: u16,
    pub visit: u32,
}

impl Decided<'_> {
    pub fn key(&self) -> EffectKey {
        let mut hashed = Hashed::new(b"scn-effect-1");
        hashed.part_of(self.person);
        hashed.part(&self.scenario.0);
        hashed.part(self.trigger.0.as_bytes());
        hashed.part_of(self.trigger.1);
        hashed.add(&self.entry.0.to_le_bytes());
        if let Some(by) = self.by {
            hashed.add(&by.0);
        }
        hashed.add(&self.ordinal.to_le_bytes());
        hashed.add(&self.visit.to_le_bytes());
        EffectKey(hashed.start())
    }
}

/// What a message keeps in every version of its scenario: unlike [`Decided`] it holds no hash of the text. By it the assumed
/// engagement is drawn, so it is for life too.
pub(super) struct Lasting<'a> {
    pub person: &'a Id,
    pub scenario: &'a str,
    pub message: &'a str,
    /// The name of the event that started the instance, and its id.
    pub trigger: (&'a str, &'a Id),
    pub entry: Instant,
    /// How many steps before it send the same message.
    pub before: u64,
}

impl Lasting<'_> {
    pub fn name(&self) -> [u8; 16] {
        let mut hashed = Hashed::new(b"scn-message-1");
        hashed.part_of(self.person);
        hashed.part(self.scenario.as_bytes());
        hashed.part(self.message.as_bytes());
        hashed.part(self.trigger.0.as_bytes());
        hashed.part_of(self.trigger.1);
        hashed.add(&self.entry.0.to_le_bytes());
        hashed.add(&self.before.to_le_bytes());
        hashed.start()
    }
}

impl Stepper<'_, '_> {
    /// The identity of the effect that this step of the instance decides.
    pub(super) fn key(&self, instance: &Instance, unit: &Unit, node: &Step) -> EffectKey {
        let decided = Decided {
            person: &self.facts.person.id,
            scenario: &unit.hash,
            trigger: (self.program.event_name(instance.trigger.kind), &instance.trigger.id),
            entry: instance.entry,
            by: instance.by,
            ordinal: node.ordinal,
            visit: node.visit,
        };
        decided.key()
    }

    /// What a message is called in every version of its scenario.
    pub(super) fn lasting_name(&self, instance: &Instance, unit: &Unit, step: StepIx, message: &str) -> [u8; 16] {
        let sends_it = |node: &&Step| matches!(&node.op, Op::Send(send) if send.alternatives.iter().any(|each| each.message == message));
        let before = unit.scenario.steps.values().iter().take(step.0 as usize).filter(sends_it);
        let lasting = Lasting {
            person: &self.facts.person.id,
            scenario: &unit.scenario.name,
            message,
            trigger: (self.program.event_name(instance.trigger.kind), &instance.trigger.id),
            entry: instance.entry,
            before: before.count() as u64,
        };
        lasting.name()
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
