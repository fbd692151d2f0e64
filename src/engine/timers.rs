//! The timers of a contact's instances, and those that wait until a message has had its turn.
//!
//! After a stop several steps of an instance may be due at once. In the outbox a message leaves after the step that decided
//! it; what the instance does next may speak of it. So its next timer waits until somebody has tried to send the message:
//! the driver says which messages nobody has tried yet, and when one has had its turn.

use super::output::EffectKey;
use super::program::Program;
use super::state::{Handle, Instance, Pending, Phase, State};
use crate::ir::StepIx;
use crate::time::Instant;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// Never saved: an index over the instances, and what a driver knows of the outbox.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<Timer>>,
    /// Messages that nobody has tried to send yet.
    untried: BTreeSet<EffectKey>,
    /// Timers that were due and whose instances wait for such a message.
    parked: Vec<Reverse<Timer>>,
}

/// A wake-up. Equal instants are taken by the policy's priority, entry, scenario name (units are sorted by name), then
/// age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Timer {
    at: Instant,
    rank: u16,
    entry: Instant,
    unit: u16,
    handle: Handle,
    generation: u32,
}

impl Timers {
    pub fn clear(&mut self) {
        self.heap.clear();
        self.untried.clear();
        self.parked.clear();
    }

    /// Adds what is known of another state's messages.
    pub fn absorb(&mut self, other: Timers) {
        self.untried.extend(other.untried);
    }

    /// Whether there is a timer before an instant; one that is stale may be.
    pub fn may_be_due_before(&self, before: Instant) -> bool {
        self.heap.peek().is_some_and(|Reverse(timer)| timer.at < before)
    }

    /// Whether no timer waits for a message.
    pub fn wait_for_nothing(&self) -> bool {
        self.untried.is_empty()
    }

    /// Timers that waited are looked at again.
    pub fn unpark(&mut self) {
        if !self.parked.is_empty() {
            self.heap.extend(self.parked.drain(..));
        }
    }
}

impl State {
    /// A message of the outbox that nobody has tried to send yet: its instance takes no step until it
    /// [has had its turn](State::had_turn). Events are given to it all the same, for its goal, its `stop when`, and the wait
    /// that they end. This is not saved.
    pub fn await_turn(&mut self, message: EffectKey) {
        self.timers.untried.insert(message);
    }

    /// A message left, or somebody knows that it does not leave now.
    pub fn had_turn(&mut self, message: EffectKey) {
        if self.timers.untried.remove(&message) {
            self.timers.unpark();
        }
    }

    /// Whether the step of an instance that comes due at `due` may not be taken yet: it waits for a message, or comes after an
    /// erasure that does.
    pub(super) fn waits_for_turn(&self, program: &Program, instance: &Instance, due: Instant) -> bool {
        !self.timers.untried.is_empty()
            && (self.waits_for_message(program, instance, due) || self.comes_after_erasure(program, due))
    }

    /// What takes a step together with others waits for their messages too.
    fn waits_for_message(&self, program: &Program, instance: &Instance, due: Instant) -> bool {
        let is_untried = |pending: &Pending| self.timers.untried.contains(&pending.key);
        instance.pending.iter().any(is_untried)
            || self.companions(instance).any(|each| each.pending.iter().any(is_untried))
            || self.waits_for_all(program, instance.unit, due)
    }

    /// Whether what a scenario does at `due` waits for a message: what may erase the contact waits for all that came due before.
    fn waits_for_all(&self, program: &Program, unit: u16, due: Instant) -> bool {
        let is_before = |pending: &Pending| pending.due < due && self.timers.untried.contains(&pending.key);
        !self.timers.untried.is_empty()
            && program.unit(unit).is_some_and(|unit| unit.erases)
            && self.slots.iter().flatten().flat_map(|each| &each.pending).any(is_before)
    }

    /// Whether something that waits for a message and came due before `due` may erase the contact: then nothing is left to do.
    fn comes_after_erasure(&self, program: &Program, due: Instant) -> bool {
        if self.timers.untried.is_empty() || !program.may_erase() {
            return false;
        }
        let erases = |unit: u16| program.unit(unit).is_some_and(|unit| unit.erases);
        let instances = self.slots.iter().flatten().filter(|each| each.runs() && erases(each.unit));
        let mut instances = instances.filter_map(|each| Some((each, each.wake.filter(|wake| *wake < due)?)));
        instances.any(|(each, wake)| self.waits_for_message(program, each, wake))
            || self.clocks.all().any(|(at, unit)| at < due && self.waits_for_all(program, unit, at))
    }

    /// The silences and periods that are not over, without those that wait for a message: when they are due, and the scenarios
    /// that they start.
    pub(super) fn clocks_due<'a>(&'a self, program: &'a Program) -> impl Iterator<Item = (Instant, u16)> + 'a {
        let may = |due, unit| !self.waits_for_all(program, unit, due) && !self.comes_after_erasure(program, due);
        self.clocks.all().filter(move |(due, unit)| may(*due, *unit))
    }

    /// The instances that stand in the same wait before a step that is taken together.
    fn companions<'a>(&'a self, instance: &Instance) -> impl Iterator<Item = &'a Instance> + use<'a> {
        let lowest = Handle { serial: 0, slot: 0 };
        let range = match instance.phase {
            Phase::Waiting(wait) | Phase::WaitingFor(wait) => {
                let from = (instance.unit, wait, Instant::MIN, lowest);
                Some(self.together.range(from..(instance.unit, StepIx(wait.0 + 1), Instant::MIN, lowest)))
            }
            _ => None,
        };
        let standing = range.into_iter().flatten();
        standing.filter_map(|(_, _, wake, handle)| self.get(*handle).filter(|each| each.wake == Some(*wake)))
    }

    /// The instant, entry and scenario of the first timer of an instance, dropping timers that are stale.
    pub(super) fn first_timer(&mut self, program: &Program) -> Option<(Instant, Instant, u16)> {
        while let Some(&Reverse(timer)) = self.timers.heap.peek() {
            let instance = self.get(timer.handle).filter(|instance| instance.generation == timer.generation);
            let is_parked = match instance {
                Some(instance) if !self.waits_for_turn(program, instance, timer.at) => {
                    return Some((timer.at, timer.entry, timer.unit));
                }
                other => other.is_some(),
            };
            self.timers.heap.pop();
            if is_parked {
                self.timers.parked.push(Reverse(timer));
            }
        }
        None
    }

    /// `rank` is that of the instance's scenario.
    pub(super) fn set_timer(&mut self, handle: Handle, instance: &Instance, rank: u16) {
        let Some(at) = instance.wake else { return };
        let (entry, unit, generation) = (instance.entry, instance.unit, instance.generation);
        self.timers.heap.push(Reverse(Timer { at, rank, entry, unit, handle, generation }));
    }

    /// Takes the first timer of an instance: the one that [`State::first_timer`] gave.
    pub(super) fn pop_timer(&mut self) -> Option<Handle> {
        self.timers.heap.pop().map(|Reverse(timer)| timer.handle)
    }
}
