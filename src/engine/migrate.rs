//! Instances of an older version that go on with the present one.
//!
//! An instance changes its version where it stands: in a wait that both versions have. It keeps everything that happened
//! to it; what comes is the new version's. Where one could not be sure that no step is done twice and none is passed over
//! silently, it stays with its old version, and nothing is lost.

use super::draws::draw;
use super::facts::Facts;
use super::messages::OwnMessage;
use super::passages::{self, Way};
use super::program::{Program, Unit};
use super::state::{Instance, Pending, Phase, Progress, State};
use super::value::Value;
use crate::ir::{KeptVersion, KnownStep, Op, ScenarioHash, Send, StepIx};
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// Why an instance stays with its old version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stays {
    /// The present version has no such step, or not for sure.
    NoStep,
    /// What it may have done would come once more, or what is still to come would be passed over.
    Order,
    /// The present version reads of its trigger what nobody knows any more.
    Trigger,
    /// The present version does not know a message that is on its way, or asks about messages that nobody remembered.
    Message,
}

/// A running instance of an older version, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crossing {
    pub from: ScenarioHash,
    /// The number of the step in which it stands.
    pub ordinal: u16,
    /// The number of that step in the present version.
    pub to: Result<u16, Stays>,
}

/// The way from an older version of a scenario to the present one.
#[derive(Clone, Debug)]
pub struct Passage {
    from: u16,
    to: u16,
    ways: BTreeMap<StepIx, Result<Way, Stays>>,
    /// The counterpart of each instruction that has one.
    counterparts: BTreeMap<StepIx, StepIx>,
    /// By the number of a step: what it is remembered by, whatever the version.
    old_marks: BTreeMap<u16, Vec<u64>>,
    new_marks: BTreeMap<u16, Vec<u64>>,
}

impl Passage {
    /// `None` when the program has not both.
    pub fn new(program: &Program, older: &KeptVersion, present: &KeptVersion) -> Option<Passage> {
        let place = |kept: &KeptVersion| program.units().iter().position(|unit| unit.hash == kept.hash);
        let (from, to) = (place(older)?, place(present)?);
        let (older, present) = (&older.version, &present.version);
        let (old, new) = (&older.scenario, &present.scenario);
        let counterparts = passages::counterparts(&old.steps, &new.steps, &older.counterparts(present));
        Some(Passage {
            from: from as u16,
            to: to as u16,
            ways: passages::ways(old, new, &counterparts),
            counterparts,
            old_marks: marks(&older.known_steps()),
            new_marks: marks(&present.known_steps()),
        })
    }
}

/// What each step is remembered by: its label, and its text with how many of that text came before it.
fn marks(steps: &[KnownStep<'_>]) -> BTreeMap<u16, Vec<u64>> {
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    let mut marks: BTreeMap<u16, Vec<u64>> = BTreeMap::new();
    for step in steps {
        let of = marks.entry(step.ordinal).or_default();
        of.extend(step.label.map(|label| draw("scn-step-1", &[b"label", label.as_bytes()])));
        if let Some(written) = step.written {
            let count = seen.entry(&written.text).or_default();
            of.push(draw("scn-step-1", &[b"text", written.text.as_bytes(), &count.to_le_bytes()]));
            *count += 1;
        }
    }
    marks
}

impl State {
    /// Lets the running instances of older versions go on with the present one, as far as they can. Gives each of them, in
    /// the order of age. Nothing is judged and nothing is done; timers are filed when the state is next read.
    pub fn migrate(&mut self, program: &Program, facts: Facts<'_>, passages: &[Passage]) -> Vec<Crossing> {
        let mut crossings: Vec<(u32, Crossing)> = Vec::new();
        for instance in self.slots.iter_mut().flatten() {
            let (Phase::Waiting(at) | Phase::WaitingFor(at)) = instance.phase else { continue };
            let Some(passage) = passages.iter().find(|passage| passage.from == instance.unit) else { continue };
            let (Some(old), Some(new)) = (program.unit(passage.from), program.unit(passage.to)) else { continue };
            let ordinal = |unit: &Unit, at: StepIx| unit.scenario.steps.get(at).map_or(0, |step| step.ordinal);
            let way = passage.ways.get(&at).map_or(Err(Stays::NoStep), |way| way.as_ref().map_err(|stays| *stays));
            let moved = way.and_then(|way| Ok((passage.carry(old, new, instance, way, facts)?, ordinal(new, way.to))));
            let (from, ordinal) = (old.hash, ordinal(old, at));
            let to = moved.map(|(moved, to)| {
                *instance = moved;
                to
            });
            crossings.push((instance.serial, Crossing { from, ordinal, to }));
        }
        crossings.sort_unstable();
        crossings.into_iter().map(|(_, crossing)| crossing).collect()
    }
}

impl Passage {
    /// The instance as it goes on with the new version.
    fn carry(
        &self,
        old: &Unit,
        new: &Unit,
        instance: &Instance,
        way: &Way,
        facts: Facts<'_>,
    ) -> Result<Instance, Stays> {
        let is_again = |(ordinal, visit): &(u16, u32)| {
            marked(&self.new_marks, *ordinal, *visit).any(|mark| instance.passed.contains(&mark))
        };
        if way.coming.iter().any(is_again) {
            return Err(Stays::Order);
        }
        let has_sent = instance.last_message.is_some() || !instance.pending.is_empty();
        if has_sent && new.reads_messages && !old.reads_messages {
            return Err(Stays::Message);
        }
        let done = way.done.iter().flat_map(|(ordinal, visit)| marked(&self.old_marks, *ordinal, *visit));
        let mut passed: Vec<u64> = instance.passed.iter().copied().chain(done).collect();
        passed.sort_unstable();
        passed.dedup();
        Ok(Box::new(Progress {
            unit: self.to,
            phase: match instance.phase {
                Phase::WaitingFor(_) => Phase::WaitingFor(way.to),
                _ => Phase::Waiting(way.to),
            },
            kept: kept(old, new, instance, facts)?,
            pending: self.pending(old, new, instance)?,
            own: self.own(old, new, instance),
            passed,
            ..Progress::clone(instance)
        }))
    }

    /// The messages on their way: each is judged once more before it leaves, by the step of the new version, which must be
    /// the same message.
    fn pending(&self, old: &Unit, new: &Unit, instance: &Instance) -> Result<SmallVec<[Pending; 1]>, Stays> {
        let moved = |pending: &Pending| {
            let step = *self.counterparts.get(&pending.step)?;
            let (one, two) = (send_at(old, pending.step)?, send_at(new, step)?);
            (one.class == two.class && names(one).eq(names(two))).then_some(Pending { step, ..*pending })
        };
        instance.pending.iter().map(|pending| moved(pending).ok_or(Stays::Message)).collect()
    }

    /// What its conditions know of its messages: of each that the new version still sends, at whatever step.
    fn own(&self, old: &Unit, new: &Unit, instance: &Instance) -> Vec<OwnMessage> {
        let moved = |own: &OwnMessage| {
            let name = names(send_at(old, own.step)?).nth(usize::from(own.alternative))?;
            let among = |step: StepIx| names(send_at(new, step)?).position(|each| each == name);
            let same = self.counterparts.get(&own.step).copied();
            let any = || new.scenario.steps.iter().map(|(step, _)| step).find(|step| among(*step).is_some());
            let step = same.filter(|step| among(*step).is_some()).or_else(any)?;
            Some(OwnMessage { step, alternative: among(step)? as u8, ..*own })
        };
        instance.own.iter().filter_map(moved).collect()
    }
}

/// What a step is remembered by, in one turn.
fn marked(marks: &BTreeMap<u16, Vec<u64>>, ordinal: u16, visit: u32) -> impl Iterator<Item = u64> {
    let of = marks.get(&ordinal).map_or(&[] as &[u64], Vec::as_slice);
    of.iter().map(move |mark| draw("scn-step-1", &[&mark.to_le_bytes(), &visit.to_le_bytes()]))
}

fn send_at(unit: &Unit, step: StepIx) -> Option<&Send> {
    match &unit.scenario.steps.get(step)?.op {
        Op::Send(send) => Some(send),
        _ => None,
    }
}

/// Channel and message of each alternative.
fn names(send: &Send) -> impl Iterator<Item = (&str, &str)> {
    send.alternatives.iter().map(|each| (each.channel.as_str(), each.message.as_str()))
}

/// The trigger's values that the new version reads: as they were where the old one read them, else as its row is.
fn kept(old: &Unit, new: &Unit, instance: &Instance, facts: Facts<'_>) -> Result<SmallVec<[Value; 2]>, Stays> {
    let trigger = &instance.trigger;
    let is_contact = trigger.kind == super::TriggerRef::CONTACT;
    // A state names the event that started an instance: a program that does not read it could not take it up.
    if !is_contact && new.code.event(trigger.kind).is_none() {
        return Err(Stays::Trigger);
    }
    let row = facts.life.find(trigger.kind, &trigger.id).filter(|_| !is_contact);
    let values = row.map(|row| facts.life.values(row));
    let places = new.code.trigger_fields(trigger.kind);
    let known = &old.scenario.code.trigger;
    let value = |(slot, field): (usize, &crate::ir::FieldUse)| {
        if let Some(before) = known.iter().position(|each| each.name == field.name && each.ty == field.ty) {
            return instance.kept.get(before).cloned().ok_or(Stays::Trigger);
        }
        let place = places.get(slot).filter(|_| !is_contact).map(|place| usize::from(*place));
        values.zip(place).and_then(|(values, place)| values.get(place)).cloned().ok_or(Stays::Trigger)
    };
    new.scenario.code.trigger.iter().enumerate().map(value).collect()
}
